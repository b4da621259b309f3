package rooms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"messenger-bridge/bridge"
)

var anna = bridge.Conversation{Page: "1", Customer: "7001", Kind: bridge.Messages}

// shown is a message in a room.
type shown struct {
	Room bridge.RoomID
	ID   bridge.MessageID
	Text string
}

// desk is an Omnichannel, and the store beside it. It does what Rocket.Chat does,
// and first what the test says.
type desk struct {
	t        *testing.T
	visitors map[bridge.Secret]bool
	open     bridge.RoomID // the customer's open room
	shown    []shown
	quotes   []bridge.MessageID // by what is shown, in this order
	limit    int                // of a message; 0: none
	missing  bridge.DepartmentID
	online   bool
	links    map[bridge.Conversation]bridge.Link
	rooms    map[bridge.RoomID]bool
	known    map[bridge.Mid][]bridge.MessageID // as what was shown before

	fail     map[string][]error // what calls answer, by name, before they work again
	after    map[string][]error // the same, but they take effect
	calls    []string           // all calls, in order
	count    int                // rooms so far
	now      time.Time
	log      strings.Builder
	lastName string                // under which the visitor was registered
	rest     []bridge.DepartmentID // of DepartmentGone
}

func newDesk(t *testing.T) *desk {
	return &desk{
		t: t, visitors: map[bridge.Secret]bool{}, links: map[bridge.Conversation]bridge.Link{}, rooms: map[bridge.RoomID]bool{},
		fail: map[string][]error{}, after: map[string][]error{}, online: true, now: time.UnixMilli(1_790_000_000_000),
	}
}

// opens takes that a room was opened, and that a text is shown in parts.
var opens = bridge.Before{Room: func(bridge.NewRoom) error { return nil }, Parts: func() error { return nil }, Correction: func() bool { return true }}

func (d *desk) made() *Rooms {
	return New(Config{
		Workspace: Workspace{Livechat: d}, Store: Store{Links: d, Known: d, Pages: d},
		Hooks: Hooks{
			Opened: func(r, _ bridge.RoomID, existed bool) {
				d.calls = append(d.calls, fmt.Sprintf("opened %s %v", r, existed))
			},
			DepartmentGone: func(id bridge.DepartmentID) { d.rest = append(d.rest, id) },
		},
		Now: func() time.Time { return d.now }, Log: slog.New(slog.NewTextHandler(&d.log, nil)),
	})
}

// called notes a call and returns what the test wants it to answer.
func (d *desk) called(name, more string) (before, after error) {
	d.calls = append(d.calls, strings.TrimSpace(name+" "+more))
	take := func(from map[string][]error) (err error) {
		if list := from[name]; len(list) > 0 {
			err, from[name] = list[0], list[1:]
		}
		return err
	}
	return take(d.fail), take(d.after)
}

func refusal(r bridge.Reason) error { return &bridge.Refusal{Verdict: bridge.Again, Reason: r} }

func (d *desk) Register(_ context.Context, token bridge.Secret, name string, department bridge.DepartmentID) (bridge.Secret, error) {
	d.lastName = name
	before, after := d.called("register", string(department))
	if before != nil {
		return "", before
	}
	if department != "" && department == d.missing {
		return "", refusal(bridge.DepartmentGone)
	}
	d.visitors[token] = true
	return token, after
}

func (d *desk) OpenRoom(_ context.Context, visitor bridge.Secret) (room bridge.OpenedRoom, err error) {
	before, after := d.called("open", "")
	if before != nil {
		return room, before
	}
	if !d.visitors[visitor] {
		return room, refusal(bridge.VisitorUnknown)
	}
	existed := d.open != ""
	if !existed {
		d.opens()
	}
	return bridge.OpenedRoom{ID: d.open, Existed: existed}, after
}

func (d *desk) opens() {
	d.count++
	d.open = bridge.RoomID(fmt.Sprintf("r%d", d.count))
}

func (d *desk) Post(_ context.Context, visitor bridge.Secret, r bridge.RoomID, p bridge.Post) (bridge.RoomID, error) {
	id, text := p.ID, p.Text
	before, after := d.called("post", string(r))
	if before != nil {
		return r, before
	}
	switch {
	case !d.visitors[visitor]:
		return r, refusal(bridge.VisitorUnknown)
	case r != d.open:
		return r, refusal(bridge.RoomClosed)
	case d.limit > 0 && utf8.RuneCountInString(text) > d.limit:
		return r, refusal(bridge.TooLong)
	}
	if i := slices.IndexFunc(d.shown, func(s shown) bool { return s.ID == id }); i >= 0 {
		return d.shown[i].Room, after
	}
	d.shown, d.quotes = append(d.shown, shown{r, id, text}), append(d.quotes, p.Quote)
	return r, after
}

