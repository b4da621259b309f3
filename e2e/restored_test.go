package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

// ahead is a clock that is ahead of ours.
func ahead(by time.Duration) func() time.Time {
	return func() time.Time { return time.Now().Add(by) }
}

// clocks are by how much both platforms' are ahead of ours.
type clocks struct{ workspace, facebook time.Duration }

var allClocks = map[string]clocks{
	"clocks agree":              {},
	"workspace 4 s ahead":       {workspace: 4 * time.Second},
	"workspace 4 s behind":      {workspace: -4 * time.Second},
	"workspace 1 h ahead":       {workspace: time.Hour},
	"workspace 1 h behind":      {workspace: -time.Hour},
	"Facebook 20 s ahead":       {facebook: 20 * time.Second},
	"Facebook 20 s behind":      {facebook: -20 * time.Second},
	"ours 10 min behind both":   {workspace: 10 * time.Minute, facebook: 10 * time.Minute},
	"ours between the two":      {workspace: time.Minute, facebook: -time.Minute},
	"ours 10 min ahead of both": {workspace: -10 * time.Minute, facebook: -10 * time.Minute},
}

// restored is a conversation whose bridge goes back to a copy of its store.
type restored struct {
	*world
	rid    string
	copied string
	mu     sync.Mutex
	said   []string
}

func talkToRestore(t *testing.T, c clocks) *restored {
	with := bypassed
	with.Now = ahead(c.workspace)
	w := newWorldOf(t, with, ahead(c.facebook), nil)
	w.cfg.Times.GraphTimeout = patience
	w.run()
	w.meta.CustomerWrites(page, anna, "hello")
	r := &restored{world: w, rid: w.room(), copied: w.cfg.Store.Database + ".copy"}
	r.says(1)
	r.eventually("the first answer arrives", func() bool { return len(w.received(anna)) == 1 })
	return r
}

// says has the agent say more; every third time something that takes two messages.
func (r *restored) says(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for range n {
		text := fmt.Sprintf("answer %d", len(r.said))
		if len(r.said)%3 == 2 {
			for i := range 500 {
				text += fmt.Sprintf(" w%d-%d", len(r.said), i)
			}
		}
		r.agent.Says(r.rid, text)
		r.said = append(r.said, text)
	}
}

func (r *restored) backup() {
	r.Helper()
	if code, out, errText := runCommand(r.T, r.environ, "backup", "--database", r.cfg.Store.Database, r.copied); code != 0 {
		r.Fatalf("code %d: %s%s", code, out, errText)
	}
}

// restore goes back to the copy.
func (r *restored) restore() {
	r.Helper()
	r.halt()
	r.says(3) // nobody sends these
	copyFile(r.T, r.copied, r.cfg.Store.Database)
	r.run()
}

// once checks that the customer has all that was said, once and in order, but for what the
// agent was told of.
func (r *restored) once(but ...string) {
	r.Helper()
	words := func() []string { return strings.Fields(strings.Join(r.received(anna), " ")) }
	want := strings.Fields(strings.Join(filter(r.said, func(s string) bool { return !slices.Contains(but, s) }), " "))
	r.eventually("all that was said arrives", func() bool { return len(words()) >= len(want) })
	r.settled()
	if got := words(); !slices.Equal(got, want) {
		var heads []string
		for _, text := range r.received(anna) {
			heads = append(heads, text[:min(len(text), 12)])
		}
		r.Errorf("the customer reads %d words, not %d: %q", len(got), len(want), heads)
	}
	if marked := r.marked(r.rid); !slices.Equal(marked, but) {
		r.Errorf("the agent is told that these did not arrive, or perhaps not: %q", marked)
	}
}

