package conformance_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
)

func TestSandbox_RocketChatsOwnClient_FindsWhatItExpects(t *testing.T) {
	needNode(t)
	for name, profile := range map[string]chat.Profile{"8.x": chat.V8, "7.x": chat.V7} {
		t.Run(name, func(t *testing.T) {
			rc, err := chat.Start(chat.Config{
				Profile: profile, LimiterOff: true, Pings: chat.Pings{Every: 100 * time.Millisecond, Timeout: 2 * time.Second},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer rc.Close()
			held := httptest.NewServer(pullable(rc))
			defer held.Close()
			output, ok := node(t, "ddp.mjs", rc.URL(), held.URL)
			if !ok {
				t.Error("Rocket.Chat's client is surprised:\n" + output)
			} else {
				t.Log(output)
			}
			for _, problem := range rc.Problems() {
				t.Error("the sandbox objects:", problem)
			}
		})
	}
}

// pullable is what the script can pull to make people and the platform do something.
func pullable(rc *chat.RocketChat) http.Handler {
	type what struct{ RID, ID, Text, Username string }
	ana := rc.AddAgent("ana")
	mux := http.NewServeMux()
	pull := func(verb string, do func(what) map[string]string) {
		mux.HandleFunc("POST /"+verb, func(w http.ResponseWriter, r *http.Request) {
			var in what
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			_ = json.NewEncoder(w).Encode(do(in)) // a script that is gone has failed already
		})
	}
	pull("says", func(in what) map[string]string { return map[string]string{"id": ana.Says(in.RID, in.Text)} })
	pull("quotes", func(in what) map[string]string { return map[string]string{"id": ana.Quotes(in.RID, in.ID, in.Text)} })
	pull("edits", func(in what) map[string]string { ana.Edits(in.ID, in.Text); return nil })
	pull("reacts", func(in what) map[string]string { ana.Reacts(in.ID, ":thumbsup:"); return nil })
	pull("types", func(in what) map[string]string { ana.Types(in.RID); return nil })
	pull("token", func(in what) map[string]string {
		user, token := rc.PersonalAccessToken(in.Username)
		return map[string]string{"user": user, "token": token}
	})
	pull("drop", func(in what) map[string]string {
		rc.ReemitAfter(0) // or the message would be streamed again to those who are back
		rc.DropSockets()
		ana.Says(in.RID, in.Text)
		return nil
	})
	return mux
}
