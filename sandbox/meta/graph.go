package meta

import (
	"cmp"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// oldestVersion answers calls without a version and to versions that ended or never were
// (messenger.md 10.1; that unknown ones are served too is an inference).
const (
	oldestVersion = 21
	newestVersion = 27
	maxGraphBody  = 64 << 20
)

// graphCall is one request under way.
type graphCall struct {
	r         *http.Request
	path      []string // segments behind the version
	version   string
	served    int        // the version that answers
	query     url.Values // of the URL
	form      url.Values // of a form body
	body      map[string]json.RawMessage
	multipart multipartForm
	broken    bool // the body could not be read as what it says it is
	token     *graphToken
	book      *Call
	began     time.Time
	threads   []threadKey // counted in Messenger.inFlight
	hanging   bool        // its answer is being withheld; guarded by Messenger.mu
}

// graphAnswer is what will be written.
type graphAnswer struct {
	status        int
	contentType   string
	header        http.Header
	body          []byte
	code, subcode int
	cut           bool          // close the connection instead
	hang          time.Duration // before answering
	half          bool          // hang in the middle of the answer
	after         func()        // runs when the answer is out, or before it hangs
}

func (m *Messenger) jsonAnswer(v any) *graphAnswer {
	return &graphAnswer{
		status: http.StatusOK, contentType: "application/json; charset=UTF-8", header: http.Header{},
		body: metaEscape{}.appendJSON(nil, v),
	}
}

// serve is the Graph API.
func (m *Messenger) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", m.cfg.Now().UTC().Format(http.TimeFormat)) // not of another clock where time is let pass
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	m.work.Add(1)
	hang := m.hang
	m.mu.Unlock()
	defer m.work.Done()

	switch {
	case isDialog(r):
		m.dialog(w, r)
		return
	case isCDN(r):
		m.serveMedia(w, r)
		return
	}
	c, err := m.readCall(r)
	if err != nil {
		panic(http.ErrAbortHandler) // the client left while sending
	}
	if hang != nil {
		select {
		case <-hang:
		case <-r.Context().Done():
		case <-m.ctx.Done():
		}
		if r.Context().Err() != nil || m.ctx.Err() != nil {
			m.finish(c, &graphAnswer{cut: true}) // the client gave up: no effect
			return
		}
	}
	m.write(w, c, m.answer(c))
}

// readCall reads a request completely.
func (m *Messenger) readCall(r *http.Request) (*graphCall, error) {
	c := &graphCall{r: r, began: time.Now(), query: r.URL.Query()}
	c.readPath(r.URL.EscapedPath())
	if err := c.readBody(r.Header.Get("Content-Type"), io.LimitReader(r.Body, maxGraphBody)); err != nil {
		return nil, err
	}
	c.book = &Call{Method: r.Method, Path: "/" + strings.Join(c.path, "/"), Version: c.version, At: m.now()}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.books.calls = append(m.books.calls, c.book)
	if c.query.Has("access_token") && !slices.Contains(tokenInURL, c.path[len(c.path)-1]) {
		m.books.problem("%s %s: token in the query string", r.Method, c.book.Path)
	}
	m.findSecret(c)
	m.touch()
	return c, nil
}

var versionSegment = regexp.MustCompile(`^v(\d+)\.0$`)

func (c *graphCall) readPath(escaped string) {
	for i, segment := range strings.Split(strings.Trim(escaped, "/"), "/") {
		if i == 0 && versionSegment.MatchString(segment) {
			c.version = segment
			continue
		}
		if plain, err := url.PathUnescape(segment); err == nil {
			segment = plain
		}
		c.path = append(c.path, segment)
	}
	if c.path == nil {
		c.path = []string{""}
	}
	c.served = oldestVersion
	if n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(c.version, "v"), ".0")); err == nil &&
		n > oldestVersion && n <= newestVersion {
		c.served = n
	}
}

func (c *graphCall) readBody(contentType string, body io.Reader) (err error) {
	kind, params, _ := mime.ParseMediaType(contentType)
	if kind == "multipart/form-data" {
		c.multipart, err = readMultipart(body, params["boundary"])
		c.form = c.multipart.values
		return err
	}
	raw, err := io.ReadAll(body)
	if err != nil || len(raw) == 0 {
		return err
	}
	if kind == "application/json" {
		c.broken = json.Unmarshal(raw, &c.body) != nil
		return nil
	}
	c.form, err = url.ParseQuery(string(raw))
	c.broken = err != nil
	return nil
}

// param is a parameter as text, wherever it stands.
func (c *graphCall) param(name string) string {
	if raw, ok := c.body[name]; ok {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			return text
		}
		return string(raw)
	}
	if c.form.Has(name) {
		return c.form.Get(name)
	}
	return c.query.Get(name)
}

// object is a parameter as JSON: a member of a JSON body, or a form field that holds JSON.
func (c *graphCall) object(name string) json.RawMessage {
	if raw, ok := c.body[name]; ok {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			return json.RawMessage(text)
		}
		return raw
	}
	return json.RawMessage(c.param(name))
}

