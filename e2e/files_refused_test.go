package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
)

// What becomes of agents' files that cannot be had is one table: the route by which a file
// comes, how it is refused there, and which kind of file it is.

// fileRefusal is a way in which a file is not handed out, for as long as anybody asks.
type fileRefusal struct {
	name  string
	fault func(f chat.File) chat.Fault
	told  string // what the agent reads
	why   string // what /facebook failed says
}

const (
	withheld  = "Rocket.Chat did not hand a file out"
	inPart    = "a file could not be read completely"
	otherwise = "Rocket.Chat handed out something else in place of a file"
	replaced  = "Rocket.Chat hands out something else in place of the file. Upload it again."
	onlyPart  = "Rocket.Chat hands out only a part of the file. Upload it again."
)

// answers200 has something else come in place of the file.
func answers200(mediaType string, body func(chat.File) string) func(chat.File) chat.Fault {
	return func(f chat.File) chat.Fault {
		if mediaType == "" {
			return chat.Fault{Status: 200, ContentType: f.Type, Body: body(f)}
		}
		return chat.Fault{Status: 200, ContentType: mediaType, Body: body(f)}
	}
}

func text(s string) func(chat.File) string { return func(chat.File) string { return s } }

var loginPage = text("<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to the network.</body></html>")

// fileRefusals are all of them.
func fileRefusals() (all []fileRefusal) {
	for _, status := range []int{400, 401, 405, 451, 500, 501, 502, 503, 504, 204} {
		all = append(all, fileRefusal{fmt.Sprint("HTTP ", status), func(chat.File) chat.Fault { return chat.Fault{Status: status} },
			fmt.Sprintf("Rocket.Chat does not hand the file out (HTTP %d). Upload it again.", status), withheld})
	}
	for _, status := range []int{404, 410} {
		all = append(all, fileRefusal{fmt.Sprint("HTTP ", status), func(chat.File) chat.Fault { return chat.Fault{Status: status} },
			"the file is not in Rocket.Chat any more. Upload it again.", "a file was not there any more"})
	}
	half := func(f chat.File) string { return string(f.Content) }
	return append(all,
		fileRefusal{"HTTP 403", func(chat.File) chat.Fault { return chat.Fault{Status: 403} }, "Rocket.Chat does not let the bridge read the file.", "a file could not be read: I may not"},
		fileRefusal{"no answer", func(chat.File) chat.Fault { return chat.Fault{Hang: true} }, "Rocket.Chat does not hand the file out. Upload it again.", withheld},
		fileRefusal{"cut before the answer", func(chat.File) chat.Fault { return chat.Fault{Cut: true} }, "Rocket.Chat does not hand the file out. Upload it again.", withheld},
		fileRefusal{"cut in the middle", func(f chat.File) chat.Fault { return chat.Fault{Cut: true, ContentType: f.Type, Body: half(f)} }, onlyPart, inPart},
		fileRefusal{"hangs in the middle", func(f chat.File) chat.Fault { return chat.Fault{Hang: true, ContentType: f.Type, Body: half(f)} }, onlyPart, inPart},
		fileRefusal{"shorter", answers200("", func(f chat.File) string { return string(f.Content[:len(f.Content)-4]) }), onlyPart, inPart},
		fileRefusal{"a byte longer", answers200("", func(f chat.File) string { return string(f.Content) + "!" }), replaced, otherwise},
		fileRefusal{"a web page", answers200("text/html; charset=utf-8", loginPage), replaced, otherwise},
		fileRefusal{"a web page that says it is none", answers200("application/octet-stream", loginPage), replaced, otherwise},
		fileRefusal{"an error in XML", answers200("application/xml", text("<Error><Code>SlowDown</Code></Error>")), replaced, otherwise},
		fileRefusal{"an error in JSON", answers200("application/json", text(`{"error":"no such bucket"}`)), replaced, otherwise},
		fileRefusal{"another type, of the same length", answers200("text/plain", func(f chat.File) string { return strings.Repeat("x", len(f.Content)) }), replaced, otherwise},
	)
}

// fileKinds are the files that are refused: long enough that their middle is not their
// beginning.
var fileKinds = []chat.File{padded(document, 200<<10), padded(picture, 200<<10), padded(song, 200<<10)}

