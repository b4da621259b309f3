package chat

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// rcRestState is what the REST side counts and is told to do wrong.
type rcRestState struct {
	limiter rcLimiter

	transaction time.Duration // how long opening and closing take where they race

	faults  []*rcFault
	calls   []*Call
	counts  map[string]int
	sending map[string][]*rcCall // POST livechat/message under way, by room
}

// rcKeepCalls bounds the record of calls; the counters know all.
const rcKeepCalls = 20000

// rcRoute is one endpoint. Its name, method and pattern, is what the limiter,
// faults and the record of calls use.
type rcRoute struct {
	method, path string
	login        bool
	permissions  []string // any of them
	calls        int      // own limit per window; 0 = default
	second       bool     // V8: 5 calls per second (chat.sendMessage)
	check        bool     // validated by Meteor's check(): other error texts
	plain        bool     // who may not is told no more than that
	upload       bool     // the body is a multipart form
	need, may    []string // keys of body or query; "{}" at the end = not a scalar
	run          func(*RocketChat, *rcCall) *rcReply
}

func (r *rcRoute) String() string { return r.method + " " + r.path }

// rcCall is one REST call under way.
type rcCall struct {
	req     *http.Request
	ip      string
	route   *rcRoute // nil if there is none
	params  map[string]string
	body    []byte
	args    rcDoc     // JSON body, or query of a GET
	upload  *rcUpload // multipart body
	user    *rcUser   // from the headers, if they are right
	token   string
	header  http.Header // of the answer
	record  *Call
	overlap *rcCall     // another message for the same room meanwhile; guarded by mu
	spoiled atomic.Bool // ended by a fault: overlapping is no mistake
}

// rcReply is an answer. Its body gets "success" according to the status.
type rcReply struct {
	status int
	body   rcDoc
	out    []byte // body as sent, made while mu is held
}

func rcOK(body rcDoc) *rcReply { return &rcReply{status: http.StatusOK, body: body} }

// rcFail is what new Error(text) becomes.
func rcFail(text string) *rcReply {
	return &rcReply{status: http.StatusBadRequest, body: rcDoc{"error": text}}
}

// rcMeteor is what a Meteor error becomes.
func rcMeteor(code, reason string) *rcReply {
	text := "[" + code + "]"
	if reason != "" {
		text = reason + " " + text
	}
	return &rcReply{status: http.StatusBadRequest, body: rcDoc{"error": text, "errorType": code}}
}

func rcForbidden() *rcReply {
	return &rcReply{status: http.StatusForbidden, body: rcDoc{
		"error": "User does not have the permissions required for this action [error-unauthorized]",
	}}
}

// rcUnauthorizedFor is what API.v1.forbidden becomes where no text is given.
func rcUnauthorizedFor() *rcReply {
	return &rcReply{status: http.StatusForbidden, body: rcDoc{"error": "unauthorized"}}
}

func rcUnauthorized() *rcReply {
	const text = "You must be logged in to do this."
	return &rcReply{status: http.StatusUnauthorized, body: rcDoc{"status": "error", "message": text, "error": text}}
}

// text reads a scalar argument.
func (c *rcCall) text(key string) string { return rcText(c.args[key]) }

// doc reads an object argument.
func (c *rcCall) doc(key string) rcDoc {
	d, _ := c.args[key].(rcDoc)
	return d
}

func (c *rcCall) name() string {
	if c.route == nil {
		return c.req.Method + " " + strings.TrimPrefix(c.req.URL.Path, "/")
	}
	return c.route.String()
}

// serve is every HTTP request: REST, websocket, anything else.
func (rc *RocketChat) serve(w http.ResponseWriter, r *http.Request) {
	if !rc.enter() {
		return
	}
	defer rc.wg.Done()
	w.Header().Set("Date", rc.now().Format(http.TimeFormat))
	c, err := rc.begin(r)
	if err != nil {
		return // the caller left in the middle of its body
	}
	defer rc.finish(c, 0)
	if !rc.answering(r.Context().Done()) {
		c.spoiled.Store(true)
		return
	}
	f := rc.fault(c)
	if f != nil && !f.Effect && rc.spoil(w, c, f) {
		return
	}
	if c.route == rcWebsocket {
		rc.finish(c, http.StatusSwitchingProtocols)
		rc.serveSocket(w, r)
		return
	}
	if c.route == rcAvatarRoute {
		rc.serveAvatar(w, c)
		return
	}
	if c.route == rcFileRoute {
		rc.serveFile(w, c)
		return
	}
	reply := rc.answer(c)
	if f != nil && f.Effect && rc.spoil(w, c, f) {
		return
	}
	rc.finish(c, reply.status)
	rc.write(w, c, reply)
}

