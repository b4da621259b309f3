package meta_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/meta"
)

func TestMessengerSend_ReachesCustomerAndEchoes(t *testing.T) {
	m, g, hook := startMessenger(t, meta.Config{})
	r := g.send("Hello, Anna here")
	if r.status != 200 || r.json["recipient_id"] != customer || !strings.HasPrefix(r.json["message_id"].(string), "m_") {
		t.Fatalf("answer %d %s", r.status, r.body)
	}
	if r.header.Get("facebook-api-version") != "v26.0" {
		t.Errorf("version %q", r.header.Get("facebook-api-version"))
	}
	flush(t, m)
	wantSees(t, m, "Hello, Anna here")
	got := hook.got()
	if len(got) != 1 || !strings.Contains(got[0], `"is_echo":true,"app_id":900800700600500,"metadata":"token 16","text":"Hello, Anna here"`) ||
		!strings.Contains(got[0], r.json["message_id"].(string)) {
		t.Errorf("echo %q", got)
	}
	noProblems(t, m)
}

func TestMessengerSend_FormBody(t *testing.T) {
	m, g, _ := startMessenger(t, meta.Config{})
	form := url.Values{
		"access_token": {g.token}, "appsecret_proof": {m.Proof(g.token)}, "messaging_type": {"RESPONSE"},
		"recipient": {`{"id":"` + customer + `"}`}, "message": {`{"text":"by form"}`},
	}
	r := readReply(http.PostForm(m.URL()+"/v26.0/me/messages", form))
	if r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	wantSees(t, m, "by form")
	noProblems(t, m)
}

func TestMessengerSend_Refusals(t *testing.T) {
	long := strings.Repeat("x", 1999)
	body := func(text, more string) string {
		return `{"recipient":{"id":"` + customer + `"},"messaging_type":"RESPONSE","message":{"text":"` + text + `"}` + more + `}`
	}
	tests := []struct {
		name      string
		body      string
		prepare   func(*meta.Messenger)
		status    int
		code, sub int
	}{
		{"2000 characters", body(long+"x", ""), nil, 200, 0, 0},
		{"2001 units", body(long+"😀", ""), nil, 400, 100, 0},
		{"2001 units counted as code points", body(long+"😀", ""), func(m *meta.Messenger) {
			m.Tweak(func(q *meta.Quirks) { q.TextUnit = meta.CodePoints })
		}, 200, 0, 0},
		{"bytes", body(long+"é", ""), func(m *meta.Messenger) {
			m.Tweak(func(q *meta.Quirks) { q.TextUnit = meta.Bytes })
		}, 400, 100, 0},
		{"blank", body("  ", ""), nil, 400, 100, 2018034},
		{"no recipient", `{"message":{"text":"x"}}`, nil, 400, 100, 0},
		{"unknown customer", `{"recipient":{"id":"1"},"message":{"text":"x"}}`, nil, 400, 100, 2018001},
		{"message and state", body("x", `,"sender_action":"typing_on"`), nil, 400, 100, 2018014},
		{"neither", `{"recipient":{"id":"` + customer + `"}}`, nil, 400, 100, 2018015},
		{"no messaging_type", `{"recipient":{"id":"` + customer + `"},"message":{"text":"x"}}`, nil, 200, 0, 0},
		{"no messaging_type, strict", `{"recipient":{"id":"` + customer + `"},"message":{"text":"x"}}`, func(m *meta.Messenger) {
			m.Tweak(func(q *meta.Quirks) { q.RequireMessagingType = true })
		}, 400, 100, 0},
		{"reply_to unknown", body("x", `,"reply_to":{"mid":"m_none"}`), nil, 500, -1, 2018012},
		{"blocked", body("x", ""), func(m *meta.Messenger) { m.BlockCustomer(pageID, customer, true) }, 400, 551, 1545041},
		{"blocked, code 2", body("x", ""), func(m *meta.Messenger) {
			m.BlockCustomer(pageID, customer, true)
			m.Tweak(func(q *meta.Quirks) { q.BlockedCode = 2 })
		}, 500, 2, 0},
		{"no permission", body("x", ""), func(m *meta.Messenger) { m.Grant(pageID, "pages_messaging", false) }, 400, 10, 0},
		{"not JSON", `{"recipient":`, nil, 400, 100, 0},
		{"localised", body(" ", ""), func(m *meta.Messenger) { m.Tweak(func(q *meta.Quirks) { q.Localised = true }) }, 400, 100, 2018034},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, g, _ := startMessenger(t, meta.Config{})
			if tt.prepare != nil {
				tt.prepare(m)
			}
			r := g.post(tt.body)
			if r.status != tt.status || r.code != tt.code || r.sub != tt.sub {
				t.Errorf("got %d %d/%d, want %d %d/%d: %s", r.status, r.code, r.sub, tt.status, tt.code, tt.sub, r.body)
			}
			if delivered := len(sees(m)) == 1; delivered != (tt.status == 200) {
				t.Errorf("delivered: %v", delivered)
			}
		})
	}
}