// TestFilesRefused_AgentIsToldAndTheRestGoesOut plays the table: each row is a customer of its
// own, whose agent writes a text, a file that cannot be had, and another text.
func TestFilesRefused_AgentIsToldAndTheRestGoesOut(t *testing.T) {
	for _, storage := range []bool{false, true} {
		t.Run(fmt.Sprintf("in a storage outside=%v", storage), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.rc.StoreElsewhere(storage)
			w.cfg.Times.RestTimeout, w.cfg.Times.GraphTimeout = 5*time.Second, 5*time.Second // longer than a busy machine lets any other row wait
			w.run()
			var rows []*refusedFile
			for i, r := range fileRefusals() {
				row := &refusedFile{fileRefusal: r, file: fileKinds[i%len(fileKinds)], storage: storage, customer: fmt.Sprintf("70010020030%05d", i+1)}
				row.file.Name = fmt.Sprintf("row%d-%s", i, row.file.Name)
				row.caption = map[bool]string{true: "the caption"}[i%2 == 1]
				rows = append(rows, row)
			}
			w.playRefusals(rows)
			w.counted(rows)
			w.halt()
			w.run() // a restart tells nothing again
			w.settled()
			for _, row := range rows {
				row.check(w)
			}
			w.listed(rows)
		})
	}
}

// refusedFile is a row of the table.
type refusedFile struct {
	fileRefusal
	file           chat.File
	storage        bool
	caption        string
	customer, room string
	id             string // of the message with the file
}

// counted looks at what administrators and operators see: nothing in the setup channel, and
// in the metrics each message that was given up whole.
func (w *world) counted(rows []*refusedFile) {
	w.Helper()
	want := 0
	for _, row := range rows {
		if row.caption == "" {
			want++
		}
	}
	for _, text := range roomTexts(w, w.rc.RoomID(setupName)) { // it is a matter of one agent, who is told
		if strings.Contains(text, "file") {
			w.Errorf("the setup channel says %q", text)
		}
	}
	if got := w.metricsOf("messenger_bridge_failed_total"); got != float64(want) {
		w.Errorf("the metrics say that %g were given up, want %d", got, want)
	}
}

// playRefusals has all rows happen at once.
func (w *world) playRefusals(rows []*refusedFile) {
	w.Helper()
	for _, row := range rows {
		w.meta.CustomerWrites(page, row.customer, "I am "+row.customer)
		fault := row.fault(row.file)
		fault.Route = "GET file-upload/:id/:name"
		fault.Match = func(r *http.Request, _ []byte) bool {
			return strings.HasSuffix(r.URL.Path, "/"+row.file.Name) && (!row.storage || r.URL.Query().Has("signature"))
		}
		w.rc.Inject(fault)
	}
	w.eventually("everybody has a room", func() bool { return len(w.texts()) == len(rows) })
	for _, room := range w.rc.Rooms() {
		i := slices.IndexFunc(rows, func(row *refusedFile) bool { return w.rc.CustomerTexts(room.ID)[0] == "I am "+row.customer })
		rows[i].room = room.ID
	}
	for _, row := range rows {
		w.agent.Says(row.room, "before")
		row.id = w.agent.Uploads(row.room, row.caption, row.file)[0]
		w.agent.Says(row.room, "after")
	}
	w.eventually("what follows goes out, and every agent is told", func() bool {
		return !slices.ContainsFunc(rows, func(row *refusedFile) bool {
			return !slices.Contains(w.received(row.customer), "after") || len(w.notices(row.room, row.id)) == 0
		})
	})
	w.settled()
}

// check looks at what customer and agent see.
func (row *refusedFile) check(w *world) {
	w.Helper()
	want, told := []string{"before", "after"}, "Not delivered: "+row.told
	if row.caption != "" {
		want, told = []string{"before", row.caption, "after"}, "The file "+row.file.Name+" was not delivered: "+row.told
	}
	if got := w.received(row.customer); !slices.Equal(got, want) {
		w.Errorf("%s, %s: the customer sees %q", row.name, row.file.Name, got)
	}
	if got := w.notices(row.room, row.id); len(got) != 1 || !strings.Contains(got[0], told) {
		w.Errorf("%s, %s: the agent reads %q", row.name, row.file.Name, got)
	}
	if got := w.reactions(row.room, row.id); !slices.Equal(got, []string{":warning:"}) {
		w.Errorf("%s, %s: marked %q", row.name, row.file.Name, got)
	}
}

// listed looks at what operators see: messages that did not go out at all are listed.
func (w *world) listed(rows []*refusedFile) {
	w.Helper()
	code, out, errText := runCommand(w.T, w.environ, "failed", "--database", w.cfg.Store.Database)
	if code != 0 {
		w.Errorf("code %d: %s", code, errText)
	}
	want := map[string]int{}
	for _, row := range rows {
		if row.caption == "" {
			want[row.why]++
		}
	}
	for why, n := range want {
		if got := strings.Count(out, why); got != n {
			w.Errorf("failed lists %q %d times, not %d:\n%s", why, got, n, out)
		}
	}
}

