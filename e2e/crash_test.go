package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/app"
	"messenger-bridge/sandbox/meta"
)

var (
	kills = flag.Int("kills", 12, "how often TestCrash_KillsAtRandomMoments kills the process")
	seed  = flag.Uint64("seed", 0, "seed of the random moments; 0: a new one, which the test prints")
)

// inOrder fails unless texts end in 0, 1, 2, … n-1.
func inOrder(t *testing.T, who string, texts []string, n int) {
	t.Helper()
	for i, text := range texts {
		if number(text) != i {
			t.Errorf("%s: position %d of %d shows %q: %q", who, i, len(texts), text, texts)
			return
		}
	}
	if len(texts) != n {
		t.Errorf("%s: %d of %d", who, len(texts), n)
	}
}

// textsOf returns what agents read from the customer whose texts begin with name.
func (w *world) textsOf(name string) (texts []string) {
	for _, text := range w.texts() {
		if strings.HasPrefix(text, name+" ") {
			texts = append(texts, text)
		}
	}
	return texts
}

func TestCrash_ThousandMessagesWhileTheWorkspaceIsDown_AllArriveOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.rc.Down()
	p := w.startProcess()
	const customers, each = 20, 50
	at := time.Now()
	var posting sync.WaitGroup
	for c := range customers {
		posting.Go(func() {
			for i := range each {
				event := w.meta.TextEvent(page, fmt.Sprint(9000+c), fmt.Sprintf("m_%d_%d", c, i), fmt.Sprintf("c%d %d", c, i), at)
				if status, err := w.meta.Post(t.Context(), w.meta.Body(event), meta.PostOptions{}); status != 200 {
					t.Errorf("answered %d, %v", status, err)
				}
			}
		})
	}
	posting.Wait()
	p.kill() // right after the last 200
	w.startProcess()
	if err := w.rc.Up(); err != nil {
		t.Fatal(err)
	}
	w.eventually("all are shown", func() bool { return len(w.texts()) >= customers*each })
	w.settled()
	for c := range customers {
		name := fmt.Sprintf("c%d", c)
		inOrder(t, name, w.textsOf(name), each)
	}
	if rooms := len(w.rc.Rooms()); rooms != customers {
		t.Errorf("%d rooms for %d customers", rooms, customers)
	}
}

