package rooms

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
)

// registry knows names, and is a Facebook that tells them.
type registry struct {
	mu    sync.Mutex
	name  map[bridge.Conversation]string
	at    map[bridge.Conversation]time.Time
	told  string // by Facebook
	err   error
	asked int
	now   func() time.Time

	asking func() // called while Facebook is asked; may be nil
}

func (r *registry) Name(c bridge.Conversation) (string, time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.name[c], r.at[c]
}

func (r *registry) SaveName(_ context.Context, c bridge.Conversation, name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.name[c], r.at[c] = name, r.now()
	return nil
}

func (r *registry) CustomerName(context.Context, bridge.Page, bridge.CustomerID) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if r.asking != nil {
		r.asking()
	}
	return r.told, r.err
}

// named makes Rooms that ask for names. What waits is learned by learn.
func named(d *desk, r *registry) *Rooms {
	rooms := d.made()
	r.now = func() time.Time { return d.now }
	r.name, r.at = map[bridge.Conversation]string{}, map[bridge.Conversation]time.Time{}
	rooms.Names, rooms.Profiles, rooms.NameWait = r, r, time.Nanosecond
	return rooms
}

// learn does what RunNames would do, until nothing waits.
func learn(t *testing.T, r *Rooms) {
	t.Helper()
	for {
		select {
		case c := <-r.names.queue:
			r.learnName(t.Context(), c)
		default:
			return
		}
	}
}

func TestNames_AreAskedOnceADay_AndChangesAreTold(t *testing.T) {
	d, reg := newDesk(t), &registry{told: "Anna"}
	r := named(d, reg)
	writes := func(key string) {
		t.Helper()
		if _, err := r.Deliver(t.Context(), event(key, "hello"), opens); err != nil {
			t.Fatal(err)
		}
		learn(t, r)
	}
	for _, step := range []struct {
		after time.Duration
		told  string
		err   error
		asked int
		name  string
	}{
		{0, "Anna", nil, 1, "Anna"},
		{time.Minute, "Berta", nil, 1, "Anna"},
		{23 * time.Hour, "Berta", nil, 1, "Anna"},
		{time.Hour, "Berta", nil, 2, "Berta"},
		{25 * time.Hour, "", errors.New("down"), 3, "Berta"},
		{time.Minute, "Carla", nil, 3, "Berta"},
		{nameRetry, "Carla", nil, 4, "Carla"},
		{25 * time.Hour, "", nil, 5, "Carla"}, // Facebook no longer tells
	} {
		d.now = d.now.Add(step.after)
		reg.told, reg.err = step.told, step.err
		writes(d.now.String())
		if reg.asked != step.asked || d.lastName != step.name {
			t.Errorf("after %v: asked %d times, called %q, not %d and %q", step.after, reg.asked, d.lastName, step.asked, step.name)
		}
	}
}

// between does something while a visitor is being registered.
type between struct {
	Livechat
	do func()
}

func (b between) Register(ctx context.Context, token bridge.Secret, name string, d bridge.DepartmentID) (bridge.Secret, error) {
	given, err := b.Livechat.Register(ctx, token, name, d)
	b.do()
	return given, err
}

func TestNames_NameComesWhileTheVisitorIsRegistered_IsShown(t *testing.T) {
	d, reg := newDesk(t), &registry{told: "Anna"}
	r := named(d, reg)
	r.Livechat = between{d, func() { learn(t, r) }}
	if _, err := r.Deliver(t.Context(), event("1", "hello"), opens); err != nil {
		t.Fatal(err)
	}
	if d.lastName != "Anna" || reg.asked != 1 {
		t.Errorf("called %q, asked %d times", d.lastName, reg.asked)
	}
}

func TestNames_CustomerIsForgotten_NameIsNotKept_AndAskedForAnew(t *testing.T) {
	d, reg := newDesk(t), &registry{told: "Anna"}
	r := named(d, reg)
	writes := func(key string) {
		t.Helper()
		if _, err := r.Deliver(t.Context(), event(key, "hello"), opens); err != nil {
			t.Fatal(err)
		}
		learn(t, r)
	}
	forget := func() {
		clear(d.links)
		clear(reg.name)
		clear(reg.at)
	}
	writes("1")
	forget()
	writes("2")
	if d.lastName != "Anna" || reg.asked != 2 {
		t.Errorf("called %q, asked %d times", d.lastName, reg.asked)
	}
	if _, err := r.Deliver(t.Context(), event("3", "hello"), opens); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(nameEvery)
	if _, err := r.Deliver(t.Context(), event("4", "hello"), opens); err != nil {
		t.Fatal(err)
	}
	r.ForgetName(anna)
	forget()
	learn(t, r)
	if len(reg.name) != 0 || reg.asked != 2 {
		t.Errorf("the question still waited: kept %v, asked %d times", reg.name, reg.asked)
	}
	writes("5")
	if d.lastName != "Anna" || reg.asked != 3 {
		t.Errorf("writes again, is called %q, asked %d times", d.lastName, reg.asked)
	}
}

// TestNames_CustomerIsForgottenMeanwhile_WaitsUntilNothingMoreComes: what is learned of
// them must not come after all of it was erased.
func TestNames_CustomerIsForgottenMeanwhile_WaitsUntilNothingMoreComes(t *testing.T) {
	for at, told := range map[string]string{"Facebook is asked": "", "Rocket.Chat is told": "Berta"} {
		synctest.Test(t, func(t *testing.T) {
			d, reg := newDesk(t), &registry{told: "Anna"}
			r := named(d, reg)
			writes := func(key string) {
				if _, err := r.Deliver(t.Context(), event(key, "hello"), opens); err != nil {
					t.Fatal(err)
				}
			}
			writes("1")
			learn(t, r)
			d.now, reg.told = d.now.Add(nameEvery), "Berta"
			writes("2")
			goOn := make(chan struct{})
			if told == "" {
				reg.asking = func() { <-goOn }
			}
			r.Livechat = between{d, func() { <-goOn }}
			var under sync.WaitGroup
			under.Go(func() { learn(t, r) })
			synctest.Wait()
			forgotten := false
			under.Go(func() {
				r.ForgetName(anna)
				clear(d.links)
				clear(reg.name)
				clear(reg.at)
				d.lastName, forgotten = "", true
			})
			synctest.Wait()
			if d.lastName != cmp.Or(told, "Anna") || forgotten {
				t.Errorf("while %s: called %q, forgotten: %v", at, d.lastName, forgotten)
			}
			close(goOn)
			under.Wait()
			if d.lastName != "" || len(reg.name) != 0 {
				t.Errorf("while %s: then called %q, kept %v", at, d.lastName, reg.name)
			}
		})
	}
}
