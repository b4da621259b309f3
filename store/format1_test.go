package store_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// format1 is what testdata/format1/manifest.json says of the store beside it.
type format1 struct {
	SecretKey   bridge.Secret                 `json:"secretKey"`
	Left        time.Time                     `json:"left"`
	Waiting     []format1Delivery             `json:"waiting"`
	Failed      []format1Failure              `json:"failed"`
	Remembered  map[string][]string           `json:"remembered"`
	Pages       []format1Page                 `json:"pages"`
	Links       []format1Link                 `json:"links"`
	Rooms       map[bridge.RoomID]format1Lane `json:"rooms"`
	Receipts    []format1Receipt              `json:"receipts"`
	Sent        []format1Sent                 `json:"sent"`
	Names       []format1Name                 `json:"names"`
	Tickets     []format1Ticket               `json:"tickets"`
	Cursors     map[string]time.Time          `json:"cursors"`
	Personas    []format1Persona              `json:"personas"`
	Talks       []format1Talk                 `json:"talks"`
	Revocations []format1Revocation           `json:"revocations"`
	Buckets     map[string]int                `json:"buckets"`
	Sequences   map[string]uint64             `json:"sequences"`
}

type format1Delivery struct {
	Queue    string          `json:"queue"`
	Seq      bridge.Seq      `json:"seq"`
	Lane     format1Lane     `json:"lane"`
	Key      string          `json:"key"`
	Kind     string          `json:"kind"`
	Accepted time.Time       `json:"accepted"`
	Progress format1Progress `json:"progress"`
	Damaged  bool            `json:"damaged"`
	Body     json.RawMessage `json:"body"`
}

type format1Progress struct {
	State    string    `json:"state"`
	Part     int       `json:"part"`
	Attempts int       `json:"attempts"`
	Tried    time.Time `json:"tried"`
	Tagged   bool      `json:"tagged"`
}

type format1Failure struct {
	format1Delivery
	Reason   bridge.Reason `json:"reason"`
	At       time.Time     `json:"at"`
	Doubtful bool          `json:"doubtful"`
}

type format1Page struct {
	ID        bridge.PageID    `json:"id"`
	Name      string           `json:"name"`
	Token     string           `json:"token"`
	TokenKind bridge.TokenKind `json:"tokenKind"`
	Expires   time.Time        `json:"expires"`
	Checked   time.Time        `json:"checked"`
	State     bridge.PageState `json:"state"`
	Why       bridge.Trouble   `json:"why"`
	Settings  bridge.Settings  `json:"settings"`
	Since     time.Time        `json:"since"`
	By        bridge.UserID    `json:"by"`
	ByName    string           `json:"byName"`
	Grant     string           `json:"grant"`
	Granted   time.Time        `json:"granted"`
	Rev       uint64           `json:"rev"`
}

type format1Link struct {
	Lane         format1Lane         `json:"lane"`
	Visitor      string              `json:"visitor"`
	Room         bridge.RoomID       `json:"room"`
	Department   bridge.DepartmentID `json:"department"`
	Begin        bridge.MessageID    `json:"begin"`
	VisitorToken string              `json:"visitorToken"`
}

type format1Receipt struct {
	Is      string             `json:"is"`
	Page    bridge.PageID      `json:"page"`
	Mid     bridge.Mid         `json:"mid"`
	Message bridge.MessageID   `json:"message"`
	Part    int                `json:"part"`
	Edit    int64              `json:"edit"`
	Print   string             `json:"print"`
	Room    bridge.RoomID      `json:"room"`
	Shown   []bridge.MessageID `json:"shown"`
}

type format1Sent struct {
	Lane    format1Lane      `json:"lane"`
	At      time.Time        `json:"at"`
	Message bridge.MessageID `json:"message"`
}

type format1Name struct {
	Lane  format1Lane `json:"lane"`
	Name  string      `json:"name"`
	Asked time.Time   `json:"asked"`
}

type format1Ticket struct {
	ID      string            `json:"id"`
	Kind    bridge.TicketKind `json:"kind"`
	For     bridge.Author     `json:"for"`
	Expires time.Time         `json:"expires"`
	Data    []byte            `json:"data"`
	Refused string            `json:"refused"` // "<nil>": it is good
}

type format1Persona struct {
	Page    bridge.PageID `json:"page"`
	Name    string        `json:"name"`
	Picture string        `json:"picture"`
	ID      string        `json:"id"`
}

