package wire

import (
	"strconv"
	"strings"

	"messenger-bridge/bridge"
)

// markPrefix begins the metadata of every message we send; the number is the
// version of the format.
const markPrefix = "mb1:"

// What a receipt can hold. Meta takes no more than 1,000 characters of metadata.
const (
	maxMark = 1000
	maxPart = 0xffff
)

// EncodeMark writes a mark as message.metadata, which comes back in the echo.
func EncodeMark(m bridge.SendTag) string {
	return markPrefix + m.Version() + ":" + strconv.Itoa(m.Part)
}

// parseMark returns the mark in an echo's metadata, and false for metadata that
// is not exactly what EncodeMark writes: other apps put theirs there, too.
func parseMark(metadata string) (bridge.SendTag, bool) {
	rest, ours := strings.CutPrefix(metadata, markPrefix)
	colon := strings.LastIndexByte(rest, ':')
	if !ours || colon < 1 || len(metadata) > maxMark {
		return bridge.SendTag{}, false
	}
	part, err := strconv.Atoi(rest[colon+1:])
	m := bridge.TagOfVersion(rest[:colon], part)
	if err != nil || part < 0 || part > maxPart || EncodeMark(m) != metadata || strings.Contains(metadata, "\x00") { // no receipt can hold a zero
		return bridge.SendTag{}, false
	}
	return m, true
}
