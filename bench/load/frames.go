package load

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// AgentsWrite has agents answer at a rate, room after room.
type AgentsWrite struct {
	Seconds float64
	Rate    float64
}

// Agents has messages of agents shown by schedule, and returns when Meta has them all.
// E2E counts from the frame to the call.
func (l *Loader) Agents(q AgentsWrite) (o Outcome, err error) {
	line, rooms, err := l.workspace.lineAndRooms()
	if err != nil {
		return o, err
	}
	count := max(int(q.Rate*q.Seconds), 1)
	l.run++
	f := newFlight(l.run, count)
	l.workspace.flight.Store(f)
	sent := make([]int64, count)
	for i := range count {
		time.Sleep(time.Duration(float64(i)/q.Rate*float64(time.Second)) - time.Since(f.started))
		text := string(tag(nil, l.run, i)) + " " + Padding[:100]
		frame := roomFrame("l", rooms[i%len(rooms)], fmt.Sprintf("agent%d.%d", l.run, i), text, "")
		sent[i] = int64(time.Since(f.started))
		if err := line.write(frame); err != nil {
			return o, err
		}
	}
	o.Elapsed = time.Since(f.started).Seconds()
	for deadline := time.Now().Add(time.Minute); f.count.Load() < int64(count); {
		if time.Now().After(deadline) {
			return o, fmt.Errorf("%d of %d answers did not arrive", count-int(f.count.Load()), count)
		}
		time.Sleep(time.Millisecond)
	}
	took := make([]int64, count)
	for i := range took {
		took[i] = f.landed[i].Load() - sent[i]
	}
	o.Acked, o.Delivered, o.E2E = count, count, SpreadOf(took)
	return o, nil
}

// Strangers are messages nobody relays: kind is of their rooms.
type Strangers struct {
	Kind  string
	Count int
}

// Frames shows messages nobody relays, and returns when the bridge has read them all.
func (l *Loader) Frames(q Strangers) error {
	line, rooms, err := l.workspace.lineAndRooms()
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

func (w *workspace) lineAndRooms() (*line, []string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.line == nil || len(w.rooms) == 0 {
		return nil, nil, errors.New("no bridge has opened a room")
	}
	return w.line, w.rooms, nil
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
