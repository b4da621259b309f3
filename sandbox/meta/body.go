package meta

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Meta writes JSON in its own way: every non-ASCII character as \uXXXX in lower case, and
// "/" as "\/" (messenger.md 1.3). The webhook signature is made over those bytes, so
// encoding/json, which does neither, cannot stand in for it. Key order is kept as well.

// metaObject is a JSON object whose members stay in order.
type metaObject []metaMember

type metaMember struct {
	key   string
	value any
}

// newObject builds a metaObject from keys and values in turn.
func newObject(pairs ...any) metaObject {
	o := make(metaObject, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		o = append(o, metaMember{pairs[i].(string), pairs[i+1]})
	}
	return o
}

func (o metaObject) with(key string, value any) metaObject {
	return append(o, metaMember{key, value})
}

// metaEscape says how strings are written.
type metaEscape struct {
	plain bool // UTF-8 and "/" as they are
	more  bool // also <, % and @, as old documentation has it
}

// appendJSON writes v, which is made of metaObject, []any, string, bool, nil, integers,
// json.Number and json.RawMessage. It panics on anything else: that is a mistake in here.
func (e metaEscape) appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case json.Number:
		return append(b, v...)
	case string:
		return e.appendString(b, v)
	case json.RawMessage:
		return e.appendRaw(b, v)
	case metaObject:
		b = append(b, '{')
		for i, member := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(e.appendString(b, member.key), ':')
			b = e.appendJSON(b, member.value)
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.appendJSON(b, item)
		}
		return append(b, ']')
	}
	panic(fmt.Sprintf("sandbox: cannot write a %T as JSON", v))
}

const lowerHex = "0123456789abcdef"

func (e metaEscape) appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			b = e.appendASCII(b, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case e.plain:
			b = utf8.AppendRune(b, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = appendUnicode(appendUnicode(b, high), low)
		default:
			b = appendUnicode(b, r)
		}
		i += size
	}
	return append(b, '"')
}

func (e metaEscape) appendASCII(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	case '/':
		if !e.plain {
			return append(b, `\/`...)
		}
	case '<':
		if e.more {
			return append(b, `\u003C`...)
		}
	case '%', '@':
		if e.more {
			return appendUnicode(b, rune(c))
		}
	}
	if c < 0x20 {
		return appendUnicode(b, rune(c))
	}
	return append(b, c)
}

func appendUnicode(b []byte, r rune) []byte {
	return append(b, '\\', 'u', lowerHex[r>>12&0xf], lowerHex[r>>8&0xf], lowerHex[r>>4&0xf], lowerHex[r&0xf])
}

// appendRaw writes JSON text with its strings escaped as Meta would. Order, numbers and
// repeated keys stay as they are. Text that is not JSON is copied, for those who want to
// send rubbish.
func (e metaEscape) appendRaw(b []byte, raw []byte) []byte {
	if !json.Valid(raw) {
		return append(b, raw...)
	}
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case ' ', '\t', '\r', '\n':
		case '"':
			end := i + 1
			for raw[end] != '"' {
				if raw[end] == '\\' {
					end++
				}
				end++
			}
			var s string
			_ = json.Unmarshal(raw[i:end+1], &s)
			b = e.appendString(b, s)
			i = end
		default:
			b = append(b, raw[i])
		}
	}
	return b
}
