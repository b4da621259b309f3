package ours

import "messenger-bridge/bridge"

// Kept is on what the customer does not get.
const Kept = ":lock:"

// Marks are the reactions by which an agent sees from afar that something is the
// matter with a message.
var Marks = map[bridge.NoticeKind]string{
	bridge.NotDelivered: ":warning:",
	bridge.FileLeft:     ":warning:",
	bridge.PartLeft:     ":warning:",
	bridge.StillWaiting: ":hourglass:",
	bridge.HasArrived:   ":heavy_check_mark:",
	bridge.WasRead:      ":eye:",
	bridge.Private:      Kept,
	bridge.Note:         Kept,
	bridge.HeldBack:     Kept,
	bridge.Released:     Kept,

	bridge.AnsweredAside: ":envelope:",
}

// IsMark reports whether a reaction is one of them.
func IsMark(name string) bool {
	for _, mark := range Marks {
		if mark == name {
			return true
		}
	}
	return false
}
