package rocketchat

import (
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/ours"
)

// TestVerdict_ErrorShapes has every shape of rocketchat.md 4.0.
func TestVerdict_ErrorShapes(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		body    string
		verdict bridge.Verdict
		reason  bridge.Reason
		code    string
	}{
		"plain error":         {400, `{"success":false,"error":"invalid-token"}`, bridge.Again, bridge.VisitorUnknown, "invalid-token"},
		"meteor code":         {400, `{"success":false,"error":"[cannot-access-room]","errorType":"cannot-access-room"}`, bridge.Again, bridge.RoomClosed, "cannot-access-room"},
		"meteor with reason":  {400, `{"success":false,"error":"Sorry, no online agents [no-agent-online]","errorType":"no-agent-online"}`, bridge.Again, bridge.NoAgent, "no-agent-online"},
		"code in the text":    {400, `{"success":false,"error":"Sorry, no online agents [no-agent-online]"}`, bridge.Again, bridge.NoAgent, "no-agent-online"},
		"room closed":         {400, `{"success":false,"error":"room-closed"}`, bridge.Again, bridge.RoomClosed, "room-closed"},
		"upload failure":      {400, `{"reason":"error-type-not-allowed","success":false}`, bridge.Again, bridge.WorkspaceError, "error-type-not-allowed"},
		"nothing said":        {400, `{"success":false}`, bridge.Again, bridge.WorkspaceError, ""},
		"repeated id, 7.x":    {400, `{"success":false,"error":"Cannot convert undefined or null to object"}`, bridge.Again, bridge.WorkspaceError, ""},
		"not logged in":       {401, `{"status":"error","message":"You must be logged in to do this.","success":false}`, bridge.Again, bridge.WorkspaceDown, ""},
		"forbidden":           {403, `{"success":false,"error":"User does not have the permissions required for this action [error-unauthorized]"}`, bridge.Again, bridge.WorkspaceError, "error-unauthorized"},
		"200 and yet refused": {200, `{"success":false,"error":"room-closed"}`, bridge.Again, bridge.RoomClosed, "room-closed"},
		"blocked contact":     {400, `{"success":false,"errorType":"error-contact-channel-blocked"}`, bridge.Never, bridge.ContactBlocked, "error-contact-channel-blocked"},
		"server failure":      {500, `{"success":false}`, bridge.Unknown, bridge.WorkspaceError, ""},
		"proxy":               {502, `<html>`, bridge.Again, bridge.WorkspaceDown, ""},
		"HTML with 200":       {200, `<html>`, bridge.Unknown, bridge.WorkspaceError, ""},
		"empty":               {200, ``, bridge.Unknown, bridge.WorkspaceError, ""},
		"not found":           {404, `<html>`, bridge.Unknown, bridge.WorkspaceError, ""},
	} {
		err := verdict(call{method: "GET", route: "/x"}, c.status, []byte(c.body))
		r := bridge.RefusalOf(err)
		if r.Verdict != c.verdict || r.Reason != c.reason || CodeOf(err) != c.code {
			t.Errorf("%s: %v %s %q, want %v %s %q", name, r.Verdict, r.Reason, CodeOf(err), c.verdict, c.reason, c.code)
		}
	}
	if err := verdict(call{}, 200, []byte(`{"success":true}`)); err != nil {
		t.Errorf("success is refused: %v", err)
	}
}

func TestTransport_NothingArrivedOrNobodyKnows(t *testing.T) {
	refused := &url.Error{Op: "Get", URL: "http://h/?token=secret-token", Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}
	cut := &url.Error{Op: "Post", URL: "http://h/?token=secret-token", Err: &net.OpError{Op: "read", Err: errors.New("reset")}}
	if r := bridge.RefusalOf(transport(call{}, refused)); r.Verdict != bridge.Again || r.Gate != bridge.GateWorkspace {
		t.Errorf("refused: %+v", r)
	}
	if r := bridge.RefusalOf(transport(call{}, cut)); r.Verdict != bridge.Unknown || r.Gate != "" {
		t.Errorf("cut: %+v", r)
	}
	for _, err := range []error{refused, cut} {
		if strings.Contains(transport(call{}, err).Error(), "secret-token") {
			t.Error("the error shows the URL")
		}
	}
}

func TestMarkOfNotice_IsTheSameEachTime(t *testing.T) {
	const told = "fbn1b33bf349697d0da57e3736f" // a notice told before an upgrade must be recognised after it
	if got := ours.NoticeID(bridge.Notice{Kind: bridge.NotDelivered, Message: "a"}.Key()); got != told {
		t.Errorf("the id is %s", got)
	}
	if ours.NoticeID(bridge.Notice{Kind: bridge.StillWaiting, Message: "a"}.Key()) == told || ours.NoticeID(bridge.Notice{Kind: bridge.NotDelivered, Message: "b"}.Key()) == told {
		t.Error("ids of notices must differ by kind and message")
	}
}

// FuzzAnswers: whatever a server or a proxy answers, it counts as done only if it says so,
// and every refusal has a verdict.
func FuzzAnswers(f *testing.F) {
	f.Add(200, `{"success":true}`)
	f.Add(400, `{"success":false,"error":"Sorry, no online agents [no-agent-online]"}`)
	f.Add(502, `<html>Bad Gateway</html>`)
	f.Add(200, `{"success":false,"message":["x"],"reason":7}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		err := verdict(call{method: "POST", route: "/x"}, status, []byte(body))
		if err == nil {
			var says struct{ Success *bool }
			if bad := json.Unmarshal([]byte(body), &says); status != 200 || bad != nil || says.Success != nil && !*says.Success {
				t.Errorf("%d %q counts as done", status, body)
			}
			return
		}
		if r := bridge.RefusalOf(err); r.Reason == "" || r.Err == nil {
			t.Errorf("%d %q: %+v", status, body, r)
		}
	})
}
