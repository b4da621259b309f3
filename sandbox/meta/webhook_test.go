package meta_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

func TestMessengerWebhook_OnlyStatus200Acknowledges(t *testing.T) {
	for _, status := range []int{201, 204, 301, 401, 500, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			m, _, hook := startMessenger(t, meta.Config{})
			hook.answer = func(n int, _ []byte) int {
				if n <= 3 {
					return status
				}
				return 200
			}
			m.CustomerWrites(pageID, customer, "x")
			flush(t, m)
			got := hook.got()
			if len(got) != 4 || got[0] != got[3] || m.Acked() != 1 {
				t.Errorf("%d posts, %d acked", len(got), m.Acked())
			}
			if answers := m.WebhookAnswers(); answers[0].Status != status || answers[3].Attempt != 4 {
				t.Errorf("answers %+v", answers)
			}
		})
	}
}

func TestMessengerWebhook_Accept2xx(t *testing.T) {
	m, _, hook := startMessenger(t, meta.Config{Quirks: meta.Quirks{Accept2xx: true}})
	hook.answer = func(int, []byte) int { return 204 }
	m.CustomerWrites(pageID, customer, "x")
	flush(t, m)
	if n := len(hook.got()); n != 1 {
		t.Errorf("%d posts", n)
	}
}

func TestMessengerWebhook_LateAnswerIsAFailure(t *testing.T) {
	m, _, hook := startMessenger(t, meta.Config{AckDeadline: 20 * time.Millisecond})
	release := make(chan struct{})
	hook.answer = func(n int, _ []byte) int {
		if n == 1 {
			<-release
		}
		return 200
	}
	m.CustomerWrites(pageID, customer, "x")
	flush(t, m)
	close(release)
	if answers := m.WebhookAnswers(); len(answers) != 2 || answers[0].Err == nil || answers[1].Status != 200 {
		t.Errorf("answers %+v", answers)
	}
}

func TestMessengerWebhook_KeepsOrderOverFailure(t *testing.T) {
	for _, overtake := range []bool{false, true} {
		t.Run(fmt.Sprint(overtake), func(t *testing.T) {
			m, _, hook := startMessenger(t, meta.Config{Retries: []time.Duration{30 * time.Millisecond}})
			m.OvertakeAfterFailure(overtake)
			hook.answer = func(n int, _ []byte) int {
				if n == 1 {
					return 500
				}
				return 200
			}
			m.HoldWebhooks(true)
			m.CustomerWrites(pageID, customer, "one")
			m.CustomerWrites(pageID, customer, "two")
			m.HoldWebhooks(false)
			flush(t, m)
			last := hook.got()[2]
			if strings.Contains(last, "two") == overtake {
				t.Errorf("last post %s", last)
			}
		})
	}
}

func TestMessengerWebhook_Duplicates(t *testing.T) {
	for name, duplicate := range map[string]func(*meta.Messenger){
		"one after another": func(m *meta.Messenger) { m.DuplicateWebhooks(2) },
		"together":          func(m *meta.Messenger) { m.DuplicateTogether(2) },
	} {
		t.Run(name, func(t *testing.T) {
			m, _, hook := startMessenger(t, meta.Config{})
			duplicate(m)
			m.CustomerWrites(pageID, customer, "x")
			flush(t, m)
			m.RepeatWebhooks()
			flush(t, m)
			if got := hook.got(); len(got) != 4 || got[0] != got[3] || m.Acked() != 1 {
				t.Errorf("%d posts, %d acked", len(got), m.Acked())
			}
		})
	}
}

func TestMessengerWebhook_ShufflesWhatWaits(t *testing.T) {
	m, _, hook := startMessenger(t, meta.Config{})
	m.HoldWebhooks(true)
	for i := range 20 {
		m.CustomerWrites(pageID, customer, fmt.Sprintf("text-%02d", i))
	}
	m.ShuffleWebhooks(7)
	m.HoldWebhooks(false)
	flush(t, m)
	var order []string
	for _, body := range hook.got() {
		_, rest, _ := strings.Cut(body, "text-")
		order = append(order, rest[:2])
	}
	if len(order) != 20 || slices.IsSorted(order) {
		t.Errorf("order %v", order)
	}
	slices.Sort(order)
	if len(slices.Compact(order)) != 20 {
		t.Errorf("not each one once: %v", order)
	}
}

