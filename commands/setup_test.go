package commands

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// channel is what people read in the setup channel.
type channel struct {
	mu    sync.Mutex
	order []string
	texts map[string]string
	shut  bool
	done  map[string]bool
}

func (c *channel) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

func (c *channel) step(name string) Step {
	return Step{Name: name, Done: name + " is done", Next: func(context.Context) string {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.done[name] {
			return ""
		}
		return "do " + name
	}}
}

func (c *channel) show(_ context.Context, id, text string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut {
		return errors.New("away")
	}
	if _, known := c.texts[id]; !known {
		c.order = append(c.order, id)
	}
	c.texts[id] = text
	return nil
}

func (c *channel) last() string { return c.texts[c.order[len(c.order)-1]] }

func TestSetup_NextMissingStepIsTheLastMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &channel{texts: map[string]string{}, done: map[string]bool{}, shut: true}
		s := NewSetup(SetupConfig{Steps: []Step{c.step("one"), c.step("two"), c.step("three")}, Show: c.show, Log: slog.New(slog.DiscardHandler)})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		synctest.Wait()
		if len(c.order) != 0 {
			t.Fatal("shown while the channel was away")
		}
		c.set(func() { c.shut = false })
		<-time.After(s.Every) // by the clock of the bubble
		synctest.Wait()
		if got := c.last(); !strings.Contains(got, "do one") || len(c.order) != 1 {
			t.Errorf("first: %q", c.texts)
		}
		c.set(func() { c.done["one"] = true })
		s.Look()
		<-time.After(s.Quiet)
		synctest.Wait()
		if got := c.last(); !strings.Contains(got, "do two") || !strings.Contains(c.texts["setup-one"], "one is done") {
			t.Errorf("second: %q", c.texts)
		}
		c.set(func() { c.done["two"], c.done["three"] = true, true })
		s.Look()
		<-time.After(s.Quiet)
		synctest.Wait()
		if want := []string{"setup-one", "setup-two", "setup-three", "setup-complete"}; !reflect.DeepEqual(c.order, want) {
			t.Errorf("order: %q", c.order)
		}
		c.set(func() { c.done["two"] = false })
		s.Look()
		<-time.After(s.Quiet)
		synctest.Wait()
		for id, want := range map[string]string{"setup-two": "do two", "setup-three": "after step 2", "setup-complete": "after step 2"} {
			if !strings.Contains(c.texts[id], want) {
				t.Errorf("undone: %s says %q", id, c.texts[id])
			}
		}
		stop()
		<-ended
	})
}
