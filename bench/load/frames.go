package load

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// AgentsWrite has agents answer.
type AgentsWrite struct {
	Bridge  int // which one is shown it, by the order in which they connected
	Seconds float64
	Rate    float64 // by schedule, room after room; 0: the next one as soon as Meta has one
	AtOnce  int     // without a rate: how many are under way, each in a room of its own
}

// Agents has messages of agents shown, and returns when Meta has them all. E2E counts from
// the frame to the call.
func (l *Loader) Agents(q AgentsWrite) (o Outcome, err error) {
	line, rooms, err := l.workspace.lineAndRooms(q.Bridge)
	if err != nil {
		return o, err
	}
	if q.Rate == 0 {
		return l.answers(line, rooms, q)
	}
	count := max(int(q.Rate*q.Seconds), 1)
	l.run++
	f := newFlight(l.run, count)
	l.workspace.flight.Store(f)
	sent := make([]int64, count)
	for i := range count {
		time.Sleep(time.Duration(float64(i)/q.Rate*float64(time.Second)) - time.Since(f.started))
		if sent[i], err = l.write(line, f, rooms[i%len(rooms)], i); err != nil {
			return o, err
		}
	}
	o.Elapsed = time.Since(f.started).Seconds()
	if err := f.await(count); err != nil {
		return o, err
	}
	took := make([]int64, count)
	for i := range took {
		took[i] = f.landed[i].Load() - sent[i]
	}
	o.Acked, o.Delivered, o.E2E = count, count, SpreadOf(took)
	return o, nil
}

// write shows answer i of a run, and returns when that was.
func (l *Loader) write(line *line, f *flight, room string, i int) (at int64, err error) {
	text := string(tag(nil, l.run, i)) + " " + Padding[:100]
	frame := roomFrame("l", room, fmt.Sprintf("agent%d.%d", l.run, i), text, "")
	at = int64(time.Since(f.started))
	return at, line.write(frame)
}

// await waits until so many answers arrived.
func (f *flight) await(count int) error {
	for deadline := time.Now().Add(time.Minute); f.count.Load() < int64(count); {
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d answers did not arrive", count-int(f.count.Load()), count)
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

// answers keeps some answers under way, room after room: in one room alone, what a page may
// send in a second would soon be the limit.
func (l *Loader) answers(line *line, rooms []string, q AgentsWrite) (o Outcome, err error) {
	atOnce := min(q.AtOnce, len(rooms))
	arrived := make(chan struct{}, atOnce) // no more are under way
	l.run++
	f := newFlight(l.run, int(q.Seconds*perSecond)+atOnce)
	f.next = arrived
	l.workspace.flight.Store(f)
	var sent []int64
	write := func() error {
		at, err := l.write(line, f, rooms[len(sent)%len(rooms)], len(sent))
		sent = append(sent, at)
		return err
	}
	for range atOnce {
		if err := write(); err != nil {
			return o, err
		}
	}
	end := time.Duration(q.Seconds * float64(time.Second))
	lost := time.NewTimer(end + time.Minute)
	defer lost.Stop()
	for ; o.Acked < len(sent); o.Acked++ {
		select {
		case <-arrived:
			if time.Since(f.started) >= end || len(sent) == len(f.landed) {
				continue
			}
			if err := write(); err != nil {
				return o, err
			}
		case <-lost.C:
			return o, fmt.Errorf("%d of %d answers did not arrive", len(sent)-o.Acked, len(sent))
		}
	}
	took, landed := make([]int64, len(sent)), make([]int64, len(sent))
	for i := range took {
		landed[i] = f.landed[i].Load()
		took[i] = landed[i] - sent[i]
	}
	within := max(int64(end), slices.Min(landed)) // however short: one answer must be seen
	for _, at := range landed {
		if at <= within {
			o.Delivered++
		}
	}
	o.Elapsed, o.E2E = time.Duration(within).Seconds(), SpreadOf(took)
	return o, nil
}

// Strangers are messages nobody relays: kind is of their rooms.
type Strangers struct {
	Kind  string
	Count int
}

// Frames shows messages nobody relays, and returns when the bridge has read them all.
func (l *Loader) Frames(q Strangers) error {
	line, rooms, err := l.workspace.lineAndRooms(0)
	if err != nil {
		return err
	}
	visitor, room := "", "general"
	if q.Kind == "l" { // what the customer wrote, as it comes back
		visitor, room = "visitor", rooms[0]
	}
	l.run++
	for i := range q.Count {
		if err := line.write(roomFrame(q.Kind, room, fmt.Sprintf("stranger%d.%d", l.run, i), Padding[:100], visitor)); err != nil {
			return err
		}
	}
	if err := line.write([]byte(`{"msg":"ping"}`)); err != nil {
		return err
	}
	select {
	case <-line.pongs:
		return nil
	case <-time.After(time.Minute):
		return errors.New("the bridge does not read its frames")
	}
}

// lineAndRooms returns the connection of a bridge, and all rooms.
func (w *workspace) lineAndRooms(bridge int) (*line, []string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if bridge >= len(w.lines) || len(w.rooms) == 0 {
		return nil, nil, errors.New("no bridge has opened a room")
	}
	return w.lines[bridge], w.rooms, nil
}

// roomFrame is a message as the stream brings it, with all that belongs to it.
func roomFrame(kind, room, id, text, visitor string) []byte {
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	token := ""
	if visitor != "" {
		token = `"token":"` + visitor + `",`
	}
	return []byte(`{"msg":"changed","collection":"stream-room-messages","id":"id","fields":{"eventName":"__my_messages__","args":[{"_id":"` + id +
		`","rid":"` + room + `","msg":"` + text + `",` + token + `"ts":{"$date":` + now + `},"u":{"_id":"agent1","username":"ana","name":"Ana"},"_updatedAt":{"$date":` +
		now + `},"urls":[],"mentions":[],"channels":[],"md":[{"type":"PARAGRAPH","value":[{"type":"PLAIN_TEXT","value":"` + text +
		`"}]}]},{"roomParticipant":false,"roomType":"` + kind + `"}]}}`)
}
