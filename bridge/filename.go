package bridge

import (
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NameIn returns the last part of an address. It is decoded after it was cut off, so
// that what looks like folders is part of it.
func NameIn(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	p := u.EscapedPath()
	n, err := url.PathUnescape(p[strings.LastIndexByte(p, '/')+1:])
	if err != nil {
		return ""
	}
	return n
}

// longestName is how long a name may be, in bytes: that of most file systems, and room
// for what is put before it.
const longestName = 180

// SafeName takes from a name what could make it more than a name: folders, control
// characters, and those that turn the direction of writing to hide an ending.
func SafeName(n string) string {
	n = n[strings.LastIndexAny(n, `/\`)+1:]
	n = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, n)
	n = strings.Trim(n, " .")
	if ending := path.Ext(n); len(n) > longestName {
		if len(ending) > 20 {
			ending = ""
		}
		base := n[:longestName-len(ending)]
		for !utf8.ValidString(base) {
			base = base[:len(base)-1]
		}
		n = base + ending
	}
	return n
}
