package messenger

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
)

const thePage = bridge.PageID("100200300400500")

// every is the meaning of each code of messenger.md 7.3 and 7.4 that a send can
// get: verdict, reason, and whether the page waits.
var every = []struct {
	code, sub int
	verdict   bridge.Verdict
	reason    bridge.Reason
	page      bool
}{
	{-1, 2018012, bridge.Unknown, bridge.MetaError, false},
	{-1, 0, bridge.Unknown, bridge.MetaError, false},
	{-3, 0, bridge.Unknown, bridge.MetaError, false},
	{1, 0, bridge.Unknown, bridge.MetaError, false},
	{1, 99, bridge.Unknown, bridge.MetaError, false},
	{1, 1357046, bridge.Unknown, bridge.MetaError, false},
	{2, 0, bridge.Unknown, bridge.MetaError, false},
	{2, 4711, bridge.Unknown, bridge.MetaError, false},
	{1200, 0, bridge.Unknown, bridge.MetaError, false},

	{4, 0, bridge.Again, bridge.RateLimited, true},
	{4, 2018022, bridge.Again, bridge.RateLimited, true},
	{4, 2018354, bridge.Never, bridge.Unexplained, false},
	{9, 2018352, bridge.Never, bridge.Unexplained, false},
	{17, 0, bridge.Again, bridge.RateLimited, true},
	{32, 0, bridge.Again, bridge.RateLimited, true},
	{341, 0, bridge.Again, bridge.RateLimited, true},
	{613, 0, bridge.Again, bridge.RateLimited, true},
	{613, 1996, bridge.Again, bridge.RateLimited, true},
	{613, 2018338, bridge.Again, bridge.RateLimited, true},
	{613, 2534040, bridge.Again, bridge.RateLimited, true},
	{613, 1893016, bridge.Never, bridge.Unexplained, false},
	{80001, 0, bridge.Again, bridge.RateLimited, true},
	{80002, 0, bridge.Again, bridge.RateLimited, true},
	{80006, 0, bridge.Again, bridge.RateLimited, true},
	{80005, 0, bridge.Again, bridge.RateLimited, true}, // not in the sheet

	{3, 0, bridge.Again, bridge.NotApproved, true},
	{10, 0, bridge.Again, bridge.NotApproved, true},
	{10, 1404170, bridge.Never, bridge.Unexplained, false},
	{10, 1893015, bridge.Never, bridge.Unexplained, false},
	{10, 1893063, bridge.Again, bridge.PageRestricted, true},
	{10, 2018065, bridge.Never, bridge.WindowClosed, false},
	{10, 2018108, bridge.Never, bridge.CustomerBlocked, false},
	{10, 2018278, bridge.Never, bridge.WindowClosed, false},
	{10, 2018300, bridge.Never, bridge.OtherAppControls, false},
	{2018300, 0, bridge.Never, bridge.OtherAppControls, false},
	{100, 2018300, bridge.Never, bridge.OtherAppControls, false},
	{10, 2018336, bridge.Never, bridge.Unexplained, false},
	{10, 2534022, bridge.Never, bridge.WindowClosed, false},
	{10, 2534077, bridge.Again, bridge.NotApproved, true},
	{10, 9999999, bridge.Never, bridge.Unexplained, false}, // unknown: of one customer, not of the page
	{200, 0, bridge.Again, bridge.PageLost, true},
	{200, 1545041, bridge.Never, bridge.CustomerBlocked, false},
	{200, 2018021, bridge.Never, bridge.Unexplained, false},
	{200, 2018027, bridge.Never, bridge.Unexplained, false},
	{200, 2018028, bridge.Never, bridge.NotApproved, false},
	{200, 2534041, bridge.Again, bridge.NotApproved, true},
	{200, 9999999, bridge.Never, bridge.Unexplained, false},
	{230, 0, bridge.Again, bridge.PageLost, true},
	{283, 0, bridge.Again, bridge.PageLost, true},
	{299, 0, bridge.Again, bridge.PageLost, true},
	{368, 0, bridge.Again, bridge.PageRestricted, true},
	{368, 1390008, bridge.Again, bridge.PageRestricted, true},
	{368, 1346003, bridge.Never, bridge.Rejected, false}, // fbsamples/original-coast-clothing#67
	{2022, 0, bridge.Again, bridge.PageRestricted, true},
	{508, 0, bridge.Never, bridge.Rejected, false},
	{508, 2534122, bridge.Never, bridge.Rejected, false},
	{2534122, 0, bridge.Never, bridge.Rejected, false},

	{102, 0, bridge.Again, bridge.PageLost, true},
	{104, 0, bridge.Again, bridge.PageLost, true},
	{190, 0, bridge.Again, bridge.PageLost, true},
	{190, 458, bridge.Again, bridge.PageLost, true},
	{190, 459, bridge.Again, bridge.PageLost, true},
	{190, 460, bridge.Again, bridge.PageLost, true},
	{190, 461, bridge.Again, bridge.PageLost, true},
	{190, 463, bridge.Again, bridge.PageLost, true},
	{190, 464, bridge.Again, bridge.PageLost, true},
	{190, 467, bridge.Again, bridge.PageLost, true},
	{190, 468, bridge.Again, bridge.PageLost, true},
	{190, 492, bridge.Again, bridge.PageLost, true},
	{190, 1234567, bridge.Again, bridge.PageLost, true},

	{27, 2018464, bridge.Never, bridge.OtherAppControls, false},

	{100, 0, bridge.Never, bridge.Unexplained, false},
	{100, 33, bridge.Again, bridge.PageLost, true},
	{100, 36007, bridge.Never, bridge.CodeRefused, false},
	{100, 36008, bridge.Never, bridge.CodeRefused, false},
	{100, 36009, bridge.Never, bridge.CodeRefused, false},
	{100, 1893061, bridge.Never, bridge.Unexplained, false},
	{100, 2018001, bridge.Never, bridge.CustomerBlocked, false},
	{100, 2018005, bridge.Never, bridge.FileRefused, false},
	{100, 2018008, bridge.Never, bridge.FileRefused, false},
	{100, 2018014, bridge.Never, bridge.Unexplained, false},
	{100, 2018015, bridge.Never, bridge.Unexplained, false},
	{100, 2018034, bridge.Never, bridge.Rejected, false},
	{100, 2018047, bridge.Never, bridge.FileRefused, false},
	{100, 2018074, bridge.Never, bridge.FileRefused, false},
	{100, 2018109, bridge.Never, bridge.FileTooBig, false},
	{100, 2018151, bridge.Never, bridge.OtherAppControls, false},
	{100, 2018164, bridge.Never, bridge.Unexplained, false},
	{100, 2018276, bridge.Never, bridge.TagRefused, false},
	{100, 2018294, bridge.Never, bridge.FileRefused, false},
	{100, 2534015, bridge.Never, bridge.Rejected, false},
	{100, 2534029, bridge.Again, bridge.PageRestricted, true},
	{100, 2534037, bridge.Never, bridge.OtherAppControls, false},
	{105, 0, bridge.Never, bridge.Unexplained, false},
	{194, 0, bridge.Never, bridge.Unexplained, false},
	{506, 0, bridge.Never, bridge.CommentTwice, false},
	{10904, 0, bridge.Again, bridge.PageRestricted, true},
	{10900, 0, bridge.Never, bridge.PrivateUsed, false},
	{10903, 0, bridge.Never, bridge.PrivateOver, false},
	{100, 2534025, bridge.Never, bridge.PrivateOver, false},
	{551, 0, bridge.Never, bridge.CustomerBlocked, false},
	{551, 1545041, bridge.Never, bridge.CustomerBlocked, false},
	{1609005, 0, bridge.Never, bridge.Rejected, false},
	{2200, 0, bridge.Never, bridge.Unexplained, false},
	{2500, 0, bridge.Never, bridge.Unexplained, false},
	{2018321, 0, bridge.Again, bridge.OtherAppControls, false},
	{10, 2018321, bridge.Again, bridge.OtherAppControls, false},
	{9000001, 0, bridge.Never, bridge.Unexplained, false},
	{4711, 0, bridge.Never, bridge.Unexplained, false}, // unknown
	{4711, 12, bridge.Never, bridge.Unexplained, false},
}

