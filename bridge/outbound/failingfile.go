package outbound

import (
	"context"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// notHad are the reasons for which a file cannot be had, although nothing is wrong with the
// message. Whether it is the file's fault, or the workspace's, they do not tell.
var notHad = map[bridge.Reason]bool{bridge.FileUnreadable: true, bridge.FileWithheld: true, bridge.FileReplaced: true}

// judge decides what a refusal means that may be a file's fault: trouble of the workspace is
// waited for, as long as it takes. A file that cannot be had while the workspace works is
// tried for a while, and then given up. That a file is gone is believed when it was said
// twice, with the workspace found working between: the trouble may have ended between the
// first time and the look at the workspace.
func (f *failingFiles) judge(ctx context.Context, a *attempt, r *bridge.Refusal) *bridge.Refusal {
	if r.Status == 0 && !(notHad[r.Reason] && r.Verdict == bridge.Again) {
		return r
	}
	if trouble := a.o.Workspace.Files.Works(ctx); trouble != nil {
		f.forget(a.d.Seq)
		t := bridge.RefusalOf(trouble) // its gate is none that messages to customers pass
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceDown, After: t.After, Err: t.Err}
	}
	judged := *r
	a.status = r.Status
	if !notHad[r.Reason] {
		if f.first(a.d.Seq, a.d.Progress.Part, a.o.Now()) {
			judged.Verdict = bridge.Again
		}
		return &judged
	}
	now := a.o.Now()
	left := a.o.Times.FileFor - now.Sub(f.from(a.d.Seq, a.d.Progress.Part, now))
	switch {
	case left <= 0:
		judged.Verdict = bridge.Never
	case left < a.o.Times.FileFor/4: // not after the agent should have been told
		judged.After = left
	}
	return &judged
}

// failingFiles remembers since when files cannot be had. What it knows is gone with the
// process: the next one tries as long again.
type failingFiles struct {
	mu    sync.Mutex // guards since
	since map[bridge.Seq]failingFile
}

// failingFile is the part of a message that cannot be had.
type failingFile struct {
	part  int
	since time.Time
	gone  bool // that was said, and the workspace worked
}

// from returns when a part failed first; now, if it did not before, or if the clock was set
// back since.
func (f *failingFiles) from(seq bridge.Seq, part int, now time.Time) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	one, known := f.since[seq]
	if !known || one.part != part || one.since.After(now) {
		one = failingFile{part: part, since: now}
		f.since[seq] = one
	}
	return one.since
}

// first reports whether nobody has said before that a file is gone.
func (f *failingFiles) first(seq bridge.Seq, part int, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	one, known := f.since[seq]
	if !known || one.part != part {
		one = failingFile{part: part, since: now}
	}
	before := one.gone
	one.gone = true
	f.since[seq] = one
	return !before
}

// forget says that a message is concluded, or that no file is at fault.
func (f *failingFiles) forget(seq bridge.Seq) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.since, seq)
}
