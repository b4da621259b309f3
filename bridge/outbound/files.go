package outbound

import (
	"context"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/samefile"
)

// ofFile are the reasons that concern one file, and nothing else of its message.
var ofFile = map[bridge.Reason]bool{
	bridge.FilesOff: true, bridge.FileType: true, bridge.FileTooBig: true, bridge.FileGone: true, bridge.FileForbidden: true,
	bridge.FileUnreadable: true, bridge.FileWithheld: true, bridge.FileReplaced: true, bridge.FileRefused: true, bridge.CommentFile: true,
}

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
	if err := samefile.Differs(file, content); err != nil {
		content.Close() // #nosec G104 -- nothing of it is wanted
		return nil, err
	}
	said := file
	if content.Type == "" || content.Type == samefile.Untyped && file.Type != "" {
		content.Type = file.Type
	}
	if content.Type == "" {
		content.Type = samefile.Untyped
	}
	file.Type, file.Size = content.Type, max(content.Size, 0)
	if err := letOut(page.Settings, file); err != nil {
		content.Close() // #nosec G104 -- it was read, or is not wanted
		return nil, err
	}
	content.ReadCloser = samefile.Bound(content.ReadCloser, page.Settings.FileLimit(), said)
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