func graphBody(code, sub int, more string) []byte {
	return fmt.Appendf(nil, `{"error":{"message":"(#%d) the customer's text","type":"OAuthException","code":%d,"error_subcode":%d,"fbtrace_id":"AbC-1_2"%s}}`, code, code, sub, more)
}

func TestClassify_EveryCode(t *testing.T) {
	for _, c := range every {
		r := classify(&answer{page: thePage, status: 400, header: http.Header{}, body: graphBody(c.code, c.sub, "")}, received)
		ofApp := c.reason == bridge.RateLimited && (c.code == 4 || c.code == 341) // all its pages wait
		if r.Verdict != c.verdict || r.Reason != c.reason || (r.Gate == bridge.GatePage(thePage)) != (c.page && !ofApp) || (r.Gate == bridge.GateApp) != ofApp {
			t.Errorf("%d/%d: %v %s %q", c.code, c.sub, r.Verdict, r.Reason, r.Gate)
		}
		if want := fmt.Sprintf("graph answered HTTP 400, code %d/%d, trace AbC-1_2", c.code, c.sub); r.Err.Error() != want {
			t.Errorf("%d/%d: %q", c.code, c.sub, r.Err)
		}
		if c.page && r.After <= 0 {
			t.Errorf("%d/%d: the page would be tried again at once", c.code, c.sub)
		}
	}
}

