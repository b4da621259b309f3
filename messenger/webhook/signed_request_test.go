package webhook

import (
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/meta"
)

// The vector of messenger.md 6.10, and the secret it was made with.
const (
	vector       = "twZMJAE_dngE-k7p2Wp_E5uckcbWZUN0TIeR-ze_DjE.eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsImV4cGlyZXMiOjE3OTAwMDM2MDAsImlzc3VlZF9hdCI6MTc5MDAwMDAwMCwidXNlcl9pZCI6IjU1NTAwMDExMTIyMjMzMzQifQ"
	vectorIssued = 1790000000
)

func TestOpenSigned_VectorOfTheManual_WithinItsHour(t *testing.T) {
	issued := time.Unix(vectorIssued, 0)
	secrets := []bridge.Secret{"old", meta.DefaultAppSecret}
	for _, c := range []struct {
		name    string
		value   string
		secrets []bridge.Secret
		now     time.Time
		user    string
	}{
		{"fresh", vector, secrets, issued, "5550001112223334"},
		{"a clock behind Meta's", vector, secrets, issued.Add(-9 * time.Minute), "5550001112223334"},
		{"at the end of its hour", vector, secrets, issued.Add(time.Hour), "5550001112223334"},
		{"replayed", vector, secrets, issued.Add(61 * time.Minute), ""},
		{"from the future", vector, secrets, issued.Add(-11 * time.Minute), ""},
		{"another secret", vector, []bridge.Secret{"old"}, issued, ""},
		{"no secrets", vector, nil, issued, ""},
		{"one letter changed", vector[:len(vector)-1] + "R", secrets, issued, ""},
		{"no signature", vector[len("twZMJAE_dngE-k7p2Wp_E5uckcbWZUN0TIeR-ze_DjE"):], secrets, issued, ""},
		{"no payload", "twZMJAE_dngE-k7p2Wp_E5uckcbWZUN0TIeR-ze_DjE", secrets, issued, ""},
		{"nothing", "", secrets, issued, ""},
	} {
		user, at, err := openSigned(c.value, c.secrets, c.now)
		if user != c.user || (err == nil) != (c.user != "") {
			t.Errorf("%s: user %q, err %v", c.name, user, err)
		}
		if err == nil && !at.Equal(issued) {
			t.Errorf("%s: issued at %v", c.name, at)
		}
	}
}

// FuzzOpenSigned looks for values that are taken without being the vector.
func FuzzOpenSigned(f *testing.F) {
	f.Add(vector)
	f.Add("a.b.c")
	f.Add(vector + "=")
	f.Fuzz(func(t *testing.T, value string) {
		user, _, err := openSigned(value, []bridge.Secret{meta.DefaultAppSecret}, time.Unix(vectorIssued, 0))
		if err == nil && user != "5550001112223334" {
			t.Errorf("%q is taken for %q", value, user)
		}
	})
}