func TestCrash_KillsAtRandomMoments_LoseNothingAndDoubleNothing(t *testing.T) {
	t.Parallel()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("replay with: go test ./e2e -run %s -seed %d -kills %d", t.Name(), *seed, *kills)
	random := rand.New(rand.NewPCG(*seed, 1))
	w := newWorld(t, bypassed)
	customers := []string{anna, ben, "7001002003004007", "7001002003004008", "7001002003004009"}
	w.cfg.Times.EchoWait = 100 * time.Millisecond
	p := w.startProcess()
	for i, c := range customers {
		w.meta.CustomerWrites(page, c, fmt.Sprintf("c%d 0", i))
	}
	w.eventually("everybody has a room", func() bool { return len(w.rc.Rooms()) == len(customers) && len(w.texts()) == len(customers) })
	rooms := make([]string, len(customers)) // by customer
	for _, room := range w.rc.Rooms() {
		var c int
		fmt.Sscanf(w.rc.CustomerTexts(room.ID)[0], "c%d", &c)
		rooms[c] = room.ID
	}

	stopTalking := make(chan struct{})
	var talking sync.WaitGroup
	said := make([]int, len(customers))
	asked := make([]int, len(customers))
	for c, customer := range customers {
		asked[c] = 1
		talking.Go(func() {
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			read, askedThen := 0, asked[c]
			for {
				select {
				case <-stopTalking:
					return
				case <-tick.C:
				}
				// Nobody writes on and on while the other says nothing; and Meta shows
				// only the 20 newest messages of a thread, by which lost answers are settled.
				if n := len(w.meta.CustomerSees(page, customer)); n > read {
					read, askedThen = n, asked[c]
				}
				if asked[c]-len(w.rc.CustomerTexts(rooms[c])) < 4 && asked[c]-askedThen < 8 {
					w.meta.CustomerWrites(page, customer, fmt.Sprintf("c%d %d", c, asked[c]))
					asked[c]++
				}
				if said[c]-len(w.meta.CustomerSees(page, customer)) < 4 {
					w.agent.Says(rooms[c], fmt.Sprintf("answer %d", said[c]))
					said[c]++
				}
			}
		})
	}
	for range *kills {
		select {
		case <-time.After(time.Duration(random.IntN(250)) * time.Millisecond):
		case err := <-p.ended:
			t.Fatal("the process ended by itself:", err)
		}
		p.kill()
		p = w.startProcess()
	}
	close(stopTalking)
	talking.Wait()
	for c, customer := range customers {
		w.eventually("agents read everything", func() bool { return len(w.textsOf(fmt.Sprintf("c%d", c))) >= asked[c] })
		w.eventually("customers read everything", func() bool { return len(w.received(customer)) >= said[c] })
	}
	w.settled()
	for c, customer := range customers {
		inOrder(t, fmt.Sprintf("what agents read of customer %d", c), w.textsOf(fmt.Sprintf("c%d", c)), asked[c])
		inOrder(t, fmt.Sprintf("what customer %d reads", c), w.received(customer), said[c])
	}
	if len(w.rc.Rooms()) != len(customers) {
		t.Errorf("%d rooms", len(w.rc.Rooms()))
	}
	t.Logf("%d kills, %d messages in, %d out", *kills, sum(asked), sum(said))
	if code, _ := p.terminate(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func sum(numbers []int) (n int) {
	for _, v := range numbers {
		n += v
	}
	return n
}

func TestStop_UnderLoadAndWithAHangingWorkspace_IsQuickAndLosesNothing(t *testing.T) {
	t.Parallel()
	for _, hanging := range []bool{false, true} {
		t.Run(fmt.Sprintf("hanging=%v", hanging), func(t *testing.T) {
			w := newWorld(t, bypassed)
			w.environ = append(w.environ, "SHUTDOWN_GRACE=3s")
			p := w.startProcess()
			w.meta.CustomerWrites(page, anna, "c 0")
			rid := w.room()
			w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
			w.rc.Hang(hanging)
			for i := 1; i < 100; i++ {
				w.meta.CustomerWrites(page, anna, fmt.Sprintf("c %d", i))
				if !hanging {
					w.agent.Says(rid, fmt.Sprintf("answer %d", i-1))
				}
			}
			w.eventually("load is under way", func() bool { return w.meta.Acked() > 20 })
			code, took := p.terminate(t)
			if code != 0 || took > atMost(3*time.Second+500*time.Millisecond) {
				t.Errorf("exit code %d after %v", code, took)
			}
			w.rc.Hang(false)
			w.startProcess()
			w.eventually("all are shown", func() bool { return len(w.texts()) >= 100 })
			if !hanging {
				w.eventually("all answers arrive", func() bool { return len(w.received(anna)) >= 99 })
				inOrder(t, "the customer", w.received(anna), 99)
			}
			w.settled()
			inOrder(t, "agents", w.texts(), 100)
		})
	}
}

func TestStore_SecondProcess_IsToldWhoHasIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	code, _, errText := runCommand(t, w.environ, "serve")
	if code != 1 || !strings.Contains(errText, w.cfg.Store.Database) {
		t.Errorf("code %d: %s", code, errText)
	}
}

func TestBackup_OfARunningBridge_OpensWithTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "hello")
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	copied := w.cfg.Store.Database + ".copy"
	if code, out, errText := runCommand(t, w.environ, "backup", "--database", w.cfg.Store.Database, copied); code != 0 {
		t.Fatalf("code %d: %s%s", code, out, errText)
	}
	if code, out, errText := runCommand(t, w.environ, "pages", "list", "--database", copied); code != 1 || !strings.Contains(errText, "key") {
		t.Errorf("a copy without its key: code %d: %s%s", code, out, errText)
	}
	copyFile(t, w.cfg.Store.Database+".key", copied+".key")
	code, out, errText := runCommand(t, w.environ, "pages", "list", "--database", copied)
	if code != 0 || !strings.Contains(out, page) {
		t.Errorf("code %d: %s%s", code, out, errText)
	}
}