// No row may be forgotten in the test's own table.
func TestClassify_EveryRow_IsTested(t *testing.T) {
	for pair := range rulings {
		found := false
		for _, c := range every {
			found = found || c.code == pair.code && c.sub == pair.sub
		}
		if !found {
			t.Errorf("row %d/%d", pair.code, pair.sub)
		}
	}
}

func TestClassify_Shapes(t *testing.T) {
	for _, c := range []struct {
		name    string
		status  int
		body    string
		verdict bridge.Verdict
		reason  bridge.Reason
	}{
		{"HTML", 502, "<html>", bridge.Unknown, bridge.MetaError},
		{"HTML 400", 400, "<html>", bridge.Unknown, bridge.MetaError},
		{"nothing", 500, "", bridge.Unknown, bridge.MetaError},
		{"nothing, 200", 200, "", bridge.Unknown, bridge.MetaError},
		{"cut JSON", 400, `{"error":{"code":100`, bridge.Unknown, bridge.MetaError},
		{"empty error", 400, `{"error":{}}`, bridge.Unknown, bridge.MetaError},
		{"null error", 400, `{"error":null}`, bridge.Unknown, bridge.MetaError},
		{"error a string", 400, `{"error":"invalid_request"}`, bridge.Unknown, bridge.MetaError},
		{"array", 400, `[]`, bridge.Unknown, bridge.MetaError},
		{"redirect", 302, "", bridge.Unknown, bridge.MetaError},
		{"200 with an error", 200, `{"error":{"code":551,"error_subcode":1545041}}`, bridge.Never, bridge.CustomerBlocked},
		{"codes as strings", 400, `{"error":{"code":"10","error_subcode":"2018278"}}`, bridge.Never, bridge.WindowClosed},
		{"error_data an object", 400, `{"error":{"code":10,"error_subcode":2018278,"error_data":{"a":[1]}}}`, bridge.Never, bridge.WindowClosed},
		{"unknown code, 500", 500, `{"error":{"code":4711}}`, bridge.Unknown, bridge.MetaError},
		{"known code, 500", 500, `{"error":{"code":10,"error_subcode":2018278}}`, bridge.Never, bridge.WindowClosed},
		{"unknown code, transient", 400, `{"error":{"code":4711,"is_transient":true}}`, bridge.Unknown, bridge.MetaError},
		{"unknown code, transient as string", 400, `{"error":{"code":4711,"is_transient":"true"}}`, bridge.Unknown, bridge.MetaError},
		{"100, transient", 400, `{"error":{"code":100,"is_transient":true}}`, bridge.Unknown, bridge.MetaError},
		{"window, transient", 400, `{"error":{"code":10,"error_subcode":2018278,"is_transient":true}}`, bridge.Never, bridge.WindowClosed},
		{"token, transient", 400, `{"error":{"code":190,"is_transient":true}}`, bridge.Again, bridge.PageLost},
		{"no proof", 400, `{"error":{"code":100,"type":"GraphMethodException"}}`, bridge.Again, bridge.PageLost},
		{"429", 429, "slow down", bridge.Again, bridge.RateLimited},
		{"429 with an unknown code", 429, `{"error":{"code":4711}}`, bridge.Again, bridge.RateLimited},
	} {
		r := classify(&answer{page: thePage, status: c.status, header: http.Header{}, body: []byte(c.body)}, received)
		if r.Verdict != c.verdict || r.Reason != c.reason {
			t.Errorf("%s: %v", c.name, r)
		}
	}
}

