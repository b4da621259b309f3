package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

func TestWorkspace_AwayOrFailing_WebhooksAreAnsweredAndEverythingArrives(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func(w *world) (over func()){
		"down": func(w *world) func() {
			w.rc.Down()
			return func() {
				if err := w.rc.Up(); err != nil {
					w.Fatal(err)
				}
			}
		},
		"hanging": func(w *world) func() {
			w.rc.Hang(true)
			return func() { w.rc.Hang(false) }
		},
		"500 before": func(w *world) func() {
			return w.rc.Inject(chat.Fault{Route: "POST livechat/message", Status: 500})
		},
		"500 after": func(w *world) func() {
			return w.rc.Inject(chat.Fault{Route: "POST livechat/message", Status: 500, Effect: true})
		},
		"cut after": func(w *world) func() {
			return w.rc.Inject(chat.Fault{Route: "POST livechat/message", Cut: true, Effect: true})
		},
		"room opened but not told": func(w *world) func() {
			return w.rc.Inject(chat.Fault{Route: "GET livechat/room", Cut: true, Effect: true})
		},
		"visitor made but not told": func(w *world) func() {
			return w.rc.Inject(chat.Fault{Route: "POST livechat/visitor", Status: 502, Effect: true})
		},
	} {
		for profile, version := range map[string]chat.Profile{"8.x": chat.V8, "7.x": chat.V7} {
			t.Run(name+" "+profile, func(t *testing.T) {
				w := newWorld(t, chat.Config{Profile: version, LimiterOff: true})
				w.cfg.Times.RestTimeout = time.Minute // a webhook that waited for the workspace would take as long
				w.run()
				over := trouble(w)
				for i := range 10 {
					w.meta.CustomerWrites(page, anna, fmt.Sprintf("hello %d", i))
					w.meta.CustomerWrites(page, ben, fmt.Sprintf("moin %d", i))
				}
				flush(t, w)
				for _, a := range w.meta.WebhookAnswers() {
					if a.Status != 200 || a.Took > metaWaits {
						t.Errorf("a webhook was answered %d after %v", a.Status, a.Took)
					}
				}
				over()
				w.eventually("everything is shown", func() bool { return len(w.texts()) >= 20 })
				w.settled()
				inOrder(t, "anna", w.textsOf("hello"), 10)
				inOrder(t, "ben", w.textsOf("moin"), 10)
				if len(w.rc.Rooms()) != 2 || len(w.rc.Visitors()) != 2 {
					t.Errorf("%d rooms, %d visitors", len(w.rc.Rooms()), len(w.rc.Visitors()))
				}
			})
		}
	}
}

func TestStream_WrittenWhileItWasAway_ArrivesBeforeWhatIsNewer(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(w *world) (back func()){
		"dropped":   func(w *world) func() { w.rc.DropSockets(); return func() {} },
		"closed":    func(w *world) func() { w.rc.DropSocketsWith(1013); return func() {} },
		"half open": func(w *world) func() { w.rc.MuteSockets(true); return func() {} },
		"restarted": func(w *world) func() {
			w.rc.Down()
			return func() {
				if err := w.rc.Up(); err != nil {
					w.Fatal(err)
				}
			}
		},
		"token revoked": func(w *world) func() { w.rc.RevokeToken("bridge.bot"); return func() {} },
		"bridge stopped": func(w *world) func() {
			w.halt()
			return func() { w.start() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, bypassed)
			w.cfg.Times.Silence, w.cfg.Times.PingEvery = 400*time.Millisecond, 100*time.Millisecond
			w.run()
			w.meta.CustomerWrites(page, anna, "hi")
			rid := w.room()
			w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
			w.agent.Says(rid, "answer 0")
			w.eventually("the answer arrives", func() bool { return len(w.received(anna)) == 1 })
			back := lose(w)
			for i := 1; i < 10; i++ {
				w.agent.Says(rid, fmt.Sprintf("answer %d", i))
			}
			back()
			w.eventually("the stream is back", func() bool { return w.rc.Subscribed() > 0 })
			for i := 10; i < 20; i++ {
				w.agent.Says(rid, fmt.Sprintf("answer %d", i))
			}
			w.eventually("all answers arrive", func() bool { return len(w.received(anna)) >= 20 })
			w.settled()
			inOrder(t, "the customer", w.received(anna), 20)
		})
	}
}

func TestStream_SilentLoss_IsFoundByLooking(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.LookEvery = 100 * time.Millisecond
	w.run()
	w.meta.CustomerWrites(page, anna, "hi")
	rid := w.room()
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	w.rc.LoseEvents(1)
	w.agent.Says(rid, "nobody streams this")
	w.eventually("the customer reads it all the same", func() bool { return slices.Contains(w.received(anna), "nobody streams this") })
}

func TestStream_EventsTwiceAndShuffled_CustomerHasThemOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.rc.RepeatEvents(true)
	w.run()
	w.meta.CustomerWrites(page, anna, "hi")
	rid := w.room()
	for i := range 20 {
		w.agent.Says(rid, fmt.Sprintf("answer %d", i))
	}
	w.eventually("all arrive", func() bool { return len(w.received(anna)) >= 20 })
	w.settled()
	inOrder(t, "the customer", w.received(anna), 20)
}

func TestLogin_Refused_BridgeRunsAndTriesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.rc.SetPassword("bridge.bot", "another")
	w.start()
	w.meta.CustomerWrites(page, anna, "hi")
	flush(t, w) // webhooks are taken all the same
	w.eventually("the status says what is wrong", func() bool {
		return strings.Contains(w.get("http://"+w.at.Metrics+"/status"), `"refused": true`)
	})
	if ready := w.get("http://" + w.at.Public + "/readyz"); ready != "ready\n" {
		t.Errorf("/readyz says %q", ready)
	}
	w.rc.SetPassword("bridge.bot", "secret")
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
}