func (d *desk) Close(_ context.Context, _ bridge.Secret, r bridge.RoomID) error {
	if before, _ := d.called("close", string(r)); before != nil {
		return before
	}
	if d.open == r {
		d.open = ""
	}
	return nil
}

func (d *desk) Has(_ context.Context, _ bridge.Secret, r bridge.RoomID, id bridge.MessageID) (bool, error) {
	if before, _ := d.called("has", string(r)); before != nil {
		return false, before
	}
	return slices.ContainsFunc(d.shown, func(s shown) bool { return s.Room == r && s.ID == id }), nil
}

func (d *desk) TagOf(bridge.PageID, bridge.Mid) (bridge.SendTag, bool) {
	return bridge.SendTag{}, false
}

func (d *desk) ShownAs(_ bridge.PageID, mid bridge.Mid) (bridge.RoomID, []bridge.MessageID) {
	return "r1", d.known[mid]
}

func (d *desk) MidOf(bridge.SendTag) bridge.Mid { return "" }

func (d *desk) Describe(context.Context, bridge.Secret, bridge.RoomID, bridge.About) (bool, error) {
	return true, nil
}

func (d *desk) Answer(context.Context, bridge.Secret, bridge.SurveyAnswer) (bool, error) {
	return true, nil
}

func (d *desk) Online(context.Context, bridge.DepartmentID) (bool, error) {
	before, _ := d.called("online", "")
	return d.online, before
}

func (d *desk) Link(c bridge.Conversation) (bridge.Link, error) {
	if l, ok := d.links[c]; ok {
		return l, nil
	}
	return bridge.Link{Conversation: c}, nil
}

func (d *desk) SaveLink(_ context.Context, l bridge.Link) error {
	if before, _ := d.called("save", string(l.Room)); before != nil {
		return before
	}
	d.links[l.Conversation] = l
	if l.Room != "" {
		d.rooms[l.Room] = true
	}
	return nil
}

func (d *desk) Conversation(r bridge.RoomID) (bridge.Conversation, bool, error) {
	return anna, d.rooms[r], nil
}

func (d *desk) VisitorToken(bridge.Conversation) bridge.Secret { return "visitor" }

func (d *desk) Page(p bridge.PageID) (bridge.Page, error) {
	return bridge.Page{ID: p, Settings: bridge.Settings{Department: "sales"}}, nil
}

func (d *desk) Pages() []bridge.Page { return nil }

func (d *desk) EachPage(func(*bridge.Page) bool) {}

// talking has a conversation under way in a room.
func (d *desk) talking() {
	d.visitors["visitor"] = true
	d.opens()
	d.links[anna] = bridge.Link{Conversation: anna, Visitor: "visitor", Room: d.open, Department: "sales"}
	d.rooms[d.open] = true
}

func event(key, text string) bridge.Incoming {
	return bridge.Incoming{Conversation: anna, Kind: bridge.TextEvent, Key: key, Text: text}
}

// texts are all that is shown, as room:text.
func (d *desk) texts() (all []string) {
	for _, s := range d.shown {
		all = append(all, string(s.Room)+":"+s.Text)
	}
	return all
}

