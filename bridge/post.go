package bridge

// Post is a message to be shown in a room.
type Post struct {
	ID    MessageID
	Text  string
	Quote MessageID // the message it answers; empty: none
	Below string    // of a note: more text, folded below Text; empty: none
}
