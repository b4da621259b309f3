package ddp

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// HandshakeError is an answer to the opening of the websocket that opened none. It is
// told by its status and headers only: what stands in the body is a proxy's own words.
type HandshakeError struct {
	Status int
	Leads  string // where a redirect leads: scheme and host, nothing of the rest; "": not to another one
}

// handshakeError reads an answer to a call of an address.
func handshakeError(called *url.URL, answer *http.Response) *HandshakeError {
	e := &HandshakeError{Status: answer.StatusCode}
	if !e.redirect() {
		return e
	}
	if to, err := called.Parse(answer.Header.Get("Location")); err == nil && to.Host != "" {
		to.Scheme, called = asHTTP(to.Scheme), &url.URL{Scheme: asHTTP(called.Scheme), Host: called.Host}
		if !strings.EqualFold(to.Host, called.Host) || to.Scheme != called.Scheme {
			e.Leads = to.Scheme + "://" + to.Host
		}
	}
	return e
}

// asHTTP is the scheme under which ROCKETCHAT_URL names what a websocket calls ws or wss.
func asHTTP(scheme string) string { return strings.Replace(scheme, "ws", "http", 1) }

func (e *HandshakeError) redirect() bool { return e.Status >= 300 && e.Status < 400 }

// Error says what was answered, and what that means.
func (e *HandshakeError) Error() string {
	return fmt.Sprintf("HTTP %d: %s", e.Status, e.meaning())
}

// meaning is what an answer says of the way to the workspace.
func (e *HandshakeError) meaning() string {
	switch e.Status {
	case http.StatusSwitchingProtocols, http.StatusOK, http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusUpgradeRequired:
		return "the proxy lets no websocket through (Upgrade)"
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotAcceptable, http.StatusProxyAuthRequired:
		return "a proxy or firewall in front of Rocket.Chat refuses the websocket"
	case http.StatusNotFound, http.StatusGone:
		return "there is no websocket at this address; correct ROCKETCHAT_URL, or let the proxy pass /websocket on"
	case http.StatusTooManyRequests:
		return "a proxy in front of Rocket.Chat limits how often it may be called"
	}
	switch {
	case e.redirect() && e.Leads != "":
		return "ROCKETCHAT_URL leads to " + e.Leads + "; correct it"
	case e.redirect():
		return "ROCKETCHAT_URL leads to another page of the same server, and to no websocket; correct it, or let the proxy pass /websocket on"
	case e.Status >= http.StatusInternalServerError:
		return "the proxy does not reach Rocket.Chat, or Rocket.Chat is starting"
	}
	return "no websocket was opened"
}

// Advice is what an operator does about it; "" if waiting is all there is to do.
func (e *HandshakeError) Advice() string {
	switch {
	case e.redirect(), e.Status == http.StatusNotFound, e.Status == http.StatusGone:
		return "Set ROCKETCHAT_URL to the address at which Rocket.Chat itself answers. Websockets must pass the proxy (path /websocket)."
	case e.Status >= http.StatusInternalServerError, e.Status == http.StatusTooManyRequests:
		return "It tries again by itself. If it stays so, look at the proxy in front of Rocket.Chat: websockets must pass the proxy (path /websocket)."
	}
	return "Let the proxy in front of Rocket.Chat pass on the headers Upgrade and Connection: websockets must pass the proxy (path /websocket)."
}
