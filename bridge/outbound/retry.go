package outbound

import (
	"encoding/json"
	"strconv"
	"time"

	"messenger-bridge/bridge"
)

const retryPrefix = "retry/"

// RetryKey is the key under which a failure is put back into its lane.
func RetryKey(seq bridge.Seq) string { return retryPrefix + strconv.FormatUint(uint64(seq), 10) }

// Retry makes a failure, of any direction, an entry of its queue. What goes to Rocket.Chat
// is shown under the id it has already, in parts if a part may stand there; an agent's message needs more care: whether it
// arrived is found out first, unless a person wants it anyway.
func Retry(f bridge.Failure, anyway bool) (bridge.Entry, error) {
	e := bridge.Entry{Lane: f.Lane, Key: RetryKey(f.Seq), Body: f.Body}
	if f.Direction != bridge.Out {
		e.Progress.Part = f.Progress.Part
		return e, nil
	}
	var out Outgoing
	if err := json.Unmarshal(f.Body, &out); err != nil {
		return e, err
	}
	unclear := f.Reason == bridge.Unclear || f.Doubtful
	out.RetryNo++
	if out.Since.IsZero() && unclear {
		out.Since = firstTry(f, out)
	}
	e.Progress = bridge.Progress{State: bridge.Queued, Part: f.Progress.Part}
	switch {
	case anyway:
		out.Since = time.Time{}
	case unclear:
		// Not the first attempt, so that nothing but the thread itself is believed.
		e.Progress.State, e.Progress.Tried, e.Progress.Attempts = bridge.OutcomeUnknown, f.Progress.Tried, 1
	}
	var err error
	e.Body, err = json.Marshal(out)
	return e, err
}

// Overtaken reports whether the author of what failed has deleted it since, made a note of it, or
// replaced it by a version that arrived.
func (o *Outbound) Overtaken(f bridge.Failure) bool {
	var out Outgoing
	return f.Direction == bridge.Out && json.Unmarshal(f.Body, &out) == nil && o.edits.overtaken(&out)
}

// endOvertaken ends what is tried again and was changed meanwhile. It is asked before each part that is certainly
// not sent yet: the change may have come, and been dealt with, while this waited.
func endOvertaken(a *attempt) (done bool, err error) {
	e := a.o.edits
	switch {
	case a.out.RetryNo == 0 || a.d.Progress.Unclear() || !e.overtaken(&a.out):
		return false, nil
	case e.takenBack(a.out.Message):
		return true, a.o.endings.withdraw(a)
	}
	return true, a.o.endings.skip(a)
}

// overtaken reports whether a message was taken back, or the customer has a newer version of it. What still waits
// is found by behind.
func (e *edits) overtaken(out *Outgoing) bool {
	if out.Automatic || out.Gone {
		return false
	}
	has, version := e.has(out.Message)
	return e.takenBack(out.Message) || has != "" && out.Edit == 0 || version > out.Edit
}

// takenBack reports whether a message was deleted, or stays in the room now.
func (e *edits) takenBack(id bridge.MessageID) bool {
	told := func(kind bridge.NoticeKind) bool { return e.Notices.Told(bridge.Notice{Kind: kind, Message: id}) }
	return e.Lanes.Store.Seen(changeKey(&bridge.AgentMessage{ID: id, Gone: true}, "")) ||
		told(bridge.Note) || told(bridge.Private) && !told(bridge.Released)
}

// firstTry returns before which time a message was certainly not sent.
func firstTry(f bridge.Failure, out Outgoing) time.Time {
	if out.At.Before(f.Accepted) && !out.At.IsZero() {
		return out.At
	}
	return f.Accepted
}