func TestOperator_AddsListsAndRemovesPagesWhileTheBridgeRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	token := w.meta.AddPage("555", "Second shop")
	file := writeFile(t, token+"\n")
	w.run()
	db := []string{"--database", w.cfg.Store.Database}
	steps := []struct {
		args []string
		code int
		want string
	}{
		{[]string{"pages", "add", "--page-id", "555", "--token-file", file}, 0, "Second shop"},
		{[]string{"pages", "list"}, 0, "555"},
		{[]string{"status"}, 0, "connected"},
		{[]string{"pages", "remove", page}, 0, "removed"},
		{[]string{"pages", "add", "--page-id", "shop", "--token-file", file}, 1, "not a number"},
		{[]string{"pages", "remove", "777"}, 1, "no such page"},
	}
	for _, step := range steps {
		code, out, errText := runCommand(t, w.environ, slices.Concat(step.args, db)...)
		if code != step.code || !strings.Contains(out+errText, step.want) {
			t.Errorf("%v: code %d: %s%s", step.args, code, out, errText)
		}
		if strings.Contains(out+errText, token) {
			t.Errorf("%v prints the token", step.args)
		}
	}
	w.meta.CustomerWrites("555", anna, "hello second shop")
	w.eventually("the new page works", func() bool { return slices.Contains(w.texts(), "hello second shop") })
}

// What an operator changes while no bridge runs is recorded, too; and a store that is made by a command, perhaps in a wrong
// place, is said to be new.
func TestOperator_AddsAndRemovesPagesWhileNoBridgeRuns_IsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	file := writeFile(t, w.meta.AddPage("555", "Second shop")+"\n")
	add := func(database string) string {
		code, out, errText := runCommand(t, w.environ, "pages", "add", "--page-id", "555", "--name", "Second shop", "--token-file", file, "--database", database)
		if code != 0 || !strings.Contains(out, "page 555 is stored in "+database) {
			t.Errorf("code %d: %s%s", code, out, errText)
		}
		return out
	}
	if said := add(filepath.Join(t.TempDir(), "bolt.db")); !strings.Contains(said, "made just now") {
		t.Errorf("of a new store: %s", said)
	}
	if said := add(w.cfg.Store.Database); strings.Contains(said, "made just now") {
		t.Errorf("of a bridge's store: %s", said)
	}
	if code, out, errText := runCommand(t, w.environ, "pages", "remove", page, "--database", w.cfg.Store.Database); code != 0 {
		t.Errorf("code %d: %s%s", code, out, errText)
	}
	w.run()
	recorded := w.audited()
	for _, want := range []string{"an operator|page deleted|" + page + "|Shop", "an operator|page added|555|Second shop", "an operator|grant kept|555|"} {
		if !slices.ContainsFunc(recorded, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("no %q in %q", want, recorded)
		}
	}
}

// TestBackup_Restored_SendsNothingAgain goes back to a copy of the store although
// the talk went on after it was made; and then to no store at all.
func TestBackup_Restored_SendsNothingAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "hello")
	rid := w.room()
	w.agent.Says(rid, "answer 0")
	w.eventually("the answer arrives", func() bool { return len(w.received(anna)) == 1 })
	copied := w.cfg.Store.Database + ".copy"
	if code, out, errText := runCommand(t, w.environ, "backup", "--database", w.cfg.Store.Database, copied); code != 0 {
		t.Fatalf("code %d: %s%s", code, out, errText)
	}
	for i := 1; i < 5; i++ {
		w.agent.Says(rid, fmt.Sprintf("answer %d", i))
	}
	w.eventually("the answers arrive", func() bool { return len(w.received(anna)) == 5 })
	w.halt()
	w.agent.Says(rid, "answer 5") // nobody sends this
	w.agent.Says(rid, "answer 6")
	copyFile(t, copied, w.cfg.Store.Database)
	w.run()
	w.agent.Says(rid, "answer 7")
	w.eventually("what was not sent arrives", func() bool { return len(w.received(anna)) >= 8 })
	w.settled()
	inOrder(t, "after the backup was restored, the customer", w.received(anna), 8)

	w.halt()
	if err := os.Remove(w.cfg.Store.Database); err != nil {
		t.Fatal(err)
	}
	w.environ = append(w.environ, "SECRET_KEY="+strings.TrimSpace(readFile(t, w.cfg.Store.Database+".key")))
	cfg, err := app.ReadConfig(w.environ)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Times = w.cfg.Times
	w.cfg = cfg
	w.addPage(page, w.token)
	w.run()
	w.meta.CustomerWrites(page, anna, "are you there?")
	w.eventually("it is shown in the old room", func() bool { return len(w.texts()) == 2 && len(w.rc.Rooms()) == 1 })
	w.agent.Says(rid, "answer 8")
	w.eventually("the new answer arrives", func() bool { return len(w.received(anna)) >= 9 })
	w.settled()
	inOrder(t, "with an empty store, the customer", w.received(anna), 9)
}
