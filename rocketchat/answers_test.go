package rocketchat

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/wire"
)

// answering is a client, logged in, of a server that answers as the test says.
func answering(t *testing.T, now func() time.Time, answer http.HandlerFunc) *Workspace {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	c := New(ClientConfig{URL: server.URL, Now: now, Log: slog.New(slog.DiscardHandler)})
	c.LoggedIn("bot", "the-token")
	return c
}

func TestClient_SuccessThatTellsNothing_IsNotBelieved(t *testing.T) {
	for _, body := range []string{`{"status":"maintenance"}`, `{}`, `{"success":true}`, `{"message":"ok","room":5,"visitor":null}`} {
		c := answering(t, nil, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		_, registered := c.Register(t.Context(), "v", "name", "")
		_, opened := c.OpenRoom(t.Context(), "v")
		_, posted := c.Post(t.Context(), "v", "room", bridge.Post{ID: "id", Text: "text"})
		_, has := c.Has(t.Context(), "v", "room", "id")
		_, direct := c.directRoom(t.Context(), bridge.Author{Username: "ana"})
		for what, err := range map[string]error{"register": registered, "open": opened, "post": posted, "has": has, "direct room": direct} {
			if r := bridge.RefusalOf(err); err == nil || r.Verdict != bridge.Unknown || r.Reason != bridge.WorkspaceError {
				t.Errorf("%s: %s counts as done: %v", body, what, err)
			}
		}
	}
	c := answering(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"success":true,"message":{"_id":"id"},"visitor":{"_id":"x"}}`)
	})
	if room, err := c.Post(t.Context(), "v", "room", bridge.Post{ID: "id", Text: "text"}); room != "room" || err != nil {
		t.Errorf("posted into %q, %v", room, err)
	}
	if token, err := c.Register(t.Context(), "v", "name", ""); token != "v" || err != nil {
		t.Errorf("registered as %q, %v", token.Reveal(), err)
	}
}

func TestClient_Redirect_IsRefusedAndTheTokenStaysHere(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("another host got %s %s with token %q", r.Method, r.URL, r.Header.Get("X-Auth-Token"))
	}))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := answering(t, nil, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+"/?token=secret-token", status)
		})
		_, err := c.Post(t.Context(), "v", "room", bridge.Post{ID: "id", Text: "text"})
		r := bridge.RefusalOf(err)
		if err == nil || r.Verdict != bridge.Again || r.Reason != bridge.WorkspaceError {
			t.Fatalf("%d: %v", status, err)
		}
		if text := err.Error(); !strings.Contains(text, "ROCKETCHAT_URL") || !strings.Contains(text, "http://localhost:") || strings.Contains(text, "secret") {
			t.Errorf("the operator reads %q", text)
		}
	}
}

func TestClient_ReasonsOfRefusals(t *testing.T) {
	for code, want := range map[string]bridge.Reason{
		"message-length-exceeds-character-limit": bridge.TooLong, "error-invalid-department": bridge.DepartmentGone,
	} {
		for _, body := range []string{`{"success":false,"error":"` + code + `"}`, `{"success":false,"error":"Sorry [` + code + `]","errorType":"` + code + `"}`} {
			r := bridge.RefusalOf(verdict(call{}, 400, []byte(body)))
			if r.Reason != want || r.Verdict != bridge.Again {
				t.Errorf("%s: %v", body, r)
			}
		}
	}
}

func TestLimits_ClocksDiffer_WindowEndsByTheirs(t *testing.T) {
	for _, skew := range []time.Duration{0, 2 * time.Minute, -10 * time.Minute} {
		ours := func() time.Time { return time.Now().Add(skew) }
		c := answering(t, ours, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-RateLimit-Limit", "10")
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(30*time.Second).UnixMilli(), 10))
			w.WriteHeader(http.StatusTooManyRequests)
		})
		for range 2 { // refused by them, then held back by us
			r := bridge.RefusalOf(c.do(t.Context(), call{method: http.MethodGet, route: "/x"}))
			if r.Reason != bridge.RateLimited || r.After < 28*time.Second || r.After > 32*time.Second {
				t.Errorf("clock off by %v: %v, wait %v", skew, r.Reason, r.After)
			}
		}
	}
}

func TestClient_ClockToTheSecond_KeepsWhatIsKnown(t *testing.T) {
	c := New(ClientConfig{})
	learn := func(behind time.Duration) time.Duration {
		c.learnTime(http.Header{"Date": {time.Now().Add(behind).UTC().Format(http.TimeFormat)}}, 0)
		return time.Until(c.ServerTime()).Round(50 * time.Millisecond)
	}
	if got := learn(0); got != 0 {
		t.Errorf("clocks that agree differ by %v", got)
	}
	if got := learn(time.Hour); (got - time.Hour).Abs() > time.Second {
		t.Errorf("an hour ahead is %v", got)
	}
	if got := learn(0); got.Abs() > time.Second {
		t.Errorf("after a jump they differ by %v", got)
	}
}

func TestClient_OurClockIsSet_TheWorkspacesGoesOn(t *testing.T) {
	var wrong time.Duration
	c := New(ClientConfig{Now: func() time.Time { return time.Now().Add(wrong) }})
	written := time.Now().UTC()
	c.learnTime(http.Header{"Date": {written.Format(http.TimeFormat)}}, 0)
	for _, wrong = range []time.Duration{time.Hour, -48 * time.Hour} {
		if got := time.Until(c.ServerTime()); got.Abs() > 2*time.Second {
			t.Errorf("our clock wrong by %v, the workspace's by %v", wrong, got)
		}
		if got := c.OurTime(written).Sub(written) - wrong; got.Abs() > 2*time.Second {
			t.Errorf("our clock wrong by %v: what was written now counts as %v wrong", wrong, got)
		}
	}
}

func TestList_OneIsTakenOutMeanwhile_NoneIsSkipped(t *testing.T) {
	var users []string
	for i := range 230 {
		users = append(users, fmt.Sprintf("u%03d", i))
	}
	c := answering(t, nil, func(w http.ResponseWriter, r *http.Request) {
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		out := []map[string]any{}
		for _, u := range users[min(offset, len(users)):min(len(users), offset+100)] {
			out = append(out, map[string]any{"_id": u})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "users": out, "total": len(users)})
		if len(users) == 230 {
			users = users[1:]
		}
	})
	all, err := list[wire.User](t.Context(), c.Client, "/livechat/users/manager", nil, "users")
	if err != nil || len(all) != 230 {
		t.Errorf("%d users, %v", len(all), err)
	}
}

// TestSince_WrittenInTheSameMillisecond_StaysInOrder: Rocket.Chat lists what has changed
// newest first, and whoever sorts by time then keeps what is equal as it came.
func TestSince_WrittenInTheSameMillisecond_StaysInOrder(t *testing.T) {
	c := answering(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"success":true,"result":{"updated":[{"_id":"second","ts":"2026-05-04T12:00:00.001Z"},{"_id":"first","ts":"2026-05-04T12:00:00.001Z"}],"deleted":[]}}`)
	})
	got, err := c.Since(t.Context(), "room", time.Unix(0, 0))
	if err != nil || len(got) != 2 || got[0].ID != "first" {
		t.Errorf("it is read as %+v, %v", got, err)
	}
}

