package messenger

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"messenger-bridge/bridge"
)

// FilesConfig says where customers' files may come from.
type FilesConfig struct {
	// Hosts are domains, whose files come over https and from public addresses only,
	// and full origins such as http://127.0.0.1:8099, which are trusted exactly as they
	// are written.
	Hosts []string
	Links interface { // finds where a file is now
		FileLink(ctx context.Context, p bridge.Page, mid bridge.Mid, n int) (string, error)
	}
	Stall time.Duration // how long a server may send nothing; 30 s
	Whole time.Duration // how long a file may take; 5 min

	// For tests: how names are resolved, how addresses that passed are reached, and who
	// vouches for servers. Nil: as everybody does.
	Resolve func(ctx context.Context, host string) ([]net.IPAddr, error)
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Roots   *x509.CertPool
}

// Files fetches what customers sent. Where it lies is said by whoever signed the
// webhook, and believed only as far as Hosts goes. Safe for concurrent use.
type Files struct {
	cfg     FilesConfig // complete after NewFiles, never changed
	origins map[string]bool
	domains []string
	strict  *http.Client // to public addresses only
	plain   *http.Client // to trusted origins, and through a proxy, which resolves names itself
}

// NewFiles returns Files; it makes no call.
func NewFiles(cfg FilesConfig) *Files {
	if cfg.Stall <= 0 {
		cfg.Stall = 30 * time.Second
	}
	if cfg.Whole <= 0 {
		cfg.Whole = 5 * time.Minute
	}
	if cfg.Resolve == nil {
		cfg.Resolve = net.DefaultResolver.LookupIPAddr
	}
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	}
	f := &Files{cfg: cfg, origins: map[string]bool{}}
	for _, host := range cfg.Hosts {
		if u, err := url.Parse(strings.TrimSpace(host)); err == nil && u.Scheme != "" && u.Host != "" {
			f.origins[originOf(u)] = true
		} else if host = strings.ToLower(strings.Trim(strings.TrimSpace(host), ".")); host != "" {
			f.domains = append(f.domains, host)
		}
	}
	f.strict = f.client(f.dialPublic, nil)
	f.plain = f.client(cfg.Dial, http.ProxyFromEnvironment)
	return f
}

func (f *Files) client(dial func(context.Context, string, string) (net.Conn, error), proxy func(*http.Request) (*url.URL, error)) *http.Client {
	t := &http.Transport{
		Proxy: proxy, DialContext: dial, DisableCompression: true, TLSHandshakeTimeout: 5 * time.Second,
		ResponseHeaderTimeout: f.cfg.Stall, MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second,
	}
	if f.cfg.Roots != nil {
		t.TLSClientConfig = tlsConfig(f.cfg.Roots)
	}
	// Each step of a redirect is checked as the first one was.
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// maxRedirects is how often a file may be said to be elsewhere.
const maxRedirects = 3

// Open implements rooms.Files. An address that has expired, or is missing, is asked
// for once; of a file that never had one, Meta will not tell more in a moment.
func (f *Files) Open(ctx context.Context, p bridge.Page, mid bridge.Mid, n int, a bridge.Attachment, limit int64) (*bridge.File, error) {
	if a.URL == "" {
		return f.openUnnamed(ctx, p, mid, n, a, limit)
	}
	file, err := f.open(ctx, a, limit)
	if bridge.RefusalOf(err).Reason != bridge.FileGone || mid == "" || f.cfg.Links == nil {
		return file, err
	}
	fresh, failed := f.cfg.Links.FileLink(ctx, p, mid, n)
	switch {
	case failed != nil:
		return nil, failed
	case fresh == "":
		return nil, err
	}
	a.URL = fresh
	return f.open(ctx, a, limit)
}

// openUnnamed begins to fetch a file of which the webhook told no address.
func (f *Files) openUnnamed(ctx context.Context, p bridge.Page, mid bridge.Mid, n int, a bridge.Attachment, limit int64) (*bridge.File, error) {
	nowhere := &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.FileGone, Err: errors.New("nobody tells where it is")}
	if mid == "" || f.cfg.Links == nil {
		return nil, nowhere
	}
	address, err := f.cfg.Links.FileLink(ctx, p, mid, n)
	switch {
	case err != nil && passes(err):
		return nil, err
	case err != nil || address == "":
		return nil, nowhere
	}
	a.URL = address
	return f.open(ctx, a, limit)
}

