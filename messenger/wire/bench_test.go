package wire

import (
	"bytes"
	"testing"
	"time"
)

var oneText = []byte(`{"object":"page","entry":[{"id":"100200300400500","time":1764479123123,"messaging":[{"sender":{"id":"4005"},"recipient":{"id":"100200300400500"},"timestamp":1764479123000,"message":{"mid":"m_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz0123456789","text":"hello, is the blue one still there? I would come at 5."}}]}]}`)

func BenchmarkDecode(b *testing.B) {
	for name, body := range map[string][]byte{
		"Short": oneText,
		"Long":  bytes.Replace(oneText, []byte("hello"), bytes.Repeat([]byte("hello "), 120), 1),
		"Emoji": bytes.Replace(oneText, []byte("hello"), []byte("hello 😀"), 1),
		"Other": bytes.Replace(oneText, []byte(`"text"`), []byte(`"nlp":{},"text"`), 1),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(body, time.Now()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
