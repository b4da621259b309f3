package relay_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/origin"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/bridge/relay"
	"messenger-bridge/metrics"
	"messenger-bridge/store"
)

const format1 = "../../store/testdata/format1/"

// format1Left is when the store of format 1 was left by the program that made it.
var format1Left = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

var writeFormat1 = flag.Bool("write-format1", false, "write what goes out of the store of format 1; only true of the program that made it")

// healthy is a world in which everything goes well. It notes what goes out, by where to.
type healthy struct {
	s *store.Store

	mu  sync.Mutex // guards all below
	out map[string][]string
}

func (h *healthy) note(to, format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.out[to] = append(h.out[to], fmt.Sprintf(format, args...))
}

// Deliver keeps apart what travels apart, and may therefore come in any order.
func (h *healthy) Deliver(ctx context.Context, in bridge.Incoming, _ bridge.Before) (shown bridge.Shown, err error) {
	to := "the room of " + in.Conversation.String()
	switch in.Kind {
	case bridge.ReactionEvent, bridge.EditEvent, bridge.DeletionEvent, bridge.HiddenEvent:
		if to += ", " + string(in.Kind); in.FromPage {
			to += " of the page's own"
		}
	case bridge.EchoEvent:
		if in.Conversation.Kind == bridge.Comments {
			to += ", " + string(in.Kind)
		}
	}
	var survey, deleted, tried string
	if in.Survey != nil {
		survey = fmt.Sprintf(", rates %s with %d", in.Survey.Room, in.Survey.Rating)
	}
	if in.Deleted {
		deleted = ", deleted"
	}
	if in.Tries > 0 {
		tried = ", perhaps shown before"
	}
	h.note(to, "%s as %s%s%s%s: %q", in.Kind, in.MessageID(), survey, deleted, tried, in.Text)
	l, err := h.s.Link(in.Conversation)
	if err == nil && l.Room == "" {
		l.Room = bridge.RoomID("room of " + in.Conversation.Customer)
		err = h.s.SaveLink(ctx, l)
	}
	if in.Mid != "" {
		shown.Receipt = bridge.Receipt{Page: in.Conversation.Page, Mid: in.Mid, Room: l.Room, Shown: []bridge.MessageID{in.MessageID()}}
	}
	return shown, err
}

func (h *healthy) Conversation(r bridge.RoomID) (bridge.Conversation, bool, error) {
	return h.s.Conversation(r)
}

func (h *healthy) OpenRoom(c bridge.Conversation) (bridge.RoomID, error) {
	l, err := h.s.Link(c)
	return l.Room, err
}

func (h *healthy) Notify(_ context.Context, n bridge.Notice) error {
	to := "room " + string(n.Room)
	switch {
	case n.Kind == bridge.HasArrived || n.Kind == bridge.WasRead:
		to = "mark on " + string(n.Message)
	case n.Kind == bridge.Announcement:
		to = "the setup channel"
	case n.Room == "":
		to = "user " + n.To.Username
	}
	h.note(to, "%s, reason %q, part %d of %d, waited %v, found %v, earlier %q: %q", n.Key(), n.Reason, n.Part, n.Parts, n.Waited, n.Found, n.Earlier, n.Text)
	return nil
}

func (h *healthy) Handle(_ context.Context, c bridge.Command) (bridge.Reply, error) {
	h.note("the clerk", "%s of %s: %q", c.ID, c.From.Username, c.Words)
	return bridge.Reply{Text: "done"}, nil
}

func (h *healthy) IsPerson(_ context.Context, a bridge.Author) (bool, error) { return !a.Bot, nil }

func (h *healthy) Cut(text string, _ int) []bridge.Part { return []bridge.Part{{Text: text}} }

func (h *healthy) Send(_ context.Context, p bridge.Page, c bridge.CustomerID, parcel bridge.OutboundPart) (bridge.Mid, error) {
	h.note("customer "+string(c)+" of "+string(p.ID), "%s", told(parcel))
	return mid1(parcel.Tag.Version(), parcel.Tag.Part), nil
}

