package notices

import (
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

// TestSentence_OfWhatStaysInTheRoom reads what is said of each message that customers do not
// get, or do get although somebody may not expect that.
func TestSentence_OfWhatStaysInTheRoom(t *testing.T) {
	for _, c := range []struct {
		kind bridge.NoticeKind
		why  bridge.Reason
		says string // a part of it; "": only a mark
	}{
		{bridge.Private, bridge.CommandText, "looks like a command"},
		{bridge.Private, bridge.PrivateOutside, "!private is for answers to comments"},
		{bridge.Note, bridge.NoteText, ""},
		{bridge.HeldBack, bridge.LeftOver, ""},
		{bridge.Released, "", ""},
		{bridge.LeftOverText, bridge.LeftOver, "still says [NAME]"},
		{bridge.PartLeft, bridge.Unsupported, "cannot be read: [NAME]"},
		{bridge.Convention, bridge.TypeUnknown, "marks this message as “[NAME]”"},
		{bridge.Convention, bridge.ThreadInternal, "Not sent"},
		{bridge.Convention, bridge.ThreadSent, "The customer gets this"},
		{bridge.Convention, bridge.MentionInternal, "Not sent"},
		{bridge.Convention, bridge.MentionSent, "The customer gets this"},
		{bridge.Convention, bridge.ServerText, "rocket.cat"},
		{bridge.NotDelivered, bridge.CallText, "Not delivered: Messenger customers cannot be called from here; send them a link."},
		{bridge.NotDelivered, bridge.SecretText, "it is encrypted"},
		{bridge.NotDelivered, bridge.CannotKeep, "Not delivered: the bridge cannot keep it"},
	} {
		got := sentence(bridge.Notice{Kind: c.kind, Reason: c.why, Text: "[NAME]"}, nil)
		if c.says == "" && got != "" || !strings.Contains(got, c.says) {
			t.Errorf("%s, %s: %q", c.kind, c.why, got)
		}
	}
}

// TestSentence_CorrectionThatStaysInTheRoom_SaysThatTheCustomerSeesTheRest is for edits of
// what the customer has.
func TestSentence_CorrectionThatStaysInTheRoom_SaysThatTheCustomerSeesTheRest(t *testing.T) {
	for _, why := range []bridge.Reason{bridge.CommandText, bridge.OrderText, bridge.PrivateOutside, bridge.NoteText, bridge.MentionInternal, bridge.ThreadInternal} {
		got := sentence(bridge.Notice{Kind: bridge.NotDelivered, Reason: why, Edit: 1}, nil)
		if !strings.HasPrefix(got, "The correction of this message was not delivered: ") || !strings.Contains(got, "still sees what it said before") {
			t.Errorf("%s: %q", why, got)
		}
	}
}
