package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// answer is what an agent wrote. Of a file, text is its name.
type answer struct {
	id, room, text string
}

// record is what has been written.
type record struct {
	mu       sync.Mutex // guards the fields below
	written  [][]string // by customer
	answered [][]answer
	inboxed  [][]answer               // what the page said in its inbox, with the customer's room
	shuffled bool                     // webhooks came in another order, so that the room's proves nothing
	mute     map[string]bool          // rooms that take no word of the bot's
	refused  []func(mark string) bool // what is refused for good
	lifts    []func()                 // end these refusals
	early    []string                 // what was given up too early
	late     bool                     // the stream kept answers back without a word, so that the customer's order proves nothing
}

func newRecord(customers int) *record {
	return &record{mute: map[string]bool{}, written: make([][]string, customers), answered: make([][]answer, customers), inboxed: make([][]answer, customers)}
}

// muddle notes that an order proves nothing in this round.
func (r *record) muddle(order *bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*order = true
}

// count counts the messages of customers and of agents.
func (r *record) count() (in, out int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.written {
		in += len(r.written[i])
		out += len(r.answered[i])
	}
	return in, out
}

// kind is how something is said.
type kind string

const (
	text   kind = "text"
	file   kind = "file"
	tap    kind = "tap"    // of a button: the customer's
	code   kind = "code"   // text that firewalls take for an attack: the customer's
	choice kind = "choice" // text with quick replies: the agent's
	inbox  kind = "inbox"  // text from the Page inbox
	quote  kind = "quote"  // text that answers the customer's latest: the agent's
)

// kindsIn and kindsOut are drawn from; texts are what people say most.
var (
	kindsIn  = []kind{text, text, text, text, tap, code, file, file}
	kindsOut = []kind{text, text, text, text, choice, quote, inbox, file}
)

// people are the customers of a round and the agent.
type people struct {
	*platforms
	*record
	agent *chat.Agent
}

// converse writes a customer's messages, and answers while the customer has a room.
func (p *people) converse(ctx context.Context, i int, random *rand.Rand) {
	for n := 0; n < p.messages && ctx.Err() == nil; n++ {
		p.writes(i, kindsIn[random.IntN(len(kindsIn))])
		for range random.IntN(3) {
			sleep(ctx, time.Duration(random.IntN(60))*time.Millisecond)
			p.answers(i, kindsOut[random.IntN(len(kindsOut))])
		}
		sleep(ctx, time.Duration(random.IntN(60))*time.Millisecond)
	}
}

func (p *people) writes(i int, k kind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	says := fmt.Sprintf("c%d-%d %s", i, len(p.written[i]), marker)
	switch k {
	case file:
		says = fmt.Sprintf("c%d-%d-%s.pdf", i, len(p.written[i]), marker)
		address := p.meta.Host(meta.Media{Name: says, Type: "application/pdf", Content: contentOf(says)})
		p.meta.CustomerSends(p.page(i), customer(i), "", meta.Attachment{Type: "file", URL: address})
	case tap:
		mid := fmt.Sprintf("m_tap_%d_%d", i, len(p.written[i]))
		p.meta.Send(p.meta.PostbackEvent(p.page(i), customer(i), mid, says, "TAP", time.Now()))
	case code:
		says += " <i>"
		p.meta.CustomerWrites(p.page(i), customer(i), says)
	default:
		p.meta.CustomerWrites(p.page(i), customer(i), says)
	}
	p.written[i] = append(p.written[i], says)
}

// contentOf makes files of different sizes.
func contentOf(name string) []byte {
	return []byte("%PDF-1.7 " + strings.Repeat(name, 1+len(name)*int(name[len(name)-5])))
}

func (p *people) answers(i int, k kind) { p.answersIn(p.openRoom(i), i, k) }

// answersIn answers in a room, if there is one.
func (p *people) answersIn(rid string, i int, k kind) {
	if rid == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	says, id := fmt.Sprintf("a%d-%d %s", i, len(p.answered[i]), marker), ""
	switch k {
	case file:
		says = fmt.Sprintf("a%d-%d-%s.pdf", i, len(p.answered[i]), marker)
		id = p.agent.Uploads(rid, "", chat.File{Name: says, Type: "application/pdf", Content: contentOf(says)})[0]
	case inbox:
		says = fmt.Sprintf("p%d-%d %s", i, len(p.inboxed[i]), marker)
		p.meta.PageInboxWrites(p.page(i), customer(i), says)
		p.inboxed[i] = append(p.inboxed[i], answer{room: rid, text: says})
	case choice:
		id = p.agent.Says(rid, says+"\n\n[Yes] [No]")
	case quote:
		id = p.agent.Quotes(rid, p.latest(rid), says)
	default:
		id = p.agent.Says(rid, says)
	}
	if id != "" { // the room may have been closed this moment
		p.answered[i] = append(p.answered[i], answer{id: id, room: rid, text: says})
	}
}