func TestDeliver_EveryOutcome(t *testing.T) {
	disk := errors.New("disk full")
	always := func(err error) []error { return slices.Repeat([]error{err}, 20) }
	for name, c := range map[string]struct {
		before func(d *desk)
		reason bridge.Reason // of the refusal; "": none
		gate   bridge.Gate
		texts  []string
		calls  []string // nil: any
	}{
		"first message": {
			before: func(*desk) {}, texts: []string{"r1:hello"},
			calls: []string{"register sales", "save", "open", "save r1", "opened r1 false", "post r1"},
		},
		"under way": {before: (*desk).talking, texts: []string{"r1:hello"}, calls: []string{"post r1"}},
		"a room was there": {
			before: func(d *desk) { d.opens() }, texts: []string{"r1:hello"},
			calls: []string{"register sales", "save", "open", "opened r1 true", "save r1", "opened r1 true", "post r1"},
		},
		"link not stored": {
			before: func(d *desk) { d.fail["save"] = []error{nil, disk} }, reason: bridge.StoreFailed,
			calls: []string{"register sales", "save", "open", "save r1"},
		},
		"room closed": {
			before: func(d *desk) { d.talking(); d.open = "" }, texts: []string{"r2:hello"},
			calls: []string{"post r1", "has r1", "open", "save r2", "opened r2 false", "post r2"},
		},
		"room closed, shown before": {
			before: func(d *desk) {
				d.talking()
				d.shown = []shown{{"r1", event("k", "hello").MessageID(), "hello"}}
				d.open = ""
			},
			texts: []string{"r1:hello"}, calls: []string{"post r1", "has r1"},
		},
		"room closed, nobody knows what is in it": {
			before: func(d *desk) { d.talking(); d.open = ""; d.fail["has"] = []error{refusal(bridge.WorkspaceDown)} },
			reason: bridge.WorkspaceDown, calls: []string{"post r1", "has r1"},
		},
		"every room is closed at once": {
			before: func(d *desk) { d.fail["post"] = always(refusal(bridge.RoomClosed)) }, reason: bridge.WorkspaceError,
			calls: []string{"register sales", "save", "open", "save r1", "opened r1 false", "post r1", "has r1",
				"open", "opened r1 true", "save r1", "opened r1 true", "post r1"},
		},
		"visitor forgotten, found out by posting": {
			before: func(d *desk) { d.talking(); clear(d.visitors) }, texts: []string{"r1:hello"},
			calls: []string{"post r1", "register sales", "save", "open", "opened r1 true", "save r1", "opened r1 true", "post r1"},
		},
		"visitor forgotten, found out by opening": {
			before: func(d *desk) {
				d.links[anna] = bridge.Link{Conversation: anna, Visitor: "visitor", Department: "sales"}
			},
			texts: []string{"r1:hello"},
			calls: []string{"open", "register sales", "save", "open", "save r1", "opened r1 false", "post r1"},
		},
		"visitor never known": {
			before: func(d *desk) { d.fail["open"] = always(refusal(bridge.VisitorUnknown)) }, reason: bridge.RoomClosed,
		},
		"nobody online": {
			before: func(d *desk) { d.fail["open"] = always(refusal(bridge.NoAgent)) },
			reason: bridge.NoAgent, gate: bridge.GateDepartment("sales"),
		},
		"room closed, the page is of another department meanwhile, nobody online": { // remarks go to the old room until there is a new one
			before: func(d *desk) {
				d.talking()
				d.links[anna] = bridge.Link{Conversation: anna, Visitor: "visitor", Room: "r1", Department: "service"}
				d.open, d.fail["open"] = "", always(refusal(bridge.NoAgent))
			},
			reason: bridge.NoAgent, gate: bridge.GateDepartment("sales"),
			calls: []string{"post r1", "has r1", "register sales", "save r1", "open"},
		},
		"Omnichannel off": {
			before: func(d *desk) { d.fail["open"] = always(refusal(bridge.OmnichannelOff)) },
			reason: bridge.OmnichannelOff, gate: bridge.GateDepartment("sales"),
		},
		"blocked":           {before: func(d *desk) { d.talking(); d.fail["post"] = always(refusal(bridge.ContactBlocked)) }, reason: bridge.ContactBlocked},
		"workspace down":    {before: func(d *desk) { d.talking(); d.fail["post"] = always(refusal(bridge.WorkspaceDown)) }, reason: bridge.WorkspaceDown},
		"register refused":  {before: func(d *desk) { d.fail["register"] = always(refusal(bridge.WorkspaceError)) }, reason: bridge.WorkspaceError},
		"nothing ever fits": {before: func(d *desk) { d.talking(); d.fail["post"] = always(refusal(bridge.TooLong)) }, reason: bridge.TooLong},
		"department deleted": {
			before: func(d *desk) { d.missing = "sales" }, texts: []string{"r1:hello"},
			calls: []string{"register sales", "register", "save", "open", "save r1", "opened r1 false", "post r1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			c.before(d)
			_, err := d.made().Deliver(t.Context(), event("k", "hello"), opens)
			if reasonOf(err) != c.reason || (err == nil) != (c.reason == "") {
				t.Errorf("refused with %v", err)
			}
			if err != nil && bridge.RefusalOf(err).Gate != c.gate {
				t.Errorf("the gate is %q", bridge.RefusalOf(err).Gate)
			}
			if got := d.texts(); !slices.Equal(got, c.texts) {
				t.Errorf("agents read %q, want %q", got, c.texts)
			}
			if c.calls != nil && !reflect.DeepEqual(d.calls, c.calls) {
				t.Errorf("calls %q\nwant  %q", d.calls, c.calls)
			}
		})
	}
}

