package faults

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// pages are the pages of a round, as many as it plays.
var pages = []string{"100200300400500", "100200300400501", "100200300400502"}

const (
	// marker is in every text, so that texts can be found where they must not be.
	marker = "zxqmark"
	// diskSize is enough for a round's store and what the program wants to stay free.
	diskSize = 200 << 20
	// patience is how long a round may take to settle once nothing is wrong any more.
	patience = 2 * time.Minute
)

// strike is one fault of a round.
type strike struct {
	fault fault
	at    time.Duration // from the start of the round
	lasts time.Duration
}

// plan is all of a round that is decided beforehand. It follows from the seed; what
// becomes of it depends on the machine, too.
type plan struct {
	seed      uint64
	profile   chat.Profile
	pages     int
	customers int
	messages  int   // of each customer, and as many answers
	disk      int64 // bytes on which the store lies; 0: as few as a round needs
	strikes   []strike
}

func newPlan(seed uint64) plan {
	random := rand.New(rand.NewPCG(seed, 1))
	p := plan{seed: seed, pages: 1 + rand.New(rand.NewPCG(seed, 2)).IntN(len(pages)), customers: 2 + random.IntN(4), messages: 8 + random.IntN(12)}
	if random.IntN(3) == 0 {
		p.profile = chat.V7
	}
	for range 2 + random.IntN(5) {
		p.strikes = append(p.strikes, strike{
			fault: all[random.IntN(len(all))],
			at:    time.Duration(random.IntN(1200)) * time.Millisecond,
			lasts: time.Duration(50+random.IntN(900)) * time.Millisecond,
		})
	}
	return p
}

// outcome is what one round showed.
type outcome struct {
	seed       uint64
	in, out    int
	marked     int
	starts     int
	faults     []string
	violations []string
}

// answer is what an agent wrote. Of a file, text is its name.
type answer struct {
	id, room, text string
}

// kind is how something is said.
type kind string

const (
	text   kind = "text"
	file   kind = "file"
	tap    kind = "tap"    // of a button: the customer's
	choice kind = "choice" // text with quick replies: the agent's
	quote  kind = "quote"  // text that answers the customer's latest: the agent's
)

// kindsIn and kindsOut are drawn from; texts are what people say most.
var (
	kindsIn  = []kind{text, text, text, text, tap, file, file}
	kindsOut = []kind{text, text, text, text, choice, quote, file}
)

// world is the whole outside of the program in one round.
type world struct {
	plan
	ctx   context.Context
	rc    *chat.RocketChat
	meta  *meta.Messenger
	agent *chat.Agent
	bot   *process
	disk  string // where the store lies, on a small disk of its own if that can be had

	mu       sync.Mutex // guards the fields below
	written  [][]string // by customer
	answered [][]answer
	shuffled bool // webhooks came in another order, so that the room's proves nothing
	late     bool // the stream kept answers back without a word, so that the customer's order proves nothing
}

// muddle notes that an order proves nothing in this round.
func (w *world) muddle(order *bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*order = true
}

// customer returns the id of the i-th.
func customer(i int) string { return fmt.Sprint(7001002003004000 + i) }

// page returns the page to which a customer writes.
func (w *world) page(customer int) string { return pages[customer%w.pages] }

// anyPage draws one.
func (w *world) anyPage(random *rand.Rand) string { return pages[random.IntN(w.pages)] }

// round plays one and compares the books. The error says that it could not be played.
func (c *campaign) round(ctx context.Context, seed uint64) (o outcome, err error) {
	w, err := c.newWorld(ctx, newPlan(seed))
	if err != nil {
		return o, err
	}
	defer w.close()
	o.seed = seed
	for _, s := range w.strikes {
		o.faults = append(o.faults, s.fault.name)
	}
	w.play()
	settled := w.settle()
	o.violations = w.compare(settled)
	if err := w.bot.stop(); err != nil && settled {
		o.violations = append(o.violations, "the program did not stop in order: "+err.Error())
	}
	o.violations = append(o.violations, w.readLog()...)
	for i := range w.customers {
		o.in += len(w.written[i])
		o.out += len(w.answered[i])
	}
	o.marked, o.starts = w.marked(), w.bot.starts
	if len(o.violations) > 0 && c.keep {
		log := filepath.Join(os.TempDir(), fmt.Sprintf("faults-%d.log", seed))
		if err := os.WriteFile(log, []byte(w.bot.log()+w.picture()+strings.Join(o.violations, "\n")), 0o600); err != nil {
			return o, err
		}
		o.violations[0] += "\n  log: " + log
	}
	return o, ctx.Err()
}

func (c *campaign) newWorld(ctx context.Context, p plan) (w *world, err error) {
	w = &world{plan: p, ctx: ctx, written: make([][]string, p.customers), answered: make([][]answer, p.customers)}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.rc, err = chat.Start(chat.Config{Profile: p.profile, LimiterOff: true, DDPLimiterOff: true}); err != nil {
		return w, err
	}
	w.meta, err = meta.Start(meta.Config{Retries: []time.Duration{20 * time.Millisecond, 100 * time.Millisecond, 400 * time.Millisecond}})
	if err != nil {
		return w, err
	}
	w.agent = w.rc.AddAgent("ana")
	tokens := map[string]string{}
	for _, id := range pages[:p.pages] {
		tokens[id] = w.meta.AddPage(id, "Shop "+id)
	}
	if w.disk, err = newDisk(cmp.Or(p.disk, diskSize)); err != nil {
		return w, err
	}
	w.bot, err = newProcess(ctx, c.binary, w, tokens)
	if err != nil {
		return w, err
	}
	w.meta.SetWebhook(w.bot.public + "/webhook")
	if err := w.bot.start(); err != nil {
		return w, err
	}
	return w, w.until(func() bool { return w.rc.Subscribed() > 0 }, 30*time.Second)
}