// TestFilesRefused_ByAWorkspaceThatIsAway_AreWaitedFor has the trouble last longer than a file
// is tried for: it is no file's fault.
func TestFilesRefused_ByAWorkspaceThatIsAway_AreWaitedFor(t *testing.T) {
	for name, strike := range map[string]func(w *world) (lift func()){
		"it cannot be reached": func(w *world) func() { w.rc.Down(); return func() { _ = w.rc.Up() } },
		"it hangs":             func(w *world) func() { w.rc.Hang(true); return func() { w.rc.Hang(false) } },
		"502 for everything":   func(w *world) func() { return w.rc.Inject(chat.Fault{Status: 502}) },
		"503 for everything":   func(w *world) func() { return w.rc.Inject(chat.Fault{Status: 503}) },
		"504 for everything":   func(w *world) func() { return w.rc.Inject(chat.Fault{Status: 504}) },
		"403 for everything":   func(w *world) func() { return w.rc.Inject(chat.Fault{Status: 403}) },
		"404 for everything":   func(w *world) func() { return w.rc.Inject(chat.Fault{Status: 404}) },
		"a web page for everything": func(w *world) func() {
			return w.rc.Inject(chat.Fault{Status: 200, ContentType: "text/html", Body: loginPage(chat.File{})})
		},
		"401 for everything": func(w *world) func() { return w.rc.Inject(chat.Fault{Status: 401}) },
		"429 for everything": func(w *world) func() {
			return w.rc.Inject(chat.Fault{Status: 429, Body: `{"success":false,"error":"Error, too many requests. Please slow down. You must wait 1 seconds before trying this endpoint again. [error-too-many-requests]"}`})
		},
		"429 for files":              func(w *world) func() { return w.rc.Inject(chat.Fault{Route: "GET file-upload/:id/:name", Status: 429}) },
		"401, the bot is logged out": outLogged,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.cfg.Times.FileFor, w.cfg.Times.RestTimeout = 200*time.Millisecond, time.Second // a busy machine answers within it
			w.run()
			k := w.ask()
			open := w.closeGate()
			w.agent.Says(k.rid, "before")
			id := w.agent.Uploads(k.rid, "", document)[0]
			w.agent.Says(k.rid, "after")
			k.sync(3)
			lift := strike(w)
			open()
			began := time.Now()
			k.eventually("the file was tried for longer than files are", func() bool {
				return len(k.customerSees()) == 1 && time.Since(began) > 10*w.cfg.Times.FileFor
			})
			if told := w.notices(k.rid, id); len(told) > 0 {
				t.Errorf("the agent is told %q", told)
			}
			lift()
			k.gets("before", "file invoice.pdf, the original", "after")
			if told := w.notices(k.rid, id); len(told) > 0 {
				t.Errorf("the agent was told %q", told)
			}
		})
	}
}

// outLogged has the bot's token refused, and every file with it.
func outLogged(w *world) (lift func()) {
	files := w.rc.Inject(chat.Fault{Route: "GET file-upload/:id/:name", Status: 401})
	login := w.rc.Inject(chat.Fault{Route: "GET websocket", Status: 503})
	me := w.rc.Inject(chat.Fault{Route: "GET me", Status: 401})
	w.rc.DropSockets()
	return func() { files(); login(); me() }
}

// TestFilesRefused_AndThenNot_IsSentOnce has a file come before it is given up, and another one
// when it is retried.
func TestFilesRefused_AndThenNot_IsSentOnce(t *testing.T) {
	t.Parallel()
	clock := &clock{}
	w := newWorldAt(t, bypassed, clock.now)
	w.cfg.Times.FileFor = time.Minute
	w.run()
	k := w.ask()
	w.rc.Inject(chat.Fault{Route: "GET file-upload/:id/:name", Times: 2, Status: 500})
	w.rc.Inject(chat.Fault{Route: "GET file-upload/:id/:name", Times: 1, Status: 200, ContentType: "text/html", Body: loginPage(chat.File{})})
	w.agent.Uploads(k.rid, "", document)
	w.agent.Says(k.rid, "next")
	k.gets("file invoice.pdf, the original", "next")

	var tried atomic.Int64
	clear := w.rc.Inject(chat.Fault{Route: "GET file-upload/:id/:name", Status: 500, Match: func(*http.Request, []byte) bool {
		if tried.Add(1) == 2 { // of which the first began the minute
			clock.pass(w.cfg.Times.FileFor)
		}
		return true
	}})
	id := w.agent.Uploads(k.rid, "", picture)[0]
	k.eventually("it is given up", func() bool { return len(w.notices(k.rid, id)) == 1 })
	k.settled()
	clear()
	if code, out, errText := runCommand(t, w.environ, "retry", "--database", w.cfg.Store.Database, "1"); code != 0 {
		t.Fatalf("code %d: %s%s", code, out, errText)
	}
	k.gets("file invoice.pdf, the original", "next", "image parcel.png, the original")
	k.eventually("the agent reads that it went out", func() bool {
		told := w.notices(k.rid, id)
		return len(told) == 1 && strings.Contains(told[0], "has now gone out")
	})
}
