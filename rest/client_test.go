package rest_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"messenger-bridge/rest"
)

// seen is what a server was sent.
type seen struct {
	method, uri, body string
	length            int64
	header            http.Header
}

// server answers "yes" and passes on what it was sent.
func server(t *testing.T) (address string, calls <-chan seen) {
	t.Helper()
	got := make(chan seen, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Header.Del("Accept-Encoding")
		got <- seen{r.Method, r.RequestURI, string(body), r.ContentLength, r.Header}
		_, _ = io.WriteString(w, "yes")
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

// TestDo_ServerGetsWhatTheCallSays_AndNothingMore looks at the bytes of calls of each kind, one
// after another by one client, in any order: nothing of one is in the next.
func TestDo_ServerGetsWhatTheCallSays_AndNothingMore(t *testing.T) {
	const agent = "User-Agent: Go-http-client/1.1; "
	client := rest.New(&http.Client{})
	for range 4 {
		for name, c := range map[string]struct {
			call         rest.Call
			uri, headers string
			body         string
		}{
			"question":  {call: rest.Call{Method: "GET", Query: url.Values{"q": {"a b", "ä"}}, Bearer: "secret"}, uri: "/?q=a+b&q=%C3%A4", headers: "Authorization: Bearer secret; " + agent},
			"in a path": {call: rest.Call{Method: "GET", URL: "/rooms/{id}/x", Params: map[string]string{"id": "a/b {c}?"}}, uri: "/rooms/a%2Fb%20%7Bc%7D%3F/x", headers: agent},
			"JSON":      {call: rest.Call{Method: "POST", Body: map[string]string{"a": "<b>"}}, uri: "/", headers: "Content-Length: 21; Content-Type: application/json; " + agent, body: `{"a":"\u003cb\u003e"}`},
			"bytes": {call: rest.Call{Method: "POST", Header: http.Header{"Content-Type": {"text/x"}, "Accept": {"text/y"}}, Body: []byte("abc")}, uri: "/",
				headers: "Accept: text/y; Content-Length: 3; Content-Type: text/x; " + agent, body: "abc"},
			"form":               {call: rest.Call{Method: "POST", Body: url.Values{"a": {"1 2"}}}, uri: "/", headers: "Content-Length: 5; Content-Type: application/x-www-form-urlencoded; " + agent, body: "a=1+2"},
			"removal of nothing": {call: rest.Call{Method: "DELETE"}, uri: "/", headers: agent},
			"nothing":            {call: rest.Call{Method: "POST"}, uri: "/", headers: "Content-Length: 0; " + agent},
			"removal":            {call: rest.Call{Method: "DELETE", Body: map[string]int{"a": 1}}, uri: "/", headers: "Content-Length: 7; Content-Type: application/json; " + agent, body: `{"a":1}`},
			"stream of a known size": {call: rest.Call{Method: "POST", Body: &rest.Stream{Reader: strings.NewReader("abc"), Type: "text/x", Size: 3}}, uri: "/",
				headers: "Content-Length: 3; Content-Type: text/x; " + agent, body: "abc"},
			"stream": {call: rest.Call{Method: "POST", Body: &rest.Stream{Reader: strings.NewReader("abc"), Type: "text/x", Size: -1}}, uri: "/", headers: "Content-Type: text/x; " + agent, body: "abc"},
		} {
			t.Run(name, func(t *testing.T) {
				address, calls := server(t)
				c.call.URL = address + c.call.URL
				res, err := client.Do(t.Context(), c.call)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				if body, err := rest.Read(res, 3); err != nil || string(body) != "yes" {
					t.Errorf("answered %q, %v", body, err)
				}
				got := <-calls
				var headers string
				for _, name := range []string{"Accept", "Authorization", "Content-Length", "Content-Type", "User-Agent"} {
					if value := got.header.Get(name); value != "" {
						headers += name + ": " + value + "; "
					}
					got.header.Del(name)
				}
				if len(got.header) > 0 || got.method != c.call.Method || got.uri != c.uri || headers != c.headers || got.body != c.body {
					t.Errorf("the server got %+v with %s", got, headers)
				}
			})
		}
	}
}

// TestDo_StreamIsSentWhileItIsRead writes the second half of a body when the server
// has the first.
func TestDo_StreamIsSentWhileItIsRead(t *testing.T) {
	half := strings.Repeat("x", 1<<20)
	arrived := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.CopyN(io.Discard, r.Body, int64(len(half)))
		close(arrived)
		rest, last := io.Copy(io.Discard, r.Body)
		if err != nil || last != nil || n+rest != int64(2*len(half)) {
			t.Errorf("%d and %d bytes arrived: %v, %v", n, rest, err, last)
		}
	}))
	defer s.Close()
	content, in := io.Pipe()
	go func() {
		_, _ = io.WriteString(in, half)
		<-arrived
		_, _ = io.WriteString(in, half)
		in.Close()
	}()
	res, err := rest.New(&http.Client{}).Do(t.Context(), rest.Call{Method: "POST", URL: s.URL, Body: &rest.Stream{Reader: content, Type: "text/plain", Size: -1}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

// broken fails each call and counts them.
type broken struct{ calls int }

var errBroken = errors.New("broken")

func (b *broken) RoundTrip(*http.Request) (*http.Response, error) {
	b.calls++
	return nil, errBroken
}

// TestDo_IsNeverRepeated: only the queue knows whether that is safe.
func TestDo_IsNeverRepeated(t *testing.T) {
	b := &broken{}
	_, err := rest.New(&http.Client{Transport: b}).Do(t.Context(), rest.Call{Method: "GET", URL: "http://host.test"})
	if b.calls != 1 || !errors.Is(err, errBroken) {
		t.Errorf("%d calls, %v", b.calls, err)
	}
}

// TestRead_AnswersAreBounded reads answers that say how long they are, and others.
func TestRead_AnswersAreBounded(t *testing.T) {
	for _, c := range []struct {
		says int64
		body string
		want error
	}{
		{5, "abcde", nil}, {-1, "abcde", nil}, {6, "abcdef", rest.ErrTooLong}, {-1, "abcdef", rest.ErrTooLong}, {0, "", nil}, {5, "abc", io.ErrUnexpectedEOF},
	} {
		body, err := rest.Read(&http.Response{ContentLength: c.says, Body: io.NopCloser(strings.NewReader(c.body))}, 5)
		if !errors.Is(err, c.want) || err == nil && string(body) != c.body {
			t.Errorf("%d bytes announced, %q sent: %q, %v", c.says, c.body, body, err)
		}
	}
}

// TestDo_ConnectionIsUsedAgain makes calls one after another, with and without bodies.
func TestDo_ConnectionIsUsedAgain(t *testing.T) {
	var opened atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, r.URL.Query().Get("answer"))
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	client := rest.New(&http.Client{Transport: &http.Transport{}})
	for i, answer := range []string{"short", "", strings.Repeat("long", 10_000), "short"} {
		for _, body := range []any{nil, "text", &rest.Stream{Reader: strings.NewReader("abc"), Type: "text/x", Size: -1}} {
			res, err := client.Do(t.Context(), rest.Call{Method: "POST", URL: s.URL, Query: url.Values{"answer": {answer}}, Body: body})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := rest.Read(res, 1<<20); err != nil || string(got) != answer {
				t.Errorf("answer %d: %d bytes, %v", i, len(got), err)
			}
			res.Body.Close()
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for 12 calls", n)
	}
}