// begin reads a request and records it.
func (rc *RocketChat) begin(r *http.Request) (*rcCall, error) {
	c := &rcCall{req: r, header: http.Header{}}
	c.ip, _, _ = net.SplitHostPort(r.RemoteAddr)
	c.route, c.params = rc.find(r)
	var err error
	if c.route != nil && c.route.upload {
		rc.mu.Lock()
		keep := !rc.sumsOnly
		limit, _ := rcNumber(rc.settings["FileUpload_MaxFileSize"])
		rc.mu.Unlock()
		if c.upload, err = readUpload(r, keep, int64(limit)); err != nil {
			return nil, err
		}
	} else if c.body, err = io.ReadAll(r.Body); err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	c.args, err = rcArguments(r, c.body)

	rc.mu.Lock()
	defer rc.mu.Unlock()
	if err != nil {
		rc.note("%s: %v", c.name(), err)
	}
	if owner := rc.tokens[r.Header.Get("X-Auth-Token")]; owner != nil && owner.user.ID == r.Header.Get("X-User-Id") {
		c.user, c.token = owner.user, r.Header.Get("X-Auth-Token")
	}
	for t := range rc.tokens {
		if r.URL.RawQuery != "" && strings.Contains(r.URL.RawQuery, t) && !strings.Contains(r.URL.Path, "/file-upload/") {
			rc.note("%s: login token in the URL", c.name())
		}
	}
	c.record = &Call{
		Method: r.Method, Route: c.name(), Path: r.URL.Path, Query: r.URL.RawQuery, Body: string(c.body),
		LoggedIn: c.user != nil, Header: r.Header.Clone(), At: rc.cfg.Now(),
	}
	if len(rc.rest.calls) >= rcKeepCalls {
		rc.rest.calls = slices.Delete(rc.rest.calls, 0, rcKeepCalls/2)
	}
	rc.rest.calls = append(rc.rest.calls, c.record)
	rc.rest.counts[c.name()]++
	if c.route != nil && c.name() == "POST livechat/message" {
		rid := c.text("rid")
		for _, other := range rc.rest.sending[rid] {
			other.overlap = c
		}
		rc.rest.sending[rid] = append(rc.rest.sending[rid], c)
	}
	rc.changed()
	return c, nil
}

// finish notes how a call ended, once, before its caller can know. Two
// messages for one room at a time are a mistake of the client, unless it had
// given up the first.
func (rc *RocketChat) finish(c *rcCall, status int) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if c.record.Done {
		return
	}
	c.record.Done, c.record.Status = true, status
	rid := c.text("rid")
	if list, ok := rc.rest.sending[rid]; ok && slices.Contains(list, c) {
		if list = slices.DeleteFunc(list, func(o *rcCall) bool { return o == c }); len(list) == 0 {
			delete(rc.rest.sending, rid)
		} else {
			rc.rest.sending[rid] = list
		}
	}
	if c.overlap != nil && !c.spoiled.Load() && c.req.Context().Err() == nil {
		rc.note("two overlapping POST livechat/message for room %s: their order is a matter of luck", rid)
	}
	rc.changed()
}

// find matches a request against the table of routes.
func (rc *RocketChat) find(r *http.Request) (*rcRoute, map[string]string) {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), rc.path())
	if !ok {
		return nil, nil
	}
	switch path {
	case "/websocket":
		return rcWebsocket, nil
	case "/api/info":
		path = "/api/v1/info" // answers at both places
	}
	if params, ok := rcAvatarRoute.match(r.Method, strings.Split(strings.TrimPrefix(path, "/"), "/")); ok {
		return rcAvatarRoute, params
	}
	if params, ok := rcFileRoute.match(r.Method, strings.Split(strings.TrimPrefix(path, "/"), "/")); ok {
		return rcFileRoute, params
	}
	routes := rcRoutes
	path, ok = strings.CutPrefix(path, "/api/v1/")
	if !ok {
		path, ok = strings.CutPrefix(path, "/api/")
		routes = rcAppRoutes
	}
	if !ok {
		return nil, nil
	}
	parts := strings.Split(path, "/")
	for _, route := range routes {
		if params, ok := route.match(r.Method, parts); ok {
			return route, params
		}
	}
	return nil, nil
}

