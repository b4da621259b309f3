package messenger

// Platform is all that the bridge does at Meta. Each part can be handed to whoever
// needs no more than that.
type Platform struct {
	*Client
	Sender
	Reader
	Login
	Tokens
	Subscriptions
}

// New returns a Platform; it makes no call.
func New(cfg ClientConfig) *Platform {
	c := NewClient(cfg)
	tokens := Tokens{c}
	return &Platform{Client: c, Sender: Sender{c}, Reader: Reader{c}, Login: Login{c, tokens}, Tokens: tokens, Subscriptions: Subscriptions{c}}
}

// Sender sends what agents write: messages, answers to comments, gestures.
type Sender struct{ *Client }

// Reader reads what Meta shows of conversations, comments, customers and pages.
type Reader struct{ *Client }

// Login turns an administrator's consent into a grant.
type Login struct {
	*Client
	Tokens
}

// Tokens finds out what a token is, and makes it one that lasts.
type Tokens struct{ *Client }

// Subscriptions have Meta send us the events of pages, and end that.
type Subscriptions struct{ *Client }
