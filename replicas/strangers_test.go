package replicas_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/app/parts"
	"messenger-bridge/intake"
	"messenger-bridge/replica"
	"messenger-bridge/replicas"
)

// never is for desks that have no answers of their own.
func never(*http.Request) bool { return false }

// leads is a leader of before leaders showed that they are.
func leads(at string) func() replica.Claim {
	return func() replica.Claim { return replica.Claim{Name: "leader", URL: at} }
}

// passing answers as a standby whose leader is at an address.
func passing(leader string, log io.Writer) http.Handler {
	d := replicas.NewDesk("standby", leads(leader), func(string) {}, slog.New(slog.NewTextHandler(log, nil)))
	return d.Handler(http.NotFoundHandler(), http.NotFoundHandler(), never, never)
}

// standbyAt listens as a standby does.
func standbyAt(t *testing.T, leader string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	run := parts.Public(l, passing(leader, io.Discard), intake.NewDoor(1024, func() {}), nil, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	return l.Addr().String()
}

// says sends what no client of net/http would, and returns the answer.
func says(t *testing.T, address, request string) (status int, body string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, request)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// However strangers write an address, a standby asks the leader and nobody else, for a path of the leader's.
func TestStandby_HostileAddresses_NobodyButTheLeaderIsAsked(t *testing.T) {
	t.Parallel()
	leader := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "leader: ", r.RequestURI) }))
	defer leader.Close()
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s: a secret of the inner network", r.Method, r.URL.Path)
	}))
	defer inside.Close()
	standby, other := standbyAt(t, leader.URL), inside.Listener.Addr().String()
	for _, c := range []struct{ line, want string }{
		{"GET http:@" + other + "/token", ""}, // has an opaque part behind the scheme
		{"POST http:@" + other + "/token", ""},
		{"GET http:." + other + "/token", ""},
		{"GET x:" + other + "/token", ""},
		{"GET http:///token", "leader: /token"},
		{"GET http://" + other + "/token?a=b", "leader: /token?a=b"},
		{"GET http://u@" + other + "/token", "leader: /token"},
		{"GET http://" + other, ""},
		{"GET //" + other + "/token", "leader: //" + other + "/token"},
		{"GET /@" + other + "/token", "leader: /@" + other + "/token"},
		{"GET /%40" + other + "/a%2Fb?", "leader: /%40" + other + "/a%2Fb?"},
		{"GET *", ""},
		{"CONNECT " + other, ""},
		{"CONNECT @" + other, ""},
	} {
		status, said := says(t, standby, c.line+" HTTP/1.1\r\nHost: bridge.test\r\nMetadata-Flavor: Google\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		if strings.Contains(said, "a secret of the inner network") || c.want != "" && (status != http.StatusOK || said != c.want) || c.want == "" && status != http.StatusBadRequest {
			t.Errorf("%s: %d %q", c.line, status, said)
		}
	}
}

// The log holds no code of Facebook's login, no state and no ticket, however the leader fails to answer.
func TestStandby_LeaderDoesNotAnswer_LogHoldsNoQuery(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func(http.ResponseWriter){
		"breaks off": func(w http.ResponseWriter) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			c.Close()
		},
		"says nonsense": func(w http.ResponseWriter) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			fmt.Fprint(c, "nonsense\r\n\r\n")
			c.Close()
		},
		"leads astray": func(w http.ResponseWriter) {
			w.Header().Set("Location", "http://[")
			w.WriteHeader(http.StatusFound)
		},
	} {
		leader := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fails(w) }))
		var log bytes.Buffer
		w := httptest.NewRecorder()
		passing(leader.URL, &log).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/oauth/callback?code=AQsecretcode&state=secretstate", nil))
		leader.Close()
		if w.Code != http.StatusBadGateway || !strings.Contains(log.String(), "the leader did not answer") || strings.Contains(log.String(), "secret") {
			t.Errorf("%s: answered %d, logged %s", name, w.Code, &log)
		}
	}
}

// A REPLICA_URL that leads nowhere is logged, once, whoever asks, and counted by itself.
func TestStandby_LeaderIsNotReached_IsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		counted := map[string]int{}
		d := replicas.NewDesk("standby", leads("http://bridge-1.invalid:8080"), func(answer string) { counted[answer]++ }, slog.New(slog.NewTextHandler(&log, nil)))
		d.Reach(func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: errors.New("no route")}
		})
		for range 2 {
			w := httptest.NewRecorder()
			d.PassWebhook(w, httptest.NewRequest(http.MethodPost, "/webhook?code=secret", nil), []byte("body"))
			if w.Code != http.StatusServiceUnavailable {
				t.Errorf("answered %d", w.Code)
			}
		}
		if n := strings.Count(log.String(), "the leader is not reached at its REPLICA_URL"); n != 1 || strings.Contains(log.String(), "secret") || counted["unreached"] != 2 {
			t.Errorf("told %d times, counted %v: %s", n, counted, &log)
		}
	})
}

