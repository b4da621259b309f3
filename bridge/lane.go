package bridge

// Lane names what must stay in order: deliveries of one lane are made one after
// another, those of different lanes do not wait for each other. The trade calls it an
// ordering key.
type Lane struct {
	Page     PageID     // empty: it concerns no page
	Kind     Kind       // with Page and Customer the conversation it belongs to
	Customer CustomerID // empty: it belongs to no conversation, or not to a known one
	Sub      Sub        // what of it
	Of       string     // with CommentEvents the comment, with Commands the user, with Unfiled the room
}

// Sub tells the lanes of one conversation apart, and those that belong to none. The
// numbers are stored: they are added to, never changed.
type Sub uint8

const (
	Main          Sub = 0 // what is said in a conversation, and notices about that
	MessageEvents Sub = 1 // what customers do to messages that exist, a reaction for example
	CommentEvents Sub = 2 // events about a comment that do not tell whose it is
	ReceiptMarks  Sub = 3 // notices of how far the customer is
	Commands      Sub = 4 // what one person types to the bot, and the answers
	Announcements Sub = 5 // what the setup channel is told
	Unfiled       Sub = 6 // notices of a room whose conversation is not known
)

// Lane returns the lane in which the conversation's messages travel.
func (c Conversation) Lane() Lane { return c.lane(Main) }

func (c Conversation) lane(sub Sub) Lane {
	return Lane{Page: c.Page, Kind: c.Kind, Customer: c.Customer, Sub: sub}
}

// MessageEvents returns the lane of what the customer does to messages that exist.
func (c Conversation) MessageEvents() Lane { return c.lane(MessageEvents) }

// ReceiptMarks returns the lane of notices that say how far the customer is.
func (c Conversation) ReceiptMarks() Lane { return c.lane(ReceiptMarks) }

// Lanes returns all lanes that belong to the conversation.
func (c Conversation) Lanes() []Lane {
	return []Lane{c.Lane(), c.MessageEvents(), c.ReceiptMarks()}
}

// CommentLane returns the lane of events about a comment that do not tell whose it is.
func CommentLane(p PageID, comment Mid) Lane {
	return Lane{Page: p, Kind: Comments, Sub: CommentEvents, Of: string(comment)}
}

// CommandLane keeps what one person types in order, and the answers with it.
func CommandLane(who UserID) Lane { return Lane{Sub: Commands, Of: string(who)} }

// AnnouncementLane is the lane of everything that the setup channel is told.
func AnnouncementLane() Lane { return Lane{Sub: Announcements} }

// Conversation returns the conversation a lane belongs to; false if it belongs to none.
func (l Lane) Conversation() (Conversation, bool) {
	return Conversation{Page: l.Page, Kind: l.Kind, Customer: l.Customer}, l.Customer != ""
}