// Nothing is done in the workspace by a replica that no longer leads: another one does it.
func TestClient_NotLeading_CallsNothing(t *testing.T) {
	calls, leads := 0, true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		fmt.Fprint(w, `{"success":true,"message":{"_id":"id"},"visitor":{"_id":"x"}}`)
	}))
	defer server.Close()
	c := New(ClientConfig{URL: server.URL, Leads: func() bool { return leads }, Log: slog.New(slog.DiscardHandler)})
	c.LoggedIn("bot", "the-token")
	if _, err := c.Post(t.Context(), "v", "room", bridge.Post{ID: "id", Text: "text"}); err != nil || calls != 1 {
		t.Fatalf("%d calls, %v", calls, err)
	}
	leads = false
	_, posted := c.Post(t.Context(), "v", "room", bridge.Post{ID: "id", Text: "text"})
	_, opened := c.OpenRoom(t.Context(), "v")
	for what, err := range map[string]error{"posted": posted, "opened a room": opened} {
		if r := bridge.RefusalOf(err); err == nil || r.Verdict != bridge.Again || r.Gate != "" {
			t.Errorf("a replica that does not lead %s: %v", what, err)
		}
	}
	if calls != 1 {
		t.Errorf("%d calls were made", calls)
	}
}

// TestTakenBack_OnlyWhatIsSaidToBeDeleted_Is: an answer that is not sent for nothing is lost, and nobody is told.
func TestTakenBack_OnlyWhatIsSaidToBeDeleted_Is(t *testing.T) {
	for name, said := range map[string]struct {
		status int
		body   string
		want   bool
	}{
		"hidden":                {200, `{"success":true,"message":{"_id":"id","_hidden":true,"u":{"_id":"bo"}}}`, true},
		"deleted":               {200, `{"success":true,"message":{"_id":"id","t":"rm","u":{"_id":"bo"}}}`, true},
		"there":                 {200, `{"success":true,"message":{"_id":"id","msg":"Hello","u":{"_id":"bo"}}}`, false},
		"not found":             {400, `{"success":false}`, false},
		"the database is away":  {400, `{"success":false,"error":"Server selection timed out after 30000 ms"}`, false},
		"a gateway's":           {400, `{"message":"Bad Request"}`, false},
		"where the bot may not": {400, `{"success":false,"error":"error-not-allowed"}`, false},
		"failed":                {500, `{"success":false}`, false},
	} {
		c := answering(t, nil, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(said.status)
			fmt.Fprint(w, said.body)
		})
		c.hush = true
		if got := c.TakenBack(t.Context(), "id"); got != said.want {
			t.Errorf("%s: taken back is %v", name, got)
		}
	}
}

// TestNotify_RefusedWithoutACode_IsTriedAgain: it may be a failing database. What has a code is meant.
func TestNotify_RefusedWithoutACode_IsTriedAgain(t *testing.T) {
	for body, want := range map[string]bridge.Verdict{
		`{"success":false,"error":"not primary and secondaryOk=false"}`:                 bridge.Again,
		`{"success":false,"error":"error-not-allowed","errorType":"error-not-allowed"}`: bridge.Never,
	} {
		c := answering(t, nil, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, body)
		})
		err := c.Notify(t.Context(), bridge.Notice{Kind: bridge.NotDelivered, Room: "room", Message: "m", To: bridge.Author{ID: "ana", Username: "ana"}, Sentence: "Not delivered."})
		if r := bridge.RefusalOf(err); err == nil || r.Verdict != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// The mark on a message is tried again with its notice, for the same reason.
func TestReact_RefusedWithoutACode_IsTriedAgain(t *testing.T) {
	for body, again := range map[string]bool{
		`{"success":false,"error":"not primary and secondaryOk=false"}`:                 true,
		`{"success":false,"error":"error-not-allowed","errorType":"error-not-allowed"}`: false,
	} {
		c := answering(t, nil, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, body)
		})
		err := c.Notify(t.Context(), bridge.Notice{Kind: bridge.HasArrived, Room: "room", Message: "m"})
		if (err != nil) != again {
			t.Errorf("%s: %v", body, err)
		}
	}
}
