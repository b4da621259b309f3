package bridge

import "strings"

// TakesFile reports whether the page's settings let files of a name and media type
// through. Direction and size are not looked at.
func (s Settings) TakesFile(name, mediaType string) bool {
	if s.FileTypes == "" {
		return true
	}
	name = strings.ToLower(name)
	mediaType, _, _ = strings.Cut(strings.ToLower(mediaType), ";")
	kind, _, _ := strings.Cut(mediaType, "/")
	for allowed := range strings.SplitSeq(s.FileTypes, ",") {
		switch allowed = strings.TrimSpace(allowed); allowed {
		case "":
		case strings.TrimSpace(mediaType), kind + "/*", "*/*":
			return true
		}
		if strings.HasPrefix(allowed, ".") && strings.HasSuffix(name, allowed) {
			return true
		}
	}
	return false
}
