package outbound

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// FuzzOutgoing: what is kept of a message beside its entry is what would be read from the body. Texts are those that
// JSON can hold: they come from there.
func FuzzOutgoing(f *testing.F) {
	f.Add("a", "Your parcel is on its way.", "Bo", "", "", int64(1_777_000_000_123), int64(0))
	f.Add("a/b", "Yes or no? [Yes] [No] \u2028 <b>&", "", "http://x/file-upload/1/a.png", "Track it", int64(-1), int64(1_777_000_000_456))
	f.Fuzz(func(t *testing.T, id, text, name, file, title string, at, edited int64) {
		valid := func(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
		m := bridge.AgentMessage{
			ID: bridge.MessageID(valid(id)), Room: "room", At: time.UnixMilli(at), Text: valid(text), Author: bridge.Author{ID: "u", Username: "bo", Name: valid(name)},
		}
		if file != "" {
			m.Attachments = []bridge.Attachment{{Kind: "image", URL: valid(file), Name: valid(name), Size: at, Own: edited > 0}}
		}
		if title != "" {
			m.Buttons = []bridge.Button{{Title: valid(title), URL: valid(file), Payload: valid(text)}}
		}
		w := newWorld(t)
		w.page.Settings.AgentName = bridge.AgentsName
		w.Memory.TextHash = func(_, text string) string { return fmt.Sprintf("%016x", text) }
		some := []bridge.AgentMessage{m}
		if edited > 0 {
			m.Edited, m.Text = time.UnixMilli(edited), m.Text+"!"
			some = append(some, m)
		}
		if _, err := w.FromAgent(t.Context(), some); err != nil {
			t.Skip(err) // nobody writes in the year 10,000
		}
		for _, seq := range w.outbox.Seqs() {
			d, err := w.outbox.Delivery(seq)
			if err != nil {
				t.Fatal(err)
			}
			var read Outgoing
			if err := json.Unmarshal(d.Body, &read); err != nil {
				t.Fatal(err)
			}
			kept := *d.Answer.(*Outgoing)
			if !kept.At.Equal(read.At) {
				t.Errorf("at %v, and read at %v", kept.At, read.At)
			}
			kept.At = read.At
			if !reflect.DeepEqual(kept, read) {
				t.Errorf("%+v\nand read\n%+v", kept, read)
			}
		}
	})
}

// BenchmarkAnswer takes an answer from a room to the customer, without a disk and a network.
func BenchmarkAnswer(b *testing.B) {
	w := newWorld(b)
	w.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		m := bridge.AgentMessage{ID: bridge.MessageID(strconv.Itoa(n)), Room: "room", Author: bo, At: noon, Text: "Your parcel is on its way.", With: anna}
		if _, err := w.FromAgent(b.Context(), []bridge.AgentMessage{m}); err != nil {
			b.Fatal(err)
		}
		if err := w.Deliver(b.Context(), bridge.Seq(n+1)); err != nil {
			b.Fatal(err)
		}
	}
}