// told is all of a parcel that a customer may see.
func told(p bridge.OutboundPart) string {
	words := []string{fmt.Sprintf("%s, part %d: %q", p.Tag.Version(), p.Tag.Part, p.Text)}
	add := func(is bool, format string, args ...any) {
		if is {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	add(p.File != nil, "file %s", strings.Replace(fmt.Sprintf("%+v", p.File), " Facts:[] Booking:<nil> Own:false", "", 1)) // fields added since
	add(len(p.Buttons) > 0, "buttons %q", p.Buttons)
	add(len(p.Quick) > 0, "quick replies %q, %q", p.Quick, p.Answers)
	add(p.ReplyTo != "", "answers %s", p.ReplyTo)
	add(p.Persona != "", "from %s", p.Persona)
	add(p.Comment != "", "below comment %s", p.Comment)
	add(p.Private, "privately")
	add(p.Edits != "", "in place of %s", p.Edits)
	add(p.Tagged, "tagged")
	return strings.Join(words, ", ")
}

func mid1(version string, part int) bridge.Mid {
	return bridge.Mid(fmt.Sprintf("m_%s.%d", strings.ReplaceAll(version, "/", "_"), part))
}

// Look shows what had arrived before. That a thread is read is noted once: how often it is
// read is no promise.
func (h *healthy) Look(_ context.Context, p bridge.Page, c bridge.CustomerID, _ bridge.Search) (bridge.Sighting, error) {
	thread := "thread of " + string(c) + " of " + string(p.ID)
	h.mu.Lock()
	again := len(h.out[thread]) > 0
	h.mu.Unlock()
	if !again {
		h.note(thread, "is read")
	}
	s := bridge.Sighting{Complete: true}
	switch c {
	case "200000000000017":
		s.Like = []bridge.Mid{mid1("cut17", 0)}
	case "200000000000019":
		s.Like = []bridge.Mid{mid1("unsure19", 1)}
	case "200000000000037":
		s.Like = []bridge.Mid{mid1("sent37", 0)}
	}
	return s, nil
}

func (h *healthy) LookBelow(ctx context.Context, p bridge.Page, c bridge.Mid, s bridge.Search) (bridge.Sighting, error) {
	return h.Look(ctx, p, bridge.CustomerID("comment "+c), s)
}

func (h *healthy) Open(_ context.Context, a bridge.Attachment, _ bridge.RoomID, _ bridge.Secret) (*bridge.Content, error) {
	return &bridge.Content{ReadCloser: io.NopCloser(strings.NewReader("content")), Size: 7, Type: a.Type}, nil
}

func (h *healthy) Works(context.Context) error { return nil }

func (h *healthy) MakePersona(_ context.Context, p bridge.Page, name, _ string) (string, error) {
	h.note("personas of "+string(p.ID), "%s is made", name)
	return "persona of " + name, nil
}

// work has a bridge work on a store while act acts. Minutes pass at once.
func (h *healthy) work(t *testing.T, path string, now func() time.Time, act func(*relay.Relay, *store.Store)) {
	t.Helper()
	key, err := os.ReadFile(format1 + "key")
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(store.Options{Path: path, Key: bridge.Secret(key), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	h.s = s
	earlier, err := origin.Begin(origin.Config{Cursors: s, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	b, err := relay.New(relay.Config{
		Queues: relay.Queues{Inbox: s.Inbox(), Outbox: s.Outbox(), Notices: s.Notices(), Failures: s},
		Store: relay.Store{Receipts: s, Sent: s, States: s, Pages: s, Links: s, Personas: s, Cursors: s, Memory: s,
			TextHash: s.Sign, Earlier: earlier},
		Workspace: relay.Workspace{Rooms: h, Notifier: h, Commands: h, People: h, Files: h,
			Picture: func(a bridge.Author) string { return "https://bridge.example/avatars/" + a.Username }},
		Messenger: relay.Messenger{Sender: h, Personas: h},
		Times:     relay.Times{Times: outbound.Times{TellAfter: 24 * time.Hour}},
		Now:       now, Log: slog.New(slog.DiscardHandler), Meter: metrics.New("test"),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	act(b, s)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// whose returns the conversation of a failure, or the room of a notice.
func whose(s *store.Store, f bridge.Failure) string {
	if f.Direction != bridge.ToAgents {
		c, _ := f.Lane.Conversation()
		return c.String()
	}
	var n bridge.Notice
	if full, err := s.Failure(f.Seq); err == nil {
		_ = json.Unmarshal(full.Body, &n)
	}
	return string(n.Room)
}

func waits(s *store.Store) [3]int {
	n := s.Stats()
	return [3]int{n.Inbox.Waiting, n.Outbox.Waiting, n.Notices.Waiting}
}

// TestFormat1_Everything_GoesOutOnce opens a store of format 1 in which something of
// every kind waits. What goes out is what went out of it by the program that made it.
func TestFormat1_Everything_GoesOutOnce(t *testing.T) {
	path := unpackedFormat1(t)
	h := &healthy{out: map[string][]string{}}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		now := func() time.Time { return format1Left.Add(2*time.Minute + time.Since(start)) }
		h.work(t, path, now, func(b *relay.Relay, s *store.Store) {
			time.Sleep(3 * time.Minute)
			if got := waits(s); got != [3]int{0, 2, 0} { // two pages are not running
				t.Errorf("%v wait", got)
			}
			for _, id := range []bridge.PageID{"100000000000002", "100000000000003"} {
				p, err := s.Page(id)
				if p.State = bridge.PageRunning; err == nil {
					err = s.SavePage(t.Context(), p)
				}
				if err != nil {
					t.Error(err)
				}
				b.PageChanged(id)
			}
			time.Sleep(time.Minute)
			if got := waits(s); got != [3]int{} {
				t.Errorf("%v wait at last", got)
			}
			err := s.Failed(func(f bridge.Failure) bool {
				h.note("failures", "%s %s: %s, part %d", f.Direction, whose(s, f), f.Reason, f.Progress.Part)
				return true
			})
			if err != nil {
				t.Error(err)
			}
		})
		h.compare(t)
		h.out = map[string][]string{}
		h.work(t, path, now, func(*relay.Relay, *store.Store) { time.Sleep(time.Minute) })
		if len(h.out) > 0 {
			t.Errorf("after another start: %q", h.out)
		}
	})
}

func unpackedFormat1(t *testing.T) string {
	t.Helper()
	packed, err := os.ReadFile(format1 + "bolt.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	path := database(t)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// compare compares what went out with what is written in outcome.txt.
func (h *healthy) compare(t *testing.T) {
	t.Helper()
	var b strings.Builder
	for _, to := range slices.Sorted(maps.Keys(h.out)) {
		if to == "failures" {
			slices.Sort(h.out[to])
		}
		b.WriteString(to + "\n\t" + strings.Join(h.out[to], "\n\t") + "\n")
	}
	if *writeFormat1 {
		if err := os.WriteFile(format1+"outcome.txt", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(format1 + "outcome.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), strings.Replace(string(want), removed, "", 1); got != want {
		t.Errorf("what goes out has changed:\n%s", different(got, want))
	}
}

// removed is what the program of then showed and today's does not: the edit of a comment whose removal waits, too.
const removed = "the room of 100000000000001/c/300000000000001, edit\n\tedit as fb15d92f8d4596edc922faa7c4, perhaps shown before: \"a comment, edited\"\n"

// different returns the lines that are in one text only.
func different(got, want string) string {
	count := map[string]int{}
	for line := range strings.SplitSeq(got, "\n") {
		count[line]++
	}
	for line := range strings.SplitSeq(want, "\n") {
		count[line]--
	}
	var lines []string
	for line, n := range count {
		if n != 0 {
			lines = append(lines, fmt.Sprintf("%+d %s", n, line))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