func TestMessengerWebhook_Batches(t *testing.T) {
	m, _, hook := startMessenger(t, meta.Config{})
	m.BatchWebhooks(400)
	m.HoldWebhooks(true)
	for i := range 1000 {
		m.CustomerWrites(pageID, customer, fmt.Sprint(i))
	}
	m.HoldWebhooks(false)
	flush(t, m)
	if posts := len(hook.got()); posts != 3 || m.Acked() != 1000 {
		t.Errorf("%d posts, %d acked", posts, m.Acked())
	}
}

func TestMessengerWebhook_MixedPost(t *testing.T) {
	clock := newMetaClock()
	m, _, hook := withComments(t, meta.Config{Now: clock.now})
	other := m.TextEvent("999", "5", "m_b", "b", clock.now()) // a page nobody knows
	standby := m.TextEvent(pageID, customer, "m_c", "c", clock.now())
	standby.Standby = true
	m.Send(m.TextEvent(pageID, customer, "m_a", "a", clock.now()), other, standby,
		meta.Event{Page: pageID, Change: "feed", Element: `{"item":"comment"}`}, m.UnknownEvent(pageID, customer, clock.now()))
	flush(t, m)
	got := hook.got()
	if len(got) != 1 {
		t.Fatalf("%d posts", len(got))
	}
	for _, part := range []string{
		`{"id":"100200300400500","time":1790000000123,"messaging":[`, `{"id":"999",`, `"standby":[`,
		`{"id":"100200300400500","time":1790000000,"changes":[{"field":"feed","value":{"item":"comment"}}]}`, "sandbox_novelty",
	} {
		if !strings.Contains(got[0], part) {
			t.Errorf("no %s in %s", part, got[0])
		}
	}
}

func TestMessengerWebhook_NeedsBothLevels(t *testing.T) {
	at := time.Now()
	tests := []struct {
		name    string
		prepare func(*meta.Messenger)
		event   func(*meta.Messenger) meta.Event
		sent    bool
	}{
		{"all", func(*meta.Messenger) {}, func(m *meta.Messenger) meta.Event { return m.ReadEvent(pageID, customer, at, at) }, true},
		{"page lacks echoes", func(m *meta.Messenger) { m.SubscribePage(pageID, "messages") }, func(m *meta.Messenger) meta.Event {
			return m.EchoEvent(pageID, customer, "m_1", "x", meta.InboxAppID, "", at)
		}, false},
		{"app lacks messages", func(m *meta.Messenger) { m.SubscribeApp("message_echoes") }, func(m *meta.Messenger) meta.Event {
			return m.TextEvent(pageID, customer, "m_1", "x", at)
		}, false},
		{"no standby", func(m *meta.Messenger) { m.SubscribePage(pageID, "messages") }, func(m *meta.Messenger) meta.Event {
			ev := m.TextEvent(pageID, customer, "m_1", "x", at)
			ev.Standby = true
			return ev
		}, false},
		{"not subscribed", func(m *meta.Messenger) { m.SubscribePage(pageID) }, func(m *meta.Messenger) meta.Event {
			return m.UnknownEvent(pageID, customer, at)
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, _, hook := startMessenger(t, meta.Config{})
			tt.prepare(m)
			m.Send(tt.event(m))
			flush(t, m)
			if sent := len(hook.got()) == 1; sent != tt.sent || (m.Lost() == 0) != tt.sent {
				t.Errorf("sent %v, lost %d", sent, m.Lost())
			}
		})
	}
}

func TestMessengerWebhook_OneHourOfFailureUnsubscribes(t *testing.T) {
	clock := newMetaClock()
	m, g, hook := startMessenger(t, meta.Config{Now: clock.now})
	var mu sync.Mutex
	status := 500
	hook.answer = func(int, []byte) int {
		mu.Lock()
		defer mu.Unlock()
		return status
	}
	m.CustomerWrites(pageID, customer, "lost")
	failed := func(n int) func() bool {
		return func() bool { return len(m.WebhookAnswers()) >= n }
	}
	wait := func(cond func() bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := m.Until(ctx, cond); err != nil {
			t.Fatal(err)
		}
	}
	wait(failed(2))
	clock.add(16 * time.Minute)
	wait(func() bool { return len(m.Alerts()) == 1 })
	clock.add(time.Hour)
	flush(t, m)
	if len(m.Alerts()) != 2 || len(m.Subscribed(pageID)) != 0 || m.Lost() != 1 {
		t.Errorf("alerts %q, fields %v, lost %d", m.Alerts(), m.Subscribed(pageID), m.Lost())
	}
	if r := g.get("/v26.0/" + pageID + "/subscribed_apps"); r.body != `{"data":[]}` {
		t.Errorf("subscribed_apps %s", r.body)
	}
	mu.Lock()
	status = 200
	mu.Unlock()
	m.CustomerWrites(pageID, customer, "lost too")
	if r := g.do(http.MethodPost, "/v26.0/"+pageID+"/subscribed_apps", nil, `{"subscribed_fields":"messages,message_echoes"}`); r.body != `{"success":true}` {
		t.Fatalf("subscribe: %s", r.body)
	}
	m.CustomerWrites(pageID, customer, "arrives")
	flush(t, m)
	if m.Acked() != 1 || m.Lost() != 2 {
		t.Errorf("acked %d, lost %d", m.Acked(), m.Lost())
	}
}

