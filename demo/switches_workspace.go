package demo

import (
	"errors"

	"messenger-bridge/sandbox/chat"
)

// workspaceSwitches are what can go wrong at Rocket.Chat.
type workspaceSwitches struct {
	*stage
	troubles *troubles
}

func (w *workspaceSwitches) toggles() []toggle {
	return []toggle{
		{ID: "away", Side: "rocketchat", Label: "Agent away", Hint: "nobody takes new chats",
			isOn: func(t trouble) bool { return t.away }, turn: w.turnAway, turned: w.tellAway},
		{ID: "workspace", Side: "rocketchat", Label: "Workspace down", Hint: "as during an upgrade",
			isOn: func(t trouble) bool { return t.down }, turn: w.turnWorkspace, turned: w.tellWorkspace},
		{ID: "close", Side: "rocketchat", Label: "Close the chat", Hint: "the one shown below",
			turn: w.turnClose, turned: w.tellClose},
	}
}

// Agent away.

func (w *workspaceSwitches) turnAway(on bool, _ string) error {
	w.troubles.set(func(t *trouble) { t.away = on })
	if on {
		w.tom.GoesOffline()
	} else {
		w.tom.GoesOnline()
	}
	return nil
}

const kept = "4 · No agent, no Rocket.Chat, no token: kept, not lost"

func (w *workspaceSwitches) tellAway(on bool) []story {
	if !on {
		return []story{
			{Title: "Tom is back", Text: "The bridge looks every half minute whether somebody can take a chat. Then everything that waited opens its room.", Promise: kept},
			{Title: "Nothing waits any more", Text: "What came in while nobody was there is in its room, once and in order.", Promise: kept, once: w.idle, tries: []int{keptForAll}},
		}
	}
	return []story{
		{Title: "Tom has gone home; nobody can take a new chat", Text: "Chats that are open stay his. Write as a customer without an open chat: the message is accepted and waits for somebody to come back.", Promise: kept},
		{Title: "A message waits for an agent", Text: "Facebook was told that it arrived, because it is on disk. Kill the bridge now if you like: it will still be there. It gets its room when Tom is back.", Promise: kept,
			once: func() bool { return w.process.now().toRooms() > 0 }},
	}
}

// Workspace down.

func (w *workspaceSwitches) turnWorkspace(on bool, _ string) error {
	if on {
		w.rc.Down()
	} else if err := w.rc.Up(); err != nil {
		return err
	}
	w.troubles.set(func(t *trouble) { t.down = on })
	return nil
}

func (w *workspaceSwitches) tellWorkspace(on bool) []story {
	if !on {
		return []story{
			{Title: "Rocket.Chat is up again", Text: "The bridge tries again after a pause that grew with the outage, half a minute at most. It first reads what it missed, then delivers what waited.", Promise: kept},
			{Title: "Connected again, and nothing waits", Text: "Customers wrote the whole time and noticed nothing.", Promise: kept, once: w.idle, tries: []int{keptForAll}},
		}
	}
	return []story{
		{Title: "Rocket.Chat refuses all connections, as during an upgrade", Text: "Write as Anna or Ben: Facebook gets its confirmation as ever, and the messages wait on disk. Tom cannot write meanwhile.", Promise: kept},
		{Title: "Messages wait for Rocket.Chat", Text: "They are stored and sealed; nobody can read them in the file. They go out by themselves when the workspace is back.", Promise: kept,
			once: func() bool { return w.process.now().toRooms() > 0 }},
	}
}

// Close the chat.

func (w *workspaceSwitches) turnClose(_ bool, room string) error {
	if w.troubles.now().down {
		return errors.New("Rocket.Chat is down: Tom cannot close a chat now")
	}
	var chosen *chat.Room
	for _, r := range w.rc.Rooms() {
		if r.Open && (chosen == nil || chosen.ID != room) {
			chosen = &r
		}
	}
	if chosen == nil {
		return errors.New("no chat is open; write as a customer first")
	}
	w.tom.Closes(chosen.ID, "solved")
	return nil
}

func (w *workspaceSwitches) tellClose(bool) []story {
	const one = "6 · One open room"
	open, rooms := w.openRooms(), len(w.rc.Rooms())
	if w.troubles.now().away {
		return []story{
			{Title: "Tom has closed the chat before he left", Text: "Let that customer write again: nobody can take a new chat now, so the message is accepted and waits.", Promise: kept},
			w.tellAway(true)[1],
		}
	}
	return []story{
		{Title: "Tom has closed the chat", Text: "Let that customer write again: exactly one new room opens, however fast the messages come.", Promise: one},
		{Title: "A new message, a new room", Text: "The closed chat stays as it was; everything the customer writes from now on is in the new one.", Promise: one, tries: []int{oneRoom},
			once: func() bool { return w.openRooms() > open || len(w.rc.Rooms()) > rooms }},
	}
}
