// Package samefile tells whether what Rocket.Chat hands out is the file that a message names.
package samefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"messenger-bridge/bridge"
)

// Untyped is the media type of a file about which nothing is known.
const Untyped = "application/octet-stream"

// Differs compares the head of what is handed out with what the message says of its file;
// nil means that it may be the file.
func Differs(said bridge.Attachment, came *bridge.Content) error {
	if isOther(said, came.Type) {
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.FileReplaced,
			Err: fmt.Errorf("a file of type %q comes as %q", said.Type, came.Type)}
	}
	if said.Size > 0 && came.Size >= 0 && came.Size != said.Size && !picture(said.Type) {
		return otherSize(said.Size, came.Size)
	}
	return nil
}

// otherSize is the refusal of a file that is longer or shorter than its message says.
func otherSize(said, came int64) error {
	r := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.FileReplaced, Err: fmt.Errorf("a file of %d bytes comes with %d", said, came)}
	if came < said {
		r.Reason = bridge.FileUnreadable
	}
	return r
}

// webPages are the media types of what stands in for a file when something is wrong.
var webPages = []string{"text/html", "application/xhtml+xml"}

// isOther reports whether something comes as another type than the message says. Servers
// know many names for one type, and for pictures and sounds even the type may have been
// changed on the way; what tells nothing is believed.
func isOther(said bridge.Attachment, came string) bool {
	expected, got := plainType(said.Type), plainType(came)
	if got == "" || got == expected {
		return false
	}
	if slices.Contains(webPages, got) {
		ending := strings.ToLower(path.Ext(said.Name))
		return !slices.Contains(webPages, expected) && (expected != "" && expected != Untyped || !slices.Contains([]string{".html", ".htm", ".xhtml"}, ending))
	}
	if expected == "" || tellsNothing[expected] || tellsNothing[got] {
		return false
	}
	expectedKind, expectedSub, _ := strings.Cut(expected, "/")
	gotKind, gotSub, _ := strings.Cut(got, "/")
	switch {
	case expectedKind == "text" && gotKind == "text", picture(expected) && picture(got), plays[expectedKind] && plays[gotKind]:
		return false
	}
	return strings.TrimPrefix(expectedSub, "x-") != strings.TrimPrefix(gotSub, "x-")
}

var (
	tellsNothing = map[string]bool{Untyped: true, "binary/octet-stream": true, "application/x-binary": true, "application/force-download": true, "application/download": true}
	plays        = map[string]bool{"audio": true, "video": true}
)

// plainType is a media type without parameters, in small letters.
func plainType(mediaType string) string {
	plain, _, _ := strings.Cut(mediaType, ";")
	return strings.ToLower(strings.TrimSpace(plain))
}

func picture(mediaType string) bool { return strings.HasPrefix(plainType(mediaType), "image/") }

// endSeen is how many bytes at a file's end are looked at.
const endSeen = 64

// ends reports whether a picture ends as pictures do. Rocket.Chat takes out of photos where
// they were made, and the message keeps the size they had before.
func ends(last []byte) bool {
	png, gif, jpeg := []byte("IEND\xaeB`\x82"), []byte{0, 0x3b}, []byte{0xff, 0xd9}
	return bytes.HasSuffix(last, png) || bytes.HasSuffix(last, gif) || bytes.Contains(last, jpeg)
}

// Bound reads a file that a message names, up to a limit: beyond, or where it ends elsewhere than the message says, reading fails.
func Bound(file io.ReadCloser, limit int64, said bridge.Attachment) io.ReadCloser {
	return &bounded{ReadCloser: file, left: limit, said: said}
}

// bounded refuses to read more than is allowed, and to end elsewhere than the message says:
// what Rocket.Chat hands out need not be the file.
type bounded struct {
	io.ReadCloser
	left int64
	said bridge.Attachment
	read int64
	end  []byte // the last bytes
}

func (r *bounded) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.read += int64(n)
	if r.end = append(r.end, p[max(0, n-endSeen):n]...); len(r.end) > endSeen {
		r.end = append(r.end[:0], r.end[len(r.end)-endSeen:]...)
	}
	if r.left -= int64(n); r.left < 0 {
		return 0, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.FileTooBig, Err: errors.New("the file is larger than it was said to be")}
	}
	if errors.Is(err, io.EOF) && r.said.Size > 0 && r.read != r.said.Size && !(picture(r.said.Type) && ends(r.end)) {
		return n, otherSize(r.said.Size, r.read)
	}
	return n, err
}
