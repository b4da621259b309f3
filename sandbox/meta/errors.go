package meta

import (
	"fmt"
	"net/http"
)

// graphError is an error as the Graph API tells it (messenger.md 7.1).
type graphError struct {
	status        int // 0 = by code, see statusOf
	code, subcode int
	kind          string // "" = OAuthException
	text          string
	transient     bool
}

func graphErr(code, subcode int, text string) *graphError {
	return &graphError{code: code, subcode: subcode, text: text}
}

// The errors of messenger.md 7.3 and 7.4 that the simulator gives by itself. Where the sheet
// has no text, the text is ours.
const (
	textWindow     = "(#10) This message is sent outside of allowed window. Learn more about the new policy here: https://developers.facebook.com/docs/messenger-platform/policy-overview"
	textNoUser     = "(#100) No matching user found"
	textEmpty      = "(#100) Message cannot be empty, must provide valid attachment or text"
	textLength     = "(#100) Length of param message[text] must be less than or equal to %d"
	textNotHere    = "(#551) This person isn't available right now."
	textNoTag      = "(#100) Cannot tag messages with 'HUMAN_AGENT' without prior approval."
	textInternal   = "(#-1) Unexpected internal error"
	textUnknown    = "An unknown error occurred"
	textReduce     = "Please reduce the amount of data you're asking for, then retry your request"
	textRate       = "(#613) Calls to this api have exceeded the rate limit."
	textTemporary  = "(#1200) Temporary send message failure. Please try again later."
	textPermission = "(#10) Application does not have permission for this action"
	textDeleted    = "This Message has been deleted by the user or the business."
	textUnexpected = "An unexpected error has occurred. Please retry your request later."
	textNoTask     = "(#200) User does not have sufficient administrative permission for this action on this page. If the page business requires Two Factor Authentication, the user also needs to enable Two Factor Authentication."
	textNotGranted = "Any of the pages_read_engagement, pages_manage_metadata, pages_read_user_content, pages_manage_ads, pages_show_list or pages_messaging permission(s) must be granted before impersonating a user's page."
)

// NoSuchPage as a subcode of KillToken gives 190 without subcode and the text about a page
// that is not accessible.
const NoSuchPage = -1

// tokenError is the 190 of a subcode. Texts of 458, 459, 464, 467 and 468 are ours.
func tokenError(subcode int) *graphError {
	text := map[int]string{
		0:          textNotGranted,
		NoSuchPage: "This Page access token belongs to a Page that is not accessible.",
		458:        "Error validating access token: The user has not authorized application.",
		459:        "Error validating access token: You cannot access the app till you log in to www.facebook.com and follow the instructions given.",
		460:        "Error validating access token: The session has been invalidated because the user changed their password or Facebook has changed the session for security reasons.",
		461:        "Error validating access token: Session has expired on Monday, 21-Sep-26 14:00:00 PDT.",
		463:        "Error validating access token: Session has expired on Monday, 21-Sep-26 14:00:00 PDT.",
		464:        "Error validating access token: The user is not confirmed.",
		467:        "Error validating access token: This may be because the user logged out or may be due to a system error.",
		468:        "Error validating access token: The app has not been used for a long time.",
		492:        "Error validating access token: The user must be an administrator, editor, or moderator of the page in order to impersonate it. If the page business requires Two Factor Authentication, the user also needs to enable Two Factor Authentication.",
	}[subcode]
	return graphErr(190, max(subcode, 0), text)
}

func noObject(method, id string) *graphError {
	verb := "get"
	if method != http.MethodGet {
		verb = "post"
	}
	return &graphError{code: 100, subcode: 33, kind: "GraphMethodException", text: fmt.Sprintf("Unsupported %s request. "+
		"Object with ID '%s' does not exist, cannot be loaded due to missing permissions, or does not support this operation. "+
		"Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api", verb, id)}
}

// statusOf is the HTTP status of an error. Only partly known (messenger.md 7.1, 13); the
// quirks choose others.
func (q Quirks) statusOf(e *graphError) int {
	pick := func(quirk, usual int) int {
		if quirk != 0 {
			return quirk
		}
		return usual
	}
	switch {
	case e.status != 0:
		return e.status
	case e.code == 190:
		return pick(q.TokenStatus, http.StatusBadRequest)
	case e.code == 1, e.code == 2, e.code == -1:
		return pick(q.BrokenStatus, http.StatusInternalServerError)
	case rateCodes[e.code]:
		return pick(q.LimitStatus, http.StatusBadRequest)
	case e.code == 200 && e.subcode == 0:
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

var rateCodes = map[int]bool{4: true, 17: true, 32: true, 341: true, 613: true, 80001: true, 80006: true}

// localised is an error message as an administrator with another language gets it.
func localised(code int) string {
	return fmt.Sprintf("Die Anfrage konnte nicht ausgeführt werden, bitte versuche es später erneut. 请稍后再试 (%d)", code)
}

// errorAnswer writes the error as a body. Called with mu held.
func (m *Messenger) errorAnswer(e *graphError) *graphAnswer {
	text, kind := e.text, e.kind
	if m.quirks.Localised {
		text = localised(e.code)
	}
	setDefault(&kind, "OAuthException")
	trace := m.newTrace()
	body := newObject("message", text, "type", kind)
	if e.transient {
		body = body.with("is_transient", true)
	}
	body = body.with("code", e.code)
	if e.subcode != 0 {
		body = body.with("error_subcode", e.subcode)
	}
	a := m.jsonAnswer(newObject("error", body.with("fbtrace_id", trace)))
	a.status, a.code, a.subcode = m.quirks.statusOf(e), e.code, e.subcode
	a.header.Set("x-fb-trace-id", trace)
	if e.code == 190 || e.code == 104 || e.code == 2500 {
		a.header.Set("WWW-Authenticate", fmt.Sprintf(`OAuth "Facebook Platform" "invalid_token" %q`, text))
		a.header.Set("Cache-Control", "no-store")
	}
	return a
}