type format1Talk struct {
	Lane format1Lane `json:"lane"`
	Talk struct {
		Heard, Spoke, Closed, Welcomed, Received, Read, Commenting time.Time
		Told                                                       bridge.WindowNote
		ClosedRoom, CommentingRoom                                 bridge.RoomID
		Before                                                     [2]bridge.Closed
		Commented                                                  string
		Comment                                                    bridge.Mid
	} `json:"talk"`
}

// state is what became of what was remembered.
func (f format1Talk) state() bridge.ConversationState {
	t := f.Talk
	s := bridge.ConversationState{
		Window:     bridge.Window{Heard: t.Heard, Told: t.Told},
		Silence:    bridge.Silence{Since: t.Spoke},
		Closings:   bridge.Closings{Last: bridge.Closed{Room: t.ClosedRoom, At: t.Closed}, Before: t.Before},
		Welcome:    bridge.Welcome{At: t.Welcomed},
		Watermarks: bridge.Watermarks{Received: t.Received, Read: t.Read},
		Survey:     bridge.SurveyComment{Since: t.Commenting, Room: t.CommentingRoom, Key: t.Commented},
		Reply:      bridge.ReplyTarget{Comment: t.Comment},
	}
	if f.Lane.conversation().Kind == bridge.Comments {
		s.Window.Heard, s.Reply.At = time.Time{}, t.Heard
	}
	return s
}

type format1Revocation struct {
	Page  bridge.PageID `json:"page"`
	Name  string        `json:"name"`
	Token string        `json:"token"`
	Grant string        `json:"grant"`
	By    string        `json:"by"`
	Rev   uint64        `json:"rev"`
	Since time.Time     `json:"since"`
}

// copyFormat1 returns how to open a copy of the store of format 1, a minute after it was
// left.
func copyFormat1(t *testing.T) (store.Options, format1) {
	t.Helper()
	var m format1
	text, err := os.ReadFile("testdata/format1/manifest.json")
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	path := newPath(t)
	if err := os.WriteFile(path, unpacked(t, "testdata/format1/bolt.db.gz"), 0o600); err != nil {
		t.Fatal(err)
	}
	return store.Options{Path: path, Key: m.SecretKey, Now: func() time.Time { return m.Left.Add(time.Minute) }}, m
}

func openFormat1(t *testing.T) (*store.Store, format1) {
	t.Helper()
	o, m := copyFormat1(t)
	return open(t, o), m
}

func unpacked(t *testing.T, path string) []byte {
	t.Helper()
	packed, err := os.ReadFile(path)
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
	return content
}

// format1Lane is a lane as it was written then.
type format1Lane string

func (l format1Lane) conversation() bridge.Conversation {
	part := strings.SplitN(string(l), "/", 4)
	return bridge.Conversation{Page: bridge.PageID(part[0]), Kind: bridge.Kind(part[1]), Customer: bridge.CustomerID(part[2])}
}

// in returns what a lane of a queue is today.
func (l format1Lane) in(queue string, rooms map[bridge.RoomID]format1Lane) bridge.Lane {
	of, inRoom := rooms[bridge.RoomID(l)]
	user, command := strings.CutPrefix(string(l), "command/")
	page, comment, aboutComment := strings.Cut(string(l), "/c/comment/")
	switch {
	case aboutComment:
		return bridge.Lane{Page: bridge.PageID(page), Kind: bridge.Comments, Sub: bridge.CommentEvents, Of: comment}
	case strings.HasSuffix(string(l), "/about"):
		return l.conversation().MessageEvents()
	case queue != "notices":
		return l.conversation().Lane()
	case l == "announcements":
		return bridge.Lane{Sub: bridge.Announcements}
	case command:
		return bridge.Lane{Sub: bridge.Commands, Of: user}
	case inRoom:
		return of.conversation().Lane()
	case strings.Contains(string(l), "/"):
		return l.conversation().ReceiptMarks()
	}
	return bridge.Lane{Sub: bridge.Unfiled, Of: string(l)}
}

// check compares what the store has with what the manifest says.
func check(t *testing.T, what any, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v: the store has\n%+v, the manifest\n%+v", what, got, want)
	}
}

func format1Queues(s *store.Store) map[string]*store.Queue {
	return map[string]*store.Queue{"inbox": s.Inbox(), "outbox": s.Outbox(), "notices": s.Notices()}
}