func TestClassify_Reading_IsNeverUnknownAndSparesThePage(t *testing.T) {
	for _, c := range []struct {
		status  int
		body    string
		verdict bridge.Verdict
		gate    bool
	}{
		{500, "<html>", bridge.Again, false},
		{500, `{"error":{"code":1}}`, bridge.Again, false},
		{400, `{"error":{"code":10}}`, bridge.Again, false},
		{403, `{"error":{"code":200}}`, bridge.Again, false},
		{400, `{"error":{"code":190,"error_subcode":460}}`, bridge.Again, true},
		{400, `{"error":{"code":613}}`, bridge.Again, true},
		{400, `{"error":{"code":100}}`, bridge.Never, false},
	} {
		r := classify(&answer{page: thePage, status: c.status, header: http.Header{}, body: []byte(c.body), reading: true}, received)
		if r.Verdict != c.verdict || (r.Gate != "") != c.gate {
			t.Errorf("%s: %v, gate %q", c.body, r, r.Gate)
		}
	}
}

func TestClassify_Throttled_WaitsAsLongAsMetaSays(t *testing.T) {
	business := func(minutes string) http.Header {
		return http.Header{"X-Business-Use-Case-Usage": {`{"1":[{"type":"messenger","estimated_time_to_regain_access":50}],"` + string(thePage) + `":[{"type":"pages","estimated_time_to_regain_access":` + minutes + `}]}`}}
	}
	for _, c := range []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"nothing said", http.Header{}, 30 * time.Second},
		{"minutes", business("7"), 7 * time.Minute},
		{"minutes as string", business(`"7"`), 7 * time.Minute},
		{"days", business("99999"), time.Hour},
		{"absurd", business("9223372036854775807"), time.Hour},
		{"negative", business("-5"), 30 * time.Second},
		{"unreadable", http.Header{"X-Business-Use-Case-Usage": {"{"}}, 30 * time.Second},
		{"seconds", http.Header{"Retry-After": {"90"}}, 90 * time.Second},
		{"many seconds", http.Header{"Retry-After": {"1e300"}}, time.Hour},
		{"no number", http.Header{"Retry-After": {"NaN"}}, 30 * time.Second},
		{"negative seconds", http.Header{"Retry-After": {"-1"}}, 30 * time.Second},
		{"a date", http.Header{"Retry-After": {received.Add(2 * time.Minute).Format(http.TimeFormat)}}, 2 * time.Minute},
		{"a date long ago", http.Header{"Retry-After": {received.Add(-time.Hour).Format(http.TimeFormat)}}, 30 * time.Second},
		{"a date far away", http.Header{"Retry-After": {received.Add(100 * time.Hour).Format(http.TimeFormat)}}, time.Hour},
	} {
		r := classify(&answer{page: thePage, status: 400, header: c.header, body: graphBody(613, 0, "")}, received)
		if r.After != c.want {
			t.Errorf("%s: %s, want %s", c.name, r.After, c.want)
		}
	}
	// What is said about throttling does not shorten other waits.
	if r := classify(&answer{page: thePage, header: http.Header{"Retry-After": {"1"}}, body: graphBody(190, 0, "")}, received); r.After != 5*time.Minute {
		t.Errorf("dead token: %s", r.After)
	}
}