func TestLimits_OldWorkspace_EverythingArrivesWithFewRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, chat.Config{Profile: chat.V7, Window: 300 * time.Millisecond})
	w.cfg.Times.LookEvery = time.Hour
	w.run()
	const customers, each = 8, 4
	for i := range each {
		for c := range customers {
			w.meta.CustomerWrites(page, fmt.Sprint(9000+c), fmt.Sprintf("c%d %d", c, i))
		}
	}
	w.eventually("everything is shown", func() bool { return len(w.texts()) >= customers*each })
	w.settled()
	for c := range customers {
		inOrder(t, "agents", w.textsOf(fmt.Sprintf("c%d", c)), each)
	}
	refused, all := 0, 0
	for _, call := range w.rc.Calls() {
		all++
		if call.Limited {
			refused++
		}
	}
	t.Logf("%d of %d calls refused by the limiter", refused, all)
	if refused > all/10 {
		t.Errorf("%d of %d calls refused by the limiter", refused, all)
	}
}

func TestWebhook_HostileBodies_HaveNoEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	event := w.meta.TextEvent(page, anna, "m_evil", "evil", time.Now())
	body := w.meta.Body(event)
	for name, c := range map[string]struct {
		body []byte
		opts meta.PostOptions
		want int
	}{
		"unsigned":     {body, meta.PostOptions{NoSignature: true}, 401},
		"wrong secret": {body, meta.PostOptions{Secret: "ffffffffffffffffffffffffffffffff"}, 401},
		"sha1 only":    {body, meta.PostOptions{SHA1Only: true}, 401},
		"truncated":    {body, meta.PostOptions{CutBytes: 10}, 401},
		"no hex":       {body, meta.PostOptions{Signature: "sha256=" + strings.Repeat("z", 64)}, 401},
		"short":        {body, meta.PostOptions{Signature: "sha256=00"}, 401},
		"too large":    {bytes.Repeat([]byte(" "), 48<<20), meta.PostOptions{}, 413},
		"no JSON":      {[]byte("{{{{"), meta.PostOptions{}, 200},
		"deep JSON":    {bytes.Repeat([]byte("["), 100_000), meta.PostOptions{}, 200},
		"other object": {[]byte(`{"object":"instagram","entry":[{"id":"1","messaging":[{}]}]}`), meta.PostOptions{}, 200},
		"nulls":        {[]byte(`{"object":"page","entry":[null,{"id":null,"messaging":[null,{"message":null}],"changes":[null]}]}`), meta.PostOptions{}, 200},
	} {
		status, err := w.meta.Post(t.Context(), c.body, c.opts)
		if status != c.want && !(c.want == 413 && err != nil) { // the connection may be cut before all is sent
			t.Errorf("%s: answered %d, %v", name, status, err)
		}
	}
	w.meta.CustomerWrites(page, anna, "good")
	w.eventually("the bridge still works", func() bool { return len(w.texts()) == 1 })
	if got := w.texts(); got[0] != "good" {
		t.Errorf("agents read %q", got)
	}
}

func TestWebhook_HugeBodies_DoNotCostTheirSize(t *testing.T) {
	w := newWorld(t, bypassed)
	w.run()
	huge := bytes.Repeat([]byte(" "), 48<<20)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 5 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+w.at.Public+"/webhook", struct{ *bytes.Reader }{bytes.NewReader(huge)})
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Hub-Signature-256", "sha256="+strings.Repeat("0", 64)) // chunked: no length to refuse by
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
		}
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > int64(5*len(huge)/2) { // what else runs here allocates, too
		t.Errorf("5 bodies of 48 MiB allocated %d MiB", grown>>20)
	}
}

func TestWebhook_Handshake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.start()
	if err := w.meta.Handshake(t.Context()); err != nil {
		t.Error(err)
	}
	if got := w.get("http://" + w.at.Public + "/webhook?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=42"); strings.Contains(got, "42") {
		t.Errorf("a stranger is answered %q", got)
	}
}

func TestStore_NothingReadableIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "the-customers-secret-text")
	rid := w.room()
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	w.agent.Says(rid, "the-agents-secret-text")
	w.eventually("the answer arrives", func() bool { return len(w.received(anna)) == 1 })
	w.meta.OnSend(func(meta.SendCall) *meta.SendOutcome { return meta.WindowClosed() })
	id := w.agent.Says(rid, "another-secret-text")
	w.eventually("the agent is told", func() bool { return len(w.notices(rid, id)) == 1 })
	w.rc.Down()
	w.meta.CustomerWrites(page, anna, "a-waiting-secret-text")
	flush(t, w)
	log, err := os.ReadFile(w.cfg.Store.Database + ".wal")
	if err != nil {
		t.Fatal(err)
	}
	w.halt()
	file, err := os.ReadFile(w.cfg.Store.Database)
	if err != nil {
		t.Fatal(err)
	}
	file = append(file, log...)
	visitor := w.rc.Visitors()[0].Token
	for _, secret := range []string{"secret-text", w.token, visitor, "secret"} {
		if bytes.Contains(file, []byte(secret)) {
			t.Errorf("the store's file shows %q", secret)
		}
	}
	if strings.Contains(w.log.String(), "secret-text") {
		t.Error("the log shows a text")
	}
}
