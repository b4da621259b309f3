package messenger

import (
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/rest"
)

// answers takes the place of the network.
type answers string

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(string(a))), ContentLength: int64(len(a)), Request: r}, nil
}

func BenchmarkSend(b *testing.B) {
	c := New(ClientConfig{GraphURL: "http://graph", Version: "v26.0", AppSecret: appSecret, Log: slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelInfo}))})
	c.rest = rest.New(&http.Client{Transport: answers(`{"recipient_id":"7001002003004005","message_id":"m_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"}`)})
	pages := make([]bridge.Page, 1000) // each may send 240 a second
	for i := range pages {
		pages[i] = bridge.Page{ID: bridge.PageID(strconv.Itoa(i + 1)), Token: token}
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if _, err := c.Send(b.Context(), pages[n%len(pages)], customer, bridge.OutboundPart{Part: bridge.Part{Text: "Your parcel is on its way."}, Tag: bridge.SendTag{Message: "Xy12"}}); err != nil {
			b.Fatal(err)
		}
	}
}
