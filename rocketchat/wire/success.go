package wire

import (
	"bytes"
	"encoding/json"
)

// Succeeds reports whether an answer is JSON that says "success": true of itself. Most answers
// are, and some are long: nothing of them is decoded for it.
func Succeeds(answer []byte) bool {
	if said, surely := plainSuccess(answer); surely {
		return said
	}
	var short struct {
		Success bool `json:"success"`
	}
	return json.Unmarshal(answer, &short) == nil && short.Success
}

// plainSuccess looks for the key among those of the whole; not surely if it is there in
// another form than Rocket.Chat writes.
func plainSuccess(answer []byte) (said, surely bool) {
	if !json.Valid(answer) {
		return false, true
	}
	depth := 0
	for i := 0; i < len(answer); i++ {
		switch answer[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			text := quoted(answer[i+1:])
			i += len(text) + 1
			value, isKey := bytes.CutPrefix(bytes.TrimLeft(answer[i+1:], space), []byte{':'})
			switch {
			case depth != 1 || !isKey || !bytes.ContainsRune(text, '\\') && !bytes.EqualFold(text, success):
			case said || !bytes.Equal(text, success) || !bytes.HasPrefix(bytes.TrimLeft(value, space), []byte("true")):
				return false, false
			default:
				said = true
			}
		}
	}
	return said, true
}

var success = []byte("success")

// space is what may stand between the parts of JSON.
const space = " \t\r\n"

// quoted returns what stands before the end of a string, without its first quote.
func quoted(b []byte) []byte {
	for i := 0; ; i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return b[:i]
		}
	}
}