func TestMessengerSend_ErrorShape(t *testing.T) {
	m, g, _ := startMessenger(t, meta.Config{})
	m.CloseWindow(pageID, customer)
	r := g.send("too late")
	const want = `{"error":{"message":"(#10) This message is sent outside of allowed window. Learn more about the new policy here: https:\/\/developers.facebook.com\/docs\/messenger-platform\/policy-overview","type":"OAuthException","code":10,"error_subcode":2018278,"fbtrace_id":"A`
	if r.status != 400 || !strings.HasPrefix(r.body, want) {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestMessengerSend_Window(t *testing.T) {
	tagged := `{"recipient":{"id":"` + customer + `"},"messaging_type":"MESSAGE_TAG","tag":"HUMAN_AGENT","message":{"text":"x"}}`
	dead := strings.Replace(tagged, "HUMAN_AGENT", "ACCOUNT_UPDATE", 1)
	plain := `{"recipient":{"id":"` + customer + `"},"messaging_type":"RESPONSE","message":{"text":"x"}}`
	hour := time.Hour
	tests := []struct {
		name     string
		after    time.Duration
		approved bool
		body     string
		event    func(*meta.Messenger, time.Time) meta.Event
		code     int
		sub      int
	}{
		{"inside", 24*hour - time.Second, false, plain, nil, 0, 0},
		{"outside", 24*hour + time.Second, false, plain, nil, 10, 2018278},
		{"human tag not approved, even inside", hour, false, tagged, nil, 100, 2018276},
		{"human tag", 7*24*hour - time.Second, true, tagged, nil, 0, 0},
		{"human tag too late", 7*24*hour + time.Second, true, tagged, nil, 10, 2018278},
		{"dead tag", hour, true, dead, nil, 100, 1893061},
		{"reaction opens", 48 * hour, false, plain, func(m *meta.Messenger, at time.Time) meta.Event {
			return m.ReactionEvent(pageID, customer, "m_x", "love", "❤️", at)
		}, 0, 0},
		{"postback opens", 48 * hour, false, plain, func(m *meta.Messenger, at time.Time) meta.Event {
			return m.PostbackEvent(pageID, customer, "m_x", "Start", "GET_STARTED", at)
		}, 0, 0},
		{"read does not open", 48 * hour, false, plain, func(m *meta.Messenger, at time.Time) meta.Event {
			return m.ReadEvent(pageID, customer, at, at)
		}, 10, 2018278},
		{"inbox does not open", 48 * hour, false, plain, func(m *meta.Messenger, at time.Time) meta.Event {
			return m.EchoEvent(pageID, customer, "m_x", "x", meta.InboxAppID, "", at)
		}, 10, 2018278},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clock := newMetaClock()
			m, g, _ := startMessenger(t, meta.Config{Now: clock.now})
			m.ApproveHumanAgent(tt.approved)
			clock.add(tt.after)
			if tt.event != nil {
				m.Send(tt.event(m, clock.now()))
			}
			if r := g.post(tt.body); r.code != tt.code || r.sub != tt.sub {
				t.Errorf("got %d/%d, want %d/%d", r.code, r.sub, tt.code, tt.sub)
			}
		})
	}
}

