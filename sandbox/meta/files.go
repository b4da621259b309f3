package meta

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxUpload bounds a multipart body, all of it (messenger.md 3.6: 25 MB after encoding; that
// a MB is 2^20 bytes is an inference).
const maxUpload = 25 << 20

// SentFile is a file that the page sent, as the customer got it.
type SentFile struct {
	Type        string // of the attachment: image, audio, video, file
	Name        string
	ContentType string
	Size        int64
	SHA256      string // of the content, in hex
}

// formFile is the file part of a form.
type formFile struct {
	SentFile
	head []byte // its first bytes, to see what it is
}

// multipartForm is a body of multipart/form-data. Files are not kept: their hash tells
// whether they arrived whole.
type multipartForm struct {
	values url.Values
	files  []formFile
	size   int64 // of the body
}

// readMultipart reads a form to its end. An error means that the client left, or did not
// write one: then nothing of it counts.
func readMultipart(body io.Reader, boundary string) (f multipartForm, err error) {
	f.values = url.Values{}
	counted := &countingReader{from: body}
	parts := multipart.NewReader(counted, boundary)
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, counted)
			f.size = counted.n
			return f, err
		}
		if err != nil {
			return f, err
		}
		if part.FileName() == "" {
			value, err := io.ReadAll(io.LimitReader(part, 1<<20))
			if err != nil {
				return f, err
			}
			f.values.Add(part.FormName(), string(value))
			continue
		}
		file := formFile{SentFile: SentFile{Name: part.FileName(), ContentType: part.Header.Get("Content-Type")}}
		sum := sha256.New()
		head := &headWriter{}
		if file.Size, err = io.Copy(io.MultiWriter(sum, head), part); err != nil {
			return f, err
		}
		file.SHA256, file.head = hex.EncodeToString(sum.Sum(nil)), head.bytes
		f.files = append(f.files, file)
	}
}

type countingReader struct {
	from io.Reader
	n    int64
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.n += int64(n)
	return n, err
}

// headWriter keeps what http.DetectContentType looks at.
type headWriter struct{ bytes []byte }

func (w *headWriter) Write(p []byte) (int, error) {
	if room := 512 - len(w.bytes); room > 0 {
		w.bytes = append(w.bytes, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

// takenTypes are the media types that each type of attachment takes (messenger.md 3.6). What
// becomes of others is not established; refusing them is the stricter reading. A file may be
// anything.
var takenTypes = map[string][]string{
	"image": {"image/png", "image/jpeg", "image/gif"},
	"video": {"video/mp4", "video/ogg", "video/avi", "video/x-msvideo", "video/quicktime", "video/webm"},
	"audio": {"audio/aac", "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/wav", "audio/wave", "audio/x-wav", "audio/vnd.wave", "audio/mpeg"},
}

// checkFile applies messenger.md 3.6 to a message with an attachment of bytes.
func (q Quirks) checkFile(kind string, form multipartForm) *graphError {
	switch {
	case len(form.files) != 1:
		return graphErr(100, 2018005, "(#100) Incorrect number of files uploaded. Must upload exactly one file.")
	case form.size > maxUpload:
		return graphErr(100, 2018109, "(#100) Attachment size exceeds allowable limit")
	}
	file := form.files[0]
	media, _, err := mime.ParseMediaType(file.ContentType)
	taken := takenTypes[kind]
	switch {
	case file.Size == 0 || err != nil:
		return graphErr(100, 2018047, "(#100) Upload attachment failure.")
	case kind == "audio" && q.StrictAudio && media == "audio/mpeg":
		return graphErr(100, 2018047, "(#100) Upload attachment failure.")
	case kind == "video" && slices.Contains(taken, media) && q.CorruptVideo:
		return graphErr(100, 2018294, "(#100) Video upload timed out or video corrupted")
	case taken != nil && (!slices.Contains(taken, media) || lies(kind, file.head)):
		return graphErr(100, 2018047, "(#100) Upload attachment failure.")
	}
	return nil
}

// lies tells that content is plainly of another kind than its type says.
func lies(kind string, head []byte) bool {
	found, _, _ := strings.Cut(http.DetectContentType(head), "/")
	return found != kind && (found == "text" || found == "image" || kind == "image")
}

// cdnURL is where a file of a message would be fetched from.
func (msg *message) cdnURL() string {
	return fmt.Sprintf("https://cdn.fbsbx.com/v/t59.2708-21/%s/%s?oe=6AB33368", msg.file.SHA256[:16], url.PathEscape(msg.file.Name))
}

// showAttachments writes the files of a message as the Conversations API does. Of images,
// videos and audio, Meta keeps its own version under its own name; that their size differs is
// an inference.
func (msg *message) showAttachments() metaObject {
	f := msg.file
	name, size, media := f.Name, f.Size, f.ContentType
	data := metaObject{}
	switch f.Type {
	case "image":
		name, size, media = "image-10151", f.Size*9/10+1, "image/jpeg"
		data = data.with("image_data", newObject("width", 960, "height", 720, "max_width", 960, "max_height", 720,
			"url", msg.cdnURL(), "preview_url", msg.cdnURL()))
	case "video":
		name, size, media = "video-10151.mp4", f.Size*9/10+1, "video/mp4"
		data = data.with("video_data", newObject("width", 640, "height", 360, "length", 10, "url", msg.cdnURL(), "preview_url", msg.cdnURL()))
	case "audio":
		name, size, media = "audioclip-10151.mp4", f.Size*9/10+1, "audio/mp4"
		data = data.with("file_url", msg.cdnURL())
	default:
		data = data.with("file_url", msg.cdnURL())
	}
	o := append(newObject("id", "10151", "mime_type", media, "name", name, "size", size), data...)
	return newObject("data", []any{o})
}