func (w *world) close() {
	if w.bot != nil {
		w.bot.kill()
	}
	if w.rc != nil {
		w.rc.Close()
	}
	if w.meta != nil {
		w.meta.Close()
	}
	if w.disk != "" {
		removeDisk(w.disk)
	}
}

// play lets everybody write while the faults strike, and returns when all has been
// written and no fault lasts any more.
func (w *world) play() {
	var all sync.WaitGroup
	for i := range w.customers {
		all.Go(func() { w.converse(i, rand.New(rand.NewPCG(w.seed, uint64(100+i)))) })
	}
	for i, s := range w.strikes {
		all.Go(func() {
			w.sleep(s.at)
			lift := s.fault.strike(w, rand.New(rand.NewPCG(w.seed, uint64(1000+i))))
			w.sleep(s.lasts)
			if lift != nil {
				lift()
			}
		})
	}
	all.Wait()
}

func (w *world) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-w.ctx.Done():
	case <-timer.C:
	}
}

// converse writes a customer's messages, and answers while the customer has a room.
func (w *world) converse(i int, random *rand.Rand) {
	for n := 0; n < w.messages && w.ctx.Err() == nil; n++ {
		w.writes(i, kindsIn[random.IntN(len(kindsIn))])
		for range random.IntN(3) {
			w.sleep(time.Duration(random.IntN(60)) * time.Millisecond)
			w.answers(i, kindsOut[random.IntN(len(kindsOut))])
		}
		w.sleep(time.Duration(random.IntN(60)) * time.Millisecond)
	}
}

func (w *world) writes(i int, k kind) {
	w.mu.Lock()
	defer w.mu.Unlock()
	says := fmt.Sprintf("c%d-%d %s", i, len(w.written[i]), marker)
	switch k {
	case file:
		says = fmt.Sprintf("c%d-%d-%s.pdf", i, len(w.written[i]), marker)
		address := w.meta.Host(meta.Media{Name: says, Type: "application/pdf", Content: contentOf(says)})
		w.meta.CustomerSends(w.page(i), customer(i), "", meta.Attachment{Type: "file", URL: address})
	case tap:
		mid := fmt.Sprintf("m_tap_%d_%d", i, len(w.written[i]))
		w.meta.Send(w.meta.PostbackEvent(w.page(i), customer(i), mid, says, "TAP", time.Now()))
	default:
		w.meta.CustomerWrites(w.page(i), customer(i), says)
	}
	w.written[i] = append(w.written[i], says)
}

// contentOf makes files of different sizes.
func contentOf(name string) []byte {
	return []byte("%PDF-1.7 " + strings.Repeat(name, 1+len(name)*int(name[len(name)-5])))
}

func (w *world) answers(i int, k kind) { w.answersIn(w.openRoom(i), i, k) }

// answersIn answers in a room, if there is one.
func (w *world) answersIn(rid string, i int, k kind) {
	if rid == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	says, id := fmt.Sprintf("a%d-%d %s", i, len(w.answered[i]), marker), ""
	switch k {
	case file:
		says = fmt.Sprintf("a%d-%d-%s.pdf", i, len(w.answered[i]), marker)
		id = w.agent.Uploads(rid, "", chat.File{Name: says, Type: "application/pdf", Content: contentOf(says)})[0]
	case choice:
		id = w.agent.Says(rid, says+"\n[Yes] [No]")
	case quote:
		id = w.agent.Quotes(rid, w.latest(rid), says)
	default:
		id = w.agent.Says(rid, says)
	}
	if id != "" { // the room may have been closed this moment
		w.answered[i] = append(w.answered[i], answer{id: id, room: rid, text: says})
	}
}

// latest is the customer's latest message in a room.
func (w *world) latest(rid string) (id string) {
	for _, m := range w.rc.Messages(rid) {
		if m.FromVisitor && m.System == "" {
			id = m.ID
		}
	}
	return id
}

// said are a customer's messages in a room, files by their names.
func (w *world) said(rid string) (all []string) {
	for _, m := range w.rc.Messages(rid) {
		if !m.FromVisitor || m.System != "" || m.Deleted {
			continue
		}
		all = append(all, m.Text+filesOf(m))
	}
	return all
}

// filesOf are the names of a message's files, one behind the other.
func filesOf(m chat.Message) (names string) {
	for _, a := range m.Attachments {
		if a["type"] == "file" {
			names += fmt.Sprint(a["title"])
		}
	}
	return names
}

// roomsOf returns a customer's rooms, oldest first.
func (w *world) roomsOf(i int) (rooms []chat.Room) {
	for _, r := range w.rc.Rooms() {
		if texts := w.said(r.ID); len(texts) > 0 && strings.HasPrefix(texts[0], fmt.Sprintf("c%d-", i)) {
			rooms = append(rooms, r)
		}
	}
	return rooms
}

func (w *world) openRoom(i int) string {
	for _, r := range w.roomsOf(i) {
		if r.Open {
			return r.ID
		}
	}
	return ""
}

// until waits for something, looking at every change outside and now and then.
func (w *world) until(ok func() bool, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	for {
		rc, meta, now := w.rc.Changed(), w.meta.Changed(), time.NewTimer(100*time.Millisecond)
		if ok() {
			return nil
		}
		select {
		case <-rc:
		case <-meta:
		case <-now.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		now.Stop()
	}
}