// TestRestored_WithWritingAroundTheCopy_SendsNothingTwice: agents write while the store is
// copied, after it, and until another bridge goes on with the copy, whatever clocks show.
func TestRestored_WithWritingAroundTheCopy_SendsNothingTwice(t *testing.T) {
	t.Parallel()
	for name, c := range allClocks {
		t.Run(name, func(t *testing.T) {
			r := talkToRestore(t, c)
			over := make(chan struct{})
			var writing sync.WaitGroup
			writing.Go(func() {
				for range 4 {
					select {
					case <-over:
						return
					case <-time.After(5 * time.Millisecond):
						r.says(1)
					}
				}
			})
			r.backup()
			close(over)
			writing.Wait()
			r.says(3)
			r.eventually("all arrive", func() bool {
				return len(strings.Fields(strings.Join(r.received(anna), " "))) == len(strings.Fields(strings.Join(r.said, " ")))
			})
			r.restore()
			r.says(2)
			r.once()
		})
	}
}

// TestRestored_CopyHadAnswersWaiting_SendsNothingTwice: what waited when the store was copied
// has gone out since.
func TestRestored_CopyHadAnswersWaiting_SendsNothingTwice(t *testing.T) {
	t.Parallel()
	for _, waiting := range []string{"in flight", "refused for now"} {
		t.Run(waiting, func(t *testing.T) {
			r := talkToRestore(t, clocks{})
			if waiting == "in flight" {
				r.meta.Hang(true)
			} else {
				r.meta.Throttle(page, 613, time.Hour, false)
			}
			r.says(6)
			r.eventually("they wait", func() bool { return r.health().Out.Waiting == 6 })
			r.backup()
			r.meta.Hang(false)
			r.meta.Throttle(page, 613, 0, false)
			r.eventually("all arrive", func() bool {
				return len(strings.Fields(strings.Join(r.received(anna), " "))) == len(strings.Fields(strings.Join(r.said, " ")))
			})
			r.restore()
			r.once()
		})
	}
}

// TestRestored_OneWasRefusedSince_LaterOnesAreNotSentTwice: that one did not arrive does not
// say that none did after it.
func TestRestored_OneWasRefusedSince_LaterOnesAreNotSentTwice(t *testing.T) {
	t.Parallel()
	r := talkToRestore(t, clocks{})
	r.backup()
	r.meta.NextSends(meta.Refused(100, 0, "(#100) Invalid parameter"))
	r.says(1)
	r.eventually("it is refused", func() bool { return len(r.marked(r.rid)) == 1 })
	r.says(3)
	r.eventually("the others arrive", func() bool { return len(r.received(anna)) >= 5 })
	r.restore()
	r.eventually("all is out", func() bool { return r.health().Out.Waiting == 0 })
	r.settled()
	got := r.received(anna)
	if sorted := slices.Sorted(slices.Values(got)); len(slices.Compact(sorted)) != len(got) {
		t.Errorf("the customer reads something twice: %.300q", got)
	}
}

// TestRestore_TheCommand_PutsACopyInPlaceAndNothingIsSentTwice: only on a store that nobody
// serves, and of a file that is a store; what was there stays beside it.
func TestRestore_TheCommand_PutsACopyInPlaceAndNothingIsSentTwice(t *testing.T) {
	t.Parallel()
	r := talkToRestore(t, clocks{})
	r.backup()
	r.says(4) // after the copy, and sent
	r.eventually("all of it arrives", func() bool { return len(r.received(anna)) >= 5+1 })
	database := r.cfg.Store.Database
	restore := func(file string) (code int, said string) {
		code, out, errText := runCommand(t, r.environ, "restore", "--database", database, file)
		return code, out + errText
	}
	if code, said := restore(r.copied); code != 1 || !strings.Contains(said, "Stop the bridge first") {
		t.Errorf("while the bridge runs: code %d, %s", code, said)
	}
	r.halt()
	before := readFile(t, database)
	if code, said := restore(writeFile(t, "no store")); code != 1 || !strings.Contains(said, "no store") && !strings.Contains(said, "something else") || readFile(t, database) != before {
		t.Errorf("of a file that is no store: code %d, %s", code, said)
	}
	r.says(3) // nobody sends these
	code, said := restore(r.copied)
	aside, err := filepath.Glob(database + ".before-*")
	if code != 0 || err != nil || len(aside) != 1 || !strings.Contains(said, aside[0]) || readFile(t, aside[0]) != before {
		t.Errorf("code %d, %q, %v: %s", code, aside, err, said)
	}
	r.run()
	r.once()
	r.halt()
	r.run()
	r.once()
}
