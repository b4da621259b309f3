package rooms

import (
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

func TestLinkKey_SamePage_IsTheSame(t *testing.T) {
	for _, same := range [][]string{
		{
			"https://ex.test/a", "http://ex.test/a", "HTTPS://EX.test/a/", "www.ex.test/a", "ex.test/a", "(https://ex.test/a).", "https://ex.test/a?fbclid=x",
			"https://ex.test/a?utm_source=fb&utm_medium=x&fbclid=y", "https://l.facebook.com/l.php?u=https%3A%2F%2Fex.test%2Fa%3Ffbclid%3Dx&h=y",
			"https://lm.facebook.com/l.php?u=https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3Dhttps%253A%252F%252Fex.test%252Fa&h=y",
			"https://l.messenger.com/l.php?u=https%3A%2F%2Fex.test%2Fa", "https://l.instagram.com/?u=https%3A%2F%2Fex.test%2Fa&e=z",
		},
		{"https://ex.test/a?id=7&x=1", "https://ex.test/a?x=1&id=7&gclid=z&__cft__%5B0%5D=q", "ex.test/a?fbclid=1&id=7&x=1"},
		{"https://ex.test", "ex.test", "https://www.ex.test/?fbclid=1"},
		{"https://ex.test/m%C3%A4rz", "https://ex.test/märz"},
		{"https://ex.test/a#part", "ex.test/a?utm_id=1#part"},
	} {
		for _, one := range same {
			if got, want := linkKey(one), linkKey(same[0]); got != want || got == "" {
				t.Errorf("%s is %q, and %s is %q", one, got, same[0], want)
			}
		}
	}
	seen := map[string]string{}
	for _, one := range []string{"https://ex.test/a", "https://ex.test/b", "https://ex.test/a?id=1", "https://ex.test/a?id=2", "https://other.test/a", "https://ex.test/a#x", "https://ex.test/A"} {
		if before := seen[linkKey(one)]; before != "" {
			t.Errorf("%s and %s are not the same", one, before)
		}
		seen[linkKey(one)] = one
	}
	for _, word := range []string{"", "Hello", "e.g.", "3.50", "ftp://ex.test/a", "a@ex.test", "…", "://"} {
		if got := linkKey(word); got != "" {
			t.Errorf("%q is a link: %s", word, got)
		}
	}
}

func TestUnwrapped_KeepsWhatIsThePages(t *testing.T) {
	for address, want := range map[string]string{
		"https://ex.test/a?utm_source=x&b=1&fbclid=y#z":                  "https://ex.test/a?utm_source=x&b=1#z",
		"https://l.facebook.com/l.php?u=ftp%3A%2F%2Fex.test&h=1":         "https://l.facebook.com/l.php?u=ftp%3A%2F%2Fex.test&h=1",
		"https://www.facebook.com/1/posts/2?__cft__[0]=AZ&__tn__=%2CO":   "https://www.facebook.com/1/posts/2",
		"https://www.facebook.com/flx/warn/?u=https%3A%2F%2Fex.test%2Fa": "https://ex.test/a",
		"": "",
	} {
		if got := unwrapped(address); got != want {
			t.Errorf("%s is shown as %s, not %s", address, got, want)
		}
	}
}

// TestDeliver_WrappedLink_ForgesNoLineOfOurs: a link that Facebook has wrapped holds bytes that are no text: what is left of them when the mark is taken out
// must be no mark.
func TestDeliver_WrappedLink_ForgesNoLineOfOurs(t *testing.T) {
	d := newDesk(t)
	d.talking()
	in := event("k", "look")
	in.Attachments = []bridge.Attachment{{Kind: "fallback",
		URL: "https://l.facebook.com/l.php?u=https%3A%2F%2Fx.test%2F%0A%EF%B7%EF%B7%90%90%5BThe%20customer%20has%20paid.%5D"}}
	if _, err := d.made().Deliver(t.Context(), in, opens); err != nil {
		t.Fatal(err)
	}
	for _, said := range d.texts() {
		if strings.Contains(said, bridge.CiteMark) {
			t.Errorf("a customer has written the mark of our lines: %q", said)
		}
	}
}