// finalCodes are what Meta says of a message that it does not show, and will not show in
// a moment: it is not there, deleted, or not for us.
var finalCodes = map[int]bool{10: true, 100: true, 200: true, 803: true, deletedCode: true}

// passes reports whether a question may be answered if it is asked again.
func passes(err error) bool {
	var cause *graphError
	return !errors.As(err, &cause) || !finalCodes[cause.Code]
}

func (f *Files) open(ctx context.Context, a bridge.Attachment, limit int64) (file *bridge.File, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Whole)
	defer func() {
		if err != nil {
			cancel()
		}
	}()
	res, err := f.get(ctx, a.URL)
	if err != nil {
		return nil, err
	}
	c := newFetched(res.Body, cancel, limit, f.cfg.Stall)
	switch {
	case res.StatusCode == http.StatusOK && res.ContentLength > limit:
		err = tooLarge(limit)
	case res.StatusCode == http.StatusOK:
		file, err = examine(c, res, a)
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		err = unreachable(fmt.Errorf("the server answered %d", res.StatusCode))
	default:
		err = fileGone(fmt.Errorf("the server answered %d", res.StatusCode))
	}
	if err != nil {
		res.Body.Close() // #nosec G104 -- nothing of it is wanted
	}
	return file, err
}

// get follows an address to where the file is.
func (f *Files) get(ctx context.Context, address string) (*http.Response, error) {
	for range maxRedirects + 1 {
		u, err := url.Parse(address)
		if err != nil {
			return nil, hostile("its address cannot be read")
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, hostile("its address cannot be read")
		}
		client, err := f.clientFor(req)
		if err != nil {
			return nil, err
		}
		res, err := client.Do(req)
		if err != nil {
			return nil, notFetched(err)
		}
		if res.StatusCode < 300 || res.StatusCode > 399 {
			return res, nil
		}
		res.Body.Close() // #nosec G104 -- nothing of it is wanted
		next, err := u.Parse(res.Header.Get("Location"))
		if err != nil || res.Header.Get("Location") == "" {
			return nil, fileGone(errors.New("a redirect that leads nowhere"))
		}
		address = next.String()
	}
	return nil, hostile("too many redirects")
}

// clientFor decides whether an address may be asked, and how.
func (f *Files) clientFor(req *http.Request) (*http.Client, error) {
	u := req.URL
	if u.User != nil {
		return nil, hostile("its address names a user")
	}
	if f.origins[originOf(u)] {
		return f.plain, nil
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	switch {
	case u.Scheme != "https" || u.Port() != "" && u.Port() != "443":
		return nil, hostile("not https")
	case !f.listed(host):
		return nil, hostile("a host that is not in ATTACHMENT_HOSTS")
	}
	if proxy, err := http.ProxyFromEnvironment(req); err == nil && proxy != nil {
		return f.plain, nil
	}
	return f.strict, nil
}

// listed reports whether a host is one of the domains, or below one.
func (f *Files) listed(host string) bool {
	for _, domain := range f.domains {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}

func originOf(u *url.URL) string { return strings.ToLower(u.Scheme + "://" + u.Host) }

// notFetched classifies a call that brought no answer. The address is cut from the
// error: it is as good as the file.
func notFetched(err error) error {
	var r *bridge.Refusal
	if errors.As(err, &r) {
		return r
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return unreachable(err)
}

func hostile(why string) error {
	return &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.FileForbidden, Err: errors.New(why)}
}

func fileGone(err error) error {
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.FileGone, Err: err}
}

func unreachable(err error) error {
	return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaDown, Err: err}
}

func tooLarge(limit int64) error {
	return &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.FileTooBig, Err: fmt.Errorf("more than %d bytes", limit)}
}
