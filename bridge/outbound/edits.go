package outbound

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// What agents change after writing is a delivery of its own, behind what they wrote:
// a newer version, or that the message was deleted. Before a message is tried, those
// behind it are looked at, so that the customer gets the newest version only, or
// nothing; and once more when it was tried and is known not to have arrived. After that, a
// newer version goes out as a correction, and of a deletion the agent learns that it is too
// late.

// edits finds what waits behind a message and changes it.
type edits struct {
	*Config

	mu      sync.Mutex                        // guards waiting
	waiting map[bridge.MessageID][]bridge.Seq // changes in the outbox, by the message they change
}

func newEdits(c *Config) *edits {
	return &edits{Config: c, waiting: map[bridge.MessageID][]bridge.Seq{}}
}

// load finds the changes that an earlier run left. Where one message waits alone, nothing
// can change it.
func (e *edits) load() {
	for _, seqs := range e.Lanes.Look().All() {
		for _, seq := range seqs[1:] {
			if out, ok := e.read(seq); ok && out.isChange() {
				e.add(out.Message, seq)
			}
		}
	}
}

// read returns what waits under a number; false if it cannot be read, or no longer.
func (e *edits) read(seq bridge.Seq) (out Outgoing, ok bool) {
	d, err := e.Lanes.Store.Delivery(seq)
	if err == nil {
		err = json.Unmarshal(d.Body, &out)
	}
	return out, err == nil
}

// add notes a change that waits.
func (e *edits) add(id bridge.MessageID, seq bridge.Seq) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Contains(e.waiting[id], seq) {
		e.waiting[id] = append(e.waiting[id], seq)
	}
}

// remove notes that a delivery waits no more.
func (e *edits) remove(id bridge.MessageID, seq bridge.Seq) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if left := slices.DeleteFunc(e.waiting[id], func(s bridge.Seq) bool { return s == seq }); len(left) > 0 {
		e.waiting[id] = left
	} else {
		delete(e.waiting, id)
	}
}

// changes returns the message that a delivery changes; "" if it waits as no change.
func (e *edits) changes(seq bridge.Seq) bridge.MessageID {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, seqs := range e.waiting {
		if slices.Contains(seqs, seq) {
			return id
		}
	}
	return ""
}

// change is a change that waits.
type change struct {
	seq bridge.Seq
	out Outgoing
}

// behind returns what waits behind a delivery and changes its message, in order.
func (e *edits) behind(seq bridge.Seq, id bridge.MessageID) (all []change) {
	e.mu.Lock()
	seqs := slices.Clone(e.waiting[id])
	e.mu.Unlock()
	for _, s := range seqs {
		if s <= seq {
			continue
		}
		if out, ok := e.read(s); ok && out.Message == id && out.isChange() {
			all = append(all, change{s, out})
		}
	}
	slices.SortFunc(all, func(a, b change) int { return cmp.Compare(a.seq, b.seq) })
	return all
}

// nextTo reports whether nothing but changes of the message itself lies between a delivery
// and the newest of them.
func (e *edits) nextTo(d *bridge.Delivery, later []change) bool {
	between := e.Lanes.Look().After(d.Lane, d.Seq)
	for i, c := range later {
		if i >= len(between) || between[i] != c.seq {
			return false
		}
	}
	return true
}

// hasAny reports whether the customer has some version of a message, or a part of one.
func (e *edits) hasAny(id bridge.MessageID) bool {
	return e.Memory.Receipts.TextHashOf(id) != "" || e.Memory.Receipts.MidOf(bridge.SendTag{Message: id}) != ""
}

// has returns the fingerprint of the text that the customer has of a message, and which version that is.
func (c *Config) has(id bridge.MessageID) (textHash string, version int64) {
	textHash, edit, _ := strings.Cut(c.Memory.Receipts.TextHashOf(id), bridge.VersionSign)
	version, _ = strconv.ParseInt(edit, 36, 64)
	return textHash, version
}

// arrivedAs is what is remembered of a message that the customer has: has reads it.
func (out Outgoing) arrivedAs() string {
	if out.Edit == 0 || out.TextHash == "" {
		return out.TextHash
	}
	return out.TextHash + bridge.VersionSign + strconv.FormatInt(out.Edit, 36)
}

// revision is what becomes of a delivery when its turn comes.
type revision uint8

const (
	sendIt       revision = iota // as it is
	sendNewest                   // with what the newest version says
	sendCorrect                  // as a correction, if the customer has an earlier version
	skipIt                       // a newer version, behind it, says everything
	withdraw                     // the message was deleted, or became a note, in time
	deletedLater                 // the customer may have what was deleted
	keptLater                    // the customer may have what became a note
)

// circumstances are what a revision depends on, beside the message.
type circumstances struct {
	later   []change // which wait behind it
	untried bool     // and nothing of it can have been sent
	nextTo  bool     // and nothing lies between it and the newest of them
}

// revise decides what becomes of a message or a change.
func revise(out *Outgoing, now circumstances) revision {
	deleted := slices.ContainsFunc(now.later, func(c change) bool { return c.out.Gone })
	superseded := now.untried && len(now.later) > 0
	switch {
	case out.Kept != "":
		return keptLater
	case out.Gone:
		return deletedLater
	case now.untried && deleted:
		return withdraw
	case out.Edit > 0 && superseded:
		return skipIt // the newer version is what counts
	case out.Edit > 0:
		return sendCorrect
	case superseded && now.nextTo: // the newest takes this one's place anyway
		return skipIt
	case superseded:
		return sendNewest
	}
	return sendIt
}

// heardWithin is how soon a deletion is heard of by whoever hears of it at all.
const heardWithin = 30 * time.Second

// takenBack reports whether a message that is to be sent was deleted while nobody heard of it. That is asked about
// what has waited, or was left by an earlier run, as long as nothing of it can have been sent.
func takenBack(ctx context.Context, a *attempt) bool {
	now, w := a.o.Now(), a.o.Workspace
	switch {
	case w.TakenBack == nil, a.out.Automatic, !untried(&a.out, a.d.Progress):
		return false
	case !a.d.Accepted.Before(a.o.started) && now.Sub(a.o.since(a.out, a.d.Accepted)) < heardWithin:
		return false
	}
	return w.TakenBack(ctx, a.out.Message)
}

// becomeNewest has a message say what its newest version says, and keeps its place in the
// conversation. With one part, there is no other that could be of another version.
func (out *Outgoing) becomeNewest(newest Outgoing) {
	if len(out.Parts) != 1 || len(newest.Parts) != 1 {
		return
	}
	out.Parts, out.TextHash, out.Quote = newest.Parts, newest.TextHash, newest.Quote
	out.Comment, out.Private = newest.Comment, newest.Private
}

// becomeCorrection makes an edited message a correction of what the customer has, a text
// of that fingerprint; false if there is nothing to be corrected.
func (out *Outgoing) becomeCorrection(has string, untried, keepEdits bool) bool {
	same := out.TextHash != "" && out.TextHash == has
	if untried && (same || keepEdits) {
		return false
	}
	out.Corrects, out.Quote = true, nil
	out.Parts = slices.DeleteFunc(out.Parts, func(p bridge.Part) bool { return p.File != nil })
	return len(out.Parts) > 0
}
