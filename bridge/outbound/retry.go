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
// is shown under the id it has already; an agent's message needs more care: whether it
// arrived is found out first, unless a person wants it anyway.
func Retry(f bridge.Failure, anyway bool) (bridge.Entry, error) {
	e := bridge.Entry{Lane: f.Lane, Key: RetryKey(f.Seq), Body: f.Body}
	if f.Direction != bridge.Out {
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

// firstTry returns before which time a message was certainly not sent.
func firstTry(f bridge.Failure, out Outgoing) time.Time {
	if out.At.Before(f.Accepted) && !out.At.IsZero() {
		return out.At
	}
	return f.Accepted
}
