package meta

import (
	"slices"
	"strings"
	"testing"
)

// TestPageFields_AreThoseOfMetasSDK, and two that only version 26 of it has, which npm has not.
func TestPageFields_AreThoseOfMetasSDK(t *testing.T) {
	listed := append(slices.Clone(sdk()["enum page SubscribedFields"]), "agent_messages", "agent_questions")
	if len(listed) < 90 {
		t.Errorf("%d fields", len(listed))
	}
	for _, field := range PageFields {
		if !slices.Contains(listed, field) {
			t.Errorf("%s is no field", field)
		}
	}
	for enum, want := range map[string]string{
		"MessagingType": "MESSAGE_TAG RESPONSE UPDATE UTILITY", "SenderAction": "MARK_SEEN REACT TYPING_OFF TYPING_ON UNREACT",
		"Platform": "INSTAGRAM MESSENGER", "Actions": "BAN_USER BLOCK_USER MOVE_TO_SPAM UNBAN_USER UNBLOCK_USER",
	} {
		if got := strings.Join(sdk()["enum page "+enum], " "); got != want {
			t.Errorf("%s: %s, want %s", enum, got, want)
		}
	}
}
