package e2e

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// padded is a file made exactly so long.
func padded(f chat.File, size int) chat.File {
	f.Content = append(bytes.Clone(f.Content), make([]byte, size-len(f.Content))...)
	return f
}

func TestFilesOut_AtTheLimit(t *testing.T) {
	t.Parallel()
	const limit = 100 << 10
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.MaxFileSize = limit })
	w.run()
	k := w.ask()
	var want []string
	for _, f := range []chat.File{picture, document, song, clip} {
		kind, _, _ := strings.Cut(f.Type, "/")
		kind = strings.Replace(kind, "application", "file", 1)
		for _, size := range []int{limit - 1, limit} {
			w.agent.Uploads(k.rid, "", padded(f, size))
			want = append(want, kind+" "+f.Name+", the original")
		}
		id := w.agent.Uploads(k.rid, "", padded(f, limit+1))[0]
		w.eventually("the agent is told that it is too large", func() bool {
			told := w.notices(k.rid, id)
			return len(told) == 1 && strings.Contains(told[0], "Not delivered: the file is too large")
		})
	}
	k.gets(want...)
}

// Meta counts the whole form, and is the judge of its own limit.
func TestFilesOut_TooLargeForMessenger_AgentIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.GraphTimeout = 20 * time.Second
	w.run()
	k := w.ask()
	w.agent.Uploads(k.rid, "", padded(document, 25<<20-4096))
	id := w.agent.Uploads(k.rid, "", padded(document, 25<<20))[0]
	w.eventually("the agent is told that it is too large", func() bool {
		told := w.notices(k.rid, id)
		return len(told) == 1 && strings.Contains(told[0], "the file is too large")
	})
	k.gets("file invoice.pdf, the original")
}

// TestFilesOut_AnswerLost_CustomerHasItOnce is promise 2 for what has no text to be
// recognised by.
func TestFilesOut_AnswerLost_CustomerHasItOnce(t *testing.T) {
	for _, f := range []chat.File{picture, document, voice} {
		for _, delivered := range []bool{true, false} {
			for echo, mode := range echoes {
				t.Run(fmt.Sprintf("%s, delivered=%v, echo %s", f.Name, delivered, echo), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, bypassed)
					var mu sync.Mutex
					first := true
					w.meta.OnSend(func(call meta.SendCall) *meta.SendOutcome {
						mu.Lock()
						defer mu.Unlock()
						if !first || call.File == "" {
							return nil
						}
						first = false
						o := meta.Unknown1(delivered)
						o.Echo = mode
						return o
					})
					w.run()
					k := w.ask()
					w.agent.Uploads(k.rid, "caption", f)
					w.agent.Says(k.rid, "The end")
					w.eventually("the end comes", func() bool { return slices.Contains(k.customerSees(), "The end") })
					w.settled()
					got := k.customerSees()
					if len(got) != 3 || !strings.HasSuffix(got[0], f.Name+", the original") || got[1] != "caption" || got[2] != "The end" {
						t.Errorf("the customer sees %q", got)
					}
				})
			}
		}
	}
}

func TestFilesOut_RoomClosedMeanwhile(t *testing.T) {
	for name, c := range map[string]struct {
		openOnly bool // as in 6.0: customers read files of open rooms only
		members  bool // and others, if they are members
		told     string
	}{
		"today":             {false, true, ""},
		"6.0":               {true, false, ""}, // the bot may read it
		"6.0, members only": {true, true, "Rocket.Chat does not let the bridge read the file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.rc.FilesOfOpenRoomsOnly(c.openOnly)
			w.rc.SetSetting("FileUpload_Restrict_to_room_members", c.members)
			w.run()
			k := w.ask()
			open := w.closeGate()
			w.agent.Says(k.rid, "head") // stands before the file, so nobody reads that yet
			w.agent.Uploads(k.rid, "", document)
			k.sync(2)
			w.agent.Closes(k.rid, "done")
			open()
			if c.told == "" {
				k.gets("head", "file invoice.pdf, the original")
				return
			}
			w.eventually("the agent is told, in person if the room is closed to the bot as well", func() bool {
				all := append(w.rc.Messages(k.rid), w.rc.DirectMessages("ana")...)
				return slices.ContainsFunc(all, func(m chat.Message) bool { return strings.Contains(m.Text, c.told) })
			})
		})
	}
}

// A link is whatever somebody wrote into a message over REST: only files of the
// workspace are fetched.
func TestFilesOut_HostileLinks_AreNotFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	k := w.ask()
	for _, link := range []string{
		w.meta.URL() + "/v27.0/me", "http://169.254.169.254/latest/meta-data", "//169.254.169.254/file-upload/x/y",
		"/api/v1/me", "/file-upload/../api/v1/me", "/file-upload/%2e%2e/api/v1/me", w.rc.URL() + "@evil.example/file-upload/x/y",
		"file:///etc/passwd", "",
	} {
		id := w.agent.SaysWith(k.rid, "", map[string]any{"attachments": []any{map[string]any{"type": "file", "title": "a.pdf", "title_link": link}}})
		w.eventually("the agent is told about "+link, func() bool { return len(w.notices(k.rid, id)) == 1 })
	}
	for _, call := range w.meta.Calls() {
		if call.Path == "/me" {
			t.Error("the bridge followed a link out of the workspace")
		}
	}
	k.gets()
}

func TestFilesOut_WorkspaceFails_FileComesWhenItIsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.FileFor = time.Minute // whatever a busy machine makes of three tries
	w.run()
	k := w.ask()
	w.rc.Inject(chat.Fault{Route: "GET file-upload/:id/:name", Times: 3, Status: 502})
	w.agent.Uploads(k.rid, "caption", document)
	k.gets("file invoice.pdf, the original", "caption")
}

func TestOrder_OnePartStuck_NothingOvertakesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	k := w.ask()
	ben := w.rc.AddAgent("ben")
	w.rc.Joins(k.rid, "ben")
	var mu sync.Mutex
	stuck := true
	w.meta.OnSend(func(call meta.SendCall) *meta.SendOutcome {
		mu.Lock()
		defer mu.Unlock()
		if call.File != "" && stuck {
			return meta.Throttled613()
		}
		return nil
	})
	w.agent.Says(k.rid, "ana 1")
	w.agent.Uploads(k.rid, "ana 2", picture)
	ben.Says(k.rid, "ben 1")
	w.agent.Says(k.rid, "ana 3")
	ben.Uploads(k.rid, "ben 2", document)
	k.sync(5)
	w.eventually("the file is refused", func() bool { return w.metricsOf("messenger_bridge_postponed_total") > 2 })
	if got := k.customerSees(); !slices.Equal(got, []string{"ana 1"}) {
		t.Errorf("the customer sees %q while a file is stuck", got)
	}
	mu.Lock()
	stuck = false
	mu.Unlock()
	k.gets("ana 1", "image parcel.png, the original", "ana 2", "ben 1", "ana 3", "file invoice.pdf, the original", "ben 2")
}
