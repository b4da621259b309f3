package wire

import "messenger-bridge/bridge"

// Buttons lets the person who clicks one type something (rocketchat.md 6.3).
func Buttons(buttons []bridge.Shortcut) map[string]any {
	var actions []map[string]any
	for _, b := range buttons {
		actions = append(actions, map[string]any{
			"type": "button", "text": b.Label, "msg": b.Types, "msg_in_chat_window": true, "msg_processing_type": "sendMessage",
		})
	}
	return map[string]any{"button_alignment": "horizontal", "actions": actions}
}
