package rocketchat

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"syscall"
	"time"

	"messenger-bridge/bridge"
)

var _ bridge.Files = Files{}

// uploads is the folder of a workspace below which all files of messages lie.
const uploads = "/file-upload/"

// filePath returns where below the workspace a file lies. A link to anywhere else
// is no file of this workspace, whoever wrote it.
func (c Files) filePath(link string) (string, error) {
	elsewhere := errors.New("the link leads out of the workspace")
	u, err := url.Parse(link)
	if err != nil || u.User != nil || u.Opaque != "" {
		return "", elsewhere
	}
	below := u.EscapedPath()
	c.mu.Lock()
	homes := []string{c.cfg.URL, c.site}
	c.mu.Unlock()
	known := u.Host == "" && u.Scheme == ""
	for _, home := range homes {
		base, err := url.Parse(home)
		if err != nil || u.Host != "" && (u.Host != base.Host || u.Scheme != base.Scheme) {
			continue
		}
		known = true
		if base.Path != "" { // a workspace in a folder
			below = strings.TrimPrefix(below, strings.TrimRight(base.EscapedPath(), "/"))
		}
	}
	plain, err := url.PathUnescape(below)
	if !known || err != nil || path.Clean(plain) != plain || !strings.HasPrefix(below, uploads) || strings.Contains(plain, `\`) {
		return "", elsewhere
	}
	return below, nil
}

// Open begins to read a file (rocketchat.md 6.4) in the customer's name: what customers may
// not read is not sent to them. Only 6.x takes that right away when a room closes; there, a
// file that the message names as its own is read in the bot's name then. That gives nobody
// more: the rights of a customer of 6.x know no rooms, and whoever serves one has them.
func (c Files) Open(ctx context.Context, file bridge.Attachment, room bridge.RoomID, visitor bridge.Secret) (*bridge.Content, error) {
	where, err := c.filePath(file.URL)
	if err != nil {
		return nil, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.FileForbidden, Err: err}
	}
	asVisitor := url.Values{"rc_room_type": {"l"}, "rc_rid": {string(room)}, "rc_token": {visitor.Reveal()}}
	content, err := c.fetch(ctx, c.cfg.URL+where+"?"+asVisitor.Encode(), nil)
	if bridge.RefusalOf(err).Reason != bridge.FileForbidden || !file.Own {
		return content, err
	}
	if old, unknown := c.closedRoomsHideFiles(ctx); unknown != nil {
		return nil, unknown
	} else if !old {
		return nil, err
	}
	c.mu.Lock()
	user, auth := c.user, c.auth
	c.mu.Unlock()
	return c.fetch(ctx, c.cfg.URL+where, http.Header{"X-User-Id": {string(user)}, "X-Auth-Token": {auth.Reveal()}})
}

// closedRoomsHideFiles reports whether customers may not read the files of closed rooms.
func (c Files) closedRoomsHideFiles(ctx context.Context) (bool, error) {
	var about struct {
		Version string `json:"version"`
	}
	err := c.do(ctx, call{method: http.MethodGet, base: "/api", route: "/info", answer: &about})
	if err != nil && !RefusedForGood(err) { // whoever hides the version lets the refusal stand
		r := bridge.RefusalOf(err)
		return false, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceDown, After: r.After, Err: r.Err}
	}
	return strings.HasPrefix(about.Version, "6."), nil
}

// Works makes a call that every bot may make at any time.
func (c Files) Works(ctx context.Context) error {
	return c.do(ctx, call{method: http.MethodGet, route: "/me"})
}

// Avatar begins to read a user's picture. Rocket.Chat draws one for who has none; as
// a vector graphic, unless asked for another format.
func (c Files) Avatar(ctx context.Context, username string) (*bridge.Content, error) {
	c.mu.Lock()
	user, auth := c.user, c.auth
	c.mu.Unlock()
	return c.fetch(ctx, c.cfg.URL+"/avatar/"+url.PathEscape(username)+"?format=png",
		http.Header{"X-User-Id": {string(user)}, "X-Auth-Token": {auth.Reveal()}})
}

// fetch asks for a file. The header goes to the workspace alone.
func (c Files) fetch(ctx context.Context, address string, header http.Header) (*bridge.Content, error) {
	ctx, cancel := context.WithCancel(ctx)
	patience := time.AfterFunc(c.cfg.Timeout, cancel)
	fail := func(err error) (*bridge.Content, error) {
		patience.Stop()
		cancel()
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fail(&bridge.Refusal{Verdict: bridge.Never, Reason: bridge.FileForbidden, Err: errors.New("the link is none")})
	}
	if header != nil {
		req.Header = header
	}
	req.Header.Set("Accept-Encoding", "identity") // so that the length is the file's
	res, err := c.files.Do(req)
	if errors.Is(err, errForbiddenAddress) {
		return fail(&bridge.Refusal{Verdict: bridge.Never, Reason: bridge.FileForbidden, Err: errForbiddenAddress})
	}
	if err != nil {
		return fail(&bridge.Refusal{Verdict: bridge.Again, Reason: bridge.FileWithheld, Err: fmt.Errorf("fetch a file: %w", withoutURL(err))})
	}
	if err := fileVerdict(res.StatusCode); err != nil {
		res.Body.Close() // #nosec G104 -- nothing of it is wanted
		return fail(err)
	}
	body := bufio.NewReaderSize(res.Body, sniffed)
	start, err := body.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		res.Body.Close() // #nosec G104 -- nothing of it is wanted
		return fail(&bridge.Refusal{Verdict: bridge.Again, Reason: bridge.FileUnreadable, Err: fmt.Errorf("read a file: %w", withoutURL(err))})
	}
	patience.Stop()
	return &bridge.Content{ReadCloser: &fileBody{body, res.Body, cancel}, Size: res.ContentLength, Type: trueType(res.Header.Get("Content-Type"), start)}, nil
}

// sniffed is how many bytes of a file are looked at to tell what it is.
const sniffed = 512

// trueType is the media type that a file comes with, unless it says that it is none and
// its beginning is a web page's.
func trueType(said string, start []byte) string {
	const page = "text/html"
	plain, _, _ := strings.Cut(said, ";")
	kind, sub, _ := strings.Cut(strings.ToLower(strings.TrimSpace(plain)), "/")
	written := kind == "text" || kind == "message" || strings.HasSuffix(sub, "xml") || strings.HasSuffix(sub, "json") || strings.HasSuffix(sub, "javascript")
	if !written && strings.HasPrefix(http.DetectContentType(start), page) {
		return page
	}
	return said
}

// fileVerdict says what an answer other than the file means. Whether it is the file's fault
// or the workspace's, the status does not tell.
func fileVerdict(status int) error {
	r := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.FileWithheld, Status: status, Err: fmt.Errorf("a file: HTTP %d", status)}
	switch status {
	case http.StatusOK:
		return nil
	case http.StatusNotFound, http.StatusGone:
		r.Verdict, r.Reason = bridge.Never, bridge.FileGone
	case http.StatusForbidden:
		r.Verdict, r.Reason = bridge.Never, bridge.FileForbidden
	case http.StatusTooManyRequests:
		r.Reason = bridge.WorkspaceDown // it is a matter of time, and of no file
	}
	return r
}

// fileBody ends its call when it is closed.
type fileBody struct {
	io.Reader
	io.Closer
	cancel context.CancelFunc
}

func (b *fileBody) Close() error {
	b.cancel()
	return b.Closer.Close()
}

// withoutURL takes the address off, for it holds a token.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

var errForbiddenAddress = errors.New("a redirect leads to an address that is not public")

// fileClient fetches files. A storage behind the workspace is reached by redirect:
// without credentials, and at public addresses only, unless the workspace itself
// lives at a private one.
func fileClient(cfg ClientConfig) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = cfg.MaxConns
	transport.ResponseHeaderTimeout = cfg.Timeout
	home, _ := url.Parse(cfg.URL)
	proxy, _ := http.ProxyFromEnvironment(&http.Request{URL: home})
	plain := &net.Dialer{Timeout: 5 * time.Second}
	careful := &net.Dialer{Timeout: 5 * time.Second, Control: publicOnly}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		ours := home == nil || address == hostPort(home) || proxy != nil && address == hostPort(proxy)
		if ours || !public(ctx, home.Hostname()) {
			return plain.DialContext(ctx, network, address)
		}
		return careful.DialContext(ctx, network, address)
	}
	return &http.Client{Transport: transport, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) >= 5 || req.URL.Scheme != "http" && req.URL.Scheme != "https" {
			return errForbiddenAddress
		}
		if ctx := req.Context(); home != nil && public(ctx, home.Hostname()) && !public(ctx, req.URL.Hostname()) {
			return errForbiddenAddress // a proxy would not look
		}
		for _, name := range []string{"X-User-Id", "X-Auth-Token", "Referer"} {
			req.Header.Del(name)
		}
		return nil
	}}
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "http" {
			port = "80"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// public reports whether a host has public addresses only.
func public(ctx context.Context, host string) bool {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return true
	}
	for _, a := range addrs {
		if !bridge.PublicAddress(a) {
			return false
		}
	}
	return true
}

// publicOnly looks at the address that is about to be connected to, after names are
// resolved: what a name led to a moment ago does not count.
func publicOnly(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil || !bridge.PublicAddress(a.Addr()) {
		return errForbiddenAddress
	}
	return nil
}
