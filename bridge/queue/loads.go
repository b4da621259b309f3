package queue

import (
	"container/heap"
	"time"

	"messenger-bridge/bridge"
)

// pageLoad is what waits in the lanes of a page, counted as it comes and goes.
type pageLoad struct {
	waiting int       // entries
	lanes   laneHeads // in which something waits
	asked   age       // of the oldest, when somebody asked last
}

// age is when an entry was accepted.
type age struct {
	seq bridge.Seq
	at  time.Time
}

// changed follows a lane of which entries were added or taken off; before is how many
// there were.
func changed(p *places, l *lane, before int) {
	if before == 0 { // a load lasts as long as something waits
		if l.load = p.loads[l.id.Page]; l.load == nil {
			l.load = &pageLoad{}
			p.loads[l.id.Page] = l.load
		}
	}
	now := len(l.seqs)
	p.waiting += now - before
	l.load.waiting += now - before
	switch {
	case before == 0 && now > 0:
		heap.Push(&l.load.lanes, l)
	case before > 0 && now == 0:
		heap.Remove(&l.load.lanes, l.at)
	case now < before:
		heap.Fix(&l.load.lanes, l.at)
	}
	if l.load.waiting == 0 {
		delete(p.loads, l.id.Page)
	}
}

// laneHeads is ordered by the oldest entries of lanes (container/heap).
type laneHeads []*lane

func (h laneHeads) Len() int           { return len(h) }
func (h laneHeads) Less(i, j int) bool { return h[i].seqs[0] < h[j].seqs[0] }

func (h laneHeads) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *laneHeads) Push(x any) {
	l := x.(*lane)
	l.at = len(*h)
	*h = append(*h, l)
}

func (h *laneHeads) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return l
}

// load is what others see of it.
func (l *pageLoad) load() Load {
	load := Load{Waiting: l.waiting, Oldest: l.oldest()}
	if l.asked.seq == load.Oldest {
		load.Since = l.asked.at
	}
	return load
}

// oldest returns the entry that has waited for longest; 0 if nothing waits.
func (l *pageLoad) oldest() bridge.Seq {
	if len(l.lanes) == 0 {
		return 0
	}
	return l.lanes[0].seqs[0]
}
