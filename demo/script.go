package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"messenger-bridge/sandbox/meta"
)

// talk is what is said in --script.
var talk = struct{ question, look, sent, thanks, when, tomorrow string }{
	"Hello! Has my birthday cake been delivered?", "Hi Anna, let me look.", "It has just left our kitchen.",
	"Wonderful!", "When will it be here?", "Before three this afternoon.",
}

// scriptLasts is how long the talk may take on a busy machine.
const scriptLasts = 2 * time.Minute

// script plays a talk in which the bridge is killed at the worst moment, and says
// which promises were kept.
func (d demo) script(ctx context.Context, s *stage) (err error) {
	ctx, cancel := context.WithTimeout(ctx, scriptLasts)
	defer cancel()
	running, stop := context.WithCancel(context.WithoutCancel(ctx)) // ends after the talk, in order
	ended := make(chan error, 1)
	go func() { ended <- s.process.run(running) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()
	t := &teller{out: d.out, began: time.Now()}
	t.stage("The sandbox plays Facebook and Rocket.Chat. The bridge between them is the real program.")
	if err := s.up(ctx); err != nil {
		return err
	}
	t.stage(fmt.Sprintf("The bridge runs (process %d). An administrator connects a page.", s.process.now().PID))
	if err := s.authorise(ctx, t.says); err != nil {
		return err
	}
	if err := t.talk(ctx, s); err != nil {
		return err
	}
	t.stage(fmt.Sprintf("%.1f seconds. What was promised, and what happened:", time.Since(t.began).Seconds()))
	return t.check(s)
}

// teller writes the talk.
type teller struct {
	out    io.Writer
	began  time.Time
	broken []string // promises that were
}

func (t *teller) stage(what string) { fmt.Fprintf(t.out, "\n%s\n", what) }

func (t *teller) says(who, what string) { fmt.Fprintf(t.out, "  %7s  %s\n", who, what) }

// talk is the part with the kill.
func (t *teller) talk(ctx context.Context, s *stage) error {
	anna := customers[0]
	asks := func(text string) {
		t.says("anna", text)
		s.meta.CustomerWrites(pageID, anna.ID, text)
	}
	answers := func(text string) {
		t.says("tom", text)
		s.tom.Says(s.rc.Rooms()[0].ID, text)
	}
	t.stage("A customer asks in Messenger, an agent answers in Rocket.Chat.")
	asks(talk.question)
	if err := s.until(ctx, "the agent reads the question", func() bool {
		rooms := s.rc.Rooms()
		return len(rooms) > 0 && len(s.rc.CustomerTexts(rooms[0].ID)) == 1
	}); err != nil {
		return err
	}
	answers(talk.look)
	if err := s.until(ctx, "the customer reads the answer", func() bool { return len(s.received(anna)) == 1 }); err != nil {
		return err
	}

	t.stage("The next answer reaches Facebook. Before Facebook can confirm it, the bridge is killed.")
	var taken atomic.Bool
	s.meta.OnSend(func(c meta.SendCall) *meta.SendOutcome {
		if c.Text != talk.sent || taken.Load() {
			return nil
		}
		s.process.kill()
		taken.Store(true)
		return meta.DeliveredThenCut()
	})
	answers(talk.sent)
	if err := s.until(ctx, "the bridge is killed", func() bool { return taken.Load() && s.process.now().Killed }); err != nil {
		return err
	}
	t.says("", fmt.Sprintf("✗ kill -9 %d", s.process.now().PID))
	t.stage("Nobody notices; both go on writing.")
	asks(talk.thanks)
	answers(talk.tomorrow)
	asks(talk.when)

	t.stage("The bridge is started again.")
	s.process.restart()
	if err := s.until(ctx, "the bridge is started", func() bool { return s.process.now().Starts == 2 }); err != nil {
		return err
	}
	if err := s.up(ctx); err != nil {
		return err
	}
	if err := s.until(ctx, "everything has arrived", func() bool {
		return len(s.received(anna)) >= 3 && len(s.rc.CustomerTexts(s.rc.Rooms()[0].ID)) >= 3
	}); err != nil {
		return err
	}
	if err := s.meta.Flush(ctx); err != nil { // what Facebook still has to tell: it might be told twice
		return err
	}
	return s.until(ctx, "nothing waits any more", func() bool { return s.process.now().waiting() == 0 })
}

// check says which promises were kept.
func (t *teller) check(s *stage) error {
	anna := customers[0]
	asked, answered := []string{talk.question, talk.thanks, talk.when}, []string{talk.look, talk.sent, talk.tomorrow}
	rooms := s.rc.Rooms()
	read, received := s.rc.CustomerTexts(rooms[0].ID), s.received(anna)
	t.promise("Nothing acknowledged is lost", containsAll(read, asked) && containsAll(received, answered), "all 6 messages arrived, 4 of them written or under way when it died")
	t.promise("Once", len(read) == len(asked) && len(received) == len(answered), "no message arrived twice, not even the one nobody could confirm")
	t.promise("In order", slices.Equal(read, asked) && slices.Equal(received, answered), "on both sides as they were written")
	t.promise("One open room", len(rooms) == 1 && rooms[0].Open, "still the same conversation")
	files, err := s.written()
	if err != nil {
		return err
	}
	t.promise("No token in clear", !containsAny(files, s.meta.PageToken(pageID), s.meta.AppSecret()), "neither in the store nor in the log")
	t.promise("No message text is kept", !containsAny(files, append(asked, answered...)...), "no sentence of this talk is in the store's files or the log")
	t.promise("The rules were kept", len(s.rc.Problems())+len(s.meta.Problems()) == 0, "neither platform saw a call that it forbids")
	if len(t.broken) > 0 {
		return fmt.Errorf("not kept: %s\nthe agent reads %q\nthe customer reads %q\nproblems %q",
			strings.Join(t.broken, "; "), read, received, append(s.rc.Problems(), s.meta.Problems()...))
	}
	return nil
}

func (t *teller) promise(name string, kept bool, how string) {
	mark := "✓"
	if !kept {
		mark, how = "✗", "NO"
		t.broken = append(t.broken, name)
	}
	fmt.Fprintf(t.out, "  %s %s: %s\n", mark, name, how)
}

// written is everything the bridge has on disk, but for its key.
func (s *stage) written() ([]byte, error) {
	var all []byte
	for _, name := range []string{"bolt.db", "bolt.db.wal", "serve.log"} {
		raw, err := os.ReadFile(filepath.Join(s.dir, name)) // #nosec G304 -- a file of the demo's own folder
		if errors.Is(err, fs.ErrNotExist) && name == "bolt.db.wal" {
			continue // everything is in the store
		}
		if err != nil {
			return nil, err
		}
		all = append(all, raw...)
	}
	return all, nil
}

func containsAll(have, want []string) bool {
	return !slices.ContainsFunc(want, func(text string) bool { return !slices.Contains(have, text) })
}

func containsAny(raw []byte, texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return text != "" && bytes.Contains(raw, []byte(text)) })
}
