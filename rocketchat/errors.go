package rocketchat

import (
	"errors"
	"fmt"
	"net"
	"net/http"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/wire"
)

// apiError is what Rocket.Chat answered instead of success.
type apiError struct {
	route  string
	status int
	code   string // as in rocketchat.md 4.0; "" if the answer names none
	page   bool   // the answer is none of Rocket.Chat's, but a web page
}

func (e *apiError) Error() string {
	if e.code == "" {
		return fmt.Sprintf("%s: HTTP %d", e.route, e.status)
	}
	return fmt.Sprintf("%s: HTTP %d, %s", e.route, e.status, e.code)
}

// CodeOf returns the code Rocket.Chat refused with, or "" (rocketchat.md 4.0).
func CodeOf(err error) string {
	if err == nil {
		return ""
	}
	var e *apiError
	if errors.As(err, &e) {
		return e.code
	}
	return ""
}

// statusOf returns the HTTP status of a refusal, or 0 if there was no answer.
func statusOf(err error) int {
	if err == nil {
		return 0
	}
	var e *apiError
	if errors.As(err, &e) {
		return e.status
	}
	return 0
}

// isPage reports whether an answer was a web page: it is not Rocket.Chat's own then.
func isPage(err error) bool {
	var e *apiError
	return errors.As(err, &e) && e.page
}

// reasons are the codes we act upon; any other stays a WorkspaceError.
var reasons = map[string]bridge.Reason{
	"room-closed":                   bridge.RoomClosed,
	"invalid-room":                  bridge.RoomClosed,
	"cannot-access-room":            bridge.RoomClosed,
	"invalid-token":                 bridge.VisitorUnknown,
	"no-agent-online":               bridge.NoAgent,
	"error-omnichannel-is-disabled": bridge.OmnichannelOff,
	"error-contact-channel-blocked": bridge.ContactBlocked,
	"error-invalid-department":      bridge.DepartmentGone,

	"message-length-exceeds-character-limit": bridge.TooLong,
	"error-message-size-exceeded":            bridge.TooLong,
}

// answersAsRocketChat are reasons that only Rocket.Chat itself gives: whoever reads one has
// got through to it.
var answersAsRocketChat = map[bridge.Reason]bool{
	bridge.RoomClosed: true, bridge.VisitorUnknown: true, bridge.NoAgent: true, bridge.OmnichannelOff: true, bridge.ContactBlocked: true,
	bridge.DepartmentGone: true,
}

// tooMany are the codes by which methods say that they were called too often, whatever the status.
var tooMany = map[string]bool{"error-too-many-requests": true, "too-many-requests": true}

// verdict returns nil for success, else a Refusal.
func verdict(k call, status int, body []byte) error {
	if status == http.StatusOK && wire.Succeeds(body) {
		return nil
	}
	code, success, isJSON := wire.Told(body)
	// Rocket.Chat may answer 200 and still refuse; only "success" is to be believed.
	if status == http.StatusOK && isJSON && success {
		return nil
	}
	failure := &apiError{route: k.method + " " + k.route, status: status, page: !isJSON, code: code}
	r := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceError, Err: failure, Answer: k.answered(status, failure.code)}
	switch {
	case status == http.StatusUnauthorized, // our token is gone; the session logs in again
		status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		r.Reason, r.Gate = bridge.WorkspaceDown, bridge.GateWorkspace
	case status >= 500 || !isJSON:
		r.Verdict = bridge.Unknown
	case reasons[failure.code] != "":
		r.Reason = reasons[failure.code]
		if r.Reason == bridge.ContactBlocked {
			r.Verdict = bridge.Never
		}
	}
	return r
}

// unexpected is for an answer that is success in form and tells nothing: a proxy may
// have given it.
func unexpected(k call, err error) error {
	if err == nil {
		err = errors.New("what was asked for is not in it")
	}
	return &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.WorkspaceError, Answer: k.answered(http.StatusOK, ""),
		Err: fmt.Errorf("%s %s: unexpected answer: %w", k.method, k.route, err)}
}

// transport classifies a call that brought no complete answer. The URL is cut
// from the error, because query strings hold visitor tokens.
func transport(k call, err error) error {
	err = fmt.Errorf("%s %s: %w", k.method, k.route, withoutURL(err))
	var op *net.OpError
	var dns *net.DNSError
	if errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial" {
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceDown, Gate: bridge.GateWorkspace, Err: err}
	}
	return &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.WorkspaceError, Answer: k.answered(0, ""), Err: err}
}