var format1States = map[string]bridge.State{"trying": bridge.InFlight, "waiting": bridge.Queued, "unsure": bridge.OutcomeUnknown}

func (d format1Delivery) check(t *testing.T, m format1, got bridge.Delivery) {
	t.Helper()
	p, want := got.Progress, d.Progress
	if got.Lane != d.Lane.in(d.Queue, m.Rooms) || got.History != (bridge.History{}) || !got.Accepted.Equal(d.Accepted) || p.State != format1States[want.State] || p.Part != want.Part ||
		p.Attempts != want.Attempts || p.Tagged != want.Tagged || !p.Tried.Equal(want.Tried) {
		t.Errorf("%s %d: the store has %+v, the manifest %+v", d.Queue, d.Seq, got, d)
	}
	if d.Damaged != (got.Body == nil) || !d.Damaged && !bytes.Equal(got.Body, d.Body) {
		t.Errorf("%s %d: the body is %s, not %s", d.Queue, d.Seq, got.Body, d.Body)
	}
}

func TestFormat1_WhatWaits_IsFoundInOrder(t *testing.T) {
	s, m := openFormat1(t)
	for name, q := range format1Queues(s) {
		var got, want []bridge.Seq
		for _, d := range waiting(t, q) {
			got = append(got, d.Seq)
		}
		for _, d := range m.Waiting {
			if d.Queue != name {
				continue
			}
			want = append(want, d.Seq)
			full, err := q.Delivery(d.Seq)
			if err != nil {
				t.Errorf("%s %d: %v", name, d.Seq, err)
			}
			d.check(t, m, full)
		}
		check(t, name, got, want)
	}
}

func TestFormat1_WhatWasGivenUp_IsKept(t *testing.T) {
	s, m := openFormat1(t)
	var got []bridge.Seq
	err := s.Failed(func(f bridge.Failure) bool { got = append(got, f.Seq); return true })
	if err != nil {
		t.Fatal(err)
	}
	var want []bridge.Seq
	for _, f := range m.Failed {
		want = append(want, f.Seq)
		full, err := s.Failure(f.Seq)
		if (err != nil) != f.Damaged || errors.Is(err, bridge.ErrNoFailure) {
			t.Errorf("failure %d: %v", f.Seq, err)
		}
		if f.Damaged {
			continue
		}
		f.check(t, m, bridge.Delivery{Lane: full.Lane, Accepted: full.Accepted, Progress: full.Progress, History: full.History, Body: full.Body})
		direction := map[string]bridge.Direction{"inbox": bridge.In, "outbox": bridge.Out, "notices": bridge.ToAgents}[f.Queue]
		if full.Direction != direction || full.Reason != f.Reason || !full.At.Equal(f.At) || full.Doubtful != f.Doubtful {
			t.Errorf("the store has %+v, the manifest %+v", full, f)
		}
	}
	check(t, "failures", got, want)
}

func TestFormat1_EveryKey_IsRemembered(t *testing.T) {
	s, m := openFormat1(t)
	all := 0
	for name, q := range format1Queues(s) {
		for _, key := range m.Remembered[name] {
			if all++; !q.Seen(key) {
				t.Errorf("%s has forgotten %s", name, key)
			}
		}
		if q.Seen("never/heard/of") {
			t.Error(name, "remembers what never was")
		}
	}
	check(t, "remembered", s.Stats().Remembered, all)
	for _, d := range m.Waiting { // what comes again is a repeat
		repeats, err := format1Queues(s)[d.Queue].Append(t.Context(), []bridge.Entry{{Lane: d.Lane.in(d.Queue, m.Rooms), Key: d.Key, Body: []byte("{}")}}, nil)
		if repeats != 1 || err != nil {
			t.Errorf("%s %s: %d repeats, %v", d.Queue, d.Key, repeats, err)
		}
	}
}

func TestFormat1_NewEntries_GetNewPlaces(t *testing.T) {
	s, m := openFormat1(t)
	for name, q := range format1Queues(s) {
		if seqs := add(t, q, entry("new")); uint64(seqs[0]) != m.Sequences[name]+1 {
			t.Errorf("%s: a new entry gets the place %d after %d", name, seqs[0], m.Sequences[name])
		}
	}
}

