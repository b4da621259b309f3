package outbound

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"messenger-bridge/bridge"
)

// mostUndelivered is of how many messages it is remembered which versions were not delivered.
const mostUndelivered = 1000

// undelivered are the versions of messages of which this run has told that the customer does not get them, and whether
// files of theirs are missing. What an earlier run told of a message as it was first is known by the notice's key.
type undelivered map[bridge.MessageID]map[int64]bool

// add notes a version.
func (u undelivered) add(id bridge.MessageID, version int64, filesMissing bool) {
	if u[id] == nil {
		if len(u) >= mostUndelivered {
			clear(u)
		}
		u[id] = map[int64]bool{}
	}
	u[id][version] = filesMissing
}

// remove forgets a version of which something else was told since.
func (u undelivered) remove(id bridge.MessageID, version int64) {
	if delete(u[id], version); len(u[id]) == 0 {
		delete(u, id)
	}
}

// takeBack tells the author that a message has gone out of which something else was told
// before.
func (r reports) takeBack(a *attempt) error {
	failed := r.told(a.out, bridge.NotDelivered, a.out.RetryNo) // and could not be set apart
	if !failed && r.told(a.out, bridge.StillWaiting, a.out.RetryNo) {
		if err := r.tell(a, bridge.Corrected, ""); err != nil {
			return err
		}
	}
	if failed || a.out.RetryNo > 0 {
		if err := r.tell(a, bridge.Revised, ""); err != nil {
			return err
		}
	}
	return r.takeBackEarlier(a)
}

// takeBackEarlier tells of each earlier version that the customer did not get that they have the message as it is now:
// its author was asked to change it.
func (r reports) takeBackEarlier(a *attempt) error {
	if a.out.Edit == 0 {
		return nil
	}
	noFiles := a.out.Corrects && hasFiles(a.d.Body) // a correction is sent without them
	versions := r.versions(a.out)
	for _, version := range slices.Sorted(maps.Keys(versions)) {
		if noFiles && versions[version] {
			continue
		}
		if err := r.takeBackVersion(a, version); err != nil {
			return err
		}
	}
	return nil
}

// versions returns the versions before one of which was perhaps told that they were not delivered, and whether their
// files may be missing.
func (r reports) versions(out Outgoing) map[int64]bool {
	all := map[int64]bool{0: true}
	r.one.Lock()
	defer r.one.Unlock()
	for version, missing := range r.undelivered[out.Message] {
		if version < out.Edit {
			all[version] = missing
		}
	}
	return all
}

// takeBackVersion tells that the customer has a newer version of a message than one that was not delivered.
func (r reports) takeBackVersion(a *attempt, version int64) error {
	old := a.out
	old.Edit, old.RetryNo = version, 0
	for r.told(old, bridge.NotDelivered, old.RetryNo) {
		old.RetryNo++
	}
	n := old.notice(bridge.Revised, old.RetryNo)
	r.one.Lock()
	defer r.one.Unlock()
	if old.RetryNo == 0 || r.Notices.Told(n) {
		return nil
	}
	n.Newer, n.Earlier, n.Marked = true, r.earlier(old), r.marked(a.out)
	for retryNo := range old.RetryNo {
		left, since := r.filesLeft(old, retryNo)
		if left = append(left, since...); !a.out.Corrects { // they are sent again
			n.Earlier = append(n.Earlier, left...)
		} else if len(left) > 0 {
			n.Marked = true
		}
	}
	if err := r.Notices.Tell(context.Background(), a.out.Conversation, n); err != nil {
		return bridge.StoreRefusal(err)
	}
	r.undelivered.remove(a.out.Message, version)
	return nil
}

// marked reports whether the mark of what was not delivered stays on a message that has gone out: a part was left out, or
// a newer version was not delivered. One is held.
func (r reports) marked(out Outgoing) bool {
	some, files := out.notice(bridge.PartLeft, 0), out.notice(bridge.PartLeft, 0)
	some.Edit, files.Edit, files.Topic = 0, 0, "files/"+string(out.Message)
	if r.Notices.Told(some) || r.Notices.Told(files) {
		return true
	}
	for retryNo := range out.RetryNo + 1 {
		if left, _ := r.filesLeft(out, retryNo); len(left) > 0 {
			return true
		}
	}
	for version := range r.undelivered[out.Message] {
		if version > out.Edit {
			return true
		}
	}
	return false
}

// filesLeft returns the keys of the notices that said that a message went out without a file; since, of those that the
// customer got when it was tried again.
func (r reports) filesLeft(out Outgoing, retryNo int) (left, since []bridge.NoticeKey) {
	for part := range bridge.MostAttached {
		n := out.notice(bridge.FileLeft, retryNo)
		switch n.Part = part; {
		case !r.Notices.Told(n):
		case r.Memory.Receipts.MidOf(bridge.SendTag{Message: out.Message, Part: part, Edit: out.Edit}) != "":
			since = append(since, n.Key())
		default:
			left = append(left, n.Key())
		}
	}
	return left, since
}

// hasFiles reports whether a message is stored with files.
func hasFiles(body []byte) bool {
	var out Outgoing
	return json.Unmarshal(body, &out) == nil && missesFiles(out, 0)
}

// missesFiles reports whether files of a message are among the parts that were not sent.
func missesFiles(out Outgoing, from int) bool {
	return from < len(out.Parts) && slices.ContainsFunc(out.Parts[from:], func(p bridge.Part) bool { return p.File != nil })
}
