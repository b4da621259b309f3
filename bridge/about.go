package bridge

// About is what agents see of a room beside its messages.
type About struct {
	Topic  string            // one line
	Tags   []string          // words to filter by
	Fields map[string]string // custom fields of rooms, by name; those the workspace does not have are left out
}

// OpenedRoom is a visitor's open room.
type OpenedRoom struct {
	ID         RoomID
	Existed    bool // it was open before
	Unattended bool // it is new, nobody serves it, and nobody is there who could
	Unverified bool // it is new, and no agent sees it until the customer is verified
}