func TestDeliver_AnswerLost_AgainShowsItOnce(t *testing.T) {
	lost := &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.WorkspaceError}
	for _, call := range []string{"register", "open", "post"} {
		t.Run(call, func(t *testing.T) {
			d := newDesk(t)
			d.after[call] = []error{lost}
			r := d.made()
			if _, err := r.Deliver(t.Context(), event("k", "hello"), opens); !errors.Is(err, lost) {
				t.Fatalf("the first attempt ends with %v", err)
			}
			if _, err := d.made().Deliver(t.Context(), event("k", "hello"), opens); err != nil { // a new process
				t.Fatal(err)
			}
			if got := d.texts(); !slices.Equal(got, []string{"r1:hello"}) || d.count != 1 {
				t.Errorf("agents read %q in %d rooms", got, d.count)
			}
		})
	}
}

func TestDeliver_ShownInAnotherRoom(t *testing.T) {
	id := event("k", "hello").MessageID()
	for name, c := range map[string]struct {
		room bridge.RoomID // where Rocket.Chat put it, or had it
		want bridge.RoomID // the conversation's room afterwards
	}{
		"a new one":               {"r9", "r9"},
		"an old one of ours":      {"r0", "r1"},
		"the one that was wanted": {"r1", "r1"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.talking()
			d.rooms["r0"] = true
			d.shown = []shown{{c.room, id, "hello"}}
			if _, err := d.made().Deliver(t.Context(), event("k", "hello"), opens); err != nil {
				t.Fatal(err)
			}
			if got := d.links[anna].Room; got != c.want || !d.rooms[c.want] {
				t.Errorf("the conversation's room is %s", got)
			}
			if opened := slices.Contains(d.calls, "opened r9 true"); opened != (c.room == "r9") {
				t.Errorf("calls %q", d.calls)
			}
		})
	}
}

// TestDeliver_RoomThatIsThereAlready_NamesTheOneBefore: who listens to agents must not let
// what they answer in the new room overtake what they answered in the one before.
func TestDeliver_RoomThatIsThereAlready_NamesTheOneBefore(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(d *desk, in *bridge.Incoming)
	}{
		"landed there": {func(d *desk, in *bridge.Incoming) { d.shown = []shown{{"r2", in.MessageID(), "hello"}} }},
		"closed, and opened by a call that was cut": {func(d *desk, _ *bridge.Incoming) { d.opens() }},
		"closed for a new one, opened so": {func(d *desk, in *bridge.Incoming) {
			in.ForceNewRoom = true
			d.opens()
		}},
		"the visitor is gone as well": {func(d *desk, _ *bridge.Incoming) {
			d.visitors = map[bridge.Secret]bool{}
			d.opens()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.talking()
			in := event("k", "hello")
			c.happens(d, &in)
			var before []bridge.RoomID
			r := d.made()
			r.Opened = func(room, left bridge.RoomID, existed bool) {
				if room != "r2" || !existed {
					t.Errorf("%s was opened, there before: %v", room, existed)
				}
				before = append(before, left)
			}
			if _, err := r.Deliver(t.Context(), in, opens); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(before, []bridge.RoomID{"r1", "r1"}) {
				t.Errorf("the rooms before are %q", before)
			}
		})
	}
}

func TestDeliver_AgentsAway_OneQuestionForAllAndBackAgain(t *testing.T) {
	d := newDesk(t)
	r := d.made()
	d.fail["open"] = []error{refusal(bridge.NoAgent)}
	deliver := func() error { _, err := r.Deliver(t.Context(), event("k", "hello"), opens); return err }
	for range 5 {
		err := deliver()
		if f := bridge.RefusalOf(err); f.Reason != bridge.NoAgent || f.Gate != bridge.GateDepartment("sales") || f.After != 8*time.Second || f.Verdict != bridge.Again {
			t.Fatalf("refused with %+v", f)
		}
	}
	asked := func(call string) (n int) {
		for _, c := range d.calls {
			if c == call {
				n++
			}
		}
		return n
	}
	if asked("open") != 1 || asked("online") != 0 {
		t.Errorf("calls %q", d.calls)
	}
	d.online = false
	d.now = d.now.Add(8 * time.Second)
	for range 5 {
		if err := deliver(); reasonOf(err) != bridge.NoAgent {
			t.Fatal(err)
		}
	}
	if asked("open") != 1 || asked("online") != 1 {
		t.Errorf("calls %q", d.calls)
	}
	d.now, d.online = d.now.Add(8*time.Second), true
	if err := deliver(); err != nil {
		t.Fatal(err)
	}
	if log := d.log.String(); strings.Count(log, "no agent is online") != 1 || strings.Count(log, "online again") != 1 {
		t.Errorf("the log reads %s", log)
	}
	d.open = ""
	if err := deliver(); err != nil || asked("online") != 2 {
		t.Errorf("asked although somebody is there: %v, %q", err, d.calls)
	}
}

