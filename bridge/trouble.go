package bridge

import (
	"strings"

	"messenger-bridge/language"
)

// Trouble is why a page does not do what it should: a word and what it is about.
// It becomes a sentence when it is said, in the language of the day.
type Trouble struct {
	Kind  TroubleKind `json:"kind"`
	About string      `json:"about,omitempty"` // names of fields, a permission, a person, an address
}

// TroubleKind is a word from a short list. A page's token can die in many ways, and
// each asks for somebody else to do something else (messenger.md 7.4).
type TroubleKind string

const (
	AppRemoved      TroubleKind = "app-removed"      // the person has removed the app at Facebook
	Checkpoint      TroubleKind = "checkpoint"       // Facebook wants the person to log in there first
	PasswordChanged TroubleKind = "password-changed" // or Facebook ended the session
	TokenExpired    TroubleKind = "token-expired"    //
	NotConfirmed    TroubleKind = "not-confirmed"    // the person's account
	LoggedOut       TroubleKind = "logged-out"       // or the token was revoked
	AppUnused       TroubleKind = "app-unused"       // for too long
	RoleLost        TroubleKind = "role-lost"        // on the page; or two-factor authentication is demanded
	GrantNarrowed   TroubleKind = "grant-narrowed"   // the page is not among those of the person's last consent
	TokenUnknown    TroubleKind = "token-unknown"    // Facebook does not know it: cut off, or made up
	TokenDead       TroubleKind = "token-dead"       // refused without a reason we know
	OtherApp        TroubleKind = "other-app"        // About: its id
	OtherPage       TroubleKind = "other-page"       // About: its id
	NotOfPage       TroubleKind = "not-of-page"      // a person's or system user's token that does not reach the page
	NoToken         TroubleKind = "no-token"         //
	LeftOut         TroubleKind = "left-out"         // About: who authorised again without the page
	Disconnected    TroubleKind = "disconnected"     // About: who did it, in Rocket.Chat
	NoPermission    TroubleKind = "no-permission"    // About: what is missing
	NoProof         TroubleKind = "no-proof"         // Facebook does not accept the app's secret

	CommentsNotAllowed TroubleKind = "comments-not-allowed" // About: what is missing
	CommentsNotSent    TroubleKind = "comments-not-sent"    // Facebook refused to, for the page or the app

	Restricted     TroubleKind = "restricted"      // Facebook holds back what the page sends
	AnswersRefused TroubleKind = "answers-refused" // although nothing is missing that we could see

	FieldsMissing    TroubleKind = "fields-missing"    // About: which
	NotSubscribed    TroubleKind = "not-subscribed"    // Facebook refused to
	AppNotApproved   TroubleKind = "app-not-approved"  //
	NotLookedAt      TroubleKind = "not-looked-at"     //
	BeingSubscribed  TroubleKind = "being-subscribed"  //
	NotStored        TroubleKind = "not-stored"        //
	WebhookElsewhere TroubleKind = "webhook-elsewhere" // About: where
	WebhookUnreached TroubleKind = "webhook-unreached" // About: our address
	FacebookAway     TroubleKind = "facebook-away"     //
	SwitchedOff      TroubleKind = "switched-off"      //
	ExampleOnly      TroubleKind = "example"           //
	StoreChanged     TroubleKind = "store-changed"     // the page's record, by somebody else than the bridge
)

// Who has to do something, if not whoever reads it.
type who uint8

const (
	nobody   who = iota
	anyAdmin     // of the page at Facebook: who connected it, or another
	grantor      // only the person at Facebook whose token it is
	operator     // of the bridge
)

