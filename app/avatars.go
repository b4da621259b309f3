package app

import (
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
	"messenger-bridge/rocketchat"
)

// avatars hands agents' pictures to Meta, which shows them to customers beside the
// agents' names. Only who was given an address can know it; everybody else gets the
// same answer as for a picture that is not there.
type avatars struct {
	public string // base of the addresses
	sign   func(purpose, text string) string
	fetch  func(r *http.Request, username string) (*bridge.Content, error)

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
	avatarLasts   = time.Hour
	avatarsAtOnce = 4         // that are fetched: an address may become known, and then anybody can ask
	largestAvatar = 512 << 10 // Rocket.Chat makes them smaller, unless told not to
	mostAvatars   = 32
)

// newAvatars fetches from Rocket.Chat; sign makes the addresses of a public base secret.
func newAvatars(public string, sign func(purpose, text string) string, client *rocketchat.Workspace) *avatars {
	return &avatars{
		public: strings.TrimRight(public, "/") + "/avatars/", sign: sign, cached: map[string]avatar{}, fetching: make(chan struct{}, avatarsAtOnce),
		fetch: func(r *http.Request, username string) (*bridge.Content, error) {
			return client.Avatar(r.Context(), username)
		},
	}
}

// address is where an agent's picture is found; it changes with the username only.
func (a *avatars) address(author bridge.Author) string {
	if author.Username == "" {
		return ""
	}
	return a.public + base64.RawURLEncoding.EncodeToString([]byte(author.Username)) + "." + a.seal(author.Username)
}

func (a *avatars) seal(username string) string { return a.sign("avatar", username)[:40] }

// ServeHTTP answers GET /avatars/{token}.
func (a *avatars) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
func (a *avatars) picture(r *http.Request, username string) (avatar, bool) {
	a.mu.Lock()
	known, ok := a.cached[username]
	a.mu.Unlock()
	if ok && time.Since(known.at) < avatarLasts {
		return known, true
	}
	select {
	case a.fetching <- struct{}{}:
		defer func() { <-a.fetching }()
	default:
		return known, ok // Meta asks again
	}
	content, err := a.fetch(r, username)
	if err != nil {
		return known, ok // an old one is better than none
	}
	defer content.Close()
	body, err := io.ReadAll(io.LimitReader(content, largestAvatar+1))
	kind := http.DetectContentType(body)
	if err != nil || len(body) > largestAvatar || !slices.Contains([]string{"image/png", "image/jpeg", "image/gif"}, kind) {
		return avatar{}, false
	}
	sum := sha256.Sum256(body)
	picture := avatar{content: body, kind: kind, tag: `"` + hex.EncodeToString(sum[:12]) + `"`, at: time.Now()}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.cached) >= mostAvatars {
		clear(a.cached)
	}
	a.cached[username] = picture
	return picture, true
}
