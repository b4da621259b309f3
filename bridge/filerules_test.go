package bridge

import "testing"

func TestTakesFile(t *testing.T) {
	for _, c := range []struct {
		types, name, media string
		takes              bool
	}{
		{"", "a.exe", "", true},
		{"image/*, .pdf", "a.png", "image/png", true},
		{"image/*, .pdf", "A.PDF", "application/octet-stream", true},
		{"image/*, .pdf", "a.mp4", "video/mp4; codecs=avc1", false},
		{"video/mp4", "a", "Video/MP4; codecs=avc1", true},
		{"*/*", "a.exe", "", true}, // stored before that meant all
		{".tar.gz", "a.tar.gz", "application/gzip", true},
		{".tar.gz", "a.gz", "application/gzip", false},
		{".gz", "a.tar.gz", "application/gzip", true},
		{".pdf", "pdf", "", false},
	} {
		if got := (Settings{FileTypes: c.types}).TakesFile(c.name, c.media); got != c.takes {
			t.Errorf("%q takes %s (%s): %v", c.types, c.name, c.media, got)
		}
	}
}