// While it cannot be asked whether somebody is there, nobody is, as far as anybody knows: who waits stays
// where the department's customers wait, and none of them asks before that can be answered.
func TestDeliver_AgentsAway_WhileTheQuestionIsHeldBack(t *testing.T) {
	for name, c := range map[string]struct {
		held  bridge.Refusal
		gate  bridge.Gate
		after time.Duration
	}{
		"the workspace allows no more of them": {
			bridge.Refusal{Verdict: bridge.Again, Reason: bridge.RateLimited, Gate: "limit/GET /livechat/config", After: 40 * time.Second}, bridge.GateDepartment("sales"), 40 * time.Second},
		"it fails for everybody": {
			bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceError, Gate: bridge.GateRoute("GET livechat/config")}, bridge.GateDepartment("sales"), 8 * time.Second},
		"the workspace is away": {
			bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceDown, Gate: bridge.GateWorkspace}, bridge.GateWorkspace, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			r := d.made()
			d.fail["open"] = []error{refusal(bridge.NoAgent)}
			deliver := func() *bridge.Refusal {
				_, err := r.Deliver(t.Context(), event("k", "hello"), opens)
				return bridge.RefusalOf(err)
			}
			deliver()
			d.now = d.now.Add(8 * time.Second)
			d.fail["online"] = []error{&c.held}
			if got := deliver(); got.Verdict != bridge.Again || got.Gate != c.gate || got.After != c.after || !errors.Is(got, &c.held) {
				t.Errorf("refused with %+v", got)
			}
			d.now = d.now.Add(time.Minute)
			if _, err := r.Deliver(t.Context(), event("k", "hello"), opens); err != nil {
				t.Errorf("somebody is there: %v", err)
			}
		})
	}
}

func TestDeliver_DepartmentDeleted_IsSaidOnce(t *testing.T) {
	d := newDesk(t)
	d.missing = "sales"
	r := d.made()
	for i := range 3 {
		in := event("k", "hello")
		in.Conversation.Customer = bridge.CustomerID(fmt.Sprint(i))
		if _, err := r.Deliver(t.Context(), in, opens); err != nil {
			t.Fatal(err)
		}
		if got := d.links[in.Conversation]; got.Department != "" || got.Room == "" {
			t.Errorf("the link is %+v", got)
		}
	}
	if strings.Count(d.log.String(), "was deleted") != 1 || !slices.Equal(d.rest, []bridge.DepartmentID{"sales"}) {
		t.Errorf("said %q, log %s", d.rest, d.log.String())
	}
	quiet := newDesk(t)
	quiet.missing = "sales"
	rooms := quiet.made()
	rooms.Opened, rooms.DepartmentGone = nil, nil
	if _, err := rooms.Deliver(t.Context(), event("k", "hello"), opens); err != nil {
		t.Error(err)
	}
}

func TestDeliver_TooLong_IsShownInPartsWithoutLoss(t *testing.T) {
	for name, whole := range map[string]string{
		"words":     strings.Repeat("word ", 400),
		"no spaces": strings.Repeat("ä", 2000),
		"emoji":     strings.Repeat("😀", 1000),
		"spaces":    strings.Repeat(" ", 50) + "x",
		"short":     "this is longer than ten characters",
	} {
		for _, limit := range []int{1, 2, 10, 333, 999} {
			d := newDesk(t)
			d.talking()
			d.limit = limit
			for range 2 { // again shows nothing twice
				if _, err := d.made().Deliver(t.Context(), event("k", whole), opens); err != nil {
					t.Fatalf("%s, limit %d: %v", name, limit, err)
				}
			}
			if _, err := d.made().Deliver(t.Context(), event("k2", "!"), opens); err != nil {
				t.Fatal(err)
			}
			got := strings.Join(d.texts(), "")
			if joined := strings.ReplaceAll(got, "r1:", ""); joined != whole+"!" {
				t.Errorf("%s, limit %d: agents read %.100q", name, limit, joined)
			}
		}
	}
}

