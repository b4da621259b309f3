package rest_test

import (
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"

	"messenger-bridge/rest"
)

// TestForm_IsReadAsItWasWritten writes names that would break a header if they were
// put there as they are.
func TestForm_IsReadAsItWasWritten(t *testing.T) {
	for _, name := range []string{"a.pdf", `the "best" \ file.pdf`, "Übersicht 日本.pdf", "%22.pdf"} {
		form := rest.NewForm()
		form.Field("alias", "Ana \"A\"\r\n--")
		body := form.File("file", name, "application/pdf", strings.NewReader("content"), 7)
		text, err := io.ReadAll(body)
		if err != nil || int64(len(text)) != body.Size {
			t.Errorf("%d bytes, announced were %d: %v", len(text), body.Size, err)
		}
		_, params, err := mime.ParseMediaType(body.Type)
		if err != nil {
			t.Fatal(err)
		}
		read, err := multipart.NewReader(strings.NewReader(string(text)), params["boundary"]).ReadForm(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		file := read.File["file"][0]
		if read.Value["alias"][0] != "Ana \"A\"\r\n--" || file.Header.Get("Content-Type") != "application/pdf" || file.Size != 7 {
			t.Errorf("%+v, %+v", read.Value, file)
		}
		_, params, err = mime.ParseMediaType(file.Header.Get("Content-Disposition"))
		if err != nil || params["filename"] != name {
			t.Errorf("%q became %q, %v", name, params["filename"], err)
		}
	}
}

// TestForm_SizeIsUnknown_IfThatOfTheContentIs also reads nothing before it is sent.
func TestForm_SizeIsUnknown_IfThatOfTheContentIs(t *testing.T) {
	content := strings.NewReader("content")
	body := rest.NewForm().File("file", "a.txt", "text/plain", content, -1)
	if body.Size != -1 || content.Len() != 7 {
		t.Errorf("size %d, %d bytes left", body.Size, content.Len())
	}
}