func TestMessengerSend_Outcomes(t *testing.T) {
	tests := []struct {
		name      string
		outcome   *meta.SendOutcome
		delivered bool
		status    int // 0 = no answer
		code, sub int
	}{
		{"delivered", meta.Delivered(), true, 200, 0, 0},
		{"delivered, cut", meta.DeliveredThenCut(), true, 0, 0, 0},
		{"cut", meta.CutBefore(), false, 0, 0, 0},
		{"500 delivered", meta.Status500(true), true, 500, 2, 0},
		{"500", meta.Status500(false), false, 500, 2, 0},
		{"502 delivered", meta.HTML502(true), true, 502, 0, 0},
		{"empty", meta.EmptyBody(true, 200), true, 200, 0, 0},
		{"1 delivered", meta.Unknown1(true), true, 500, 1, 0},
		{"1357046", meta.InvalidReply1357046(), true, 500, 1, 1357046},
		{"1200", meta.Temporary1200(false), false, 400, 1200, 0},
		{"613", meta.Throttled613(), false, 400, 613, 0},
		{"window", meta.WindowClosed(), false, 400, 10, 2018278},
		{"blocked", meta.Blocked551(), false, 400, 551, 1545041},
		{"dead token", meta.DeadToken(463), false, 400, 190, 463},
		{"accepted only", meta.AcceptedOnly(), false, 200, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, g, hook := startMessenger(t, meta.Config{})
			m.NextSends(tt.outcome)
			r := g.send("once")
			if r.status != tt.status || r.code != tt.code || r.sub != tt.sub || (tt.status == 0) != (r.err != nil) {
				t.Errorf("got %d %d/%d %v: %s", r.status, r.code, r.sub, r.err, r.body)
			}
			flush(t, m)
			if got := len(sees(m)) == 1; got != tt.delivered {
				t.Errorf("delivered: %v", got)
			}
			if got := len(hook.got()) == 1; got != tt.delivered {
				t.Errorf("echoed: %v", got)
			}
			if r := g.send("twice"); r.status != 200 {
				t.Errorf("the next send: %d %s %v", r.status, r.body, r.err)
			}
		})
	}
}

func TestMessengerSend_EchoModes(t *testing.T) {
	tests := []struct {
		name   string
		mode   meta.EchoMode
		before int // echoes received when the answer arrives
		total  int
		marker string
	}{
		{"before", meta.EchoBefore, 1, 1, `"messaging":`},
		{"after", meta.EchoAfter, -1, 1, `"messaging":`},
		{"twice", meta.EchoTwice, -1, 2, `"messaging":`},
		{"never", meta.EchoNever, 0, 0, ""},
		{"standby", meta.EchoStandby, -1, 1, `"standby":`},
		{"late", meta.EchoLate(time.Millisecond), -1, 1, `"messaging":`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, g, hook := startMessenger(t, meta.Config{})
			m.Echoes(tt.mode)
			if r := g.send("x"); r.status != 200 {
				t.Fatal(r.body)
			}
			if n := len(hook.got()); tt.before >= 0 && n != tt.before {
				t.Errorf("%d echoes before the answer", n)
			}
			if err := m.Until(t.Context(), func() bool { return m.Acked() == tt.total }); err != nil {
				t.Fatal(err)
			}
			flush(t, m)
			got := hook.got()
			if len(got) != tt.total {
				t.Fatalf("%d echoes", len(got))
			}
			for _, body := range got {
				if !strings.Contains(body, tt.marker) {
					t.Errorf("echo %s", body)
				}
			}
		})
	}
}

func TestMessengerSend_OverlapIsNoticed(t *testing.T) {
	m, g, _ := startMessenger(t, meta.Config{})
	inside, release := make(chan struct{}), make(chan struct{})
	m.OnSend(func(call meta.SendCall) *meta.SendOutcome {
		if call.Number == 1 {
			close(inside)
			<-release
		}
		return nil
	})
	done := make(chan reply)
	go func() { done <- g.send("first") }()
	<-inside
	g.send("second")
	close(release)
	<-done
	if calls := m.Calls(); calls[0].Overlapped || !calls[1].Overlapped || len(m.Problems()) != 1 {
		t.Errorf("calls %+v, problems %q", calls, m.Problems())
	}
	wantSees(t, m, "second", "first")
}

func TestMessengerSend_UserRefHasNoRecipient(t *testing.T) {
	m, g, _ := startMessenger(t, meta.Config{})
	m.AddUserRef(pageID, "ref-1")
	r := g.post(`{"recipient":{"user_ref":"ref-1"},"messaging_type":"UPDATE","message":{"text":"x"}}`)
	if _, there := r.json["recipient_id"]; r.status != 200 || there {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestMessengerSend_Action(t *testing.T) {
	m, g, _ := startMessenger(t, meta.Config{})
	r := g.post(`{"recipient":{"id":"` + customer + `"},"sender_action":"TYPING_ON"}`)
	if r.status != 200 || r.body != `{"recipient_id":"`+customer+`"}` {
		t.Errorf("%d %s", r.status, r.body)
	}
	if got := m.Actions(pageID, customer); len(got) != 1 || got[0] != "typing_on" {
		t.Errorf("actions %q", got)
	}
}
