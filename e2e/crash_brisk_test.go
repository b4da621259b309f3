package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
)

var brisk = flag.Bool("brisk", false, "let TestCrash_InBriskConversations kill 30 times within 20 s, with the times of a real run")

// briskForm is how long the test runs and how patient the bridge is.
type briskForm struct {
	kills, pages, customers int           // customers of each page
	between                 time.Duration // kills, at most
	echoWait                time.Duration // 0: as in a real run
}

// afterTheLastKill is by when everything has to be out.
const afterTheLastKill = 35 * time.Second

// TestCrash_InBriskConversations_LeavesNothingUnclear kills the program again and again while
// customers write more than Meta shows of a thread in detail. As long as threads can be read,
// no agent may be told that nobody knows. The long form:
//
//	go test ./e2e -run TestCrash_InBriskConversations -brisk -alone -v
func TestCrash_InBriskConversations_LeavesNothingUnclear(t *testing.T) {
	t.Parallel()
	form := briskForm{kills: 5, pages: 1, customers: 4, between: 300 * time.Millisecond, echoWait: time.Second}
	if *brisk {
		form = briskForm{kills: 30, pages: 5, customers: 8, between: time.Second}
	}
	w := newWorld(t, bypassed)
	w.cfg.Times.EchoWait = form.echoWait
	if *brisk {
		w.cfg.Times.ThreadEvery = 0
	}
	pages := []string{page}
	for i := range form.pages - 1 {
		id := fmt.Sprint(5001 + i)
		w.addPage(id, w.meta.AddPage(id, "Shop"))
		pages = append(pages, id)
	}
	p := w.startProcess()
	talks := w.talks(pages, form.customers)
	stop := make(chan struct{})
	var talking sync.WaitGroup
	for _, talk := range talks {
		talking.Go(func() { talk.goOn(stop) })
	}
	random, began := rand.New(rand.NewPCG(rand.Uint64(), 1)), time.Now()
	for range form.kills {
		<-time.After(time.Duration(random.Int64N(int64(form.between))))
		p.kill()
		p = w.startProcess()
	}
	last := time.Now()
	close(stop)
	talking.Wait()
	answers := 0
	for _, talk := range talks {
		answers += talk.said
		w.eventually("the customer has every answer", func() bool { return len(talk.received()) >= talk.said })
	}
	took := time.Since(last)
	t.Logf("%d kills in %v, %d answers, the last of them %v after the last kill", form.kills, last.Sub(began), answers, took)
	if took > atMost(afterTheLastKill) {
		t.Errorf("the last answer came %v after the last kill", took)
	}
	for _, talk := range talks { // what Meta could not hand over it brings again in its own time
		w.eventually("agents have every message", func() bool { return len(w.rc.CustomerTexts(talk.room)) >= talk.asked })
	}
	w.settled()
	for _, talk := range talks {
		inOrder(t, "what customer "+talk.customer+" reads", talk.received(), talk.said)
		inOrder(t, "what agents read of customer "+talk.customer, w.rc.CustomerTexts(talk.room), talk.asked)
		if told := slices.DeleteFunc(w.rc.Messages(talk.room), func(m chat.Message) bool { return !strings.Contains(m.Text, "elivered") }); len(told) > 0 {
			t.Errorf("agents are told %q", told[0].Text)
		}
	}
}

// briskTalk is a conversation in which both sides write on and on.
type briskTalk struct {
	*world
	page, customer, room string
	asked, said          int
	calm                 bool // the agent does not write faster than the customer
}

// received is what the customer reads.
func (talk *briskTalk) received() (texts []string) {
	for _, bubble := range talk.meta.CustomerSees(talk.page, talk.customer) {
		texts = append(texts, bubble.Text)
	}
	return texts
}

// talks begins conversations.
func (w *world) talks(pages []string, each int) (all []*briskTalk) {
	w.Helper()
	for i := range len(pages) * each {
		talk := &briskTalk{world: w, page: pages[i/each], customer: fmt.Sprintf("70010020030%05d", i+1), asked: 1}
		w.meta.CustomerWrites(talk.page, talk.customer, fmt.Sprintf("c%d 0", i))
		all = append(all, talk)
	}
	w.eventually("everybody has a room", func() bool { return len(w.texts()) == len(all) })
	for _, room := range w.rc.Rooms() {
		var i int
		fmt.Sscanf(w.rc.CustomerTexts(room.ID)[0], "c%d", &i)
		all[i].room = room.ID
	}
	return all
}

// goOn writes until stop is closed, the customer four times a second: nobody waits for the
// other, but neither does anybody write without end while the bridge is away.
func (talk *briskTalk) goOn(stop <-chan struct{}) {
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		if n%10 == 0 && talk.asked-len(talk.rc.CustomerTexts(talk.room)) < 15 { // fewer than Facebook shows of a conversation
			talk.meta.CustomerWrites(talk.page, talk.customer, fmt.Sprintf("c %d", talk.asked))
			talk.asked++
		}
		if (!talk.calm || n%10 == 5) && talk.said-len(talk.meta.CustomerSees(talk.page, talk.customer)) < 8 {
			talk.agent.Says(talk.room, fmt.Sprintf("answer %d", talk.said))
			talk.said++
		}
	}
}