// Whoever has come to stand at the leader's address is not believed, whatever it answers: a webhook is taken to the leader,
// whichever replica that is by then; a form, which somebody may have carried out, is not sent twice. A leader of before
// leaders showed that they are is believed.
func TestStandby_AnotherProgramAtTheLeadersAddress_IsNotBelieved(t *testing.T) {
	t.Parallel()
	const proof = "proof"
	for what, c := range map[string]struct {
		ask  func(*replicas.Desk, http.ResponseWriter)
		code int
		says string
	}{
		"a webhook": {func(d *replicas.Desk, w http.ResponseWriter) {
			d.PassWebhook(w, httptest.NewRequest(http.MethodPost, "/webhook", nil), []byte("body"))
		}, http.StatusOK, "the leader has the body"},
		"a form": {func(d *replicas.Desk, w http.ResponseWriter) {
			d.Handler(http.NotFoundHandler(), http.NotFoundHandler(), never, never).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/pages/settings", strings.NewReader("body")))
		}, http.StatusBadGateway, "the leading replica did not answer; look whether it was done\n"},
	} {
		for _, proves := range []bool{true, false} {
			seated := replicas.NewDesk("next leader", leads(""), func(string) {}, slog.New(slog.DiscardHandler))
			seated.Proof = proof
			go seated.Sit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				fmt.Fprintf(w, "the leader has the %s", body)
			}), 0)(t.Context())
			leader := httptest.NewServer(seated.Handler(http.NotFoundHandler(), http.NotFoundHandler(), never, never))
			defer leader.Close()
			var now atomic.Pointer[string] // where the journal says that the leader is
			stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				now.Store(&leader.URL)
				w.Header().Set(replicas.Shown, "another proof")
				fmt.Fprint(w, "a stranger has it")
			}))
			defer stranger.Close()
			now.Store(&stranger.URL)
			var log bytes.Buffer
			d := replicas.NewDesk("standby", func() replica.Claim { return replica.Claim{Name: "leader", URL: *now.Load(), Proves: proves} },
				func(string) {}, slog.New(slog.NewTextHandler(&log, nil)))
			d.Proof = proof
			w := httptest.NewRecorder()
			c.ask(d, w)
			code, says := c.code, c.says
			if !proves {
				code, says = http.StatusOK, "a stranger has it"
			}
			if w.Code != code || w.Body.String() != says || w.Header().Get(replicas.Shown) != "" {
				t.Errorf("%s, shown %v: %d %q %v", what, proves, w.Code, w.Body, w.Header())
			}
			if strings.Contains(log.String(), "does not show that it leads") != proves {
				t.Errorf("%s, shown %v: the log is %s", what, proves, &log)
			}
		}
	}
}

// A leader that is slow is not one that is not reached, and neither is one of whose caller nothing is heard any more.
func TestStandby_LeaderIsSlow_IsNotToldToBeUnreached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		counted := map[string]int{}
		d := replicas.NewDesk("standby", leads("http://leader"), func(answer string) { counted[answer]++ }, slog.New(slog.NewTextHandler(&log, nil)))
		d.Reach(func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, theirs) }()
			return ours, nil
		})
		d.PassWebhook(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/webhook", nil), []byte("body"))
		if log.Len() > 0 || counted["unreached"] > 0 || counted["no-leader"] != 1 {
			t.Errorf("counted %v, told %s", counted, &log)
		}
	})
}

// Work that a browser waits for may take as long at a standby as at the leader.
func TestStandby_LeaderTakesLong_ItIsWaitedForWhereThatIsKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := replicas.NewDesk("standby", leads("http://leader"), func(string) {}, slog.New(slog.DiscardHandler))
		over := make(chan struct{})
		defer close(over)
		d.Patience = func(r *http.Request) time.Duration {
			return map[string]time.Duration{"/oauth/pages": 2 * time.Minute}[r.URL.Path]
		}
		d.Reach(func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer theirs.Close()
				if _, err := http.ReadRequest(bufio.NewReader(theirs)); err != nil {
					return
				}
				select {
				case <-over:
				case <-time.After(time.Minute):
					fmt.Fprint(theirs, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")
				}
			}()
			return ours, nil
		})
		h := d.Handler(http.NotFoundHandler(), http.NotFoundHandler(), never, never)
		for place, want := range map[string]int{"/oauth/pages": http.StatusOK, "/avatars/1": http.StatusBadGateway} {
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, place, nil)); w.Code != want {
				t.Errorf("%s: %d %s", place, w.Code, w.Body)
			}
		}
	})
}