// list is a parameter that is a comma-separated text or a JSON array.
func (c *graphCall) list(name string) []string {
	var items []string
	text := c.param(name)
	if json.Unmarshal([]byte(text), &items) != nil {
		items = strings.Split(text, ",")
	}
	var kept []string
	for _, item := range items {
		if item = strings.TrimSpace(item); item != "" {
			kept = append(kept, item)
		}
	}
	return kept
}

// edge is the path of the call; that of a sender action, which goes to the same address as a message, has
// "/sender_action" after it.
func (c *graphCall) edge() string {
	if c.book.Method == http.MethodPost && c.param("sender_action") != "" {
		return c.book.Path + "/sender_action"
	}
	return c.book.Path
}

// answer lets the edge answer, then the fault that was ordered, then the API.
func (m *Messenger) answer(c *graphCall) *graphAnswer {
	m.mu.Lock()
	c.book.Action = strings.ToLower(c.param("sender_action")) // whatever becomes of the call
	a := m.edgeThrottle()
	var o *SendOutcome
	if a == nil {
		o = m.hooks.failure(c.book.Method, c.edge())
	}
	m.mu.Unlock()
	if a == nil {
		a = m.underOutcome(o, c)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.usageHeaders(c, a)
	return a
}

// proceed checks who calls, and answers.
func (m *Messenger) proceed(c *graphCall) *graphAnswer {
	m.mu.Lock()
	var a *graphAnswer
	var e *graphError
	if c.isOAuth() {
		a, e = m.accessToken(c)
	} else {
		e = m.authenticate(c)
	}
	if e = cmp.Or(e, m.refuseForbidden(c)); e != nil {
		a = m.errorAnswer(e)
	}
	m.mu.Unlock()
	if a != nil {
		return a
	}
	return m.route(c)
}

// route finds the edge by method and shape of the path.
func (m *Messenger) route(c *graphCall) *graphAnswer {
	method, node, edge := c.r.Method, c.path[0], strings.Join(c.path[1:], "/")
	if method == http.MethodPost && edge == "messages" && c.token.kind == pageToken && node == c.token.page {
		return m.sendMessage(c)
	}
	if method == http.MethodPost && edge == "personas" && c.token.kind == pageToken && node == c.token.page {
		return m.makePersona(c)
	}
	if c.token.page != "" && (strings.HasPrefix(node, "t_") || strings.HasPrefix(node, "m_") || strings.HasPrefix(node, "mid.") || edge == "conversations") {
		if o := m.failedRead(); o != nil {
			return m.faulty(o, nil)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	a, e := m.lookup(c, method, node, edge)
	if e != nil {
		return m.errorAnswer(e)
	}
	return a
}

// lookup answers everything that only reads and configures. Called with mu held.
func (m *Messenger) lookup(c *graphCall, method, node, edge string) (*graphAnswer, *graphError) {
	get := method == http.MethodGet
	switch {
	case node == "debug_token" && get:
		return m.debugToken(c)
	case node == m.cfg.AppID && edge == "subscriptions":
		return m.subscriptions(c)
	case c.token.kind == appToken:
		return m.appEdge(c, node, edge)
	case c.token.kind != pageToken:
		return m.userEdge(c, node, edge)
	case node == c.token.page && edge == "subscribed_apps":
		return m.subscribedApps(c)
	case node == c.token.page && edge == "moderate_conversations" && method == http.MethodPost:
		return m.moderate(c)
	case node == c.token.page && edge == "conversations" && get:
		return m.conversations(c)
	case node == c.token.page && edge == "personas" && get:
		return m.personaList(c), nil
	case m.personas[node] != nil && edge == "":
		return m.personaNode(c, m.personas[node])
	case node == c.token.page && edge == "" && get:
		return m.pageNode(c)
	case strings.HasPrefix(node, "t_") && (edge == "" || edge == "messages") && get:
		return m.conversationNode(c, node, edge)
	case m.isComment(node):
		return m.commentEdge(c, node, edge)
	case m.byMid[node] != nil && edge == "" && get:
		return m.messageNode(c, node)
	case m.threads[threadKey{c.token.page, node}] != nil && edge == "" && get:
		return m.profile(c, node)
	}
	if pg := m.pages[node]; pg != nil && node != c.token.page {
		m.books.problem("%s %s: token of page %s used for page %s", method, c.book.Path, c.token.page, node)
	}
	return nil, noObject(method, node)
}

// appEdge answers for the application's token. Called with mu held.
func (m *Messenger) appEdge(c *graphCall, node, edge string) (*graphAnswer, *graphError) {
	switch {
	case node == m.cfg.AppID && edge == "" && c.r.Method == http.MethodGet:
		return m.jsonAnswer(newObject("category", "Business", "link", "https://bridge.ex.test/", "name", appName, "id", node)), nil
	case m.admins[node] != nil && strings.HasPrefix(edge, "permissions"):
		return m.permissions(c, m.admins[node], edge)
	}
	return nil, graphErr(210, 0, "(#210) A page access token is required to request this resource.")
}
