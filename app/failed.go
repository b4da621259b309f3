package app

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"messenger-bridge/bridge"
)

// failedAtOnce is how many failures the socket lists at once.
const failedAtOnce = 100

// failure is one that was not delivered, as operators see it: never its text.
type failure struct {
	ID        bridge.Seq        `json:"id"`
	Direction bridge.Direction  `json:"direction"`
	Page      bridge.PageID     `json:"page,omitempty"`
	Customer  bridge.CustomerID `json:"customer,omitempty"`
	By        string            `json:"by,omitempty"` // username of the agent
	Reason    bridge.Reason     `json:"reason"`
	Answer    string            `json:"answer,omitempty"` // of Rocket.Chat: the call, the status, the code
	Written   time.Time         `json:"written,omitzero"`
	Failed    time.Time         `json:"failed"`
	Ago       Span              `json:"failedAgo"`
	Room      string            `json:"room,omitempty"` // link
	Message   bridge.MessageID  `json:"message,omitempty"`
	Arrived   int               `json:"arrived,omitempty"` // parts
	Parts     int               `json:"parts,omitempty"`
	Retried   int               `json:"retried,omitempty"` // times before
}

type FailedList struct {
	Failed []failure `json:"failed"`
	More   int       `json:"more"`
}

func (o *operators) serveFailed(w http.ResponseWriter, r *http.Request) {
	before, _ := strconv.ParseUint(r.URL.Query().Get("before"), 10, 64) // 0: from the newest
	page := bridge.PageID(r.URL.Query().Get("page"))
	list, more, err := o.relay.DeadLetters.List(page, bridge.Seq(before), failedAtOnce)
	if err == nil && len(list) == 0 && page != "" {
		_, err = o.store.Page(page)
	}
	if err != nil {
		refuseFailed(w, err)
		return
	}
	shown := FailedList{More: more, Failed: []failure{}}
	for _, l := range list {
		f := failure{ID: l.Seq, Direction: l.Direction, Page: l.Page(), Customer: l.Customer, By: l.By.Username, Reason: l.Reason, Answer: l.Detail,
			Written: l.Written, Failed: l.At, Ago: SpanSince(l.At, time.Now()), Message: l.Message, Arrived: l.Arrived, Parts: l.Parts, Retried: l.RetryNo}
		if l.Room != "" {
			f.Room = o.roomLink(l.Room)
		}
		shown.Failed = append(shown.Failed, f)
	}
	answerJSON(w, shown)
}

// RetryOrder names what is tried again: failures by their ids, or all of a page.
type RetryOrder struct {
	IDs    []bridge.Seq  `json:"ids,omitempty"`
	Anyway bool          `json:"anyway,omitempty"`
	Page   bridge.PageID `json:"page,omitempty"`
}

// Retried is what became of them, in the order of the ids.
type Retried struct {
	Became []bridge.RetryResult `json:"became,omitempty"`
	All    int                  `json:"all,omitempty"`
	// Overtaken is how many of all their authors have deleted or replaced since.
	Overtaken int `json:"overtaken,omitempty"`
}

func (o *operators) serveRetry(w http.ResponseWriter, r *http.Request) {
	var order RetryOrder
	var done Retried
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&order)
	switch {
	case err != nil:
		http.Error(w, notUnderstood, http.StatusBadRequest)
		return
	case order.Page != "":
		done.All, done.Overtaken, err = o.relay.DeadLetters.RetryAll(r.Context(), order.Page)
		if err == nil && done.All+done.Overtaken == 0 {
			_, err = o.store.Page(order.Page)
		}
	default:
		done.Became, err = o.relay.DeadLetters.Retry(r.Context(), order.Anyway, order.IDs...)
	}
	if err != nil {
		refuseFailed(w, err)
		return
	}
	answerJSON(w, done)
}

// refuseFailed says why nothing was listed or tried again. A page that was removed may still have
// failures; one of which nothing is known does not exist.
func refuseFailed(w http.ResponseWriter, err error) {
	if errors.Is(err, bridge.ErrNoPage) {
		http.Error(w, "no page with this id; `messenger-bridge pages list` shows them", http.StatusNotFound)
		return
	}
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}
