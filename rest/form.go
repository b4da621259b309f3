package rest

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/textproto"
)

// Form is a multipart form that ends with a file. The file is never in memory as a
// whole.
type Form struct {
	around bytes.Buffer // what stands before and behind the file; it takes everything
	w      *multipart.Writer
}

// NewForm returns a form without fields.
func NewForm() *Form {
	f := &Form{}
	f.w = multipart.NewWriter(&f.around)
	return f
}

// Field adds a field.
func (f *Form) Field(name, value string) { _ = f.w.WriteField(name, value) }

// File ends the form with a file and returns all of it as a body. The size of the
// content is -1 if it is not known.
func (f *Form) File(field, name, mediaType string, content io.Reader, size int64) *Stream {
	_, _ = f.w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {multipart.FileContentDisposition(field, name)},
		"Content-Type":        {mediaType},
	})
	before := f.around.Len()
	_ = f.w.Close()
	head, tail := f.around.Bytes()[:before], f.around.Bytes()[before:]
	if size >= 0 {
		size += int64(len(head) + len(tail))
	}
	return &Stream{
		Reader: io.MultiReader(bytes.NewReader(head), content, bytes.NewReader(tail)),
		Type:   f.w.FormDataContentType(), Size: size,
	}
}
