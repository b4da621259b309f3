package rocketchat

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rest"
	"messenger-bridge/rocketchat/markup"
)

// refusesFile are the codes by which a workspace does not take a file.
var refusesFile = map[string]bridge.Reason{
	"error-file-too-large":       bridge.UploadTooBig,
	"error-size-not-allowed":     bridge.UploadTooBig,
	"error-type-not-allowed":     bridge.FileType,
	"error-invalid-file-type":    bridge.FileType,
	"error-file-upload-disabled": bridge.FilesOff,
}

// Upload shows a visitor's file in a room, with a text beside it that may be empty. It cannot
// be shown in another's name: Rocket.Chat puts the visitor's in its place. The content is
// sent as it is read; if reading it fails, the error is that of the reader.
func (c Livechat) Upload(ctx context.Context, visitor bridge.Secret, r bridge.RoomID, f *bridge.File, text string) (bridge.MessageID, bridge.RoomID, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.UploadTimeout)
	defer cancel()
	form := rest.NewForm()
	if text != "" {
		form.Field("msg", markup.Message(text, bridge.CiteMark))
	}
	// Nothing moves when the workspace neither reads nor answers.
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	still := time.AfterFunc(stallsAfter*c.cfg.Timeout, func() { stop(errStandsStill) })
	defer still.Stop()
	content := &rest.Remembering{From: f, Moved: func() { still.Reset(stallsAfter * c.cfg.Timeout) }}
	var answer struct {
		ID   bridge.MessageID `json:"_id"`
		Room bridge.RoomID    `json:"rid"`
	}
	up := call{of: visitor.Reveal(), method: http.MethodPost, route: "/livechat/upload/{rid}", params: map[string]string{"rid": string(r)}, answer: &answer,
		ours: func() bool { return content.Err.Load() != nil }, stream: form.File("file", f.Name, f.Type, content, -1), header: map[string]string{"X-Visitor-Token": visitor.Reveal()}}
	err := c.do(ctx, up)
	switch {
	case content.Err.Load() != nil: // the workspace got half of it, which is nothing
		return "", "", *content.Err.Load()
	case statusOf(err) == http.StatusForbidden && !isPage(err): // also of a room that is not open (rocketchat.md 4.7)
		return "", "", &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.RoomClosed, Answer: bridge.RefusalOf(err).Answer, Err: err}
	case refusesFile[CodeOf(err)] != "":
		return "", "", &bridge.Refusal{Verdict: bridge.Never, Reason: refusesFile[CodeOf(err)], Answer: bridge.RefusalOf(err).Answer, Err: err}
	case err == nil && answer.ID == "":
		err = unexpected(up, nil)
	}
	return answer.ID, answer.Room, err
}

// stallsAfter is for how many times the time of a call an upload may stand still: the workspace
// stores a file before it answers.
const stallsAfter = 4

var errStandsStill = errors.New("the upload stands still")

// latest is how many messages of a room are read to find an upload.
const latest = "100"

// Uploaded returns the latest files of a visitor in a room, oldest first.
func (c Livechat) Uploaded(ctx context.Context, visitor bridge.Secret, r bridge.RoomID) (all []bridge.Uploaded, err error) {
	var answer struct {
		Messages []struct {
			ID    bridge.MessageID `json:"_id"`
			Token string           `json:"token"`
			File  struct {
				Name string `json:"name"`
				Size int64  `json:"size"`
			} `json:"file"`
			Public struct{ Size int64 } `json:"fileUpload"`
		} `json:"messages"`
	}
	err = c.do(ctx, call{of: visitor.Reveal(), method: http.MethodGet, route: "/livechat/messages.history/{rid}", params: map[string]string{"rid": string(r)},
		query: url.Values{"token": {visitor.Reveal()}, "limit": {latest}}, answer: &answer})
	for _, m := range slices.Backward(answer.Messages) {
		if m.Token == visitor.Reveal() && m.File.Name != "" {
			all = append(all, bridge.Uploaded{ID: m.ID, Name: m.File.Name, Size: max(m.File.Size, m.Public.Size)})
		}
	}
	return all, err
}
