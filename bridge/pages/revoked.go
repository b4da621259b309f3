package pages

import "messenger-bridge/language"

// Revoked is what became of what was allowed at Facebook for a page.
type Revoked string

const (
	NothingRevoked Revoked = ""        // there was no token
	RevokedPage    Revoked = "page"    // its subscription; other pages still need the person's permissions
	RevokedGrant   Revoked = "grant"   // and all that the person had allowed
	RevokedByHand  Revoked = "by-hand" // its subscription; the token itself can only be deleted at Facebook
	RevokeLater    Revoked = "later"   // Facebook was not reached, and is told again
	RevokeRefused  Revoked = "refused" // by Facebook, for good
	RevokeExpired  Revoked = "expired" // Facebook was not reached for 24 hours
)

var revokedTexts = map[Revoked]string{
	RevokedPage:   language.Sentence("Nothing of it arrives here any more."),
	RevokedGrant:  language.Sentence("Nothing of it arrives here any more, and Facebook has ended what the person who connected it had allowed."),
	RevokedByHand: language.Sentence("Nothing of it arrives here any more. Its access token was made by hand: delete it at Facebook, too."),
	RevokeLater:   language.Sentence("Facebook cannot be reached to take back what was allowed. The bridge tries again for 24 hours, and the setup channel hears how that ends."),
	RevokeRefused: language.Sentence("Facebook refused to take back what was allowed. Remove the app there by hand: Settings, Business integrations."),
	RevokeExpired: language.Sentence("Facebook could not be reached for 24 hours to take back what was allowed. The bridge has now erased what it had kept for that. Remove the app there by hand: Settings, Business integrations."),
}

// In says it in whole sentences; "" if there is nothing to say.
func (r Revoked) In(say *language.Speaker) string {
	if text := revokedTexts[r]; text != "" {
		return say.Say(text)
	}
	return ""
}
