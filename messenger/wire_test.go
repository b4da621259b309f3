package messenger_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger"
	"messenger-bridge/messenger/webhook"
	"messenger-bridge/sandbox/meta"
)

const (
	pageID   = "100200300400500"
	customer = "7001002003004005"
)

// desk keeps what the webhook passes on, and counts.
type desk struct {
	mu     sync.Mutex
	events []bridge.Incoming
	counts map[string]int
}

func (d *desk) FromCustomer(_ context.Context, events []bridge.Incoming) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, events...)
	return nil
}

func (d *desk) count(what string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts[what] += n
}

// setup is Meta, with a page and a customer who has just written, our webhook and
// our client.
func setup(t *testing.T, cfg meta.Config) (*meta.Messenger, *desk, *messenger.Platform, bridge.Page) {
	t.Helper()
	fb, err := meta.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{counts: map[string]int{}}
	hook := httptest.NewServer(webhook.New(webhook.Config{
		VerifyToken: bridge.Secret(fb.VerifyToken()), AppSecrets: []bridge.Secret{bridge.Secret(fb.AppSecret())},
		Accept: d, Count: d.count,
	}))
	t.Cleanup(func() {
		if problems := fb.Problems(); len(problems) > 0 {
			t.Errorf("what no correct client does: %v", problems)
		}
		fb.Close()
		hook.Close()
	})
	page := bridge.Page{ID: pageID, Token: bridge.Secret(fb.AddPage(pageID, "Shop"))}
	fb.SetWebhook(hook.URL)
	client := messenger.New(messenger.ClientConfig{
		GraphURL: fb.URL(), Version: "v26.0", AppID: fb.AppID(), AppSecret: bridge.Secret(fb.AppSecret()), Times: messenger.Times{Timeout: time.Second},
	})
	fb.CustomerWrites(pageID, customer, "Hello")
	flush(t, fb)
	return fb, d, client, page
}

