// Package avatars hands agents' pictures to Meta.
package avatars

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// Avatars hands agents' pictures to Meta, which shows them to customers beside the
// agents' names. Only who was given an address can know it; everybody else gets the
// same answer as for a picture that is not there.
type Avatars struct {
	public string // base of the addresses
	sign   func(purpose, text string) string
	fetch  func(ctx context.Context, username string) (*bridge.Content, error)

	fetching chan struct{} // one place for each picture that is being fetched

	mu     sync.Mutex // guards cached
	cached map[string]avatar
}

type avatar struct {
	content []byte
	kind    string
	tag     string
	at      time.Time
}

const (
	lasts   = time.Hour
	atOnce  = 4         // that are fetched: an address may become known, and then anybody can ask
	largest = 512 << 10 // Rocket.Chat makes them smaller, unless told not to
	most    = 32
)

// New returns Avatars that fetch from Rocket.Chat; sign makes the addresses of a public base secret.
func New(public string, sign func(purpose, text string) string, fetch func(ctx context.Context, username string) (*bridge.Content, error)) *Avatars {
	return &Avatars{
		public: strings.TrimRight(public, "/") + "/avatars/", sign: sign, cached: map[string]avatar{}, fetching: make(chan struct{}, atOnce),
		fetch: fetch,
	}
}

// Address is where an agent's picture is found; it changes with the username only.
func (a *Avatars) Address(author bridge.Author) string {
	if author.Username == "" {
		return ""
	}
	return a.public + base64.RawURLEncoding.EncodeToString([]byte(author.Username)) + "." + a.seal(author.Username)
}

func (a *Avatars) seal(username string) string { return a.sign("avatar", username)[:40] }

// ServeHTTP answers GET /avatars/{token}.
func (a *Avatars) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, seal, _ := strings.Cut(r.PathValue("token"), ".")
	username, err := base64.RawURLEncoding.DecodeString(name)
	if err != nil || subtle.ConstantTimeCompare([]byte(seal), []byte(a.seal(string(username)))) != 1 {
		http.NotFound(w, r)
		return
	}
	picture, ok := a.picture(r, string(username))
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("ETag", picture.tag)
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Header.Get("If-None-Match") == picture.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", picture.kind)
	_, _ = w.Write(picture.content) // the reader is gone
}

// picture returns an agent's picture, as it was within the last hour.
func (a *Avatars) picture(r *http.Request, username string) (avatar, bool) {
	a.mu.Lock()
	known, ok := a.cached[username]
	a.mu.Unlock()
	if ok && time.Since(known.at) < lasts {
		return known, true
	}
	select {
	case a.fetching <- struct{}{}:
		defer func() { <-a.fetching }()
	default:
		return known, ok // Meta asks again
	}
	content, err := a.fetch(r.Context(), username)
	if err != nil {
		return known, ok // an old one is better than none
	}
	defer content.Close()
	body, err := io.ReadAll(io.LimitReader(content, largest+1))
	kind := http.DetectContentType(body)
	if err != nil || len(body) > largest || !slices.Contains([]string{"image/png", "image/jpeg", "image/gif"}, kind) {
		return avatar{}, false
	}
	sum := sha256.Sum256(body)
	picture := avatar{content: body, kind: kind, tag: `"` + hex.EncodeToString(sum[:12]) + `"`, at: time.Now()}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.cached) >= most {
		clear(a.cached)
	}
	a.cached[username] = picture
	return picture, true
}
