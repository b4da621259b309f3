package chat

import (
	"bufio"
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault makes calls of a route go wrong. What comes first: Delay, then Hang,
// Cut or Status, whichever is set; a Fault with none of these three only delays.
type Fault struct {
	Route       string                                  // e.g. "POST livechat/message", "GET livechat/visitor/:token", "GET websocket"; "" = all
	Times       int                                     // how often; 0 = until cleared
	Effect      bool                                    // the call takes effect before it goes wrong
	Status      int                                     // answer this instead
	Body        string                                  // with Status or Cut; "" = an HTML page as proxies send it
	ContentType string                                  // of Body; "" = by its first character
	Header      http.Header                             // with Status: more headers
	Hang        bool                                    // never answer; with Body, answer half of it; ends when the caller gives up
	Cut         bool                                    // close the connection; with Body after half of the answer
	Delay       time.Duration                           // wait first. Without Effect and outcome the call then runs even if its caller has gone
	Match       func(r *http.Request, body []byte) bool // body of an upload: the content of its file
}

type rcFault struct {
	Fault
	left    int
	cleared bool
}

// Inject adds a fault; among several the oldest that fits is taken. The
// returned function takes it away.
func (rc *RocketChat) Inject(f Fault) (clear func()) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	in := &rcFault{Fault: f, left: f.Times}
	rc.rest.faults = append(rc.rest.faults, in)
	return func() {
		rc.locked(func() { in.cleared = true })
	}
}

// fault takes the fault that a call is to suffer, or nil.
func (rc *RocketChat) fault(c *rcCall) *rcFault {
	var open []*rcFault
	rc.locked(func() {
		for _, f := range rc.rest.faults {
			if !f.over() && (f.Route == "" || f.Route == c.name()) {
				open = append(open, f)
			}
		}
	})
	for _, f := range open {
		if (f.Match == nil || f.Match(c.req, c.carried())) && rc.taken(f) { // Match may ask the workspace, so mu is free
			return f
		}
	}
	return nil
}

// taken counts a fault as suffered once, unless it is over.
func (rc *RocketChat) taken(f *rcFault) bool {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if f.over() {
		return false
	}
	f.left--
	return true
}

// over reports whether nothing suffers a fault any more. The caller holds mu.
func (f *rcFault) over() bool { return f.cleared || f.Times > 0 && f.left == 0 }

// carried is the body of a call, or the content of the file that it uploads.
func (c *rcCall) carried() []byte {
	if c.upload != nil && len(c.upload.files) > 0 {
		return c.upload.files[0].Content
	}
	return c.body
}

// spoil makes a call go wrong and says whether it has been answered thereby.
func (rc *RocketChat) spoil(w http.ResponseWriter, c *rcCall, f *rcFault) bool {
	if f.Delay > 0 && !rc.pause(f.Delay) {
		return true
	}
	switch {
	case f.Hang:
		c.spoiled.Store(true)
		rc.finish(c, 0)
		if f.Body != "" {
			rcBegin(w, f)
		}
		select {
		case <-c.req.Context().Done():
		case <-rc.end:
		}
		return true
	case f.Cut:
		c.spoiled.Store(true)
		rc.finish(c, 0)
		rcCut(w, f)
		return true
	case f.Status != 0:
		body, kind := f.Body, f.ContentType
		if body == "" {
			body = fmt.Sprintf("<html><body><h1>%d %s</h1></body></html>", f.Status, http.StatusText(f.Status))
		}
		if kind == "" {
			kind = "application/json"
			if strings.HasPrefix(body, "<") {
				kind = "text/html"
			}
		}
		rc.finish(c, f.Status)
		maps.Copy(w.Header(), f.Header)
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte(body)) // the caller may have gone
		return true
	}
	return false
}

// rcCut closes the connection of a call, after the beginning of an answer if
// there is a body.
func rcCut(w http.ResponseWriter, f *rcFault) {
	conn, buf, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if f.Body != "" {
		rcHalf(buf.Writer, f)
	}
	_ = conn.Close()
}

func rcHalf(w *bufio.Writer, f *rcFault) {
	_, _ = fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		cmp.Or(f.ContentType, "application/json"), len(f.Body), f.Body[:len(f.Body)/2])
	_ = w.Flush()
}

// rcBegin answers half of a body.
func rcBegin(w http.ResponseWriter, f *rcFault) {
	w.Header().Set("Content-Type", cmp.Or(f.ContentType, "application/json"))
	w.Header().Set("Content-Length", strconv.Itoa(len(f.Body)))
	_, _ = w.Write([]byte(f.Body[:len(f.Body)/2]))
	_ = http.NewResponseController(w).Flush()
}

// Hang makes the server accept connections and answer nothing, REST and
// websocket, like a stopped process. When it ends, calls whose caller is still
// there go on; the others have had no effect.
func (rc *RocketChat) Hang(on bool) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	switch {
	case on && rc.hung == nil:
		rc.hung = make(chan struct{})
	case !on && rc.hung != nil:
		close(rc.hung)
		rc.hung = nil
	}
}

// answering blocks while the server hangs, and says whether to go on.
func (rc *RocketChat) answering(gone <-chan struct{}) bool {
	rc.mu.Lock()
	hung := rc.hung
	rc.mu.Unlock()
	if hung == nil {
		return true
	}
	select {
	case <-hung:
		return true
	case <-gone:
	case <-rc.end:
	}
	return false
}

// LandInNewRoom lets a room be closed by its agent just while the next visitor
// message is being stored: the message lands in a new room.
func (rc *RocketChat) LandInNewRoom(rid string) { rc.locked(func() { rc.landing[rid] = true }) }

// RefuseInClosedRooms makes closed omnichannel rooms refuse messages of users
// (unverified which versions do).
func (rc *RocketChat) RefuseInClosedRooms(on bool) { rc.locked(func() { rc.refuseClosed = on }) }

// RefuseSubscriptions answers the next n subs with not-allowed, as a server
// does whose caches are not warm yet.
func (rc *RocketChat) RefuseSubscriptions(n int) { rc.locked(func() { rc.socks.refuseSubs = n }) }

// EndSubscriptions takes all subscriptions away and says so (nosub), as a server does
// that no longer allows them. The sockets stay open.
func (rc *RocketChat) EndSubscriptions() {
	rc.locked(func() {
		for c := range rc.socks.conns {
			for id, s := range c.subs {
				delete(c.subs, id)
				c.listening[s.topic]--
				c.reply(rcDoc{"msg": "nosub", "id": id, "error": rcSubError("not-allowed", s.topic.stream)})
			}
		}
		rc.changed()
	})
}

// DropSockets cuts all websockets without a close frame.
func (rc *RocketChat) DropSockets() { rc.DropSocketsWith(0) }

// DropSocketsWith closes all websockets with a close code, e.g. 4000, 1013.
func (rc *RocketChat) DropSocketsWith(code int) { rc.locked(func() { rc.dropAll(code) }) }

// MuteSockets makes the websockets that are open now half-open: they take
// frames and are sent nothing any more, pings included. What would have been
// sent is lost. New sockets are not affected; off gives all their voice back.
func (rc *RocketChat) MuteSockets(on bool) {
	rc.locked(func() {
		for c := range rc.socks.conns {
			c.mute(on)
		}
	})
}

// IgnorePings leaves clients' pings unanswered.
func (rc *RocketChat) IgnorePings(on bool) { rc.locked(func() { rc.socks.ignorePings = on }) }
