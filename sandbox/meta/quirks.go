package meta

import "time"

// TextUnit is what the length limit of a text counts.
type TextUnit int

// The unit is not established (messenger.md 3.4).
const (
	UTF16Units TextUnit = iota
	CodePoints
	Bytes
)

// Quirks are the points where Meta's documentation is silent, contradicts itself or differs
// from what others saw (messenger.md 12.6). The zero value is the reading that we think most
// likely; each field chooses another one, and a receiver should survive them all. Change
// them at any time with Tweak.
type Quirks struct {
	// Bodies of webhooks.
	EscapeMore       bool // <, % and @ as \u003C, \u0025, \u0040 too (older documentation)
	PlainUTF8        bool // no escapes beyond what JSON demands
	AppIDString      bool // app_id in echoes as string
	StringTimestamps bool // messaging[].timestamp as string, in events made by the helpers
	StringNumEdit    bool // message_edit.num_edit as string (the sample has it so)
	StringFlags      bool // is_echo, ai_generated and is_deleted as "true"
	NoDeliveryMids   bool // delivery without mids
	ExtraFields      bool // members nobody documented, in the body, its entries and events
	Accept2xx        bool // any 2xx acknowledges a webhook, not only 200

	// Send API.
	TextUnit             TextUnit
	TextLimit            int  // 0 = 2000
	RequireMessagingType bool // refuse sends without messaging_type; documented as required, seen as tolerated
	ReplyToFails         bool // every send with reply_to: -1/2018012
	TemplatesHidden      bool // threads do not show the text of a template
	StrictAudio          bool // mp3 is refused as audio, like ogg and webm
	CorruptVideo         bool // videos are refused as too slow or corrupt
	BlockedCode          int  // what a blocked customer gives: 0 = 551/1545041, 200 = 200/1545041, 2 = code 2
	RefuseDuplicates     bool // the same comment twice in a row: 506
	ReviewsWithoutStory  bool // the feed does not name the story of a review, so nothing can be published below it
	FeedAnonymous        bool // without pages_read_user_content, feed comes without "from" instead of not at all
	MergeFields          bool // subscribed_apps adds to the fields instead of replacing them

	// Login and configuration.
	LoginFragment        bool // the dialog returns with #_=_ at the end
	NoExpiresIn          bool // oauth/access_token leaves expires_in out
	LongFromCode         bool // a code gives a token of 60 days at once
	TextSuccess          bool // {"success":"true"}
	ModerationFails      bool // moderate_conversations does nothing, with 200 and {"success":"false"}
	PlainMessages        bool // messages in conversations have neither sticker nor shares nor cards: who asks for them is refused
	DataAccessStopsPages bool // when access to data ends, page tokens stop as well
	AccountsPerPage      int  // entries on a page of /me/accounts, at most; 0 = the limit asked for

	// Errors.
	Localised    bool // messages in the admin's language, without the (#code) prefix
	LoneCodes    bool // 9000001 and 2018218 as code, not as subcode of 100
	TokenStatus  int  // HTTP status of 190; 0 = 400, some report 401
	LimitStatus  int  // HTTP status of rate limits; 0 = 400, 403 and 429 possible
	BrokenStatus int  // HTTP status of the codes 1, 2 and -1; 0 = 500, 400 possible

	// Limits in calls per second and page, measured in real time; 0 = off.
	ReadsPerSecond int // Conversations API; Meta: 2
	SendsPerSecond int // Send API; Meta: 300

	// DataPerRead is how many threads and messages together one read of conversations may ask
	// for; more gives 500 with code 1. The limit is real and its size not known; 0 = off.
	DataPerRead int

	PageUsage     bool          // a page's usage stands in X-Page-Usage (reported, older), unless Meta says when it ends
	ThrottleGrows time.Duration // each call while throttled lengthens it by so much; documented without a figure
	UsagePerCall  int           // percent by which each call of a page raises its usage header
}

// Tweak changes the quirks while the simulator runs.
func (m *Messenger) Tweak(change func(*Quirks)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.quirks)
}

func (q Quirks) escape() metaEscape { return metaEscape{plain: q.PlainUTF8, more: q.EscapeMore} }

func (q Quirks) flag() any {
	if q.StringFlags {
		return "true"
	}
	return true
}
