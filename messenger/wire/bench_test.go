package wire

import (
	"testing"
	"time"
)

var oneText = []byte(`{"object":"page","entry":[{"id":"100200300400500","time":1764479123123,"messaging":[{"sender":{"id":"4005"},"recipient":{"id":"100200300400500"},"timestamp":1764479123000,"message":{"mid":"m_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz0123456789","text":"hello, is the blue one still there? I would come at 5."}}]}]}`)

func BenchmarkDecode(b *testing.B) {
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(oneText, now); err != nil {
			b.Fatal(err)
		}
	}
}
