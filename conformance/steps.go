package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// rest does "[as WHO] [with HEADER=VALUE] [TIMESx] METHOD PATH [BODY] => STATUS [PATTERN]".
func (a *asking) rest(ctx context.Context, line string) error {
	call, expected, _ := strings.Cut(line, " => ")
	r, times, err := a.request(call)
	if err != nil {
		return err
	}
	came, err := a.send(ctx, r, times)
	if err != nil {
		return err
	}
	status, pattern, _ := strings.Cut(expected, " ")
	if want, err := strconv.Atoi(status); err == nil && want != came.status {
		return &mismatch{"the status", status, came}
	}
	if pattern == "" {
		return nil
	}
	var want any
	if err := json.Unmarshal([]byte(a.filled(pattern, true)), &want); err != nil {
		return fmt.Errorf("pattern of %q: %w", line, err)
	}
	if m := match(want, came.body, a.vars, ""); m != nil {
		m.came = map[string]any{"there": m.came, "in all": came.body}
		return m
	}
	return nil
}

func (a *asking) request(call string) (r request, times int, err error) {
	r.as, r.headers, times = a.world.people["bot"], map[string]string{}, 1
	for {
		word, rest, _ := strings.Cut(call, " ")
		value, after, _ := strings.Cut(rest, " ")
		count, isCount := strings.CutSuffix(word, "x")
		switch {
		case word == "as":
			r.as = a.who(a.filled(value, false))
			call = after
			continue
		case word == "with":
			name, text, _ := strings.Cut(a.filled(value, false), "=")
			r.headers[name] = text
			if name == "Content-Type" {
				r.kind = text
			}
			call = after
			continue
		case isCount && strings.Trim(count, "0123456789") == "":
			times, err = strconv.Atoi(count)
			call = rest
			if err != nil {
				return r, 0, err
			}
			continue
		}
		r.method, r.path, r.body = word, a.filled(value, false), a.filled(after, true)
		if word == "UPLOAD" {
			r, err = upload(r)
		}
		return r, times, err
	}
}

// who finds an account by role, or takes "ID:TOKEN".
func (a *asking) who(name string) account {
	if id, token, ok := strings.Cut(name, ":"); ok {
		return account{id: id, token: token}
	}
	if name == "admin" {
		return a.world.admin
	}
	return a.world.people[name] // nobody is the zero account
}

// send makes a call, or several at once, whose answer is then {"ok": n, "answers": […]}.
func (a *asking) send(ctx context.Context, r request, times int) (answer, error) {
	if times == 1 {
		came, err := a.world.client.call(ctx, r)
		a.world.noted(r, came)
		return came, err
	}
	came, wrong := make([]answer, times), make([]error, times)
	var calls sync.WaitGroup
	for i := range times {
		calls.Go(func() { came[i], wrong[i] = a.world.client.call(ctx, r) })
	}
	calls.Wait()
	good, bodies := 0.0, []any{}
	for _, one := range came {
		a.world.noted(r, one)
		if bodies = append(bodies, one.body); one.status == http.StatusOK {
			good++
		}
	}
	return answer{body: map[string]any{"ok": good, "answers": bodies}}, errors.Join(wrong...)
}

// open does "ws NAME [bare | as WHO]".
func (a *asking) open(ctx context.Context, words []string) error {
	s, err := dial(ctx, a.world.client.url, false)
	if err != nil {
		return err
	}
	a.sockets[words[0]] = s
	ctx, cancel := context.WithTimeout(ctx, a.target.Patience)
	defer cancel()
	switch {
	case len(words) == 3:
		return s.connect(ctx, a.who(a.filled(words[2], false)))
	case len(words) == 2:
		return nil
	}
	return s.connect(ctx, account{})
}

// frame does what follows a socket's name: "< FRAME", "> PATTERN", "! PATTERN", "closes",
// "sub STREAM EVENT [ARGUMENT]".
func (a *asking) frame(ctx context.Context, s *socket, text string) error {
	ctx, cancel := context.WithTimeout(ctx, a.target.Patience)
	defer cancel()
	word, rest, _ := strings.Cut(text, " ")
	rest = a.filled(rest, true)
	var m *mismatch
	switch word {
	case "<":
		return s.send(rest)
	case ">":
		m = s.take(ctx, parsed(rest), a.vars)
	case "!":
		m = s.lacks(ctx, parsed(rest), a.vars, a.target.Settle)
	case "closes":
		m = s.ends(ctx)
	case "sub":
		words := strings.SplitN(rest, " ", 3)
		var extra any
		if len(words) == 3 {
			extra = parsed(words[2])
		}
		m = s.subscribe(ctx, words[0], words[1], extra)
	default:
		return fmt.Errorf("%q is no step", text)
	}
	if m != nil {
		return m
	}
	return nil
}
