package rocketchat

import (
	"errors"
	"net/http"
	"strings"

	"messenger-bridge/bridge"
)

// name is the call's, as people and rate limits know it.
func (k call) name() string {
	if k.named != "" {
		return k.named
	}
	return k.method + " " + k.base + k.route
}

// shown is the call's name for people: without the parameters of its path.
func (k call) shown() string {
	route, _, _ := strings.Cut(k.route, "/{")
	return k.method + " " + strings.TrimPrefix(k.base+route, "/")
}

// answered is what a call brought instead of success.
func (k call) answered(status int, code string) *bridge.Response {
	return &bridge.Response{Route: k.shown(), Status: status, Code: code, File: k.stream != nil}
}

// weigh says of a refusal what became of others, and which gate it shuts: what is refused of
// everybody waits together until one is let through. An error of a gateway or of the login
// shuts the workspace's, unless others get through, whatever they call; or it was a file, which
// may be what the gateway does not manage. Whoever is told to come later, time and again while
// others are not, is refused.
func (c *Client) weigh(k call, r *bridge.Refusal) {
	a := r.Answer
	a.Others = c.book.Refused(k.name(), k.of, a.Trouble(), k.began)
	if r.Gate == bridge.GateWorkspace && (a.File && a.Status != http.StatusUnauthorized || a.Others == bridge.OthersPass || c.book.Works(k.name(), k.of)) {
		r.Gate, r.Reason, r.Verdict = "", bridge.WorkspaceError, bridge.Unknown
	}
	if r.Reason == bridge.RateLimited && a.Others == bridge.OthersPass {
		r.Gate, r.Reason = "", bridge.WorkspaceError
	}
	if r.Gate == "" && a.Everybody() {
		r.Gate = bridge.GateRoute(k.shown())
		c.book.Told(k.name())
	}
}

// asRefusal returns the refusal that an error is.
func asRefusal(err error) (r *bridge.Refusal, is bool) { return errors.AsType[*bridge.Refusal](err) }
