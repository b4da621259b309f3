package rocketchat

// Workspace is all that the bridge does in Rocket.Chat over REST. Each part can be
// handed to whoever needs no more than that.
type Workspace struct {
	*Client
	Reader
	Livechat
	Archive
	Files
	Directory
	Speaker
	Notifier
	Setup
	Apps
}

// New returns a Workspace that refuses every call until the bot is logged in.
func New(cfg ClientConfig) *Workspace {
	c := NewClient(cfg)
	speaker := Speaker{c}
	return &Workspace{
		Client: c, Reader: Reader{c}, Livechat: Livechat{c}, Archive: Archive{c}, Files: Files{c}, Directory: Directory{c},
		Speaker: speaker, Notifier: Notifier{c, speaker}, Setup: Setup{c}, Apps: Apps{c},
	}
}

// Livechat is what visitors do: they write in rooms of theirs.
type Livechat struct{ *Client }

// Archive is what was written, and takes it away.
type Archive struct{ *Client }

// Files are what agents sent, and their pictures.
type Files struct{ *Client }

// Directory says who is who, and in which department.
type Directory struct{ *Client }

// Speaker writes as the bot.
type Speaker struct{ *Client }

// Notifier shows notices where they belong.
type Notifier struct {
	*Client
	Speaker
}

// Setup makes the setup channel, and invites who is to read it.
type Setup struct{ *Client }

// Apps installs apps.
type Apps struct{ *Client }
