package messenger

import (
	"net/http"
	"time"

	"messenger-bridge/bridge"
)

// ruling is what one kind of refusal by Meta means to the queue.
type ruling struct {
	verdict    bridge.Verdict
	reason     bridge.Reason
	page       bool          // it concerns the whole page, not this customer
	after      time.Duration // with Again: how long it usually lasts; 0: the queue's own backoff
	app        bool          // with page: it concerns all pages of the app
	temporary  bool          // after is a guess: what the answer itself says counts
	permission bool          // the app may not do this; a subcode may narrow it to one customer
	alone      bridge.Reason // with page: what it means if others of the page are taken; empty: it is of the page
}

// The rulings, named after the classes of messenger.md 7.2. Each says why agents read the
// sentence that they do (bridge/notices/explain.go).
var (
	unclear    = ruling{verdict: bridge.Unknown, reason: bridge.MetaError}                                                       // Meta failed, and it may have arrived
	throttled  = ruling{verdict: bridge.Again, reason: bridge.RateLimited, page: true, after: 30 * time.Second, temporary: true} // nothing is said: it passes
	appLimit   = ruling{verdict: bridge.Again, reason: bridge.RateLimited, page: true, app: true, after: 30 * time.Second, temporary: true}
	tokenDead  = ruling{verdict: bridge.Again, reason: bridge.PageLost, page: true, after: 5 * time.Minute} // the setup channel hears; the message waits
	forbidden  = ruling{verdict: bridge.Again, reason: bridge.PageLost, page: true, after: 5 * time.Minute, permission: true, alone: bridge.Unexplained}
	disallowed = ruling{verdict: bridge.Again, reason: bridge.PageLost, page: true, after: 5 * time.Minute, permission: true, alone: bridge.CustomerBlocked}
	unapproved = ruling{verdict: bridge.Again, reason: bridge.NotApproved, page: true, after: 5 * time.Minute, permission: true, alone: bridge.Unexplained}
	restricted = ruling{verdict: bridge.Again, reason: bridge.PageRestricted, page: true, after: 30 * time.Minute, alone: bridge.Unexplained}
	tooFast    = ruling{verdict: bridge.Again, reason: bridge.PageRestricted, page: true, after: 30 * time.Minute} // some pass, some do not, as chance has it
	asking     = ruling{verdict: bridge.Again, reason: bridge.OtherAppControls, after: 2 * time.Minute}
	notYet     = ruling{verdict: bridge.Never, reason: bridge.NotApproved}      // the code names the app's review
	window     = ruling{verdict: bridge.Never, reason: bridge.WindowClosed}     // the code names the window
	noFile     = ruling{verdict: bridge.Never, reason: bridge.FileRefused}      // the code names an attachment
	tooBig     = ruling{verdict: bridge.Never, reason: bridge.FileTooBig}       // the code names its size
	blocked    = ruling{verdict: bridge.Never, reason: bridge.CustomerBlocked}  // the code names the person
	otherApp   = ruling{verdict: bridge.Never, reason: bridge.OtherAppControls} // the code names the thread's owner
	rejected   = ruling{verdict: bridge.Never, reason: bridge.Rejected}         // the code names what the message says: another text helps
	neutral    = ruling{verdict: bridge.Never, reason: bridge.Unexplained}      // the code names nothing that an agent can change, or nobody listed it: the number is said
	tagRefused = ruling{verdict: bridge.Never, reason: bridge.TagRefused}       // the code names the tag
	codeSpent  = ruling{verdict: bridge.Never, reason: bridge.CodeRefused}      // of a login, never of a message
)

// anySub in a row stands for a code without subcode; whether it also stands for
// subcodes nobody has listed is said in rule.
const anySub = 0

type codePair struct{ code, sub int }

