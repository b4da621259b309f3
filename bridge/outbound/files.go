package outbound

import (
	"context"
	"errors"
	"io"

	"messenger-bridge/bridge"
)

// ofFile are the reasons that concern one file, and nothing else of its message.
var ofFile = map[bridge.Reason]bool{
	bridge.FilesOff: true, bridge.FileType: true, bridge.FileTooBig: true, bridge.FileGone: true, bridge.FileForbidden: true,
	bridge.FileUnreadable: true, bridge.FileWithheld: true, bridge.FileReplaced: true, bridge.FileRefused: true, bridge.CommentFile: true,
}

// untyped is the media type of a file about which nothing is known.
const untyped = "application/octet-stream"

// open begins to read a file of a message, if the page's settings let it through. Its
// Content does not go on beyond the size they allow.
func (c *Config) open(ctx context.Context, page bridge.Page, out *Outgoing, file bridge.Attachment) (*bridge.Content, error) {
	if err := letOut(page.Settings, file); err != nil {
		return nil, err
	}
	link, err := c.Memory.Links.Link(out.Conversation)
	if err != nil {
		return nil, bridge.StoreRefusal(err)
	}
	content, err := c.Workspace.Files.Open(ctx, file, out.Room, link.Visitor)
	if err != nil {
		return nil, err
	}
	if err := differs(file, content); err != nil {
		content.Close() // #nosec G104 -- nothing of it is wanted
		return nil, err
	}
	said := file
	if content.Type == "" || content.Type == untyped && file.Type != "" {
		content.Type = file.Type
	}
	if content.Type == "" {
		content.Type = untyped
	}
	file.Type, file.Size = content.Type, max(content.Size, 0)
	if err := letOut(page.Settings, file); err != nil {
		content.Close() // #nosec G104 -- it was read, or is not wanted
		return nil, err
	}
	content.ReadCloser = &bounded{ReadCloser: content.ReadCloser, left: page.Settings.FileLimit(), said: said}
	return content, nil
}

// letOut refuses a file that the settings do not let out, as far as is known.
func letOut(s bridge.Settings, file bridge.Attachment) error {
	refuse := func(reason bridge.Reason) error {
		return &bridge.Refusal{Verdict: bridge.Never, Reason: reason}
	}
	switch {
	case s.RefuseFilesOut:
		return refuse(bridge.FilesOff)
	case file.Type != "" && !s.TakesFile(file.Name, file.Type):
		return refuse(bridge.FileType)
	case file.Size > s.FileLimit():
		return refuse(bridge.FileTooBig)
	}
	return nil
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
