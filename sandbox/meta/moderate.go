package meta

import "encoding/json"

// moderate is POST /{page-id}/moderate_conversations (messenger.md 3.13). Its effect on a
// customer who is blocked: they can write nothing any more.
func (m *Messenger) moderate(c *graphCall) (*graphAnswer, *graphError) {
	var users []struct{ ID any }
	var actions []string
	if json.Unmarshal(c.object("user_ids"), &users) != nil || json.Unmarshal(c.object("actions"), &actions) != nil ||
		len(users) == 0 || len(users) > 10 || len(actions) == 0 || len(actions) > 2 {
		return nil, graphErr(100, 0, "(#100) Invalid parameter")
	}
	result := newObject()
	if m.quirks.ModerationFails {
		users = nil
	}
	for _, user := range users {
		t := m.threads[threadKey{c.token.page, idText(user.ID)}]
		if t == nil {
			return nil, graphErr(100, 2018001, "(#100) No matching user found")
		}
		for _, action := range actions {
			switch action {
			case "BLOCK_USER", "BAN_USER":
				t.barred = true
			case "UNBLOCK_USER", "UNBAN_USER":
				t.barred = false
			case "MOVE_TO_SPAM":
				t.request = true
			default:
				return nil, graphErr(100, 0, "(#100) Param actions[0] must be one of {BAN_USER, UNBAN_USER, BLOCK_USER, UNBLOCK_USER, MOVE_TO_SPAM}")
			}
		}
		result = result.with(idText(user.ID), true)
	}
	m.touch()
	if m.quirks.ModerationFails {
		return m.jsonAnswer(newObject("success", "false")), nil
	}
	return m.jsonAnswer(newObject("success", true, "result", result)), nil
}
