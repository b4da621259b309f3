// Package mediatype tells the type of a customer's file, so that no agent's browser carries it
// out. In: what the server says and how the file begins; out: a type that is safe to serve.
package mediatype

import (
	"bytes"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// Sniffed is how many bytes of a file tell its type.
const Sniffed = 512

// unknown is what a file is that nobody shall open in a browser.
const unknown = "application/octet-stream"

// servedTypes are those that a customer's file may have in Rocket.Chat, which serves it to
// agents' browsers: none of them is something that a browser carries out. Sound, films and
// what office programs write are added by their families.
var servedTypes = []string{
	"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/heic", "image/heif", "image/avif", "image/tiff", "image/x-icon",
	"application/pdf", "application/zip", "application/x-zip-compressed", "application/x-rar-compressed", "application/vnd.rar", "application/x-7z-compressed",
	"application/gzip", "application/x-gzip", "application/x-tar", "application/rtf", "application/msword", "application/epub+zip", "application/ogg", "application/json",
	"text/plain", "text/csv", "text/calendar", "text/vcard", "text/x-vcard", "text/rtf", "text/markdown",
}

var servedFamilies = []string{"audio/", "video/", "application/vnd.ms-", "application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.", "application/vnd.apple."}

// served returns a type if files of it may be served, else one that nothing is done with.
func served(kind string) string {
	known := slices.Contains(servedTypes, kind) || slices.ContainsFunc(servedFamilies, func(f string) bool { return strings.HasPrefix(kind, f) })
	if !known || strings.HasSuffix(kind, "xml") || strings.Contains(kind, "script") {
		return unknown
	}
	return kind
}

// Of tells a file's type: kind is what Meta calls the attachment, told what the server does, head how it begins. The content decides, but for what it cannot tell: a
// voice message is in a container for video. "" stands for a page that a server sends
// instead of a picture.
func Of(kind, told string, head []byte) string {
	seen, page := sniff(head)
	family, sub, _ := strings.Cut(seen, "/")
	switch kind {
	case "audio":
		switch {
		case page:
			return ""
		case family == "audio":
			return seen
		case family == "video" || seen == "application/ogg":
			return "audio/" + sub
		case strings.HasPrefix(told, "audio/") && served(told) == told:
			return told
		case strings.HasPrefix(told, "video/") && served(told) == told:
			return "audio/" + strings.TrimPrefix(told, "video/")
		}
		return "audio/mpeg"
	case "image", "sticker", "video":
		want := map[string]string{"image": "image/", "sticker": "image/", "video": "video/"}[kind]
		switch {
		case page:
			return ""
		case strings.HasPrefix(seen, want):
			return served(seen)
		case strings.HasPrefix(told, want) && family == "application":
			return served(told)
		}
	}
	if page {
		return unknown
	}
	if told = served(told); told != unknown && (seen == unknown || seen == "application/zip" || seen == "text/plain") {
		return told
	}
	return served(seen)
}

// sniff returns what the beginning of a file looks like, and whether a browser may take it
// for a page, in whatever encoding: browsers believe byte order marks, and some look at
// where the zeros are.
func sniff(head []byte) (kind string, page bool) {
	kind, _, _ = mime.ParseMediaType(http.DetectContentType(head))
	plain := head
	for _, mark := range []string{"\xef\xbb\xbf", "\x00\x00\xfe\xff", "\xff\xfe\x00\x00", "\xff\xfe", "\xfe\xff"} {
		if rest, marked := bytes.CutPrefix(plain, []byte(mark)); marked {
			plain = rest
			break
		}
	}
	plain = bytes.ReplaceAll(plain, []byte{0}, nil) // UTF-16 and UTF-32 are ASCII and zeros, as far as markup goes
	if !bytes.HasPrefix(bytes.TrimSpace(plain), []byte("<")) {
		return kind, strings.Contains(kind, "html") || strings.Contains(kind, "xml")
	}
	same, _, _ := mime.ParseMediaType(http.DetectContentType(plain))
	return kind, strings.HasPrefix(kind, "text/") || strings.HasPrefix(same, "text/")
}
