package meta

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The callbacks with a signed_request (messenger.md 6.10).

// SignedOptions change a signed_request. The zero value is what Meta sends.
type SignedOptions struct {
	// Variants that a receiver has to take.
	NumberUserID bool // user_id as a number
	Sparse       bool // only user_id, algorithm and issued_at
	NoTime       bool // without issued_at, as Meta makes none
	Padded       bool // base64 with "=" at the end

	// Forgeries.
	Secret      string    // "" = the application's
	Algorithm   string    // "" = HMAC-SHA256
	NoAlgorithm bool      // leave it out
	IssuedAt    time.Time // zero = now; a replay has an old one
	OtherUser   string    // not empty: replaces the user after signing
	NoSignature bool      // nothing before the dot
	HexDigits   bool      // sign with hex digits instead of raw bytes
	NoUser      bool      // a payload without user_id
	Raw         string    // not empty: the whole value as it is
	Absent      bool      // a form without signed_request
}

// genuine tells that the person did what the callback says, and not somebody else.
func (o SignedOptions) genuine() bool {
	o.NumberUserID, o.Sparse, o.Padded = false, false, false
	return o == SignedOptions{}
}

// SignedRequest makes the value of the form field signed_request.
func (m *Messenger) SignedRequest(userID string, opts SignedOptions) string {
	if opts.Raw != "" {
		return opts.Raw
	}
	setDefault(&opts.Secret, m.cfg.AppSecret)
	encoding := base64.RawURLEncoding
	if opts.Padded {
		encoding = base64.URLEncoding
	}
	payload := encoding.EncodeToString(m.signedPayload(userID, opts))
	mac := hmac.New(sha256.New, []byte(opts.Secret))
	mac.Write([]byte(payload))
	sum := mac.Sum(nil)
	if opts.HexDigits {
		sum = []byte(hex.EncodeToString(sum))
	}
	signature := encoding.EncodeToString(sum)
	if opts.NoSignature {
		signature = ""
	}
	if opts.OtherUser != "" {
		payload = encoding.EncodeToString(m.signedPayload(opts.OtherUser, opts))
	}
	return signature + "." + payload
}

func (m *Messenger) signedPayload(userID string, opts SignedOptions) []byte {
	setDefault(&opts.Algorithm, "HMAC-SHA256")
	setDefault(&opts.IssuedAt, m.now())
	var o metaObject
	if !opts.NoAlgorithm {
		o = o.with("algorithm", opts.Algorithm)
	}
	if !opts.Sparse {
		o = o.with("expires", opts.IssuedAt.Add(time.Hour).Unix())
	}
	if !opts.NoTime {
		o = o.with("issued_at", opts.IssuedAt.Unix())
	}
	switch {
	case opts.NoUser:
	case opts.NumberUserID:
		o = o.with("user_id", json.Number(userID))
	default:
		o = o.with("user_id", userID)
	}
	return metaEscape{}.appendJSON(nil, o)
}

// CallbackAnswer is what the application said to a callback.
type CallbackAnswer struct {
	Status      int
	ContentType string
	Body        string
	URL, Code   string // of an answer to RequestDeletion, when it is JSON with both
}

// Deauthorize is a person removing the application at Facebook: the tokens die as with
// RemoveApp, and the application's deauthorize callback is told. A forgery is only told.
func (m *Messenger) Deauthorize(ctx context.Context, callback, user string, opts SignedOptions) (CallbackAnswer, error) {
	if opts.genuine() {
		m.RemoveApp(user)
	}
	return m.signedPost(ctx, callback, m.signedForm(user, opts))
}

// RequestDeletion is a person asking at Facebook that the application delete the data about
// them. A 200 without what Meta wants in it is an error.
func (m *Messenger) RequestDeletion(ctx context.Context, callback, user string, opts SignedOptions) (CallbackAnswer, error) {
	a, err := m.signedPost(ctx, callback, m.signedForm(user, opts))
	if err != nil || a.Status != http.StatusOK {
		return a, err
	}
	var body struct {
		URL  string `json:"url"`
		Code string `json:"confirmation_code"`
	}
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil {
		return a, fmt.Errorf("answer to the deletion request: %w", err)
	}
	if a.URL, a.Code = body.URL, body.Code; a.URL == "" || a.Code == "" {
		return a, fmt.Errorf("answer to the deletion request lacks url or confirmation_code")
	}
	return a, nil
}

func (m *Messenger) signedForm(user string, opts SignedOptions) url.Values {
	if opts.Absent {
		return url.Values{}
	}
	return url.Values{"signed_request": {m.SignedRequest(user, opts)}}
}

func (m *Messenger) signedPost(ctx context.Context, callback string, form url.Values) (CallbackAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, m.cfg.AckDeadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, callback, strings.NewReader(form.Encode()))
	if err != nil {
		return CallbackAnswer{}, fmt.Errorf("post signed_request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", "facebookexternalua")
	res, err := m.client.Do(req)
	if err != nil {
		return CallbackAnswer{}, fmt.Errorf("post signed_request: %w", err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return CallbackAnswer{Status: res.StatusCode, ContentType: res.Header.Get("Content-Type"), Body: string(raw)}, err
}