// rulings are messenger.md 7.3 and 7.4 as far as they concern messages and
// connecting pages. A row with two numbers beats a row with one. Subcodes from a
// million up mean the same under any code, and alone in the place of the code (7.3,
// last paragraph).
var rulings = map[codePair]ruling{
	{-3, anySub}:   unclear,
	{-1, anySub}:   unclear, // 2018012: passed 25 seconds later; not proven undelivered
	{1, anySub}:    unclear,
	{1, 99}:        unclear, // or a permission is missing; the settling before each repeat bounds it
	{1, 1357046}:   unclear, // Meta: the messages were sent
	{2, anySub}:    unclear, // Meta: may also be a customer who blocked the page
	{1200, anySub}: unclear,

	{3, anySub}:    unapproved,
	{10, anySub}:   unapproved,
	{10, 1404170}:  neutral, // opt-in requests only
	{10, 1893015}:  neutral, // the customer stopped notification messages
	{10, 1893063}:  restricted,
	{10, 2018065}:  window,
	{10, 2018108}:  blocked,
	{10, 2018278}:  window,
	{10, 2018300}:  otherApp,
	{10, 2018336}:  neutral, // the menu of one customer
	{10, 2534022}:  window,
	{10, 2534077}:  unapproved, // the link to an Instagram account cannot be verified
	{200, anySub}:  forbidden,
	{200, 1545041}: blocked,
	{200, 2018021}: neutral, // matching of telephone numbers
	{200, 2018027}: neutral, // likewise
	{200, 2018028}: notYet,  // until review only the app's own people can be written to
	{200, 2534041}: unapproved,
	{283, anySub}:  forbidden,
	{230, anySub}:  disallowed, // "Permissions disallow message to user": of the page, or of one who has blocked it
	{368, anySub}:  restricted,
	{368, 1346003}: rejected, // what it says was reported as abusive: a link in it, mostly
	{368, 1390008}: tooFast,
	{2022, anySub}: restricted, // about a day

	{102, anySub}: tokenDead,
	{104, anySub}: tokenDead, // no token, or no appsecret_proof, in the call
	{190, anySub}: tokenDead,

	{4, anySub}:     appLimit,
	{4, 2018354}:    neutral, // two notifications too close together
	{9, 2018352}:    neutral, // the customer did too much at once, with opt-ins
	{17, anySub}:    throttled,
	{27, 2018464}:   otherApp, // taking a thread that cannot be taken
	{32, anySub}:    throttled,
	{341, anySub}:   appLimit,
	{613, anySub}:   throttled,
	{613, 1996}:     throttled,
	{613, 1893016}:  neutral, // the same opt-in topic twice
	{613, 2018338}:  throttled,
	{613, 2534040}:  throttled,
	{80001, anySub}: throttled,
	{80002, anySub}: throttled,
	{80006, anySub}: throttled,

	{100, anySub}:     neutral,   // "Invalid parameter", for anything
	{100, 33}:         tokenDead, // the object of our calls is the page itself
	{100, 36007}:      codeSpent, // too old
	{100, 36008}:      codeSpent, // of another redirect
	{100, 36009}:      codeSpent, // used
	{100, 1893061}:    neutral,   // a tag that is no more
	{100, 2018001}:    blocked,   // no matching user
	{100, 2018005}:    noFile,
	{100, 2018008}:    noFile,   // Meta could not fetch it
	{100, 2018034}:    rejected, // "Message cannot be empty"
	{100, 2018047}:    noFile,
	{100, 2018074}:    noFile,
	{100, 2018109}:    tooBig,
	{100, 2018151}:    otherApp,
	{100, 2018276}:    tagRefused, // HUMAN_AGENT
	{100, 2018294}:    noFile,     // a video
	{100, 2534015}:    rejected,   // "Invalid message data"
	{100, 2534025}:    privateOver,
	{100, 2534029}:    restricted,
	{100, 2534037}:    otherApp,
	{105, anySub}:     neutral, // too many elements of something
	{194, anySub}:     neutral, // too few
	{506, anySub}:     commentTwice,
	{508, anySub}:     rejected, // a link in it was refused
	{508, 2534122}:    rejected, // likewise
	{551, anySub}:     blocked,
	{551, 1545041}:    blocked,
	{10900, anySub}:   privateUsed,
	{10904, anySub}:   restricted, // messages are switched off in the page's settings
	{10903, anySub}:   privateOver,
	{1609005, anySub}: rejected, // a link in it could not be posted
	{2200, anySub}:    neutral,  // Meta could not verify the webhook
	{2500, anySub}:    neutral,  // of a query
	{2018321, anySub}: asking,   // Meta's automated questions hold the thread, for minutes
	{9000001, anySub}: neutral,  // the message to be changed is deleted
}

// bySub finds the rows of subcodes that mean the same everywhere.
var bySub = func() map[int]ruling {
	found := map[int]ruling{}
	for pair, r := range rulings {
		switch {
		case pair.sub >= million:
			found[pair.sub] = r
		case pair.code >= million:
			found[pair.code] = r
		}
	}
	return found
}()

const million = 1_000_000

// ofReading is the same ruling for a call that changes nothing, or sets what it
// would set again: it may always be made again. That reading or configuring is not
// permitted says nothing about sending.
func (r ruling) ofReading() ruling {
	if r.verdict == bridge.Unknown {
		r.verdict = bridge.Again
	}
	if r.permission {
		r.page, r.after = false, 0
	}
	return r
}

// rule looks a Graph error up. setup says that the call concerned no customer.
func rule(status int, e *wireError, setup bool) ruling {
	code, sub := int(e.Code), int(e.Subcode)
	if sub != 0 {
		if r, ok := rulings[codePair{code, sub}]; ok {
			return r
		}
		if r, ok := bySub[sub]; ok {
			return r
		}
	}
	if r, ok := bySub[code]; ok {
		return r
	}
	r, ok := rulings[codePair{code, anySub}]
	switch {
	case code == 100 && sub == 0 && e.Type == "GraphMethodException":
		return tokenDead // a missing or wrong appsecret_proof has no code of its own (6.9)
	case code >= 200 && code <= 299 && !ok:
		r, ok = forbidden, true
	case code >= 80000 && code <= 80099 && !ok:
		r, ok = throttled, true
	}
	if ok && sub != 0 && r.permission && !setup {
		// Permission trouble concerns the page; under the same codes stand refusals
		// of one customer. A subcode nobody knows must not stop a whole page.
		r = neutral
	}
	switch {
	case ok && (r.verdict != bridge.Never || !bool(e.Transient)):
		return r
	case status == http.StatusTooManyRequests:
		return throttled
	case status >= 500 || bool(e.Transient):
		return unclear
	}
	return neutral
}
