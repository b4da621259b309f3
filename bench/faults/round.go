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
	"messenger-bridge/sandbox/disk"
	"messenger-bridge/sandbox/meta"
)

// pages are the pages of a round, as many as it plays.
var pages = []string{"100200300400500", "100200300400501", "100200300400502"}

const (
	// marker is in every text, so that texts can be found where they must not be.
	marker = "zxqmark"
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
	busy      bool // the workspace reorders and repeats its events, and closing and opening race
	pages     int
	customers int
	messages  int   // of each customer, and as many answers
	disk      int64 // bytes on which the store lies; 0: as few as a round needs
	strikes   []strike
	replicas  bool          // the program is two replicas
	takeover  time.Duration // of these; 0: short, so that a round ends in seconds
}

func newPlan(seed uint64, replicas bool) plan {
	random := rand.New(rand.NewPCG(seed, 1))
	p := plan{seed: seed, pages: 1 + rand.New(rand.NewPCG(seed, 2)).IntN(len(pages)), customers: 2 + random.IntN(4), messages: 8 + random.IntN(12)}
	if random.IntN(3) == 0 {
		p.profile = chat.V7
	}
	p.busy = rand.New(rand.NewPCG(seed, 3)).IntN(2) == 0
	for range 2 + random.IntN(5) {
		p.strikes = append(p.strikes, strike{
			fault: all[random.IntN(len(all))],
			at:    time.Duration(random.IntN(1200)) * time.Millisecond,
			lasts: time.Duration(50+random.IntN(900)) * time.Millisecond,
		})
	}
	if replicas {
		p.replicas = true
		for range 1 + random.IntN(3) {
			p.strikes = append(p.strikes, strike{
				fault: ofReplicas[random.IntN(len(ofReplicas))],
				at:    time.Duration(random.IntN(1500)) * time.Millisecond,
				lasts: time.Duration(50+random.IntN(2500)) * time.Millisecond,
			})
		}
	}
	return p
}

// outcome is what one round showed.
type outcome struct {
	seed       uint64
	in, out    int
	marked     int
	replaced   int
	starts     int
	shuffled   bool // the order of customers' messages proves nothing
	late       bool // the order of answers proves nothing: the stream kept some back
	overtaken  bool // the same: the machine was so slow that the stream brought some late
	faults     []string
	violations []string
}

// world is the whole outside of the program in one round.
type world struct {
	*people  // the platforms and the record with them
	auditor  auditor
	ctx      context.Context
	bot      *process
	replicas *replicated // nil: the program is one process
	disk     string      // where the store lies, on a small disk of its own if that can be had
}

// customer returns the id of the i-th.
func customer(i int) string { return fmt.Sprint(7001002003004000 + i) }

// page returns the page to which a customer writes.
func (p plan) page(customer int) string { return pages[customer%p.pages] }

// anyPage draws one.
func (p plan) anyPage(random *rand.Rand) string { return pages[random.IntN(p.pages)] }

// round plays one and compares the books. The error says that it could not be played.
func (c *campaign) round(ctx context.Context, seed uint64) (o outcome, err error) {
	w, err := c.newWorld(ctx, newPlan(seed, c.replicas))
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
	listed, err := w.failed()
	if err != nil {
		return o, err
	}
	o.violations = w.auditor.compare(settled, listed)
	if o.replaced = w.auditor.replaced(); o.replaced > 0 && len(o.violations) == 0 {
		o.violations = w.again()
	}
	for _, p := range w.replicas.processes(w.bot) {
		if err := p.stop(); err != nil && settled {
			o.violations = append(o.violations, "the program did not stop in order: "+err.Error())
		}
		o.starts += p.starts
	}
	o.violations = append(o.violations, equal(w)...)
	o.violations = append(o.violations, w.readLog()...)
	o.in, o.out = w.count()
	o.marked = w.auditor.marked()
	o.shuffled, o.late, o.overtaken = w.auditor.shuffled, w.auditor.late, w.overtaken()
	if len(o.violations) > 0 && c.keep {
		log := filepath.Join(os.TempDir(), fmt.Sprintf("faults-%d.log", seed))
		if err := os.WriteFile(log, []byte(w.log()+w.auditor.picture()+strings.Join(o.violations, "\n")), 0o600); err != nil {
			return o, err
		}
		o.violations[0] += "\n  log: " + log
	}
	return o, ctx.Err()
}

