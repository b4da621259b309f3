package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

// Kinds of verdict.
const (
	Same     = "same"
	Differs  = "differs"
	NotAsked = "not asked" // Why says the reason
	Other    = "other version"
)

// Verdict is what a workspace says to a fact.
type Verdict struct {
	Fact Fact
	Kind string
	Why  string // step and place that differ, or why it was not asked; nothing of what came
	Came string // what came instead, for our own eyes
}

// Hands change what only an administrator may change, and only in a workspace that is there for
// tests. undo takes a change back.
type Hands interface {
	Change(what string, args []string) (undo func(), err error)
}

// Target is a workspace that is to be asked.
type Target struct {
	URL      string
	User     string // an administrator: username and password, or id and token
	Password string
	UserID   string
	Token    string
	Hands    Hands         // nil: nothing of the workspace is changed
	Patience time.Duration // how long to wait for a frame; 0 = 40 s
	Settle   time.Duration // how long to wait for what must not come
}

// Run asks a workspace all facts, and removes what it has made there.
func Run(ctx context.Context, target Target, facts []Fact) (version string, verdicts []Verdict, err error) {
	if target.Patience == 0 {
		target.Patience = 40 * time.Second
	}
	c := &client{url: strings.TrimRight(target.URL, "/"), http: &http.Client{Timeout: time.Minute}}
	w, err := newWorld(ctx, c, account{id: target.UserID, token: target.Token, username: target.User, password: target.Password})
	if err != nil {
		return "", nil, err
	}
	defer func() {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
		defer cancel()
		err = errors.Join(err, w.remove(clean))
	}()
	for _, f := range facts {
		if err := ctx.Err(); err != nil {
			return w.version, verdicts, err
		}
		asked := &asking{world: w, target: target, vars: maps.Clone(w.vars), sockets: map[string]*socket{}}
		verdicts = append(verdicts, asked.ask(ctx, f))
		if err := w.tidy(ctx); err != nil {
			return w.version, verdicts, err
		}
	}
	return w.version, verdicts, nil
}

// asking is one fact being asked.
type asking struct {
	world   *world
	target  Target
	vars    map[string]string
	sockets map[string]*socket
	undo    []func()
}

// unable is why a fact cannot be asked of this workspace.
type unable struct{ why string }

func (u unable) Error() string { return u.why }

func (a *asking) ask(ctx context.Context, f Fact) Verdict {
	v := Verdict{Fact: f, Kind: Same}
	switch {
	case !f.Of(a.world.version):
		v.Kind = Other
		return v
	case f.Never != "":
		v.Kind, v.Why = NotAsked, f.Never
		return v
	}
	defer a.end()
	for n, step := range f.Steps {
		err := a.step(ctx, step)
		if err == nil {
			continue
		}
		if why, cannot := errors.AsType[unable](err); cannot {
			v.Kind, v.Why = NotAsked, why.why
			return v
		}
		v.Kind, v.Why, v.Came = Differs, fmt.Sprintf("step %d: %v", n+1, err), "\n    "+step
		if m, differs := errors.AsType[*mismatch](err); differs {
			v.Came += "\n    came " + asJSON(m.came)
		}
		return v
	}
	return v
}

func (a *asking) end() {
	for _, s := range a.sockets {
		s.close()
	}
	for i := len(a.undo) - 1; i >= 0; i-- {
		a.undo[i]()
	}
}

// step does one line of a fact.
func (a *asking) step(ctx context.Context, line string) error {
	if fixture, ok := fixtures[line]; ok {
		for _, inner := range fixture {
			if err := a.step(ctx, inner); err != nil {
				return err
			}
		}
		return nil
	}
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "let": // let NAME TEXT
		name, text, _ := strings.Cut(rest, " ")
		a.vars[name] = a.filled(text, false)
		return nil
	case "slow": // gives others the time to come between: else who comes late is told otherwise, rightly
		return a.change(word, nil)
	case "set", "totp", "block", "service", "agentfile":
		return a.change(word, strings.Fields(a.filled(rest, false)))
	case "ws":
		return a.open(ctx, strings.Fields(rest))
	}
	if s := a.sockets[word]; s != nil {
		return a.frame(ctx, s, rest)
	}
	return a.rest(ctx, line)
}

// filled replaces variables: $name, and $new by a name that nobody has.
func (a *asking) filled(text string, inJSON bool) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		end := 0
		for end < len(after) && (after[end] >= 'a' && after[end] <= 'z' || after[end] >= 'A' && after[end] <= 'Z' || after[end] >= '0' && after[end] <= '9') {
			end++
		}
		name := after[:end]
		value, known := a.vars[name]
		switch {
		case name == "new":
			value = a.world.fresh()
		case !known:
			value = "$" + name
		}
		if inJSON {
			value = escaped(value)
		}
		b.WriteString(value)
		text = after[end:]
	}
}

func (a *asking) change(what string, args []string) error {
	if a.target.Hands != nil {
		undo, err := a.target.Hands.Change(what, args)
		if undo != nil {
			a.undo = append(a.undo, undo)
		}
		return err
	}
	if what == "set" && a.already(args[0], args[1]) {
		return nil
	}
	return unable{"it needs " + strings.Join(append([]string{what}, args[:min(1, len(args))]...), " ") + ", and the runner changes nothing that it has not made"}
}

// already tells whether a setting has a value in a workspace that is not to be changed.
func (a *asking) already(setting, value string) bool {
	body, err := a.world.must(context.Background(), request{method: "GET", path: "settings.public?_id=" + setting, as: a.world.admin})
	if err != nil {
		return false
	}
	list, _ := body["settings"].([]any)
	return len(list) == 1 && match(map[string]any{"0": map[string]any{"value": parsed(value)}}, list, nil, "") == nil
}

// parsed reads JSON; what is none stands for itself.
func parsed(text string) (value any) {
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	return value
}
