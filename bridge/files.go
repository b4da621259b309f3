package bridge

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Files are what agents upload to rooms.
type Files interface {
	// Open begins to read a file of a room; visitor is the token of the room's
	// customer. The error is a Refusal.
	Open(ctx context.Context, file Attachment, room RoomID, visitor Secret) (*Content, error)
}

// Links tell how conversations are tied to Rocket.Chat.
type Links interface {
	Link(Conversation) (Link, error)
}

// FileKind is the kind of an attachment that is neither image, audio nor video.
const FileKind = "file"

// ofFile are the reasons that concern one file, and nothing else of its message.
var ofFile = map[Reason]bool{
	FilesOff: true, FileType: true, FileTooBig: true, FileGone: true, FileForbidden: true, FileUnreadable: true, FileRefused: true, CommentFile: true,
}

// open begins to read the file of a part, if the page's settings let it through. Its
// Content does not go on beyond the size they allow.
func (b *Bridge) open(ctx context.Context, s *shipment, file Attachment) (*Content, error) {
	rules := s.page.Settings
	if err := rules.judge(file); err != nil {
		return nil, err
	}
	link, err := b.Links.Link(s.out.Conversation)
	if err != nil {
		return nil, &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	content, err := b.Files.Open(ctx, file, s.out.Room, link.Visitor)
	if err != nil {
		return nil, err
	}
	if content.Type == "" || content.Type == "application/octet-stream" && file.Type != "" {
		content.Type = file.Type
	}
	if content.Type == "" {
		content.Type = "application/octet-stream"
	}
	file.Type, file.Size = content.Type, max(content.Size, 0)
	if err := rules.judge(file); err != nil {
		content.Close()
		return nil, err
	}
	content.ReadCloser = &bounded{ReadCloser: content.ReadCloser, left: rules.FileLimit()}
	return content, nil
}

// judge refuses a file that the settings do not let out, as far as is known.
func (s Settings) judge(file Attachment) error {
	refuse := func(reason Reason) error { return &Refusal{Verdict: Never, Reason: reason} }
	switch {
	case s.RefuseFilesOut:
		return refuse(FilesOff)
	case file.Type != "" && !s.TakesFile(file.Name, file.Type):
		return refuse(FileType)
	case file.Size > s.FileLimit():
		return refuse(FileTooBig)
	}
	return nil
}

// bounded refuses to read more than is allowed: what Rocket.Chat says about a size
// need not be true.
type bounded struct {
	io.ReadCloser
	left int64
}

func (r *bounded) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return 0, &Refusal{Verdict: Never, Reason: FileTooBig, Err: errors.New("the file is larger than it was said to be")}
	}
	return n, err
}

// leaveOut goes on without a file, once the agent is told. Stopped in between, it is
// refused again, and the agent is not told twice.
func (b *Bridge) leaveOut(s *shipment, r *Refusal) error {
	p := &s.d.Progress
	b.Log.Warn("a file is left out", "page", s.page.ID, "delivery", s.d.Seq, "message", s.out.Message, "reason", r.Reason, "err", r.Err)
	err := b.tell(context.Background(), Notice{
		Kind: FileLeft, Room: s.out.Room, Message: s.out.Message, To: s.out.Author,
		Reason: r.Reason, Part: p.Part, Edit: s.out.Edit, Round: s.out.Round, Text: s.out.Parts[p.Part].File.Name,
	})
	if err != nil {
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: fmt.Errorf("tell of a file: %w", err)}
	}
	*p = Progress{State: Trying, Part: p.Part + 1, Tried: b.Now()}
	if p.Part < len(s.out.Parts) {
		return b.save(s)
	}
	return nil
}
