package chat

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	_ "image/gif" // the sizes of pictures
	_ "image/jpeg"
	_ "image/png"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// File is a file that the workspace stores.
type File struct {
	ID, Name, Type string
	Size           int64
	Sum            string // SHA-256 of the content, in hex
	Content        []byte // nil if only sums are kept (KeepContent)
	RoomID         string
	ByVisitor      bool
}

// rcUpload is the body of an upload, read before anything is decided.
type rcUpload struct {
	fields  map[string]string
	files   []File
	misused string // how the form was wrong
}

// readUpload reads a multipart form as it comes. The content of what is too large
// is read to its end and not kept.
func readUpload(r *http.Request, keep bool, limit int64) (*rcUpload, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return &rcUpload{misused: "not-multipart"}, nil
	}
	up := &rcUpload{fields: map[string]string{}}
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			return up, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read upload: %w", err)
		}
		if part.FileName() == "" {
			value, err := io.ReadAll(part)
			if err != nil {
				return nil, fmt.Errorf("read upload: %w", err)
			}
			if len(up.files) > 0 {
				up.misused = "field-after-file"
			}
			up.fields[part.FormName()] = string(value)
			continue
		}
		if part.FormName() != "file" {
			up.misused = "invalid-field"
		}
		f, err := readFile(part, keep, limit)
		if err != nil {
			return nil, fmt.Errorf("read upload: %w", err)
		}
		up.files = append(up.files, f)
	}
}

func readFile(part *multipart.Part, keep bool, limit int64) (File, error) {
	sum := sha256.New()
	var kept bytes.Buffer
	var to io.Writer = sum
	if limit < 0 { // there is none
		limit = math.MaxInt64 - 1
	}
	if keep {
		to = io.MultiWriter(sum, &rcFirst{&kept, limit + 1})
	}
	size, err := io.Copy(to, part)
	// Not part.FileName: it cuts folders off, and the server's parser need not.
	_, disposition, _ := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	kind, _, _ := strings.Cut(part.Header.Get("Content-Type"), ";")
	f := File{Name: disposition["filename"], Type: kind, Size: size, Sum: hex.EncodeToString(sum.Sum(nil))}
	if keep {
		f.Content = kept.Bytes()
	}
	return f, err
}

// rcFirst keeps the beginning of what is written.
type rcFirst struct {
	buf  *bytes.Buffer
	left int64
}

func (w *rcFirst) Write(p []byte) (int, error) {
	n := min(int64(len(p)), w.left)
	w.buf.Write(p[:n])
	w.left -= n
	return len(p), nil
}

var rcUploadFields = []string{"description", "msg", "avatar", "emoji", "alias", "groupable"}

// restUpload is POST livechat/upload/:rid (rocketchat.md 4.7).
func (rc *RocketChat) restUpload(c *rcCall) *rcReply {
	refused := func(reason string) *rcReply {
		return &rcReply{status: http.StatusBadRequest, body: rcDoc{"reason": reason}}
	}
	if !rc.on("Livechat_fileupload_enabled") || !rc.on("FileUpload_Enabled") {
		return refused("error-file-upload-disabled")
	}
	v, r := rc.visitors[c.req.Header.Get("x-visitor-token")], rc.rooms[c.params["rid"]]
	if v == nil || r == nil || r.visitor != v || !r.open {
		return rcUnauthorizedFor()
	}
	up := c.upload
	limit, _ := rcNumber(rc.settings["FileUpload_MaxFileSize"])
	switch {
	case up.misused == "invalid-field":
		return rcMeteor("invalid-field", "")
	case len(up.files) == 0 && !rc.since(8, 0):
		return refused("error-no-file-uploaded")
	case len(up.files) == 0:
		return rcMeteor("error-no-file", "No file uploaded")
	case len(up.files) > 1:
		return rcMeteor("error-too-many-files", "Too many files in upload")
	case limit >= 0 && up.files[0].Size > int64(limit) && !rc.since(8, 0):
		return &rcReply{status: http.StatusBadRequest, body: rcDoc{"reason": "error-size-not-allowed", "sizeAllowed": strconv.Itoa(limit>>20) + " MB"}}
	case limit >= 0 && up.files[0].Size > int64(limit):
		return rcMeteor("error-file-too-large", "File size exceeds the allowed limit")
	case !rc.takesType(up.files[0].Type):
		return refused("error-type-not-allowed")
	case v.blocked:
		return rcFail("error-contact-channel-blocked")
	}
	if up.misused != "" {
		rc.note("POST livechat/upload/:rid: %s", up.misused)
	}
	doc := rcDoc{"msg": up.fields["msg"], "token": v.token, "u": v.author(), "groupable": false}
	if v.name != "" {
		doc["alias"] = v.name
	}
	for key := range up.fields { // beside msg and description, what is taken has no effect
		if !slices.Contains(rcUploadFields, key) {
			rc.note("POST livechat/upload/:rid: unknown field %q", key)
			return rcFail("Match error: Unknown key in field " + key)
		}
	}
	f := up.files[0]
	f.ByVisitor = true
	rc.attach(r, doc, f, up.fields["description"])
	m := rc.save(r, doc)
	return rcOK(mergeDocs(m.doc, rcDoc{"newRoom": false, "showConnecting": false}))
}

