package wire

import (
	"slices"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/markup"
)

// fate says what becomes of a message of a system type (t), as far as the customer is
// concerned.
type fate uint8

const (
	unheardOf fate = iota // whoever wrote something in it is told that it is not sent
	aNote                 // Rocket.Chat notes what happened in the room: nothing
	aCall                 // an invitation to a call: its link, or a word to the agent
	aSecret               // encrypted, so that only clients can read it: a word to the agent
	theEnd                // the end of a room, see decision 023
	aDeletion             // what remains of a deleted message
)

// types are the system types of messages (rocketchat.md 3, and the list of Rocket.Chat's
// own package of types).
var types = fates()

func fates() map[string]fate {
	all := map[string]fate{
		DeletedMessage: aDeletion, ClosedRoom: theEnd,
		"videoconf": aCall, "jitsi_call_started": aCall, "livechat_webrtc_video_call": aCall, "livechat_video_call": aCall,
		"e2e": aSecret, "otr": aSecret,
	}
	for _, t := range noted {
		all[t] = aNote
	}
	return all
}

// noted are the types by which Rocket.Chat notes what happened.
var noted = strings.Fields(`
	au ru r uj ujt ul ult ui uir ut wm otr-ack command discussion-created
	mute_unmute user-muted user-unmuted message_pinned message_pinned_e2e message_snippeted
	subscription-role-added subscription-role-removed new-moderator moderator-removed new-owner owner-removed new-leader leader-removed
	room-archived room-unarchived room_changed_privacy room_changed_description room_changed_announcement room_changed_avatar
	room_changed_topic room_e2e_enabled room_e2e_disabled room-removed-read-only room-set-read-only room-allowed-reacting
	room-disallowed-reacting removed-user-from-team added-user-to-team user-converted-to-team user-converted-to-channel
	user-removed-room-from-team user-deleted-room-from-team user-added-room-to-team abac-removed-user-from-room
	livechat-started livechat_navigation_history livechat_transfer_history livechat_transfer_history_fallback
	livechat_transcript_history omnichannel_priority_change_history omnichannel_sla_change_history
	omnichannel_placed_chat_on_hold omnichannel_on_hold_chat_resumed
	voip-call-started voip-call-declined voip-call-on-hold voip-call-unhold voip-call-ended voip-call-duration voip-call-wrapup
	voip-call-ended-unexpectedly user_joined_otr user_requested_otr_key_refresh user_key_refreshed_successfully`)

// FromAgent returns the message, its text as typed, if somebody wrote it for the customer,
// or if whoever wrote it has to be told that the customer does not get it.
func (m Message) FromAgent(bot bridge.Author, as markup.Reader) (bridge.AgentMessage, bool) {
	if m.Visitor != "" || m.Hidden || m.User.ID == string(bot.ID) {
		return bridge.AgentMessage{}, false
	}
	a := m.gather(bot.Username, as)
	if m.System == "" && !m.hasCall() {
		if m.User.ID == System {
			a.Nature = bridge.ServerVoice
		}
		return a, true
	}
	switch fate := types[m.System]; {
	case fate == aCall, m.hasCall():
		return m.call(a)
	case fate == aSecret:
		a.Text, a.Nature = "", bridge.Encrypted
		return a, true
	case fate == unheardOf && m.User.ID != System && !a.Empty():
		a.Nature, a.Left = bridge.UnknownType, []string{m.System}
		return a, true
	}
	return bridge.AgentMessage{}, false
}

// hasCall reports whether a block invites to a call.
func (m Message) hasCall() bool {
	return slices.ContainsFunc(m.Blocks, func(b block) bool { return blockKinds[b.Type] == asCall })
}

// call is an invitation to a call: an ordinary message if the customer can follow a link in
// it, and nothing once the call is over.
func (m Message) call(a bridge.AgentMessage) (bridge.AgentMessage, bool) {
	link := strings.Contains(a.Text, "://") || slices.ContainsFunc(a.Buttons, func(b bridge.Button) bool { return b.URL != "" })
	switch {
	case m.Text == "ended" || m.Text == "declined":
		return bridge.AgentMessage{}, false
	case !link:
		a.Nature = bridge.CallInvite
	}
	return a, true
}

// toColleague reports whether the message begins with the name of somebody of the
// workspace, or of a team, or of all who are there.
func (m Message) toColleague() bool {
	text := strings.TrimLeft(m.ownText(), "*_~ \t\r\n")
	if !strings.HasPrefix(text, "@") {
		return false
	}
	return slices.ContainsFunc(m.Mentions, func(who User) bool {
		return addressed(text[1:], who.Username) || addressed(text[1:], who.Name)
	})
}

// addressed reports whether a text begins with a name, and the name ends there.
func addressed(text, name string) bool {
	rest, is := strings.CutPrefix(text, name)
	return is && name != "" && (rest == "" || !isNameByte(rest[0]))
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}
