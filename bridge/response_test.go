package bridge_test

import (
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// TestRefusals_Persist_ByAnswerAndOthers: how long something is tried before what can take
// its place is.
func TestRefusals_Persist_ByAnswerAndOthers(t *testing.T) {
	const patience = 45 * time.Second
	never := time.Duration(0)
	for name, c := range map[string]struct {
		a     bridge.Response
		after time.Duration
		all   bool // it shuts the route for everybody
	}{
		"too large, nobody tells":                    {a: bridge.Response{Status: 413}, after: patience},
		"too large, others pass":                     {a: bridge.Response{Status: 413, Others: bridge.OthersPass}, after: patience},
		"a text, others are refused, too":            {a: bridge.Response{Status: 403, Others: bridge.OthersRefused}, after: patience, all: true},
		"a file, others are refused, too":            {a: bridge.Response{Status: 403, Others: bridge.OthersRefused, File: true}, after: patience},
		"a broken server, others pass":               {a: bridge.Response{Status: 500, Others: bridge.OthersPass}, after: patience},
		"a broken server, nobody tells":              {a: bridge.Response{Status: 500}, after: 3 * patience},
		"a broken server for everybody":              {a: bridge.Response{Status: 500, Others: bridge.OthersRefused}, after: never, all: true},
		"a broken server for all files":              {a: bridge.Response{Status: 502, Others: bridge.OthersRefused, File: true}, after: never, all: true},
		"no answer, others pass":                     {a: bridge.Response{Others: bridge.OthersPass}, after: patience},
		"a web page in place of an answer, alone":    {a: bridge.Response{Status: 200}, after: 3 * patience},
		"a redirect, for everybody":                  {a: bridge.Response{Status: 301, Others: bridge.OthersRefused}, after: never, all: true},
		"a code of Rocket.Chat's, while others pass": {a: bridge.Response{Status: 400, Code: "error-app-prevented", Others: bridge.OthersPass}, after: patience},
	} {
		for _, after := range []time.Duration{patience - 1, patience, 3*patience - 1, 3 * patience, 100 * patience} {
			want := c.after != never && after >= c.after
			if got := (bridge.Refusals{Count: 9, For: after}).Persist(&c.a, patience); got != want {
				t.Errorf("%s: after %s: %v", name, after, got)
			}
		}
		if (bridge.Refusals{Count: 5, For: 4*patience - 1}).Persist(&c.a, patience) {
			t.Errorf("%s: given up after five times", name)
		}
		if (bridge.Refusals{Count: 2, For: time.Hour}).Persist(&c.a, patience) {
			t.Errorf("%s: given up after two times that took an hour", name)
		}
		if got := (bridge.Refusals{Count: 3, For: 4 * patience}).Persist(&c.a, patience); got != (c.after != never) {
			t.Errorf("%s: given up after three times that took long: %v", name, got)
		}
		if c.a.Everybody() != c.all {
			t.Errorf("%s: refused for everybody: %v", name, !c.all)
		}
	}
	if (bridge.Refusals{Count: 99, For: time.Hour}).Persist(nil, patience) {
		t.Error("given up without an answer")
	}
}
