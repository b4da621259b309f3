package samefile

import (
	"io"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

func TestIsOther(t *testing.T) {
	for _, test := range []struct {
		said, name, came string
		other            bool
	}{
		{"application/pdf", "a.pdf", "application/pdf", false},
		{"application/pdf", "a.pdf", "Application/PDF; charset=binary", false},
		{"application/pdf", "a.pdf", "application/x-pdf", false},
		{"application/pdf", "a.pdf", "", false},
		{"application/pdf", "a.pdf", "application/octet-stream", false},
		{"application/pdf", "a.pdf", "binary/octet-stream", false},
		{"", "a.pdf", "application/pdf", false},
		{"application/octet-stream", "a.bin", "application/xml", false},
		{"image/jpg", "a.jpg", "image/jpeg", false},
		{"image/heic", "a.heic", "image/jpeg", false},
		{"audio/ogg", "a.ogg", "video/ogg", false},
		{"text/csv", "a.csv", "text/plain", false},
		{"text/csv", "a.csv", "application/csv", false},
		{"text/html", "a.html", "text/html; charset=utf-8", false},
		{"text/html", "a.html", "application/xhtml+xml", false},
		{"", "a.HTM", "text/html", false},
		{"", "a.pdf", "text/html", true},
		{"application/octet-stream", "a.bin", "text/html", true},
		{"text/plain", "a.txt", "text/html", true},
		{"application/pdf", "a.pdf", "text/html", true},
		{"application/pdf", "a.pdf", "application/json", true},
		{"application/pdf", "a.pdf", "text/plain", true},
		{"application/pdf", "a.pdf", "image/png", true},
		{"image/png", "a.png", "application/xml", true},
		{"audio/mpeg", "a.mp3", "image/png", true},
	} {
		if got := isOther(bridge.Attachment{Type: test.said, Name: test.name}, test.came); got != test.other {
			t.Errorf("%q as %q: %v", test.said, test.came, got)
		}
	}
}

func TestBounded_EndsWhereTheMessageSays(t *testing.T) {
	photo := "\xff\xd8\xff\xe0 a photo \xff\xd9"
	for _, test := range []struct {
		name, content string
		said          bridge.Attachment
		want          bridge.Reason
	}{
		{"as said", "12345", bridge.Attachment{Size: 5}, ""},
		{"nobody said", "12345", bridge.Attachment{}, ""},
		{"shorter", "1234", bridge.Attachment{Size: 5}, bridge.FileUnreadable},
		{"longer", "123456", bridge.Attachment{Size: 5}, bridge.FileReplaced},
		{"a photo without where it was made", photo, bridge.Attachment{Type: "image/jpeg", Size: 500}, ""},
		{"half a photo", photo[:8], bridge.Attachment{Type: "image/jpeg", Size: 500}, bridge.FileUnreadable},
		{"larger than allowed", strings.Repeat("x", 2000), bridge.Attachment{Size: 2000}, bridge.FileTooBig},
	} {
		r := &bounded{ReadCloser: io.NopCloser(io.MultiReader(strings.NewReader(test.content[:2]), strings.NewReader(test.content[2:]))), left: 1000, said: test.said}
		_, err := io.Copy(io.Discard, r)
		if (err == nil) != (test.want == "") || err != nil && bridge.RefusalOf(err).Reason != test.want {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
