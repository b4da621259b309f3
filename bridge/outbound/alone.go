package outbound

import (
	"sync"

	"messenger-bridge/bridge"
)

// enoughAlone is how often a message is refused, with others of its page taken before each time, until
// it is believed that the refusal is of this message. Once may be chance: a call that was under way.
const enoughAlone = 2

// alone finds out of refusals that may be of the whole page, or of one customer or what is written
// to them, which it is: the same numbers stand for both at Meta. Of the whole page, nothing is taken
// until it ends. What it knows is gone with the process: the next one finds it out again.
type alone struct {
	mu      sync.Mutex // guards all below
	taken   map[channel]int
	refused map[bridge.Seq]refusedAlone
}

// channel is what a page has of its own: messages and comments have permissions each.
type channel struct {
	page bridge.PageID
	kind bridge.Kind
}

// refusedAlone is a message that was refused.
type refusedAlone struct {
	taken int // of the channel, by then
	times int // that others were taken since, and it was refused again
}

func newAlone() *alone {
	return &alone{taken: map[channel]int{}, refused: map[bridge.Seq]refusedAlone{}}
}

// channelOf returns the way a message goes: a private answer to a comment takes that of messages.
func channelOf(a *attempt) channel {
	if a.out.Private {
		return channel{a.page.ID, bridge.Messages}
	}
	return channel{a.page.ID, a.out.Conversation.Kind}
}

// took notes that Meta has taken something of a channel.
func (l *alone) took(c channel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken[c]++
}

// judge returns what a refusal means. Once others were taken before the message was refused again,
// no others are held back any more; when that was so often enough, it is given up.
func (l *alone) judge(a *attempt, r *bridge.Refusal) *bridge.Refusal {
	if r.Verdict != bridge.Again || r.Alone == "" {
		return r
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.taken[channelOf(a)]
	one, known := l.refused[a.d.Seq]
	if known && taken > one.taken {
		one.times++
	}
	one.taken = taken
	l.refused[a.d.Seq] = one
	if one.times == 0 {
		return r
	}
	judged := *r
	judged.Gate = ""
	if one.times >= enoughAlone {
		judged.Verdict, judged.Reason = bridge.Never, r.Alone
	}
	return &judged
}

// forget says that a message is concluded.
func (l *alone) forget(seq bridge.Seq) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.refused, seq)
}