func TestClassify_Transport(t *testing.T) {
	in := func(err error) error {
		return &url.Error{Op: "Post", URL: "https://graph.test/?access_token=TOKEN&appsecret_proof=PROOF", Err: err}
	}
	for _, c := range []struct {
		name    string
		err     error
		written bool
		verdict bridge.Verdict
		gate    bool
		text    string
	}{
		{"refused", in(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), false, bridge.Again, true, "graph not reached: dial: connection refused"},
		{"DNS", in(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "graph.test"}}), false, bridge.Again, true, "graph not reached: no address for the host: no such host"},
		{"certificate", in(&tls.CertificateVerificationError{Err: errors.New("TOKEN")}), false, bridge.Again, true, "graph not reached: its certificate is not trusted"},
		{"dial time-out", in(context.DeadlineExceeded), false, bridge.Again, true, "graph not reached: timed out"},
		{"time-out", in(context.DeadlineExceeded), true, bridge.Unknown, false, "graph gave no answer: timed out"},
		{"reset", in(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), true, bridge.Unknown, false, "graph gave no answer: read: connection reset by peer"},
		{"cut", in(io.EOF), true, bridge.Unknown, false, "graph gave no answer: connection cut"},
		{"stopped before", in(context.Canceled), false, bridge.Again, false, "graph not reached: cancelled"},
		{"stopped after", in(context.Canceled), true, bridge.Unknown, false, "graph gave no answer: cancelled"},
		{"unheard of", in(errors.New(`malformed HTTP response "TOKEN"`)), true, bridge.Unknown, false, "graph gave no answer: *url.Error"},
	} {
		r := classify(&answer{page: thePage, err: c.err, written: c.written}, received)
		if r.Verdict != c.verdict || r.Reason != bridge.MetaDown || (r.Gate != "") != c.gate || r.Err.Error() != c.text {
			t.Errorf("%s: %v, gate %q", c.name, r, r.Gate)
		}
		if s := fmt.Sprintf("%v %+v %#v", r, r, r.Err); strings.Contains(s, "TOKEN") || strings.Contains(s, "PROOF") {
			t.Errorf("%s: leaks: %s", c.name, s)
		}
	}
}

func TestTrace_OnlyWhatLooksLikeOne(t *testing.T) {
	for id, want := range map[string]string{
		"AbC-1_2": "AbC-1_2", "": "fromheader", "with space": "", "<b>": "", strings.Repeat("a", 65): "",
	} {
		if got := trace(id, http.Header{"X-Fb-Trace-Id": {"fromheader"}}); got != want {
			t.Errorf("%q: %q", id, got)
		}
	}
}

// FuzzAnswers: whatever Graph or a proxy answers, each refusal has a verdict and a reason,
// nothing says that a customer got a message, and reading a thread never fails.
func FuzzAnswers(f *testing.F) {
	f.Add(400, `{"error":{"message":"(#10) x","type":"OAuthException","code":10,"error_subcode":2018278,"fbtrace_id":"A"}}`)
	f.Add(500, `<html>`)
	f.Add(200, `{"data":[{"updated_time":"2026-11-28T07:00:00+0000","participants":{"data":[{"id":"7001"}]},"messages":{"data":[{"id":"m","created_time":"2026-11-28T07:00:00+0000","from":{"id":1},"message":"x","attachments":{"data":[{}]}}]}}]}`)
	f.Add(429, ``)
	f.Add(200, `{"Error":{"code":1}}`)
	f.Add(200, `{"err\u006fr":{"code":1}}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		for _, reading := range []bool{false, true} {
			a := &answer{page: "100", status: status, header: http.Header{}, body: []byte(body), reading: reading}
			if r := classify(a, time.Unix(0, 0)); r == nil || r.Reason == "" || r.Err == nil || strings.Contains(r.Err.Error(), "marker") {
				t.Errorf("%d %q: %+v", status, body, r)
			}
		}
		var odd struct{ Error *wireError }
		_ = json.Unmarshal([]byte(body), &odd)
		if odd.Error != nil && !wire.MayRefuse([]byte(body)) {
			t.Errorf("%q holds an error, and is not looked at", body)
		}
		var reply wireThreads
		_ = json.Unmarshal([]byte(body), &reply)
		for _, thread := range reply.Data {
			if shown, ok := thread.shown("100"); ok && shown.Customer == "100" {
				t.Errorf("the page is its own customer: %q", body)
			}
		}
	})
}