// troubles are the sentences: what is the matter, with About filled in if there is
// one, and what is to be done, with who it is in the place of %s.
var troubles = map[TroubleKind]struct {
	what string
	who  who
	help string
}{
	AppRemoved:      {language.Sentence("the app was removed at Facebook by the person who connected the page"), anyAdmin, authorise},
	Checkpoint:      {language.Sentence("Facebook wants the person who connected it to log in there first"), grantor, language.Sentence("First %s has to log in at facebook.com and do what Facebook asks for there; after that, type `/facebook authorize`.")},
	PasswordChanged: {language.Sentence("the person who connected it has a new password at Facebook, or Facebook ended the session"), anyAdmin, authorise},
	TokenExpired:    {language.Sentence("its access has expired"), anyAdmin, authorise},
	NotConfirmed:    {language.Sentence("the Facebook account of the person who connected it is not confirmed"), grantor, language.Sentence("First %s has to confirm the account at facebook.com; after that, type `/facebook authorize`.")},
	LoggedOut:       {language.Sentence("the person who connected it has logged out everywhere at Facebook, or the access was revoked"), anyAdmin, authorise},
	AppUnused:       {language.Sentence("the app was not used for too long, so Facebook ended its access"), anyAdmin, authorise},
	RoleLost:        {language.Sentence("the person who connected it has lost the role on the page, or has to switch on two-factor authentication"), grantor, language.Sentence("Somebody with full control of the page gives the role back to %s, in the page's settings at Facebook under Page access; or somebody else who has it types `/facebook authorize`.")},
	GrantNarrowed:   {language.Sentence("the page was left out when somebody allowed the app again at Facebook, or it is no longer accessible there"), anyAdmin, tick},
	TokenUnknown:    {language.Sentence("Facebook does not know its access token; perhaps it was not copied whole"), operator, addAgain},
	TokenDead:       {language.Sentence("Facebook no longer accepts its access"), anyAdmin, authorise},
	OtherApp:        {language.Sentence("its access token belongs to another app"), operator, language.Sentence("To set this right, %s makes one with the app of FACEBOOK_APP_ID: `messenger-bridge pages add`.")},
	OtherPage:       {language.Sentence("its access token belongs to another page (%s)"), operator, addAgain},
	NotOfPage:       {language.Sentence("its access token does not reach this page"), operator, language.Sentence("To set this right, somebody assigns the page to the token's system user or person at Facebook, and %s adds it again: `messenger-bridge pages add`.")},
	NoToken:         {language.Sentence("it has no access token"), anyAdmin, authorise},
	LeftOut:         {language.Sentence("it was left out when %s authorised again"), anyAdmin, tick},
	Disconnected:    {language.Sentence("it was disconnected by %s"), nobody, language.Sentence("To connect it again, type `/facebook authorize`.")},
	NoPermission:    {language.Sentence("a permission is missing: %s"), anyAdmin, language.Sentence("To set this right, %s types `/facebook authorize` and allows everything. If Facebook's dialog does not ask for it, the Meta app needs it first (App Review).")},
	NoProof:         {language.Sentence("Facebook does not accept the app's secret"), operator, language.Sentence("To set this right, %s compares FACEBOOK_APP_SECRET with the app's settings at developers.facebook.com.")},

	CommentsNotAllowed: {language.Sentence("a permission is missing: %s"), anyAdmin, language.Sentence("To set this right, %s types `/facebook authorize` and allows everything. If Facebook's dialog does not ask for it, the Meta app needs it first (App Review).")},
	CommentsNotSent:    {language.Sentence("Facebook refused to send them"), operator, language.Sentence("The bridge tries again by itself. If that does not help, %s looks at App Review at developers.facebook.com, and runs `messenger-bridge doctor`.")},

	Restricted:     {language.Sentence("Facebook restricts what the page may send"), nobody, language.Sentence("Somebody with full control of the page sees the reason at facebook.com: under Page quality, or in the page's settings, if messages are switched off there. Answers are tried again by themselves.")},
	AnswersRefused: {language.Sentence("Facebook does not let the app send for this page"), operator, language.Sentence("To set this right, %s looks at the Meta app: is it live, and has it Advanced Access for pages_messaging? Answers are tried again by themselves.")},

	FieldsMissing:    {language.Sentence("Facebook does not send: %s"), nobody, subscribe},
	NotSubscribed:    {language.Sentence("Facebook refused to send its messages"), nobody, subscribe},
	AppNotApproved:   {language.Sentence("Facebook has not granted the app a permission it needs"), operator, language.Sentence("To set this right, %s looks at App Review at developers.facebook.com; then type `/facebook authorize`.")},
	NotLookedAt:      {what: language.Sentence("not looked at yet")},
	BeingSubscribed:  {what: language.Sentence("it is being subscribed")},
	NotStored:        {what: language.Sentence("it could not be stored; please try again")},
	WebhookElsewhere: {language.Sentence("Facebook sends the app's messages elsewhere: %s"), operator, language.Sentence("If nobody needs them there, %s changes that: `messenger-bridge doctor --fix --replace`.")},
	WebhookUnreached: {language.Sentence("Meta cannot reach %s"), operator, language.Sentence("To find out why, %s runs `messenger-bridge doctor`.")},
	FacebookAway:     {language.Sentence("Facebook cannot be reached at the moment"), nobody, language.Sentence("The bridge tries again by itself; to try at once, type `/facebook subscribe`.")},
	SwitchedOff:      {language.Sentence("switched off"), nobody, language.Sentence("To switch it on, type `/facebook subscribe`.")},
	ExampleOnly:      {what: language.Sentence("this is the example; it has no access token")},
	StoreChanged:     {language.Sentence("somebody other than the bridge has changed what is stored of it, so its settings and access are not used, and its messages wait"), anyAdmin, language.Sentence("First set the page up again with `/facebook edit`; then %s types `/facebook authorize`.")},
}