func (r *rcRoute) match(method string, parts []string) (map[string]string, bool) {
	pattern := strings.Split(r.path, "/")
	if method != r.method || len(pattern) != len(parts) {
		return nil, false
	}
	params := map[string]string{}
	for i, p := range pattern {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			value, err := url.PathUnescape(parts[i])
			if err != nil || value == "" {
				return nil, false
			}
			params[name] = value
		} else if p != parts[i] {
			return nil, false
		}
	}
	return params, true
}

// rcArguments reads the query of a GET, or the JSON body of anything else. A
// body that does not call itself JSON is ignored, as by the server.
func rcArguments(r *http.Request, body []byte) (rcDoc, error) {
	args := rcDoc{}
	if r.Method == http.MethodGet {
		for key, values := range r.URL.Query() {
			if list, ok := strings.CutSuffix(key, "[]"); ok {
				args[list] = values
			} else {
				args[key] = values[0]
			}
		}
		return args, nil
	}
	kind := r.Header.Get("Content-Type")
	switch {
	case len(body) == 0:
		return args, nil
	case strings.HasPrefix(kind, "multipart/form-data"):
		return args, nil
	case !strings.HasPrefix(kind, "application/json"):
		return args, fmt.Errorf("body without Content-Type: application/json (%q) is ignored", kind)
	}
	if err := json.Unmarshal(body, &args); err != nil {
		return rcDoc{}, fmt.Errorf("body is no JSON object: %w", err)
	}
	return args, nil
}

// answer does what a call asks for and encodes the reply.
func (rc *RocketChat) answer(c *rcCall) *rcReply {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	reply := rc.run(c)
	body := rcDoc{"success": reply.status < 300}
	maps.Copy(body, reply.body)
	reply.out = rcEncode(body, rcISO)
	return reply
}

// run is one call from its checks to its effect. The caller holds mu.
func (rc *RocketChat) run(c *rcCall) *rcReply {
	if c.route == nil {
		return &rcReply{status: http.StatusNotFound, body: rcDoc{"error": "Resource not found."}}
	}
	if c.route.login && c.user == nil {
		return rcUnauthorized()
	}
	if c.route.permissions != nil && !rc.can(c.user, c.route.permissions...) {
		if c.route.plain {
			return rcUnauthorizedFor()
		}
		return rcForbidden()
	}
	if refused := rc.limited(c); refused != nil {
		return refused
	}
	if refused := rc.validate(c); refused != nil {
		return refused
	}
	return c.route.run(rc, c)
}

// validate refuses missing and unknown keys. Unknown ones are also noted as a
// problem: no version understands them.
func (rc *RocketChat) validate(c *rcCall) *rcReply {
	known := map[string]bool{}
	for i, key := range slices.Concat(c.route.need, c.route.may) {
		key, object := strings.CutSuffix(key, "{}")
		known[key] = true
		v, given := c.args[key]
		switch {
		case !given && i < len(c.route.need):
			return c.invalid("must have required property '"+key+"'", "Match error: Missing key '"+key+"'")
		case given && !object && v != nil && rcText(v) == "" && v != "":
			return c.invalid("must be string", "Match error: Expected string, got object in field "+key)
		}
	}
	for key := range c.args {
		if !known[key] {
			rc.note("%s: unknown key %q", c.name(), key)
			return c.invalid("must NOT have additional properties", "Match error: Unknown key in field "+key)
		}
	}
	return nil
}

func (c *rcCall) invalid(typed, checked string) *rcReply {
	switch {
	case c.route.check:
		return rcFail(checked)
	case c.req.Method == http.MethodGet:
		return &rcReply{status: http.StatusBadRequest, body: rcDoc{"errorType": "error-invalid-params", "error": typed}}
	}
	return &rcReply{status: http.StatusBadRequest, body: rcDoc{"errorType": "invalid-params", "error": typed}}
}

// write sends an answer.
func (rc *RocketChat) write(w http.ResponseWriter, c *rcCall, reply *rcReply) {
	maps.Copy(w.Header(), c.header)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(reply.status)
	_, _ = w.Write(reply.out) // the caller may have gone
}
