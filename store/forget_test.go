package store_test

import (
	"errors"
	"testing"

	"messenger-bridge/bridge"
)

// TestEraseMessages_WithAndWithoutTheRooms_ForgetsOneConversationOnly: what was sent tells
// whose it is; of older receipts, the rooms' messages tell.
func TestEraseMessages_WithAndWithoutTheRooms_ForgetsOneConversationOnly(t *testing.T) {
	s := open(t, options(newPath(t)))
	mine, other := conversation(1), conversation(2)
	sent := func(c bridge.Conversation, mid bridge.Mid, m bridge.SendTag) bridge.Receipt {
		return bridge.Receipt{Page: mine.Page, Mid: mid, Tag: m, With: c, TextHash: "print"}
	}
	one := func(mid bridge.Mid) []bridge.MessageID { // as a customer's text is shown
		return []bridge.MessageID{bridge.Incoming{Conversation: mine, Mid: mid, Key: bridge.MessageKey(mid)}.MessageID()}
	}
	receipts := []bridge.Receipt{
		sent(mine, "m_1", bridge.SendTag{Message: "new", Part: 1}),
		sent(mine, "m_2", bridge.SendTag{Message: "new", Edit: 7}),
		sent(bridge.Conversation{}, "m_3", bridge.SendTag{Message: "old", Part: 256}),
		sent(bridge.Conversation{}, "m_4", bridge.SendTag{Message: "old", Edit: 7}),
		{Page: mine.Page, Mid: "m_5", Room: "room", Shown: []bridge.MessageID{"fb1", "fb2"}},
		{Page: mine.Page, Mid: "m_8", Room: "room", Shown: one("m_8")},
		{Page: mine.Page, Mid: "m_9", Room: "gone", Shown: one("m_9")},
		sent(other, "m_6", bridge.SendTag{Message: "else"}),
		{Page: mine.Page, Mid: "m_7", Room: "another", Shown: []bridge.MessageID{"fb3"}},
		{Page: mine.Page, Mid: "m_10", Room: "another", Shown: one("m_10")},
	}
	if err := errors.Join(s.SaveReceipts(t.Context(), receipts), s.SaveName(t.Context(), mine, "Anna"),
		s.EraseMessages(t.Context(), mine, []bridge.RoomID{"room"}, append(one("m_9"), "old"))); err != nil {
		t.Fatal(err)
	}
	for i, r := range receipts {
		_, ours := s.TagOf(r.Page, r.Mid)
		_, shown := s.ShownAs(r.Page, r.Mid)
		mark := r.Tag
		if r.Room != "" {
			mark.Message = r.Shown[0]
		}
		known := []bool{ours || len(shown) > 0, s.MidOf(mark) != "", s.TextHashOf(mark.Message) != ""}
		if want := []bool{i > 6, i > 6, i == 7}; known[0] != want[0] || known[1] != want[1] || known[2] != want[2] {
			t.Errorf("%s: by mid, by message and with a fingerprint: %v, want %v", r.Mid, known, want)
		}
	}
	if name, asked := s.Name(mine); name != "" || !asked.IsZero() {
		t.Errorf("the customer is called %q", name)
	}
}
