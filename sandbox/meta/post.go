package meta

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// SetWebhook says where notifications go, without a handshake. "" loses them, as an
// application without subscription does.
func (m *Messenger) SetWebhook(url string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.app.url = url
	m.touch()
	m.wake()
}

// PostOptions change how Post signs and sends.
type PostOptions struct {
	URL         string // "" = the configured webhook
	Secret      string // "" = the application's
	NoSignature bool   // send no signature headers
	SHA1Only    bool   // send only the legacy header
	SHA256Only  bool
	UpperCase   bool   // "SHA256=" and upper-case digits
	Signature   string // not empty: the value of X-Hub-Signature-256 as it is
	CutBytes    int    // sign the whole body, send it without this many last bytes
	ContentType string // "" = application/json
	Header      http.Header
}

// Post makes one POST to the webhook, now, outside of the queue.
func (m *Messenger) Post(ctx context.Context, body []byte, opts PostOptions) (status int, err error) {
	setDefault(&opts.Secret, m.cfg.AppSecret)
	setDefault(&opts.ContentType, "application/json")
	if opts.URL == "" {
		opts.URL = m.webhookURL()
	}
	sent := body[:max(0, len(body)-opts.CutBytes)]
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, opts.URL, bytes.NewReader(sent))
	if err != nil {
		return 0, fmt.Errorf("post webhook: %w", err)
	}
	opts.sign(req.Header, body)
	res, err := m.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("post webhook: %w", err)
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, err
}

func (o PostOptions) sign(h http.Header, body []byte) {
	h.Set("Content-Type", o.ContentType)
	h.Set("User-Agent", "Webhooks/1.0 (https://fb.me/webhooks)")
	h.Set("Accept", "*/*")
	h.Set("Accept-Encoding", "deflate, gzip")
	if !o.NoSignature && !o.SHA1Only {
		signature := sign256(o.Secret, body)
		if o.UpperCase {
			signature = strings.ToUpper(signature)
		}
		if o.Signature != "" {
			signature = o.Signature
		}
		h.Set("X-Hub-Signature-256", signature)
	}
	if !o.NoSignature && !o.SHA256Only {
		h.Set("X-Hub-Signature", sign1(o.Secret, body))
	}
	for name, values := range o.Header {
		h[name] = values
	}
}

func (m *Messenger) webhookURL() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.app.url
}

// Sign makes the value of X-Hub-Signature-256 for a body.
func (m *Messenger) Sign(body []byte) string { return sign256(m.cfg.AppSecret, body) }

func sign256(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func sign1(secret string, body []byte) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write(body)
	return "sha1=" + hex.EncodeToString(mac.Sum(nil))
}

// Body writes events as the body of one POST, in Meta's escapes, one entry for each.
// Entries of messaging carry milliseconds, those of changes seconds.
func (m *Messenger) Body(events ...Event) []byte {
	q, now, noValues := m.readQuirks(), m.now(), m.noValues()
	kind := "page"
	entries := make([]any, 0, len(events))
	for _, ev := range events {
		entry := newObject("id", ev.Page, "time", now.UnixMilli())
		element := rawJSON(ev.Element)
		switch {
		case ev.Change != "" && noValues:
			entry = newObject("id", ev.Page, "time", now.Unix(), "changed_fields", []any{ev.Change})
		case ev.Change != "":
			entry = newObject("id", ev.Page, "time", now.Unix(),
				"changes", []any{newObject("field", ev.Change, "value", element)})
		case ev.Standby:
			entry = entry.with("standby", []any{element})
		default:
			entry = entry.with("messaging", []any{element})
		}
		if q.ExtraFields {
			entry = entry.with("sandbox_extra", true)
		}
		entries = append(entries, entry)
		if ev.Object != "" {
			kind = ev.Object
		}
	}
	body := newObject("object", kind, "entry", entries)
	if q.ExtraFields {
		body = body.with("sandbox_extra", nil)
	}
	return q.escape().appendJSON(nil, body)
}

// noValues tells that the application did not ask for include_values: changes name their
// field only. The shape is that of the Graph API's general guide.
func (m *Messenger) noValues() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.app.noValues
}

// attempt posts p under the deadline and books the answer.
func (m *Messenger) attempt(target string, p *webhookPost, repeat bool) (acked bool) {
	ctx, cancel := context.WithTimeout(m.ctx, m.cfg.AckDeadline)
	defer cancel()
	start := time.Now()
	status, err := m.Post(ctx, p.body, PostOptions{URL: target})

	m.mu.Lock()
	defer m.mu.Unlock()
	acked = err == nil && (status == 200 || m.quirks.Accept2xx && status/100 == 2)
	m.books.answers = append(m.books.answers, Answer{
		Page: p.page, Status: status, Err: err, Took: time.Since(start), Attempt: p.attempts,
		Events: len(p.events), Repeat: repeat, At: m.now(),
	})
	m.touch()
	return acked
}

// Handshake verifies the configured webhook as Meta does when its URL is saved.
func (m *Messenger) Handshake(ctx context.Context) error {
	m.mu.Lock()
	target, verify := m.app.url, m.app.verify
	m.mu.Unlock()
	return m.verify(ctx, target, verify)
}

// verify asks a callback URL to repeat a challenge. The texts of its errors are those that
// the Graph API puts behind code 2200; that of a wrong answer with status 200 was never
// published and is a guess.
func (m *Messenger) verify(ctx context.Context, target, token string) error {
	m.mu.Lock()
	challenge := strconv.FormatInt(1_000_000_000+m.next()*7919%1_000_000_000, 10)
	m.mu.Unlock()
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		return errors.New("curl_errno = 3; curl_error = URL malformed; HTTP Status Code = 0")
	}
	query := u.Query()
	query.Set("hub.mode", "subscribe")
	query.Set("hub.challenge", challenge)
	query.Set("hub.verify_token", token)
	u.RawQuery = query.Encode()

	ctx, cancel := context.WithTimeout(ctx, m.cfg.AckDeadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "facebookplatform/1.0 (+http://developers.facebook.com)")
	res, err := m.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return errors.New("curl_errno = 28; curl_error = Operation timed out; HTTP Status Code = 0")
		}
		return errors.New("curl_errno = 7; curl_error = Failed to connect; HTTP Status Code = 0")
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err != nil {
		return errors.New("curl_errno = 28; curl_error = Operation timed out; HTTP Status Code = 0")
	}
	if res.StatusCode != 200 || string(answer) != challenge {
		return fmt.Errorf("HTTP Status Code = %d; HTTP Message = %s", res.StatusCode, http.StatusText(res.StatusCode))
	}
	return nil
}
