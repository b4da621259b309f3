package wire

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	json "github.com/go-json-experiment/json/v1"

	"messenger-bridge/textcut"
)

// The types below read what Meta writes in more than one way. They never refuse:
// what they do not understand is empty, and the event around it survives.

// Text is a string; a number or flag in its place is taken as it is written. One that
// shows nothing to people is empty.
type Text string

func (t *Text) UnmarshalJSON(b []byte) error {
	*t = ""
	if s := Scalar(b); !textcut.Blank(s) {
		*t = Text(s)
	}
	return nil
}

// ID is a string or a number of any length; it never passes through a float.
type ID string

// maxID is far above the length of any page's, person's or app's id.
const maxID = 128

func (i *ID) UnmarshalJSON(b []byte) error {
	*i = ""
	s := Scalar(b)
	if len(s) > maxID {
		return nil
	}
	for _, r := range s { // ids become lanes and parts of addresses
		if r <= ' ' || r > '~' || strings.ContainsRune(`/\?#%`, r) {
			return nil
		}
	}
	if len(b) > 0 && b[0] != '"' && strings.ContainsAny(s, ".eE") {
		return nil // neither an integer nor a string
	}
	*i = ID(s)
	return nil
}

// Mid is the id of a message: a text that becomes part of keys.
type Mid string

// maxMid is far above the length of any message's id.
const maxMid = 512

func (m *Mid) UnmarshalJSON(b []byte) error {
	*m = ""
	if s := Scalar(b); len(s) <= maxMid && !strings.Contains(s, "\x00") {
		*m = Mid(s)
	}
	return nil
}

// Flag is true, "true" or 1.
type Flag bool

func (f *Flag) UnmarshalJSON(b []byte) error {
	s := Scalar(b)
	*f = s == "true" || s == "1"
	return nil
}

// Number is an integer, in quotes or not; a fraction is cut off.
type Number int64

func (n *Number) UnmarshalJSON(b []byte) error {
	if digits, plain := plainDigits(b); plain {
		*n = digits
		return nil
	}
	*n = 0
	s, _, _ := strings.Cut(Scalar(b), ".")
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		*n = Number(v)
	}
	return nil
}

// plainDigits reads a number as Meta mostly writes it: up to 18 digits, in quotes or not.
func plainDigits(b []byte) (n Number, plain bool) {
	if len(b) > 2 && b[0] == '"' {
		b = b[1 : len(b)-1]
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + Number(c-'0')
	}
	return n, 0 < len(b) && len(b) <= 18
}

// decimal is a number with a fraction, in quotes or not.
type decimal float64

func (d *decimal) UnmarshalJSON(b []byte) error {
	*d = 0
	if v, err := strconv.ParseFloat(Scalar(b), 64); err == nil && v > -1e9 && v < 1e9 { // NaN is neither
		*d = decimal(v)
	}
	return nil
}

// Meta writes milliseconds in most places and seconds in some.
const millisFrom = 1e11

// Time returns the zero time for what can be no time of a message. Years that
// time.Time cannot write as JSON must not get as far as the store.
func (n Number) Time() time.Time {
	t := time.Unix(int64(n), 0)
	if n >= millisFrom {
		t = time.UnixMilli(int64(n))
	}
	if t = t.UTC(); t.Year() < 2004 || t.Year() > 2200 {
		return time.Time{}
	}
	return t
}

// present is true if the key is there and not null.
type present bool

func (p *present) UnmarshalJSON(b []byte) error {
	*p = present(string(b) != "null")
	return nil
}

// Scalar returns a string's content, a number or flag as written, and "" for
// null, objects and arrays.
func Scalar(b []byte) string {
	switch {
	case len(b) == 0 || b[0] == '{' || b[0] == '[' || b[0] == 'n':
		return ""
	case b[0] != '"':
		return string(b)
	case len(b) < 2: // no JSON
		return ""
	}
	if inside := b[1 : len(b)-1]; asItIs(inside) {
		return string(inside)
	}
	var s string
	_ = json.Unmarshal(b, &s) // the decoder has checked that it is a string
	return s
}

// asItIs reports whether the inside of a string in JSON says what it is written as.
func asItIs(b []byte) bool { return bytes.IndexByte(b, '\\') < 0 && utf8.Valid(b) }
