package conformance_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"messenger-bridge/sandbox/chat"
)

// recordVariable names a folder in which other tests (with RECORD_REQUESTS) have written
// the requests that their sandboxes saw: *.jsonl, a sandbox.Call in each line.
const recordVariable = "CONFORMANCE_RECORD"

// driven are the requests that the sessions below lead to. A session that no longer
// does what it is for must not pass for having made no mistake.
var driven = []string{
	"GET websocket", "GET me", "GET settings.public", "GET livechat/config", "POST livechat/visitor", "GET livechat/room",
	"POST livechat/message", "GET livechat/message/:_id", "GET livechat/rooms", "GET chat.syncMessages",
	"POST chat.sendMessage", "GET chat.getMessage", "POST chat.react", "POST im.create",
}

func TestBridge_EveryRESTRequest_IsOneRocketChatKnows(t *testing.T) {
	needNode(t)
	book := &record{dir: t.TempDir(), routes: map[string]int{}}
	paths := []string{book.dir}
	want := driven
	dir := os.Getenv(recordVariable)
	if dir != "" {
		book.read(t, dir)
		paths = append(paths, dir)
	}
	program := build(t)
	t.Run("session", func(t *testing.T) {
		t.Run("conversation", func(t *testing.T) { t.Parallel(); conversation(newWorld(t, program, book, chat.V8)) })
		t.Run("old workspace", func(t *testing.T) { t.Parallel(); oldWorkspace(newWorld(t, program, book, chat.V7)) })
		if dir == "" && !testing.Short() { // a minute passes before an agent is told that a message waits
			want = append(want, "POST chat.update")
			t.Run("dead token", func(t *testing.T) { t.Parallel(); deadToken(newWorld(t, program, book, chat.V8)) })
		}
	})
	for _, route := range want {
		if book.routes[route] == 0 {
			t.Errorf("no session led to %s", route)
		}
	}
	output, ok := node(t, append([]string{"validate.mjs"}, paths...)...)
	if !ok {
		t.Error("Rocket.Chat's validators object:\n" + output)
	} else {
		t.Log("\n" + output)
	}
}

func TestValidate_WrongRequest_IsObjectedTo(t *testing.T) {
	needNode(t)
	book := &record{dir: t.TempDir(), routes: map[string]int{}}
	jsonType := map[string][]string{"Content-Type": {"application/json"}}
	book.write(t, []chat.Call{
		{Method: "POST", Route: "POST livechat/message", Header: jsonType, Body: `{"token":"t","rid":"r","msg":"m","ts":1}`},
		{Method: "POST", Route: "POST chat.react", Header: jsonType, Body: `{"messageId":"m"}`},
		{Method: "POST", Route: "POST chat.update", Body: `{"roomId":"r","msgId":"m","text":"not declared as JSON"}`},
		{Method: "GET", Route: "GET chat.syncMessages", Query: "lastUpdate=2026-11-20T10:00:00.000Z"},
		{Method: "GET", Route: "GET livechat/rooms", Query: "count=many"},
		{Method: "GET", Route: "GET no.such.route"},
		{Method: "GET", Route: "GET livechat/room", Query: "token=right"},
	})
	output, ok := node(t, "validate.mjs", book.dir)
	for _, want := range []string{
		`POST livechat/message: isPOSTLivechatMessageParams:  must NOT have additional properties {"additionalProperty":"ts"}`,
		`POST chat.react: isChatReactProps:  must have required property 'emoji'`,
		`POST chat.update: isChatUpdateProps:  must have required property 'roomId'`,
		`GET chat.syncMessages: isChatSyncMessagesProps:  must have required property 'roomId'`,
		`GET livechat/rooms: isGETLivechatRoomsParams: /count must be number`,
		`GET no.such.route: neither covered nor listed as not covered`,
	} {
		if !strings.Contains(output, want) {
			t.Errorf("no objection %q", want)
		}
	}
	if ok || strings.Contains(output, "GET livechat/room:") || t.Failed() {
		t.Errorf("content = %v:\n%s", ok, output)
	}
}

// record is what sandboxes saw.
type record struct {
	dir string

	mu     sync.Mutex
	routes map[string]int // calls
}

// write adds the calls that one sandbox saw.
func (r *record) write(t *testing.T, calls []chat.Call) {
	t.Helper()
	f, err := os.CreateTemp(r.dir, "*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	enc := json.NewEncoder(f)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, call := range calls {
		r.routes[call.Route]++
		if err := enc.Encode(call); err != nil {
			t.Fatal(err)
		}
	}
}

// read counts what others have recorded.
func (r *record) read(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("%s=%s holds no *.jsonl; run the tests of e2e with it first", recordVariable, dir)
	}
	calls := 0
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for dec := json.NewDecoder(f); dec.More(); calls++ {
			var call chat.Call
			if err := dec.Decode(&call); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			r.routes[call.Route]++
		}
		f.Close()
	}
	t.Logf("%d requests recorded by other tests", calls)
}