func flush(t *testing.T, fb *meta.Messenger) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := fb.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestWire_Handshake(t *testing.T) {
	fb, _, _, _ := setup(t, meta.Config{})
	if err := fb.Handshake(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWire_EveryReadingOfTheWebhook_ArrivesOnce(t *testing.T) {
	const text = "café 😀 م <b>100 %</b> a@b http://ex.test/a"
	for name, quirks := range map[string]meta.Quirks{
		"as we think": {},
		"escaped":     {EscapeMore: true},
		"plain":       {PlainUTF8: true},
		"strings":     {AppIDString: true, StringTimestamps: true, StringNumEdit: true, StringFlags: true, ExtraFields: true, NoDeliveryMids: true},
	} {
		fb, d, client, page := setup(t, meta.Config{Quirks: quirks})
		mid := fb.CustomerWrites(pageID, customer, text)
		sent, err := client.Send(t.Context(), page, customer, bridge.OutboundPart{Part: bridge.Part{Text: text}, Tag: bridge.SendTag{Message: "Xy12", Part: 2}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		now := time.Now()
		fb.Send(fb.ReadEvent(pageID, customer, now, now), fb.ReactionEvent(pageID, customer, mid, "love", "❤", now),
			fb.PostbackEvent(pageID, customer, "m_pb", "Start", "START", now), fb.EditEvent(pageID, customer, mid, "x", 1, now),
			fb.DeliveryEvent(pageID, customer, now, now, string(sent)), fb.UnknownEvent(pageID, customer, now), fb.EmptyEvent(pageID, customer, "m_empty", now))
		flush(t, fb)
		var in, echo []bridge.Incoming
		others := map[bridge.EventKind]int{}
		for _, e := range d.events {
			switch {
			case e.Kind == bridge.TextEvent && string(e.Mid) == mid:
				in = append(in, e)
			case e.Kind == bridge.EchoEvent:
				echo = append(echo, e)
			default:
				others[e.Kind]++
			}
		}
		if len(in) != 1 || in[0].Text != text || in[0].Conversation != (bridge.Conversation{Page: pageID, Customer: customer, Kind: bridge.Messages}) || time.Since(in[0].At) > time.Minute {
			t.Errorf("%s: the customer's message became %+v", name, in)
		}
		if len(echo) != 1 || echo[0].Mid != sent || echo[0].Tag != (bridge.SendTag{Message: "Xy12", Part: 2}) || echo[0].Conversation.Customer != customer {
			t.Errorf("%s: the echo became %+v", name, echo)
		}
		for _, kind := range []bridge.EventKind{
			bridge.ReadEvent, bridge.ReactionEvent, bridge.TapEvent, bridge.EditEvent, bridge.ReceivedEvent, bridge.OtherEvent, bridge.UnsupportedEvent,
		} {
			if others[kind] != 1 {
				t.Errorf("%s: %s came %d times", name, kind, others[kind])
			}
		}
	}
}

func TestWire_MessageAndStandby_HaveTheSameKey(t *testing.T) {
	fb, d, client, page := setup(t, meta.Config{})
	event := fb.TextEvent(pageID, customer, "m_1", "Hello", time.Now())
	fb.Send(event)
	event.Standby = true
	fb.Send(event)
	fb.Echoes(meta.EchoStandby)
	if _, err := client.Send(t.Context(), page, customer, bridge.OutboundPart{Part: bridge.Part{Text: "Hi"}, Tag: bridge.SendTag{Message: "Xy12"}}); err != nil {
		t.Fatal(err)
	}
	flush(t, fb)
	keys := map[string][]bool{}
	for _, e := range d.events[1:] {
		keys[e.Key] = append(keys[e.Key], e.Standby)
	}
	if len(keys) != 2 || !slices.Equal(keys["m/m_1"], []bool{false, true}) {
		t.Errorf("keys %v", keys)
	}
}

func TestWire_Strangers_HaveNoEffect(t *testing.T) {
	fb, d, _, _ := setup(t, meta.Config{})
	body := fb.Body(fb.TextEvent(pageID, customer, "m_forged", "Hello", time.Now()))
	for name, opts := range map[string]meta.PostOptions{
		"unsigned":    {NoSignature: true},
		"legacy only": {SHA1Only: true},
		"upper case":  {UpperCase: true},
		"forged":      {Secret: "another app's secret"},
		"nonsense":    {Signature: "sha256=x"},
		"cut":         {CutBytes: 3},
	} {
		status, err := fb.Post(t.Context(), body, opts)
		if err != nil || status != http.StatusUnauthorized || len(d.events) != 1 {
			t.Errorf("%s: %d, %v, %d events", name, status, err, len(d.events))
		}
	}
	if status, err := fb.Post(t.Context(), body, meta.PostOptions{SHA256Only: true}); err != nil || status != 200 || len(d.events) != 2 {
		t.Errorf("Meta's own: %d, %v, %d events", status, err, len(d.events))
	}
}

func TestWire_SendOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		outcome *meta.SendOutcome
		verdict bridge.Verdict
		reason  bridge.Reason
	}{
		"cut after":        {meta.DeliveredThenCut(), bridge.Unknown, bridge.MetaDown},
		"cut before":       {meta.CutBefore(), bridge.Unknown, bridge.MetaDown},
		"late":             {meta.DeliveredThenHang(5 * time.Second), bridge.Unknown, bridge.MetaDown},
		"500":              {meta.Status500(true), bridge.Unknown, bridge.MetaError},
		"502":              {meta.HTML502(true), bridge.Unknown, bridge.MetaError},
		"empty":            {meta.EmptyBody(true, 200), bridge.Unknown, bridge.MetaError},
		"1":                {meta.Unknown1(false), bridge.Unknown, bridge.MetaError},
		"1/1357046":        {meta.InvalidReply1357046(), bridge.Unknown, bridge.MetaError},
		"1200":             {meta.Temporary1200(true), bridge.Unknown, bridge.MetaError},
		"-1":               {meta.Internal2018012(false), bridge.Unknown, bridge.MetaError},
		"613":              {meta.Throttled613(), bridge.Again, bridge.RateLimited},
		"window":           {meta.WindowClosed(), bridge.Never, bridge.WindowClosed},
		"blocked":          {meta.Blocked551(), bridge.Never, bridge.CustomerBlocked},
		"other app":        {meta.OtherAppOwns(), bridge.Never, bridge.OtherAppControls},
		"not reviewed":     {meta.NotReviewed(), bridge.Never, bridge.NotApproved},
		"password changed": {meta.DeadToken(460), bridge.Again, bridge.PageLost},
		"no such page":     {meta.DeadToken(meta.NoSuchPage), bridge.Again, bridge.PageLost},
	} {
		for _, quirks := range []meta.Quirks{{}, {Localised: true, TokenStatus: 401, LimitStatus: 429, BrokenStatus: 400}} {
			fb, _, client, page := setup(t, meta.Config{Quirks: quirks})
			fb.NextSends(c.outcome)
			_, err := client.Send(t.Context(), page, customer, bridge.OutboundPart{Part: bridge.Part{Text: "Hello"}, Tag: bridge.SendTag{Message: "Xy12"}})
			if r := bridge.RefusalOf(err); err == nil || r.Verdict != c.verdict || r.Reason != c.reason {
				t.Errorf("%s: %v", name, err)
			}
			if sent := len(fb.CustomerSees(pageID, customer)); sent > 1 {
				t.Errorf("%s: the customer has it %d times", name, sent)
			}
		}
	}
}

func TestWire_PageTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		trouble func(*meta.Messenger)
		reason  bridge.Reason
		after   time.Duration // at least
		app     bool          // all pages of the app wait
	}{
		"Graph away":      {(*meta.Messenger).Down, bridge.MetaDown, 0, false},
		"token dead":      {func(m *meta.Messenger) { m.KillToken(pageID, 463) }, bridge.PageLost, time.Minute, false},
		"permission lost": {func(m *meta.Messenger) { m.Grant(pageID, "pages_messaging", false) }, "", time.Minute, false},
		"throttled":       {func(m *meta.Messenger) { m.Throttle(pageID, 80006, 10*time.Minute, true) }, bridge.RateLimited, 9 * time.Minute, false},
		"throttled, bare": {func(m *meta.Messenger) { m.Throttle(pageID, 32, 10*time.Minute, false) }, bridge.RateLimited, 30 * time.Second, false},
		"app":             {func(m *meta.Messenger) { m.Throttle("", 4, 10*time.Minute, false) }, bridge.RateLimited, 30 * time.Second, true},
		"edge, bare":      {func(m *meta.Messenger) { m.ThrottleEdge(2*time.Minute, meta.NoRetryAfter) }, bridge.RateLimited, 30 * time.Second, true},
		"edge":            {func(m *meta.Messenger) { m.ThrottleEdge(2*time.Minute, meta.RetryAfterSeconds) }, bridge.RateLimited, 119 * time.Second, true},
		"edge, date":      {func(m *meta.Messenger) { m.ThrottleEdge(2*time.Minute, meta.RetryAfterDate) }, bridge.RateLimited, 110 * time.Second, true},
	} {
		fb, _, client, page := setup(t, meta.Config{})
		c.trouble(fb)
		_, err := client.Send(t.Context(), page, customer, bridge.OutboundPart{Part: bridge.Part{Text: "Hello"}, Tag: bridge.SendTag{Message: "Xy12"}})
		r := bridge.RefusalOf(err)
		want := bridge.GatePage(pageID)
		if c.app {
			want = bridge.GateApp
		}
		if r.Verdict != bridge.Again || c.reason != "" && r.Reason != c.reason || r.Gate != want || r.After < c.after {
			t.Errorf("%s: %v, gate %q, after %s", name, err, r.Gate, r.After)
		}
	}
}

