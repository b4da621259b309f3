package companion

import (
	"encoding/json"
	"testing"
)

// FuzzRequest reads what the app sends, and anybody who got hold of its secret may send.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"protocol":1,"kind":"command","user":{"id":"u","username":"u"},"args":["edit","1"],"room":{"id":"r"}}`))
	f.Add([]byte(`{"protocol":1,"kind":"submit","viewId":"` + viewID("100", "seen") + `","state":{"b":{"welcome":"Hi","department":null,"x":[1]}}}`))
	f.Add([]byte(`{"viewId":"settings.!!.x","state":null,"args":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var req request
		if json.Unmarshal(body, &req) != nil {
			return
		}
		_ = req.words()
		page, filled, err := req.filled()
		if err != nil {
			return
		}
		if page == "" || viewID(page, filled.Seen) == "" || filled.Typed == nil {
			t.Errorf("%s: page %q, %+v", body, page, filled)
		}
	})
}