func TestDeliver_TooLong_WhateverHappensBetweenTheParts_NothingIsLost(t *testing.T) {
	whole := "one two three four five six seven eight nine ten"
	for name, meanwhile := range map[string]func(d *desk){
		"nothing":            func(*desk) {},
		"room closed":        func(d *desk) { d.open = "" },
		"limit lifted":       func(d *desk) { d.limit = 0 },
		"limit lowered":      func(d *desk) { d.limit = 3 },
		"limit raised":       func(d *desk) { d.limit = 25 },
		"closed, and lifted": func(d *desk) { d.open = ""; d.limit = 0 },
	} {
		for answered := range 3 { // parts shown before it happens
			d := newDesk(t)
			d.talking()
			d.limit = 12
			d.fail["post"] = slices.Concat(make([]error, 3+answered-1), []error{refusal(bridge.WorkspaceDown)})
			_, first := d.made().Deliver(t.Context(), event("k", whole), opens)
			if reasonOf(first) != bridge.WorkspaceDown {
				t.Fatalf("%s: the first attempt ends with %v", name, first)
			}
			meanwhile(d)
			if _, err := d.made().Deliver(t.Context(), event("k", whole), opens); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			last := map[bridge.RoomID]string{}
			for _, s := range d.shown {
				last[s.Room] += s.Text
			}
			if !strings.Contains(last[d.open], whole) {
				t.Errorf("%s after %d: agents read %q", name, answered, last[d.open])
			}
			if name == "nothing" && last[d.open] != whole {
				t.Errorf("shown twice: %q", last[d.open])
			}
		}
	}
}

func TestDeliver_TooLong_LastPartShownBeforeTheRoomClosed_IsNotShownAgain(t *testing.T) {
	d := newDesk(t)
	d.talking()
	d.limit = 6
	// The whole is refused, then both parts come; the answer of the last says that
	// the room was closed.
	d.after["post"] = []error{nil, nil, refusal(bridge.RoomClosed)}
	if _, err := d.made().Deliver(t.Context(), event("k", "hello you!"), opens); err != nil {
		t.Fatal(err)
	}
	if got := d.texts(); !slices.Equal(got, []string{"r1:hello", "r1: you!"}) || slices.Contains(d.calls, "open") {
		t.Errorf("agents read %q after %q", got, d.calls)
	}
}

// TestSomeoneCame_AsksSoonButNotTooOften: people come and go all day, and one route may be
// called ten times in a minute.
func TestSomeoneCame_AsksSoonButNotTooOften(t *testing.T) {
	d := newDesk(t)
	r := d.made()
	if got := r.SomeoneCame(); len(got) != 0 {
		t.Errorf("nobody waits, and %q is asked after", got)
	}
	d.fail["open"] = []error{refusal(bridge.NoAgent)}
	d.online = false
	deliver := func() error { _, err := r.Deliver(t.Context(), event("k", "hello"), opens); return err }
	if err := deliver(); reasonOf(err) != bridge.NoAgent {
		t.Fatal(err)
	}
	start, asks := d.now, 0
	for d.now.Before(start.Add(2 * time.Minute)) {
		d.now = d.now.Add(500 * time.Millisecond)
		due := d.now.Sub(start)%(8*time.Second) == 0 // its gate's turn
		if len(r.SomeoneCame()) == 0 && !due {
			continue
		}
		before := len(d.calls)
		if err := deliver(); reasonOf(err) != bridge.NoAgent {
			t.Fatal(err)
		}
		asks += len(d.calls) - before
	}
	if asks < 10 || asks > 2*10 {
		t.Errorf("asked %d times in two minutes", asks)
	}
	d.online = true
	d.now = d.now.Add(time.Minute)
	if got := r.SomeoneCame(); !slices.Equal(got, []bridge.DepartmentID{"sales"}) {
		t.Errorf("%q is asked after", got)
	}
	if err := deliver(); err != nil {
		t.Fatal(err)
	}
	if got := r.SomeoneCame(); len(got) != 0 {
		t.Errorf("an agent is there, and %q is asked after", got)
	}
}