func TestWire_Throttled_CallsNoMore(t *testing.T) {
	fb, _, client, page := setup(t, meta.Config{})
	fb.Throttle(pageID, 80006, 10*time.Minute, true)
	for range 3 {
		_, err := client.Send(t.Context(), page, customer, bridge.OutboundPart{Part: bridge.Part{Text: "Hello"}, Tag: bridge.SendTag{Message: "Xy12"}})
		if r := bridge.RefusalOf(err); r.Verdict != bridge.Again || r.Reason != bridge.RateLimited {
			t.Error(err)
		}
	}
	if calls := len(fb.Calls()); calls != 1 {
		t.Errorf("%d calls while throttled", calls)
	}
}

func TestWire_Look_FindsWhatArrived(t *testing.T) {
	fb, _, client, page := setup(t, meta.Config{})
	text := "  Hello, Anna\n\n" + strings.Repeat("x", 300)
	part := client.Cut(text, 0)[0]
	since := time.Now()
	look := func(to bridge.CustomerID, part bridge.Part) ([]bridge.Mid, bool) {
		t.Helper()
		seen, err := client.Look(t.Context(), page, to, bridge.Search{Forms: []bridge.Part{part}, Since: since})
		if err != nil {
			t.Fatal(err)
		}
		return seen.Like, seen.Complete && !seen.Obscure && len(seen.Bare) == 0
	}
	if like, complete := look(customer, part); len(like) != 0 || !complete {
		t.Errorf("before: %v, %v", like, complete)
	}
	fb.NextSends(meta.DeliveredThenCut())
	if _, err := client.Send(t.Context(), page, customer, bridge.OutboundPart{Part: part, Tag: bridge.SendTag{Message: "Xy12"}}); err == nil {
		t.Fatal("no error")
	}
	seen := fb.CustomerSees(pageID, customer)
	if like, complete := look(customer, part); len(seen) != 1 || !slices.Equal(like, []bridge.Mid{bridge.Mid(seen[0].Mid)}) || !complete {
		t.Errorf("after: %v, %v; the customer sees %v", like, complete, seen)
	}
	if like, complete := look("7001002003004999", part); len(like) != 0 || complete {
		t.Errorf("a customer without thread: %v, %v", like, complete)
	}
	if like, _ := look(customer, bridge.Part{Text: "Hello"}); len(like) != 0 { // only the customer said this
		t.Errorf("another text: %v", like)
	}
	for range 20 {
		fb.CustomerWrites(pageID, customer, "and another thing")
	}
	if like, complete := look(customer, part); len(like) != 0 || complete {
		t.Errorf("pushed out of sight, but for its id: %v, %v", like, complete)
	}
}

func TestWire_PageName(t *testing.T) {
	fb, _, client, page := setup(t, meta.Config{})
	if name, err := client.PageName(t.Context(), page); name != "Shop" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
	fb.KillToken(pageID, 460)
	if _, err := client.PageName(t.Context(), page); bridge.RefusalOf(err).Reason != bridge.PageLost {
		t.Error(err)
	}
}
