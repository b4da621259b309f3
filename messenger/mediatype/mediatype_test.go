package mediatype

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"
)

// encodings are the ways in which browsers read a page.
func encodings(text string) map[string][]byte {
	wide := func(order binary.AppendByteOrder, mark bool) (b []byte) {
		if mark {
			b = order.AppendUint16(b, 0xfeff)
		}
		for _, u := range utf16.Encode([]rune(text)) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	var utf32 []byte
	for _, r := range "\ufeff" + text {
		utf32 = binary.LittleEndian.AppendUint32(utf32, uint32(r))
	}
	return map[string][]byte{
		"UTF-8": []byte(text), "UTF-8, marked": []byte("\ufeff" + text), "UTF-8, after blanks": []byte("\ufeff \r\n\t" + text),
		"UTF-16, little": wide(binary.LittleEndian, true), "UTF-16, big": wide(binary.BigEndian, true),
		"UTF-16, little, unmarked": wide(binary.LittleEndian, false), "UTF-16, big, unmarked": wide(binary.BigEndian, false), "UTF-32": utf32,
	}
}

// TestMediaType_WhatABrowserCarriesOut_IsNeverServedAsSuch: whatever the server calls it, and
// however it is written.
func TestMediaType_WhatABrowserCarriesOut_IsNeverServedAsSuch(t *testing.T) {
	for _, text := range []string{
		"<html><script>alert(1)</script>", "<!DOCTYPE html><body onload=x()>", "<script>x()</script>", "<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>",
		"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", "<x onclick=y()>",
	} {
		for how, head := range encodings(text) {
			for _, told := range []string{"", "text/plain", "text/html", "image/png", "image/svg+xml", "application/pdf", "application/xhtml+xml", "audio/mpeg", "application/octet-stream"} {
				if got := Of("file", told, head); got != unknown {
					t.Errorf("%q in %s, told to be %q: %q", text, how, told, got)
				}
				for _, kind := range []string{"image", "video", "audio", "sticker"} {
					if got := Of(kind, told, head); got != "" {
						t.Errorf("%q in %s as %s, told to be %q: %q", text, how, kind, told, got)
					}
				}
			}
		}
	}
	for _, told := range []string{
		"text/html", "text/javascript", "application/javascript", "application/ecmascript", "application/x-shockwave-flash", "message/rfc822", "multipart/related",
		"image/svg+xml", "application/xml", "text/xml", "text/css", "application/x-msdownload", "application/java-archive", "video/x+xml", "audio/script", "text/x-script",
	} {
		for _, kind := range []string{"file", "fallback", "image", "video", "audio"} {
			if got := Of(kind, told, []byte("\x01\x02 anything")); got == told || strings.Contains(got, "script") {
				t.Errorf("%s, told to be %q, is served as that: %q", kind, told, got)
			}
		}
	}
}

func TestMediaType_WhatPeopleSend_KeepsItsType(t *testing.T) {
	const docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	for _, c := range []struct{ kind, told, head, want string }{
		{"file", "application/pdf", "%PDF-1.7", "application/pdf"},
		{"file", docx, "PK\x03\x04 and more", docx},
		{"file", "", "PK\x03\x04 and more", "application/zip"},
		{"file", "text/csv", "a;b\n1;2\n", "text/csv"},
		{"file", "text/plain", "\ufeffprice < 5", "text/plain"},
		{"file", "application/x-own", "\x01\x02", unknown},
		{"image", "image/png", "\x89PNG\r\n\x1a\n", "image/png"},
		{"image", "image/heic", "\x00\x00\x00\x18ftypheic", "image/heic"},
		{"audio", "video/mp4", "\x00\x00\x00\x18ftypmp42", "audio/mp4"},
		{"audio", "", "\x01", "audio/mpeg"},
	} {
		if got := Of(c.kind, c.told, []byte(c.head)); got != c.want {
			t.Errorf("%s, told to be %q, %q: %q, want %q", c.kind, c.told, c.head, got, c.want)
		}
	}
}

// FuzzMediaType: no beginning of a file, whatever a server calls it, gets a type that a
// browser carries out.
func FuzzMediaType(f *testing.F) {
	for _, head := range encodings("<html><script>x()</script>") {
		f.Add("file", "text/html", head)
	}
	f.Add("image", "image/png", []byte("\x89PNG\r\n\x1a\n"))
	f.Fuzz(func(t *testing.T, kind, told string, head []byte) {
		got := Of(kind, told, head[:min(len(head), Sniffed)])
		if got != "" && served(got) != got || strings.Contains(got, "html") || strings.Contains(got, "svg") || strings.ContainsAny(got, " ;\r\n") && !strings.ContainsAny(told, " ;\r\n") {
			t.Errorf("%q, told to be %q, %q: %q", kind, told, head, got)
		}
	})
}
