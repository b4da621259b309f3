package chat

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"strconv"
	"time"
)

// rcDoc is a document as Rocket.Chat's database holds it: any fields, dates
// as time.Time. How dates are written depends on who asks (rcISO, rcEJSON).
type rcDoc = map[string]any

// rcISO writes a date as REST answers do.
func rcISO(t time.Time) any { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// rcEJSON writes a date as DDP frames do.
func rcEJSON(t time.Time) any { return rcDoc{"$date": t.UnixMilli()} }

// rcEncode gives the JSON of a document, its dates written by dates.
func rcEncode(v any, dates func(time.Time) any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(rcWire(v, dates)); err != nil {
		panic("sandbox: document without JSON form: " + err.Error()) // only our own documents come here
	}
	return bytes.TrimRight(buf.Bytes(), "\n")
}

// rcWire copies a document and writes its dates on the way.
func rcWire(v any, dates func(time.Time) any) any {
	switch v := v.(type) {
	case time.Time:
		return dates(v)
	case rcDoc:
		out := make(rcDoc, len(v))
		for k, e := range v {
			out[k] = rcWire(e, dates)
		}
		return out
	case []rcDoc:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = rcWire(e, dates)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = rcWire(e, dates)
		}
		return out
	}
	return v
}

// rcCopy copies a document in depth, dates kept.
func rcCopy(d rcDoc) rcDoc {
	return rcWire(d, func(t time.Time) any { return t }).(rcDoc)
}

// rcDecoded copies a document as a reader of REST answers gets it: dates are texts,
// numbers float64, lists []any.
func rcDecoded(v any) any {
	switch v := v.(type) {
	case nil, string, bool, float64:
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case time.Time:
		return rcISO(v)
	case rcDoc:
		out := make(rcDoc, len(v))
		for k, e := range v {
			out[k] = rcDecoded(e)
		}
		return out
	case []rcDoc:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = rcDecoded(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = rcDecoded(e)
		}
		return out
	}
	// What else a document holds ([]string, a struct) takes the long way.
	var out any
	if json.Unmarshal(rcEncode(v, rcISO), &out) != nil {
		panic("sandbox: our own JSON is unreadable")
	}
	return out
}

// rcText reads a scalar the way Rocket.Chat's validator coerces it.
func rcText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// rcTruth reads a boolean the same way.
func rcTruth(v any) bool { return v == true || v == "true" }

// rcID makes an id of the given length in Meteor's alphabet.
func rcID(n int) string {
	const alphabet = "23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz"
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}
