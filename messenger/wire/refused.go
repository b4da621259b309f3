package wire

import "bytes"

// MayRefuse reports whether an answer may hold an error object. Nearly all are successes, and some are
// long: nothing of them is decoded for it. JSON allows other letters of the same key, and escapes.
func MayRefuse(answer []byte) bool {
	const key = `"error"`
	for i, c := range answer {
		if c == '\\' || c == '"' && len(answer)-i >= len(key) && bytes.EqualFold(answer[i:i+len(key)], []byte(key)) {
			return true
		}
	}
	return false
}
