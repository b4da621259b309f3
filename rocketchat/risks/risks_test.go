package risks

import (
	"fmt"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

// TestOf is what doctor says of a workspace's settings.
func TestOf(t *testing.T) {
	for _, test := range []struct {
		settings map[string]any
		roles    string
		want     string // levels, checks and settings
	}{
		{nil, "", ""},
		{map[string]any{verification: "never", blockUnknown: false, blockUnverified: false}, "", ""},
		{map[string]any{verification: "once"}, "", "bad contacts " + verification},
		{map[string]any{verification: "always"}, "", "bad contacts " + verification},
		{map[string]any{verification: "never", blockUnknown: true}, "", "bad contacts " + blockUnknown},
		{map[string]any{blockUnverified: true}, "", "bad contacts " + blockUnverified},
		{map[string]any{abandoned: "none"}, "bot", ""},
		{map[string]any{abandoned: "none", ignoreBots: true}, "user", ""},
		{map[string]any{ignoreBots: false}, "bot", "note bot's notes " + ignoreBots},
		{map[string]any{abandoned: "none", ignoreBots: false}, "bot", "note bot's notes " + ignoreBots},
		{map[string]any{abandoned: "close"}, "bot", "bad bot's notes " + abandoned},
		{map[string]any{abandoned: "on-hold", ignoreBots: false}, "bot", "bad bot's notes " + abandoned},
		{map[string]any{abandoned: "close", ignoreBots: true}, "user bot", ""},
		{map[string]any{abandoned: "close", ignoreBots: true}, "user", "bad bot's notes " + abandoned},
		{map[string]any{abandoned: "close", ignoreBots: true}, "", ""}, // the roles are not known
	} {
		var got []string
		for _, f := range Of(test.settings, strings.Fields(test.roles)) {
			about, _, _ := strings.Cut(f.Found, " ")
			got = append(got, fmt.Sprint(f.Level, " ", f.Check, " ", about))
			if f.Level == bridge.Bad && f.Do == "" {
				t.Errorf("%v: nothing to do", test.settings)
			}
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%v: %q, want %q", test.settings, got, test.want)
		}
	}
	for _, name := range Settings() {
		if name == "" {
			t.Error("a setting without a name")
		}
	}
}