func mergeDocs(docs ...rcDoc) rcDoc {
	out := rcDoc{}
	for _, d := range docs {
		for k, v := range d {
			out[k] = v
		}
	}
	return out
}

// takesType is the check of the two lists of media types.
func (rc *RocketChat) takesType(kind string) bool {
	on := func(list any) bool {
		return slices.ContainsFunc(strings.Split(rcText(list), ","), func(t string) bool {
			t = strings.TrimSpace(t)
			whole, all := strings.CutSuffix(t, "/*")
			return t != "" && (t == kind || all && strings.HasPrefix(kind, whole+"/"))
		})
	}
	white := rcText(rc.settings["FileUpload_MediaTypeWhiteList"])
	return !on(rc.settings["FileUpload_MediaTypeBlackList"]) && (white == "" || on(white))
}

// attach stores a file and puts it on a message that is about to be saved.
func (rc *RocketChat) attach(r *rcRoom, doc rcDoc, f File, description string) {
	f.ID, f.RoomID = rcID(17), r.id
	rc.files[f.ID] = &f
	where := rcFilePath(f.ID, f.Name)
	file := rcDoc{"_id": f.ID, "name": f.Name, "type": f.Type}
	if !f.ByVisitor {
		file["size"] = f.Size
	}
	files := []any{file}
	a := rcDoc{"title": f.Name, "type": "file", "title_link": where, "title_link_download": true}
	if description != "" {
		a["description"] = description
	}
	kind, _, _ := strings.Cut(f.Type, "/")
	switch kind {
	case "image":
		a["image_url"], a["image_type"], a["image_size"] = where, f.Type, f.Size
		if config, _, err := image.DecodeConfig(bytes.NewReader(f.Content)); err == nil {
			a["image_dimensions"] = rcDoc{"width": config.Width, "height": config.Height}
		}
		if !f.ByVisitor { // agents' pictures get a thumbnail, and image_url is only that
			thumb := File{ID: rcID(17), Name: "thumb-" + f.Name, Type: f.Type, Content: []byte("thumbnail of " + f.Name), RoomID: r.id}
			thumb.Size = int64(len(thumb.Content))
			rc.files[thumb.ID] = &thumb
			files = append(files, rcDoc{"_id": thumb.ID, "name": thumb.Name, "type": thumb.Type, "typeGroup": "thumb"})
			a["image_url"] = rcFilePath(thumb.ID, thumb.Name)
		}
	case "audio", "video":
		a[kind+"_url"], a[kind+"_type"], a[kind+"_size"] = where, f.Type, f.Size
	default:
		if f.ByVisitor {
			break
		}
		a["format"], a["size"] = strings.ToUpper(strings.TrimPrefix(path.Ext(f.Name), ".")), f.Size
	}
	given, _ := doc["attachments"].([]any)
	doc["file"], doc["attachments"] = file, append(given, a)
	before, _ := doc["files"].([]any)
	doc["files"] = append(before, files...)
}

// rcFilePath is how a file is named in messages: encodeURI, not encodeURIComponent.
func rcFilePath(id, name string) string {
	return "/file-upload/" + id + "/" + (&url.URL{Path: name}).EscapedPath()
}

// serveFile is GET /file-upload/:id/:name (rocketchat.md 6.4). The name is ignored.
func (rc *RocketChat) serveFile(w http.ResponseWriter, c *rcCall) {
	status, f, where := rc.allowFile(c)
	rc.finish(c, status)
	switch {
	case where != "":
		http.Redirect(w, c.req, where, http.StatusFound)
	case status != http.StatusOK:
		w.WriteHeader(status)
	default:
		w.Header().Set("Content-Type", f.Type)
		w.Header().Set("Cache-Control", "max-age=31536000")
		w.Header().Set("Content-Length", strconv.FormatInt(f.Size, 10))
		_, _ = w.Write(f.Content) // the caller may have gone
	}
}