var (
	authorise = language.Sentence("To set this right, %s types `/facebook authorize`.")
	tick      = language.Sentence("To set this right, %s types `/facebook authorize` and, in Facebook's dialog, ticks this page and all others that are to stay.")
	addAgain  = language.Sentence("To set this right, %s adds the page with a new token (`messenger-bridge pages add`), or an administrator of the page types `/facebook authorize`.")
	subscribe = language.Sentence("To try again, type `/facebook subscribe`.")
)

// In says what is the matter, as the end of a sentence; "" if nothing is.
func (t Trouble) In(s *language.Speaker) string {
	of, known := troubles[t.Kind]
	switch {
	case t.Kind == "":
		return ""
	case t.Kind == NoPermission, t.Kind == CommentsNotAllowed:
		return s.Say(of.what, Permissions(s, t.About))
	case !known: // of a later version
		return string(t.Kind)
	case t.About != "":
		return s.Say(of.what, t.About)
	}
	return s.Say(of.what)
}

// permissions are what Facebook's permissions are good for.
var permissions = map[string]string{
	"pages_show_list":         language.Sentence("to see which pages somebody manages"),
	"pages_messaging":         language.Sentence("to receive messages and to answer them"),
	"pages_manage_metadata":   language.Sentence("to have a page's events sent to the bridge"),
	"pages_read_engagement":   language.Sentence("to read the page's name and conversations"),
	"pages_read_user_content": language.Sentence("to read comments"),
	"pages_manage_engagement": language.Sentence("to answer and hide comments"),
	"business_management":     language.Sentence("to see pages that belong to a business portfolio"),
}

// Permissions says what permissions are good for, and what Facebook calls them.
func Permissions(s *language.Speaker, list string) string {
	var all []string
	for name := range strings.SplitSeq(list, ", ") {
		if good := permissions[name]; good != "" {
			name = s.Say(good) + " (`" + name + "`)"
		}
		all = append(all, name)
	}
	return strings.Join(all, ", ")
}

// String says it in English, for logs and operators.
func (t Trouble) String() string { return t.In(nil) }

// Help says who has to do what about it, in whole sentences; "" if nobody has to.
func (t Trouble) Help(s *language.Speaker, p Page) string {
	of := troubles[t.Kind]
	if of.help == "" {
		return ""
	}
	switch {
	case of.who == nobody:
		return s.Say(of.help)
	case of.who == operator:
		return s.Say(of.help, s.Say("whoever runs the bridge"))
	case of.who == anyAdmin && (p.TokenKind == SystemToken || p.TokenKind == PageToken): // nobody logged in for it
		return s.Say(addAgain, s.Say("whoever runs the bridge"))
	case of.who == grantor && p.ByName != "":
		return s.Say(of.help, s.Say("whoever logged in at Facebook for @%s", p.ByName))
	case of.who == grantor:
		return s.Say(of.help, s.Say("the person who connected the page"))
	case p.ByName != "":
		return s.Say(of.help, s.Say("@%s, or another administrator of the page,", p.ByName))
	}
	return s.Say(of.help, s.Say("an administrator of the page"))
}
