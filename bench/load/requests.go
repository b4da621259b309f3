package load

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
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
)

// Page returns the id of a page by its number; PageID is that of the first, 0.
func Page(n int) string { return strconv.Itoa(100000000000001 + n) }

// requests are webhook calls, ready to be written to a socket. They lie in few
// large pieces, so that they cost no collection.
type requests struct {
	all    [][]byte
	events int // in each
}

// makeRequests signs count calls of run, no two with the same message id. Event i
// of all says so in its text, and belongs to conversation i, or to a random one, whose
// number also tells its page.
func makeRequests(run, count, events, lanes, pages int, inTurn bool) requests {
	r := requests{all: make([][]byte, count), events: events}
	makers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for m := range makers {
		wg.Go(func() {
			from, to := count*m/makers, count*(m+1)/makers
			w := writer{run: run, lanes: lanes, pages: pages, inTurn: inTurn, room: make([]byte, 0, (to-from)*events*(BodyLen+256))}
			for i := from; i < to; i++ {
				r.all[i] = w.request(i, events)
			}
		})
	}
	wg.Wait()
	return r
}

// writer writes requests into its room.
type writer struct {
	run, lanes, pages int
	inTurn            bool
	room              []byte
	body              []byte
}

func (w *writer) request(i, events int) []byte {
	lane := w.lane(i * events)
	page := Page(lane % w.pages) // of all events of the call
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
	mac := hmac.New(sha256.New, []byte(AppSecret))
	mac.Write(w.body)
	start := len(w.room)
	w.room = append(w.room, "POST /webhook HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-Hub-Signature-256: sha256="...)
	w.room = hex.AppendEncode(w.room, mac.Sum(nil))
	w.room = append(w.room, "\r\nContent-Length: "...)
	w.room = strconv.AppendInt(w.room, int64(len(w.body)), 10)
	w.room = append(append(w.room, "\r\n\r\n"...), w.body...)
	return w.room[start:len(w.room):len(w.room)]
}

// Padding is text that a customer might write.
var Padding = strings.Repeat("the parcel has not come yet, can you look where it is? ", 20)

// lane returns the conversation of event i.
func (w *writer) lane(i int) int {
	if !w.inTurn {
		return rand.IntN(w.lanes)
	}
	return i % w.lanes
}

// event appends a message of about the given length.
func (w *writer) event(page string, lane, i, length int) {
	start := len(w.body)
	w.body = append(w.body, `{"sender":{"id":"`...)
	w.body = strconv.AppendInt(w.body, 2_000_000_000_000_000+int64(lane), 10)
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