func (rc *RocketChat) allowFile(c *rcCall) (status int, f *File, where string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	q := c.req.URL.Query()
	f = rc.files[c.params["id"]]
	signed := q.Get("signature") != "" && q.Get("signature") == rc.signature(c.params["id"])
	switch {
	case f == nil:
		return http.StatusNotFound, nil, ""
	case signed:
		if c.user != nil || q.Get("rc_token") != "" {
			rc.note("GET file-upload: credentials were taken along to the storage")
		}
		return http.StatusOK, f, ""
	case rc.on("FileUpload_ProtectFiles") && !rc.mayFetch(c.user, q, f):
		return http.StatusForbidden, nil, ""
	case rc.storage: // S3 or GCS without proxy
		return http.StatusFound, nil, rc.URL() + rcFilePath(f.ID, f.Name) + "?signature=" + rc.signature(f.ID)
	}
	return http.StatusOK, f, ""
}

// signature is what a storage puts into links.
func (rc *RocketChat) signature(fileID string) string {
	sum := sha256.Sum256([]byte(rc.addr + "/" + fileID))
	return hex.EncodeToString(sum[:8])
}

// mayFetch is requestCanAccessFiles (rocketchat.md 6.4). A visitor's token opens the room it
// is of; only the newest servers also ask whether the file is of that room.
func (rc *RocketChat) mayFetch(u *rcUser, q url.Values, f *File) bool {
	r := rc.rooms[f.RoomID]
	if asked := rc.rooms[q.Get("rc_rid")]; q.Get("rc_room_type") == "l" && asked != nil && asked.kind == "l" &&
		asked.visitor.token == q.Get("rc_token") && (asked.open || !rc.openOnly) && (asked == r || !rc.since(8, 0) || rc.openOnly) {
		return true
	}
	members, access := rc.on("FileUpload_Restrict_to_room_members"), rc.on("FileUpload_Restrict_to_users_who_can_access_room")
	switch {
	case u == nil, members && access: // both at once let nobody in
		return false
	case members:
		return r.members[u.ID]
	case access:
		return rc.mayRead(u, r)
	}
	return true
}

// FilesIn lists the files of a room, in no order; thumbnails are among them.
func (rc *RocketChat) FilesIn(rid string) (all []File) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	for _, f := range rc.files {
		if f.RoomID == rid {
			all = append(all, *f)
		}
	}
	return all
}

// FileAt is the file that an attachment's link leads to, as somebody in the room gets it.
func (rc *RocketChat) FileAt(link string) (File, bool) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	parts := strings.Split(strings.TrimPrefix(link, "/file-upload/"), "/")
	f := rc.files[parts[0]]
	if f == nil {
		return File{}, false
	}
	return *f, true
}

// KeepContent says whether the content of uploads is kept, or only their sums; for
// many large files.
func (rc *RocketChat) KeepContent(on bool) { rc.locked(func() { rc.sumsOnly = !on }) }

// StoreElsewhere makes downloads lead to a storage with signed links.
func (rc *RocketChat) StoreElsewhere(on bool) { rc.locked(func() { rc.storage = on }) }

// FilesOfOpenRoomsOnly refuses visitors the files of closed rooms, and no file of any room
// as long as theirs is open, as 6.0 did.
func (rc *RocketChat) FilesOfOpenRoomsOnly(on bool) { rc.locked(func() { rc.openOnly = on }) }

// Uploads sends files into a room, one message each as web clients do; the text goes
// with the first. It returns the messages' ids.
func (a *Agent) Uploads(rid, text string, files ...File) (messageIDs []string) {
	for _, f := range files {
		messageIDs = append(messageIDs, a.uploads(rid, text, "", f))
		text = ""
	}
	return messageIDs
}

// UploadsDescribed is Uploads of an older client: the text is the file's description.
func (a *Agent) UploadsDescribed(rid, description string, f File) (messageID string) {
	return a.uploads(rid, "", description, f)
}

// UploadsTogether sends several files as one message.
func (a *Agent) UploadsTogether(rid, text string, files ...File) (messageID string) {
	return a.uploads(rid, text, "", files...)
}

func (a *Agent) uploads(rid, text, description string, files ...File) (id string) {
	a.inRoom(rid, func(r *rcRoom, u *rcUser) {
		doc := rcDoc{"msg": text, "u": u.author(), "groupable": false}
		for _, f := range files {
			if !utf8.ValidString(f.Name) || f.Name == "" {
				a.rc.note("test: a file without a name")
			}
			sum := sha256.Sum256(f.Content)
			f.Size, f.Sum = int64(len(f.Content)), hex.EncodeToString(sum[:])
			a.rc.attach(r, doc, f, description)
		}
		id = a.rc.save(r, doc).id()
	})
	return id
}

// RemovesFile takes the file out of a message, which stays.
func (a *Agent) RemovesFile(messageID string) {
	a.change(messageID, func(m *rcMessage, _ *rcUser) {
		m.doc["attachments"] = []any{rcDoc{"type": "removed-file", "text": "_File removed by prune_"}}
		delete(m.doc, "file")
		delete(m.doc, "files")
		a.rc.restamp(m, false)
	})
}
