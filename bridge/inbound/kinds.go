package inbound

import (
	"sync"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/queue"
)

// mostKinds bounds the values of a metric's label, and what is remembered; what is new
// after that is counted together.
const mostKinds = 30

const otherKinds = "other"

// kinds counts the events of which nothing is known but what they are called.
type kinds struct {
	mu    sync.Mutex
	known map[string]bool
}

// count counts an event, and says in the log, once in each run, that there is such a kind.
func (k *kinds) count(lanes *queue.Lanes, in *bridge.Incoming) {
	if !in.Wordless() {
		return
	}
	label, fresh := k.label(in.Detail)
	lanes.Meter.Count(bridge.Unheard, bridge.In, label, 1)
	if fresh {
		lanes.Log.Info("Facebook tells of something that the bridge has no words for; in an open room it is named once", "kind", label, "page", in.Conversation.Page)
	}
}

// label returns as what a kind is counted, and whether it comes for the first time.
func (k *kinds) label(kind string) (label string, fresh bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil {
		k.known = map[string]bool{}
	}
	if kind == "" {
		kind = bridge.UnheardOf
	}
	if !k.known[kind] && len(k.known) >= mostKinds {
		kind = otherKinds
	}
	fresh = !k.known[kind]
	k.known[kind] = true
	return kind, fresh
}