func (c *campaign) newWorld(ctx context.Context, p plan) (w *world, err error) {
	sides, record := &platforms{plan: p}, newRecord(p.customers)
	w = &world{people: &people{platforms: sides, record: record}, auditor: auditor{sides, record}, ctx: ctx}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.rc, err = chat.Start(chat.Config{
		Profile: p.profile, LimiterOff: true, DDPLimiterOff: true, Disorder: chat.Disorder{Reorders: p.busy, Repeats: p.busy, Races: p.busy},
	}); err != nil {
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
	if w.disk, err = disk.New(cmp.Or(p.disk, disk.Size)); err != nil {
		return w, err
	}
	w.bot, err = newProcess(ctx, c.binary, w, tokens)
	if err != nil {
		return w, err
	}
	public := w.bot.public
	if p.replicas {
		if err := replicate(w, w.bot); err != nil {
			return w, err
		}
		public = w.replicas.public
	}
	w.meta.SetWebhook(public + "/webhook")
	if err := w.bot.start(); err != nil {
		return w, err
	}
	if p.replicas {
		if err := w.replicas.members[1].start(); err != nil {
			return w, err
		}
	}
	return w, w.until(func() bool { return w.rc.Subscribed() > 0 }, 30*time.Second)
}

func (w *world) close() {
	if w.bot != nil {
		w.bot.kill()
	}
	if w.replicas != nil {
		if second := w.replicas.members[1]; second != nil {
			second.kill()
		}
		w.replicas.end()
	}
	if w.rc != nil {
		w.rc.Close()
	}
	if w.meta != nil {
		w.meta.Close()
	}
	if w.disk != "" {
		disk.Remove(w.disk)
	}
}

// play lets everybody write while the faults strike, and returns when all has been
// written and no fault lasts any more.
func (w *world) play() {
	var all sync.WaitGroup
	for i := range w.customers {
		all.Go(func() { w.converse(w.ctx, i, rand.New(rand.NewPCG(w.seed, uint64(100+i)))) })
	}
	for i, s := range w.strikes {
		all.Go(func() {
			sleep(w.ctx, s.at)
			lift := s.fault.strike(w, rand.New(rand.NewPCG(w.seed, uint64(1000+i))))
			sleep(w.ctx, s.lasts)
			if lift != nil {
				lift()
			}
		})
	}
	all.Wait()
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// settle waits until nothing is under way any more, and reports whether that came.
func (w *world) settle() bool {
	next := time.Now().Add(time.Second)
	return w.until(func() bool {
		if w.stubborn() && time.Now().After(next) && !w.auditor.complete() {
			w.goesOn()
			next = time.Now().Add(300 * time.Millisecond)
		}
		return w.auditor.complete() && w.meta.Waiting() == 0 && w.replicas.asked(w.bot).idle() && w.replicas.ready() && w.auditor.complete()
	}, patience) == nil
}

// readLog looks for what must not be in a log.
func (w *world) readLog() (violations []string) {
	log := w.log()
	secrets := map[string]string{
		"the app's secret": w.meta.AppSecret(), "a text": marker, "a panic": "panic",
	}
	for _, id := range pages[:w.pages] {
		secrets["the token of page "+id] = w.meta.PageToken(id)
	}
	for _, v := range w.rc.Visitors() {
		secrets["a visitor's token"] = v.Token
		if strings.Contains(log, v.Token) {
			break
		}
	}
	for what, secret := range secrets {
		if secret != "" && strings.Contains(log, secret) {
			violations = append(violations, "the log contains "+what)
		}
	}
	return violations
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
