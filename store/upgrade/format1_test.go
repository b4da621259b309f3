package upgrade

import (
	"testing"

	"messenger-bridge/bridge"
)

var (
	chat    = bridge.Conversation{Page: "100", Kind: bridge.Messages, Customer: "2001"}
	comment = bridge.Conversation{Page: "100", Kind: bridge.Comments, Customer: "3001"}
)

func TestLanesOfFormat1_AreRead(t *testing.T) {
	for text, want := range map[string]bridge.Lane{
		"100/m/2001":              chat.Lane(),
		"100/m/2001/about":        chat.MessageEvents(),
		"100/c/3001":              comment.Lane(),
		"100/c/3001/about":        comment.MessageEvents(),
		"100/c/comment/77_88":     bridge.CommentLane("100", "77_88"),
		"100/c/comment/odd/about": bridge.CommentLane("100", "odd/about"),
		"damaged":                 {Sub: bridge.Unfiled, Of: "damaged"},
		"100/m/":                  {Sub: bridge.Unfiled, Of: "100/m/"},
		"100/m/2001/else":         {Sub: bridge.Unfiled, Of: "100/m/2001/else"},
		"":                        {Sub: bridge.Unfiled},
	} {
		if got := parseLane(text); got != want {
			t.Errorf("%q is read as %+v, not %+v", text, got, want)
		}
	}
}

func TestLanesOfNoticesOfFormat1_AreRead(t *testing.T) {
	of := func(r bridge.RoomID) (bridge.Conversation, bool) { return chat, r == "room1" }
	for text, want := range map[string]bridge.Lane{
		"room1":         chat.Lane(),
		"room2":         {Sub: bridge.Unfiled, Of: "room2"},
		"100/m/2001":    chat.ReceiptMarks(),
		"command/ana":   bridge.CommandLane("ana"),
		"announcements": bridge.AnnouncementLane(),
		"":              {Sub: bridge.Unfiled},
	} {
		if got := parseNoticeLane(text, of); got != want {
			t.Errorf("%q is read as %+v, not %+v", text, got, want)
		}
	}
}

func TestTalksOfFormat1_AreTakenApart(t *testing.T) {
	if s, err := parseTalk(bridge.Messages, []byte("{}")); s != (bridge.ConversationState{}) || err != nil {
		t.Errorf("an empty one is %+v, %v", s, err)
	}
	s, err := parseTalk(bridge.Comments, []byte(`{"heard":"2026-01-02T03:04:05Z","comment":"c_1"}`))
	if err != nil || s.Reply.Comment != "c_1" || s.Reply.At.Unix() != 1767323045 || !s.Window.Heard.IsZero() || s.LastActive() != s.Reply.At {
		t.Errorf("one of comments is %+v, %v", s, err)
	}
	if _, err := parseTalk(bridge.Messages, []byte("damaged")); err == nil {
		t.Error("a damaged one is read")
	}
}

// FuzzFormat1 reads records as a damaged file may hold them: each is read or refused, and
// nothing of its body is lost or added.
func FuzzFormat1(f *testing.F) {
	record := []byte("\x01\x82\x00\x01\x00\x02\x01\x02\x03\x04\x05\x06\x07\x08\x11\x12\x13\x14\x15\x16\x17\x18\x00\x0a100/m/2001sealed")
	f.Add(record)
	f.Add(append([]byte("\x01\x03\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x04busy"), record...))
	f.Add([]byte(`{"heard":"2026-01-02T03:04:05Z","told":"ending","before":[{"room":"r","at":"2026-01-02T03:04:05Z"},{}]}`))
	f.Fuzz(func(t *testing.T, v []byte) {
		if _, lane, body, err := parseRecord(v); err == nil {
			if len(lane)+len(body)+24 != len(v) {
				t.Errorf("a lane of %d and a body of %d of %d bytes", len(lane), len(body), len(v))
			}
			_ = parseLane(string(lane))
		}
		if before, _, record, err := failed(v); err == nil && len(before)+len(record) != len(v) {
			t.Errorf("%d and %d of %d bytes", len(before), len(record), len(v))
		}
		_, _ = parseTalk(bridge.Comments, v)
	})
}
