package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// roles are what this program can be started as instead of measuring: first
// argument "as", second the role, third its configuration as JSON.
var roles = map[string]func(config json.RawMessage) (actor, error){
	"server":   startServer,
	"load":     startLoad,
	"idle":     startIdle,
	"heap":     startHeap,
	"recovery": startRecovery,
}

// actor plays a role: it says hello once it is ready, then answers calls until
// its standard input ends.
type actor struct {
	hello any
	calls map[string]handler
	close func() error
}

// handler answers one kind of call.
type handler func(question json.RawMessage) (any, error)

// handle makes a handler of a function.
func handle[Q, A any](f func(Q) (A, error)) handler {
	return func(question json.RawMessage) (any, error) {
		var q Q
		if err := json.Unmarshal(question, &q); err != nil {
			return nil, err
		}
		return f(q)
	}
}

// nothing is a question that asks nothing.
type nothing struct{}

// call and reply are what parent and child write to one another, a line each.
type call struct {
	Do       string          `json:"do"`
	Question json.RawMessage `json:"question"`
}

type reply struct {
	Answer any    `json:"answer,omitempty"`
	Error  string `json:"error,omitempty"`
}

// playRole plays the role that args name, if they name one, until in ends.
func playRole(args []string, in io.Reader, out io.Writer) (played bool, err error) {
	if len(args) != 3 || args[0] != "as" || roles[args[1]] == nil {
		return false, nil
	}
	a, err := roles[args[1]](json.RawMessage(args[2]))
	if err != nil {
		return true, fmt.Errorf("start as %s: %w", args[1], err)
	}
	answers := json.NewEncoder(out)
	err = answers.Encode(reply{Answer: a.hello})
	for calls := json.NewDecoder(in); err == nil; {
		var c call
		if err = calls.Decode(&c); err != nil {
			break
		}
		var r reply
		answer, failed := a.calls[c.Do](c.Question)
		if r.Answer = answer; failed != nil {
			r = reply{Error: failed.Error()}
		}
		err = answers.Encode(r)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return true, errors.Join(err, a.close())
}

// child is another process of this program. It ends with its parent, whose end of
// the pipe closes then.
type child struct {
	role    string
	process *exec.Cmd
	calls   io.WriteCloser
	answers *bufio.Reader
}

// startChild starts a role and returns when it is ready; hello is what it said.
func startChild(ctx context.Context, role string, config, hello any) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	c := &child{role: role, process: exec.CommandContext(ctx, self, "as", role, string(text))}
	c.process.Stderr = os.Stderr
	if c.calls, err = c.process.StdinPipe(); err != nil {
		return nil, err
	}
	answers, err := c.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.answers = bufio.NewReader(answers)
	if err := c.process.Start(); err != nil {
		return nil, err
	}
	if err := c.read(hello); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// ask makes a call and waits for its answer.
func ask[A any](c *child, do string, question any) (answer A, err error) {
	q, err := json.Marshal(question)
	if err != nil {
		return answer, err
	}
	if err := json.NewEncoder(c.calls).Encode(call{Do: do, Question: q}); err != nil {
		return answer, fmt.Errorf("%s: %w", c.role, err)
	}
	err = c.read(&answer)
	return answer, err
}

func (c *child) read(answer any) error {
	line, err := c.answers.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%s gave no answer: %w", c.role, err)
	}
	r := reply{Answer: answer}
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("%s: %w", c.role, err)
	}
	if r.Error != "" {
		return fmt.Errorf("%s: %s", c.role, r.Error)
	}
	return nil
}

// stop has the process end in order, and waits for that.
func (c *child) stop() error {
	c.calls.Close()
	if err := c.process.Wait(); err != nil {
		return fmt.Errorf("%s ended badly: %w", c.role, err)
	}
	return nil
}

// kill has the process end at once, as a crash would.
func (c *child) kill() error {
	if err := c.process.Process.Kill(); err != nil {
		return fmt.Errorf("%s: %w", c.role, err)
	}
	_ = c.process.Wait() // says that it was killed
	return nil
}