// manySockets are more than places to ask the leader.
const manySockets = 100

// trickle is a body that says when it is waited for, and never comes.
type trickle struct {
	awaited func()
	stop    <-chan struct{}
}

func (t trickle) Read([]byte) (int, error) {
	t.awaited()
	<-t.stop
	return 0, io.ErrUnexpectedEOF
}

// deaf is a client that asks, says when it is answered, and does not read.
type deaf struct {
	*httptest.ResponseRecorder
	answered func()
	stop     <-chan struct{}
}

func (d deaf) Write([]byte) (int, error) {
	d.answered()
	<-d.stop
	return 0, io.ErrClosedPipe
}

// Strangers whose bodies do not come, or who do not read what they are answered, shut nobody out at a standby.
func TestStandby_ManyWhoDawdle_OthersAreAnswered(t *testing.T) {
	t.Parallel()
	leader := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "the form") }))
	defer leader.Close()
	for name, dawdle := range map[string]func(d http.Handler, reached func(), stop <-chan struct{}){
		"with what they send": func(d http.Handler, reached func(), stop <-chan struct{}) {
			r := httptest.NewRequest(http.MethodPost, "/x", trickle{reached, stop})
			r.ContentLength = 10
			d.ServeHTTP(httptest.NewRecorder(), r)
		},
		"with what they read": func(d http.Handler, reached func(), stop <-chan struct{}) {
			d.ServeHTTP(deaf{httptest.NewRecorder(), reached, stop}, httptest.NewRequest(http.MethodGet, "/x", nil))
		},
	} {
		d, stop, reached := passing(leader.URL, io.Discard), make(chan struct{}), make(chan struct{}, manySockets)
		var all sync.WaitGroup
		for range manySockets {
			all.Go(func() {
				once := sync.OnceFunc(func() { reached <- struct{}{} })
				dawdle(d, once, stop)
				once() // it was sent away
			})
		}
		for range manySockets {
			<-reached
		}
		w := httptest.NewRecorder()
		d.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/pages/settings?ticket=good", nil))
		if w.Code != http.StatusOK || w.Body.String() != "the form" {
			t.Errorf("%s: an administrator is answered %d %q", name, w.Code, w.Body)
		}
		close(stop)
		all.Wait()
	}
}

// What a standby reads for others is bounded, and each refusal says why.
func TestStandby_Bodies_AreReadWithinBounds(t *testing.T) {
	t.Parallel()
	leader := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
	}))
	defer leader.Close()
	standby := standbyAt(t, leader.URL)
	for length, want := range map[int]string{1: "200 1", 9 << 10: "200 9216", 1 << 20: "200 1048576", 1<<20 + 1: "413"} {
		status, said := says(t, standby, fmt.Sprintf("POST /x HTTP/1.1\r\nHost: bridge.test\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", length, strings.Repeat("x", length)))
		if got := fmt.Sprint(status, " ", said); !strings.HasPrefix(got, want) {
			t.Errorf("%d bytes: %s", length, got)
		}
	}
	if status, said := says(t, standby, "POST /x HTTP/1.1\r\nHost: bridge.test\r\nContent-Length: 10\r\n\r\n1"); status != http.StatusRequestTimeout {
		t.Errorf("a body that does not come: %d %s", status, said)
	}
}

// While no place is free to ask the leader, who has just come waits, and is answered.
func TestStandby_LeaderIsSlow_OthersWaitForAPlace(t *testing.T) {
	t.Parallel()
	finish, asked := make(chan struct{}), make(chan struct{}, manySockets)
	leader := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-finish
	}))
	defer leader.Close()
	d := passing(leader.URL, io.Discard)
	codes := make(chan int, 65)
	ask := func() {
		w := httptest.NewRecorder()
		d.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/x", nil))
		codes <- w.Code
	}
	for range 64 {
		go ask()
	}
	for range 64 {
		<-asked
	}
	go ask()
	close(finish)
	for range 65 {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("answered %d", code)
		}
	}
}

// A replica without a file leaves a journal that is empty to one that has the file of a single bridge, for as long as the
// decision says.
func TestMember_WithoutAFile_WaitsBeforeItIsTheFirst(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	const silence = time.Second
	began := time.Now()
	a := g.startWith("a", g.path(), func(c *replicas.Config) { c.Journal.TakeoverAfter = silence })
	<-a.leads
	if waited := time.Since(began); waited < 3*silence {
		t.Errorf("it was the first after %s", waited)
	}
}
