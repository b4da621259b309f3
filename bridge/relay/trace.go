package relay

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/bridge/queue"
)

// mostCourses bounds an answer: the newest are told.
const mostCourses = 50

// Tracer follows messages: it notes what becomes of each, and tells it when it is asked.
type Tracer struct {
	Trail    bridge.Trail
	Receipts bridge.Receipts
	Pages    bridge.Pages
	Rooms    bridge.Rooms
	Log      *slog.Logger
	lanes    []*queue.Lanes
}

// happened notes a step of a delivery, with the ids of its message.
func (t *Tracer) happened(d bridge.Delivery, s bridge.Step) {
	about := d.Subject
	if about == (bridge.Subject{}) {
		about = read(s.Direction, d.Body)
	}
	if s.What = about.What; about.ID != "" && !slices.Contains(s.IDs, about.ID) {
		s.IDs = append(s.IDs, about.ID)
	}
	if t.Log.Enabled(context.Background(), slog.LevelDebug) {
		t.Log.Debug("step of a delivery", append([]any{"step", s.Kind, "direction", s.Direction, "page", d.Lane.Page, "delivery", s.Delivery,
			"ids", s.IDs, "reason", s.Reason, "tries", s.Tries}, about.Named(s.Direction)...)...)
	}
	if c, some := d.Lane.Conversation(); some && t.Trail != nil {
		t.Trail.Note(c, s)
	}
}

// read reads of a stored body what it is, and which message it is about.
func read(direction bridge.Direction, body []byte) (a bridge.Subject) {
	switch direction {
	case bridge.In:
		var in bridge.Incoming
		if json.Unmarshal(body, &in) == nil {
			a = bridge.Subject{What: string(in.Kind), ID: string(in.Mid)}
		}
	case bridge.Out:
		var out outbound.Outgoing
		if json.Unmarshal(body, &out) == nil {
			a = out.Subject()
		}
	default:
		var n bridge.Notice
		if json.Unmarshal(body, &n) == nil {
			a = bridge.Subject{What: string(n.Kind), ID: string(n.Message)}
		}
	}
	return a
}

// Trace returns what became of a message, by its id at Facebook or in Rocket.Chat, oldest
// first; of a room, what became of the newest messages of its conversation.
func (t *Tracer) Trace(ctx context.Context, what string) ([]bridge.Course, error) {
	if t.Trail == nil || what == "" {
		return nil, nil
	}
	if c, known, err := t.Rooms.Conversation(bridge.RoomID(what)); err != nil || known {
		return t.newest(ctx, c, err)
	}
	ids := t.aliases(what)
	var found []bridge.Course
	for _, c := range t.conversations(ctx, ids) {
		all, err := t.courses(ctx, c)
		if err != nil {
			return nil, err
		}
		found = append(found, about(all, ids)...)
	}
	return found, nil
}

func (t *Tracer) newest(ctx context.Context, c bridge.Conversation, err error) ([]bridge.Course, error) {
	if err != nil {
		return nil, err
	}
	all, err := t.courses(ctx, c)
	return all[max(0, len(all)-mostCourses):], err
}

// aliases returns the other names by which a message is known: for a part at Facebook the
// agent's message.
func (t *Tracer) aliases(id string) []string {
	ids := []string{id}
	for _, p := range t.Pages.Pages() {
		if tag, ours := t.Receipts.TagOf(p.ID, bridge.Mid(id)); ours {
			ids = append(ids, string(tag.Message))
		}
	}
	return ids
}

// conversations returns those in which messages of some ids wait, or in which something became
// of them.
func (t *Tracer) conversations(ctx context.Context, ids []string) (found []bridge.Conversation) {
	add := func(c bridge.Conversation) {
		if !slices.Contains(found, c) {
			found = append(found, c)
		}
	}
	for _, lanes := range t.lanes {
		for _, seqs := range lanes.Look().All() {
			for _, seq := range seqs {
				d, err := lanes.Store.Delivery(seq)
				if err != nil {
					continue
				}
				if c, some := d.Lane.Conversation(); some && slices.Contains(ids, read(lanes.Direction, d.Body).ID) {
					add(c)
				}
			}
		}
	}
	for _, id := range ids {
		named, err := t.Trail.Named(ctx, id)
		if err != nil {
			t.Log.Warn("the trail cannot be read", "err", err)
		}
		for _, c := range named {
			add(c)
		}
	}
	return found
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(id string) bool { return slices.Contains(b, id) })
}

// about returns the courses of messages that have one of the ids, and of what concerns the
// same messages: notices and marks.
func about(all []bridge.Course, ids []string) (some []bridge.Course) {
	for range 2 { // a mark names the agent's message, whichever of its ids was asked for
		for _, c := range all {
			if overlap(c.IDs, ids) {
				ids = append(ids, c.IDs...)
			}
		}
	}
	for _, c := range all {
		if overlap(c.IDs, ids) {
			some = append(some, c)
		}
	}
	return some
}

// add adds to a course what is known of its message.
func add(c *bridge.Course, what string, accepted time.Time, ids []string) {
	c.What, c.Accepted = what, accepted
	for _, id := range ids {
		if id != "" && !slices.Contains(c.IDs, id) {
			c.IDs = append(c.IDs, id)
		}
	}
}

// courses returns what became of all deliveries of a conversation, and what waits of it, in
// the order in which they were accepted.
func (t *Tracer) courses(ctx context.Context, c bridge.Conversation) ([]bridge.Course, error) {
	steps, err := t.Trail.StepsOf(ctx, c)
	if err != nil {
		return nil, err
	}
	type key struct {
		direction bridge.Direction
		seq       bridge.Seq
	}
	courses := map[key]*bridge.Course{}
	of := func(direction bridge.Direction, seq bridge.Seq) *bridge.Course {
		k := key{direction, seq}
		if courses[k] == nil {
			courses[k] = &bridge.Course{Conversation: c, Direction: direction, Delivery: seq, IDs: []string{}, Steps: []bridge.Step{}}
		}
		return courses[k]
	}
	for _, s := range steps {
		one := of(s.Direction, s.Delivery)
		one.Steps = append(one.Steps, s)
		add(one, s.What, s.Accepted, s.IDs)
	}
	for _, lanes := range t.lanes {
		for _, seqs := range lanes.Look().Of(c.Page, func(l bridge.Lane) bool { of, some := l.Conversation(); return some && of == c }) {
			for _, seq := range seqs {
				if d, err := lanes.Store.Delivery(seq); err == nil {
					one := of(lanes.Direction, seq)
					about := read(lanes.Direction, d.Body)
					add(one, about.What, d.Accepted, []string{about.ID})
					one.Waiting, one.Tries, one.Reason, one.Due = true, d.History.Tries, d.History.Reason, d.History.Due
				}
			}
		}
	}
	var all []bridge.Course
	for _, one := range courses {
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b bridge.Course) int {
		return cmp.Or(a.Accepted.Compare(b.Accepted), cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Delivery, b.Delivery))
	})
	return all, nil
}
