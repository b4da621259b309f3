package outbound

import (
	"slices"
	"testing"

	"messenger-bridge/bridge"
)

// TestDeliver_PictureTooBig_GoesAsAFile: Meta takes files that are larger than the pictures it takes. What our own settings
// refuse has no code, and no form of it is taken.
func TestDeliver_PictureTooBig_GoesAsAFile(t *testing.T) {
	for _, test := range []struct {
		name, kind, code string
		asFile           bool // Meta takes it as that
		tried            []string
		told             []string
	}{
		{"a picture", "image", "100/2018109", true, []string{"image", "file"}, nil},
		{"a picture, too big for a file, too", "image", "100/2018109", false, []string{"image", "file"}, []string{"not-delivered/a file-too-big"}},
		{"a picture, for the settings", "image", "", true, []string{"image"}, []string{"not-delivered/a file-too-big"}},
		{"a video", "video", "100/2018109", true, []string{"video"}, []string{"not-delivered/a file-too-big"}},
		{"a file", "file", "100/2018109", false, []string{"file"}, []string{"not-delivered/a file-too-big"}},
	} {
		w := newWorld(t)
		w.Workspace.Files, w.Memory.Links = &shelf{}, &shelf{}
		var tried []string
		w.send = func(p bridge.OutboundPart) (bool, error) {
			tried = append(tried, p.File.Kind)
			if test.asFile && p.File.Kind == bridge.FileKind {
				return true, nil
			}
			return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.FileTooBig, Code: test.code}
		}
		m := write("a", "")
		m.Attachments = []bridge.Attachment{{Kind: test.kind, Name: "a.png", URL: "/a"}}
		w.says(m)
		w.deliver()
		if !slices.Equal(tried, test.tried) || !slices.Equal(w.notices(), test.told) {
			t.Errorf("%s: tried as %q, told %q", test.name, tried, w.notices())
		}
	}
}
