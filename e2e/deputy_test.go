package e2e

import (
	"strings"
	"testing"

	"messenger-bridge/sandbox/chat"
)

// TestDeputy_FilesOfOtherRooms_AreNotSentToTheCustomer is the attack: an agent writes by hand
// an attachment with the address of a file in a room where the bot is and she is not.
// Whatever the workspace lets its bot read, her customer does not get it.
func TestDeputy_FilesOfOtherRooms_AreNotSentToTheCustomer(t *testing.T) {
	for name, restrict := range map[string][2]bool{ // to members, to who can access the room
		"members only": {true, false}, "who can access": {false, true}, "any user": {false, false}, "nobody": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, bypassed)
			w.rc.SetSetting("FileUpload_Restrict_to_room_members", restrict[0])
			w.rc.SetSetting("FileUpload_Restrict_to_users_who_can_access_room", restrict[1])
			boss := w.rc.AddAgent("boss")
			secret := w.rc.AddGroup("salaries", "boss", w.rc.Bot())
			boss.Uploads(secret, "", chat.File{Name: "salaries.pdf", Type: "application/pdf", Content: []byte("%PDF-1.7 salaries")})
			boss.Uploads(secret, "", picture)
			w.run()
			k := w.ask()
			for _, f := range w.rc.FilesIn(secret) {
				link := "/file-upload/" + f.ID + "/" + f.Name
				named := map[string]any{"_id": f.ID, "name": f.Name, "type": f.Type, "size": f.Size}
				byHand := map[string]any{"type": "file", "title": f.Name, "title_link": link}
				quoting := map[string]any{"text": "", "message_link": w.rc.URL() + "/group/salaries?msg=x", "attachments": []any{byHand}}
				for _, message := range []map[string]any{
					{"attachments": []any{byHand}},
					{"attachments": []any{map[string]any{"title": f.Name, "image_url": link, "image_type": f.Type, "image_size": f.Size}}},
					{"attachments": []any{map[string]any{"type": "file", "title": f.Name, "title_link": w.rc.URL() + link}}},
					{"attachments": []any{byHand}, "file": named, "files": []any{named}}, // chat.sendMessage takes these as well
					{"attachments": []any{quoting}},
					{"attachments": []any{quoting}, "files": []any{named}},
				} {
					id := w.agent.SaysWith(k.rid, "", message)
					w.eventually("the agent is told", func() bool {
						told := w.notices(k.rid, id)
						return len(told) == 1 && strings.Contains(told[0], "Rocket.Chat does not let the bridge read the file")
					})
				}
			}
			w.agent.Uploads(k.rid, "", document)
			w.agent.Says(k.rid, "The end")
			k.gets("file invoice.pdf, the original", "The end")
		})
	}
}

// TestDeputy_ClosedRoomsOf60_AreReadInTheBotsName holds for what the server attached, and for
// nothing else.
func TestDeputy_ClosedRoomsOf60_AreReadInTheBotsName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.rc.FilesOfOpenRoomsOnly(true)
	w.rc.SetSetting("FileUpload_Restrict_to_room_members", false)
	boss := w.rc.AddAgent("boss")
	secret := w.rc.AddGroup("salaries", "boss", w.rc.Bot())
	boss.Uploads(secret, "", picture)
	w.run()
	k := w.ask()
	open := w.closeGate()
	w.agent.Says(k.rid, "head")
	w.agent.Uploads(k.rid, "", document)
	f := w.rc.FilesIn(secret)[0]
	id := w.agent.SaysWith(k.rid, "", map[string]any{"attachments": []any{map[string]any{"type": "file", "title": f.Name, "title_link": "/file-upload/" + f.ID + "/" + f.Name}}})
	k.sync(3)
	w.agent.Closes(k.rid, "done")
	open()
	k.gets("head", "file invoice.pdf, the original")
	w.eventually("the agent is told", func() bool {
		told := append(w.notices(k.rid, id), k.direct()...)
		return len(told) > 0 && strings.Contains(told[0], "Rocket.Chat does not let the bridge read the file")
	})
}