func TestMessengerWebhook_LateNoticeOfAnUnnoticedMessage(t *testing.T) {
	m, _, hook := startMessenger(t, meta.Config{})
	mid := m.WritesUnnoticed(pageID, customer, "found later")
	flush(t, m)
	if len(hook.got()) != 0 {
		t.Fatal("a webhook was sent")
	}
	m.Announce(mid)
	flush(t, m)
	if got := hook.got(); len(got) != 1 || !strings.Contains(got[0], mid) {
		t.Errorf("got %q", got)
	}
}

func TestMessengerWebhook_OddTypes(t *testing.T) {
	m, _, hook := startMessenger(t, meta.Config{})
	m.Tweak(func(q *meta.Quirks) {
		q.AppIDString, q.StringTimestamps, q.StringNumEdit, q.StringFlags, q.NoDeliveryMids, q.ExtraFields = true, true, true, true, true, true
	})
	at := time.UnixMilli(1790000003001)
	m.Send(m.EditEvent(pageID, customer, "m_1", "new", 1, at), m.DeliveryEvent(pageID, customer, at, at, "m_2"))
	m.AIWrites(pageID, customer, "I am a machine")
	m.PageInboxWrites(pageID, customer, "I am a person")
	flush(t, m)
	all := strings.Join(hook.got(), "\n")
	for _, part := range []string{
		`"timestamp":"1790000003001"`, `"num_edit":"1"`, `"delivery":{"watermark":1790000003001}`, `"is_echo":"true"`,
		`"ai_generated":"true","app_id":"263902037430900","metadata":"{\"source\":\"axon\"}"`, `"sandbox_extra"`, `"standby":[`,
	} {
		if !strings.Contains(all, part) {
			t.Errorf("no %s in %s", part, all)
		}
	}
}

func TestMessengerHandshake(t *testing.T) {
	m, _, hook := startMessenger(t, meta.Config{AckDeadline: time.Second})
	if err := m.Handshake(t.Context()); err != nil {
		t.Error(err)
	}
	app := graph{t, m, m.AppToken()}
	subscribe := func(target, verify string) reply {
		return app.do(http.MethodPost, "/v26.0/"+m.AppID()+"/subscriptions", nil, fmt.Sprintf(
			`{"object":"page","callback_url":%q,"verify_token":%q,"fields":"messages,standby","include_values":true}`, target, verify))
	}
	if r := subscribe(hook.URL, "wrong"); r.code != 2200 || !strings.Contains(r.body, "HTTP Status Code = 403") {
		t.Errorf("wrong token: %s", r.body)
	}
	hook.mu.Lock()
	hook.quote = true
	hook.mu.Unlock()
	if r := subscribe(hook.URL, hook.verify); r.code != 2200 {
		t.Errorf("quoted challenge: %s", r.body)
	}
	hook.mu.Lock()
	hook.quote, hook.verify = false, "another"
	hook.mu.Unlock()
	if r := subscribe(hook.URL, "another"); r.body != `{"success":true}` {
		t.Errorf("%s", r.body)
	}
	if got := m.AppSubscribed(); !slices.Equal(got, []string{"messages", "standby"}) || m.VerifyToken() != "another" {
		t.Errorf("fields %v, token %q", got, m.VerifyToken())
	}
	if r := app.get("/v26.0/" + m.AppID() + "/subscriptions"); !strings.Contains(r.body, `"fields":[{"name":"messages","version":"v26.0"}`) {
		t.Errorf("%s", r.body)
	}
	if r := (graph{t, m, m.PageToken(pageID)}).get("/v26.0/" + m.AppID() + "/subscriptions"); r.code != 15 {
		t.Errorf("page token: %s", r.body)
	}
}
