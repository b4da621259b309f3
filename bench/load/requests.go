package load

import (
	"crypto/hmac"
	"crypto/sha1" // #nosec G505 -- what Meta sends beside SHA-256
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What servers know of the load.
const (
	AppSecret = "bench-app-secret" // signs every request; servers know it
	PageID    = "100000000000001"

	BodyLen  = 1024 // of a webhook call with one event
	eventLen = 800  // of an event among others

	customer = 2_000_000_000_000_000 // the id of the first one
)

// Page returns the id of a page by its number; PageID is that of the first, 0.
func Page(n int) string { return strconv.Itoa(100000000000001 + n) }

// Form is how a call brings what customers wrote.
type Form string

// Forms.
const (
	Signed   Form = ""     // Messenger's webhook, signed by SHA-256
	Doubly   Form = "both" // signed by SHA-1 as well, as Meta does: older frameworks check that
	OnlyText Form = "text" // one text for matterbridge, which takes no webhook
)

// requests are calls, ready to be written to a socket. They lie in few
// large pieces, so that they cost no collection.
type requests struct {
	all    [][]byte
	events int // in each
}

// makeRequests signs count calls of run, no two with the same message id. Event i
// of all says so in its text, and belongs to conversation i, or to a random one, whose
// number also tells its page.
func makeRequests(run, count int, v Volley) requests {
	r := requests{all: make([][]byte, count), events: v.Events}
	makers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for m := range makers {
		wg.Go(func() {
			from, to := count*m/makers, count*(m+1)/makers
			w := writer{Volley: v, run: run, room: make([]byte, 0, (to-from)*v.Events*(BodyLen+320))}
			for i := from; i < to; i++ {
				r.all[i] = w.request(i)
			}
		})
	}
	wg.Wait()
	return r
}

// writer writes requests into its room.
type writer struct {
	Volley
	run  int
	room []byte
	body []byte
}

// request is a whole call.
func (w *writer) request(i int) []byte {
	start := len(w.room)
	if w.Form == OnlyText {
		w.text(i)
		w.room = append(w.room, "POST /api/message HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json"...)
	} else {
		w.webhook(i)
		w.room = append(w.room, "POST /webhook HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json"...)
		w.sign("\r\nX-Hub-Signature-256: sha256=", sha256.New)
	}
	if w.Form == Doubly {
		w.sign("\r\nX-Hub-Signature: sha1=", sha1.New)
	}
	w.room = append(w.room, "\r\nContent-Length: "...)
	w.room = strconv.AppendInt(w.room, int64(len(w.body)), 10)
	w.room = append(append(w.room, "\r\n\r\n"...), w.body...)
	return w.room[start:len(w.room):len(w.room)]
}

func (w *writer) sign(header string, by func() hash.Hash) {
	mac := hmac.New(by, []byte(AppSecret))
	mac.Write(w.body)
	w.room = hex.AppendEncode(append(w.room, header...), mac.Sum(nil))
}

// text is the body of a call with one text, as long as a webhook's.
func (w *writer) text(i int) {
	w.body = append(w.body[:0], `{"gateway":"bench","username":"`...)
	w.body = strconv.AppendInt(w.body, customer+int64(w.lane(i)), 10)
	w.body = append(tag(append(w.body, `","text":"`...), w.run, i), ' ')
	w.body = append(w.body, Padding[:BodyLen-len(w.body)-len(`"}`)]...)
	w.body = append(w.body, `"}`...)
}

// webhook is the body of a webhook call.
func (w *writer) webhook(i int) {
	events := w.Events
	lane := w.lane(i * events)
	page := Page(lane % w.Pages) // of all events of the call
	w.body = append(w.body[:0], `{"object":"page","entry":[{"id":"`+page+`","time":1764000000000,"messaging":[`...)
	for e := range events {
		if e > 0 {
			w.body = append(w.body, ',')
			lane = w.lane(i*events + e)
		}
		length := eventLen
		if events == 1 {
			length = BodyLen - len(w.body) - len("]}]}")
		}
		w.event(page, lane, i*events+e, length)
	}
	w.body = append(w.body, "]}]}"...)
}

// Padding is text that a customer might write.
var Padding = strings.Repeat("the parcel has not come yet, can you look where it is? ", 20)

// lane returns the conversation of event i.
func (w *writer) lane(i int) int {
	if !w.InTurn {
		return rand.IntN(w.Lanes)
	}
	return i % w.Lanes
}

// event appends a message of about the given length.
func (w *writer) event(page string, lane, i, length int) {
	start := len(w.body)
	w.body = append(w.body, `{"sender":{"id":"`...)
	w.body = strconv.AppendInt(w.body, customer+int64(lane), 10)
	w.body = append(w.body, `"},"recipient":{"id":"`+page+`"},"timestamp":`...)
	w.body = strconv.AppendInt(w.body, time.Now().UnixMilli(), 10)
	w.body = append(w.body, `,"message":{"mid":"m_`...)
	w.body = tag(w.body, w.run, i)
	w.body = append(w.body, `","text":"`...)
	w.body = append(tag(w.body, w.run, i), ' ')
	const end = `"}}`
	if missing := length - (len(w.body) - start) - len(end); missing > 0 {
		w.body = append(w.body, Padding[:min(missing, len(Padding))]...)
	}
	w.body = append(w.body, end...)
}

// tag appends how an event is known when it comes back: "=run.index".
func tag(b []byte, run, i int) []byte {
	b = strconv.AppendInt(append(b, '='), int64(run), 10)
	return strconv.AppendInt(append(b, '.'), int64(i), 10)
}

// readTag reads what tag wrote at the start of b.
func readTag(b []byte) (run, i int, ok bool) {
	run, b, ok = cutNumber(b, '=')
	if !ok {
		return 0, 0, false
	}
	i, _, ok = cutNumber(b, '.')
	return run, i, ok
}

// cutNumber takes a mark and the digits behind it off.
func cutNumber(b []byte, mark byte) (n int, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != mark {
		return 0, b, false
	}
	for b = b[1:]; len(b) > 0 && b[0] >= '0' && b[0] <= '9'; b = b[1:] {
		n, ok = n*10+int(b[0]-'0'), true
	}
	return n, b, ok
}