func TestFormat1_PagesAndConversations_AreAsTheyWere(t *testing.T) {
	s, m := openFormat1(t)
	var pages []format1Page
	for _, p := range s.Pages() {
		pages = append(pages, format1Page{p.ID, p.Name, p.Token.Reveal(), p.TokenKind, p.Expires, p.Checked, p.State, p.Why, p.Settings, p.Since, p.By, p.ByName, p.Grant, p.Granted, p.Rev})
	}
	check(t, "pages", pages, m.Pages)
	for _, want := range m.Links {
		c := want.Lane.conversation()
		l, err := s.Link(c)
		if err != nil {
			t.Error(err)
		}
		check(t, want.Lane, format1Link{format1Lane(l.Conversation.String()), l.Visitor.Reveal(), l.Room, l.Department, l.Begin, s.VisitorToken(c).Reveal()}, want)
	}
	rooms := map[format1Lane][]bridge.RoomID{}
	for room, lane := range m.Rooms {
		c, ours, err := s.Conversation(room)
		if c != lane.conversation() || !ours || err != nil {
			t.Errorf("room %s is of %+v, %v, %v", room, c, ours, err)
		}
		rooms[lane] = append(rooms[lane], room)
	}
	for lane, all := range rooms {
		got, err := s.RoomsOf(lane.conversation())
		if len(got) != len(all) || err != nil {
			t.Errorf("rooms of %s: %q, %v", lane, got, err)
		}
	}
	for _, r := range m.Revocations {
		all, err := s.Revocations()
		if len(all) != 1 || err != nil {
			t.Fatalf("%d revocations, %v", len(all), err)
		}
		g := all[0]
		check(t, "revocation", format1Revocation{g.Page, g.Name, g.Token.Reveal(), g.Grant, g.By, g.Rev, g.Since.UTC()}, r)
	}
}

func TestFormat1_WhichMessagesAreTheSame_IsKnown(t *testing.T) {
	s, m := openFormat1(t)
	for _, r := range m.Receipts {
		mark := bridge.SendTag{Message: r.Message, Part: r.Part, Edit: r.Edit}
		switch r.Is {
		case "mid of mark":
			check(t, mark, s.MidOf(mark), r.Mid)
		case "mark of mid":
			got, known := s.TagOf(r.Page, r.Mid)
			check(t, r.Mid, []any{got, known}, []any{mark, true})
		case "print":
			check(t, r.Message, s.TextHashOf(r.Message), r.Print)
		case "shown as":
			room, shown := s.ShownAs(r.Page, r.Mid)
			check(t, r.Mid, []any{room, shown}, []any{r.Room, r.Shown})
		default:
			t.Errorf("unknown: %+v", r)
		}
	}
	for _, want := range m.Sent {
		c := want.Lane.conversation()
		check(t, "sent", s.SentSince(c, want.At.Add(-time.Millisecond)), []bridge.Sent{{To: c, Tag: bridge.SendTag{Message: want.Message, Part: bridge.SomePart}, At: want.At}})
	}
	for _, want := range m.Names {
		name, asked := s.Name(want.Lane.conversation())
		check(t, "name", format1Name{want.Lane, name, asked.UTC()}, want)
	}
}

func TestFormat1_WhatIsRememberedBeside_IsThere(t *testing.T) {
	s, m := openFormat1(t)
	for name, want := range m.Cursors {
		at, err := s.Cursor(name)
		if !at.Equal(want) || err != nil {
			t.Errorf("cursor %q is %v, not %v (%v)", name, at, want, err)
		}
	}
	for _, p := range m.Personas {
		check(t, p.Name, s.Persona(p.Page, p.Name, p.Picture), p.ID)
	}
	states := map[bridge.Conversation]bridge.ConversationState{}
	if err := s.EachState(func(c bridge.Conversation, state bridge.ConversationState) { states[c] = state }); err != nil {
		t.Error(err)
	}
	check(t, "number of conversations remembered", len(states), len(m.Talks))
	for _, want := range m.Talks {
		c := want.Lane.conversation()
		check(t, want.Lane, states[c], want.state())
		check(t, want.Lane, s.State(c), want.state())
	}
	for _, want := range m.Tickets {
		got, err := s.Ticket(want.ID)
		if err != nil {
			check(t, want.ID, err.Error(), want.Refused)
			continue
		}
		check(t, want.ID, format1Ticket{got.ID, got.Kind, got.For, got.Expires.UTC(), got.Data, "<nil>"}, want)
	}
}
