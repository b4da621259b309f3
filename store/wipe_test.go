package store_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
	"messenger-bridge/store/changes"
)

// lived is a customer with whom much was spoken, so that ids lie in pages of all kinds.
type lived struct {
	c     bridge.Conversation
	rooms []bridge.RoomID
	ids   []string // of the customer, the rooms and the messages, and the name
}

func live(t testing.TB, s *store.Store, n int, name string) lived {
	t.Helper()
	l := lived{c: conversation(n), ids: []string{fmt.Sprintf("%016d", n), name}}
	for i := range 30 {
		room := bridge.RoomID(fmt.Sprintf("room-%s-%d", name, i))
		mid, message := fmt.Sprintf("m_%s-%d", name, i), fmt.Sprintf("message-%s-%d", name, i)
		l.rooms, l.ids = append(l.rooms, room), append(l.ids, string(room), mid, message)
		in := add(t, s.Inbox(), bridge.Entry{Lane: l.c.Lane(), Key: "m/" + mid, Body: bytes.Repeat([]byte("b"), 300*i)})
		comment := add(t, s.Inbox(), bridge.Entry{Lane: bridge.CommentLane(l.c.Page, bridge.Mid(mid)), Key: "c/" + mid, Body: []byte("b")})
		tag := bridge.SendTag{Message: bridge.MessageID(message)}
		for _, err := range []error{
			s.SaveLink(t.Context(), bridge.Link{Conversation: l.c, Visitor: "visitor", Room: room}),
			s.SaveReceipts(t.Context(), []bridge.Receipt{{Page: l.c.Page, Mid: bridge.Mid(mid), Tag: tag, With: l.c, TextHash: "print"}}),
			s.SaveReceipts(t.Context(), []bridge.Receipt{{Page: l.c.Page, Mid: bridge.Mid("in" + mid), Room: room, Shown: []bridge.MessageID{bridge.MessageID("in" + message)}}}),
			s.SaveName(t.Context(), l.c, name),
			s.Inbox().Conclude(in[0]), s.Inbox().Conclude(comment[0]),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return l
}

// waits has so much wait for a customer that whoever overwrites is not done with it in one step. The
// customer's id stands with each.
func (l lived) waits(t testing.TB, s *store.Store) []bridge.Seq {
	t.Helper()
	var all []bridge.Entry
	for i := range 700 {
		all = append(all, bridge.Entry{Lane: l.c.Lane(), Key: fmt.Sprint("waits", l.c.Customer, i), Body: make([]byte, 5000)})
	}
	return add(t, s.Inbox(), all...)
}

func conclude(t testing.TB, s *store.Store, seqs []bridge.Seq) {
	t.Helper()
	for _, seq := range seqs {
		if err := s.Inbox().Conclude(seq); err != nil {
			t.Fatal(err)
		}
	}
}

func (l lived) erase(t testing.TB, s *store.Store) {
	t.Helper()
	if err := s.EraseConversation(t.Context(), l.c, l.rooms); err != nil {
		t.Fatal(err)
	}
}

// inFile returns which of the ids can be read in a file.
func (l lived) inFile(t testing.TB, path string) (found []string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range l.ids {
		if bytes.Contains(data, []byte(id)) {
			found = append(found, id)
		}
	}
	return found
}

func backedUp(t testing.TB, s *store.Store) string {
	t.Helper()
	path := newPath(t)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := s.Backup(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestErase_NothingReadableIsLeft_NorInABackup looks at the bytes of the file, in which
// free pages keep what stood in them; and has others write meanwhile.
func TestErase_NothingReadableIsLeft_NorInABackup(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	mine, other := live(t, s, 777001, "annaexample"), live(t, s, 777002, "benexample")
	if got := mine.inFile(t, path); len(got) < len(mine.ids)-1 { // names are sealed
		t.Fatalf("before, only %q are in the file", got)
	}
	known := other.inFile(t, path)
	ctx, stop := context.WithCancel(t.Context())
	var others sync.WaitGroup
	others.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			_ = s.Inbox().Conclude(add(t, s.Inbox(), entry(fmt.Sprint(n)))[0])
		}
	})
	mine.erase(t, s)
	err := s.Overwrite(t.Context())
	stop()
	others.Wait()
	if err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	copied := backedUp(t, s)
	closeStore(t, s)
	for _, file := range []string{path, copied} {
		if got := mine.inFile(t, file); len(got) != 0 {
			t.Errorf("in %s are still %q", file, got)
		}
		if got := other.inFile(t, file); len(got) < len(other.ids)-1 {
			t.Errorf("of somebody else, %q are in %s; before, it was %q", got, file, known)
		}
	}
	if after, _ := os.Stat(path); after.Size() > before.Size() {
		t.Errorf("the file grew from %d to %d bytes", before.Size(), after.Size())
	}
	s = open(t, options(path))
	if asked, err := s.Wiping(); asked || err != nil {
		t.Errorf("it is still to be done: %v, %v", asked, err)
	}
}

// TestErase_StoppedBefore_TheNextRunOverwrites: a crash between the two must not leave what
// nobody would look for again.
func TestErase_StoppedBefore_TheNextRunOverwrites(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	mine := live(t, s, 777001, "annaexample")
	mine.erase(t, s)
	closeStore(t, s)
	if len(mine.inFile(t, path)) == 0 {
		t.Fatal("there is nothing to overwrite")
	}
	s = open(t, options(path))
	wiped(t, s)
	closeStore(t, s)
	if got := mine.inFile(t, path); len(got) != 0 {
		t.Errorf("in the file are still %q", got)
	}
}

// TestErase_SomebodyReads_IsDoneAfterwards: what a reader may still look at is overwritten
// when it has ended, whoever waits for it or not, and the file does not grow meanwhile.
func TestErase_SomebodyReads_IsDoneAfterwards(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	mine := live(t, s, 777001, "annaexample")
	letGo, err := s.Reading()
	if err != nil {
		t.Fatal(err)
	}
	mine.erase(t, s)
	ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer stop()
	if err := s.Overwrite(ctx); err == nil || !strings.Contains(err.Error(), "overwrite") {
		t.Errorf("it ends with %v although somebody reads", err)
	}
	if got := mine.inFile(t, path); len(got) == 0 {
		t.Error("it was overwritten below a reader")
	}
	if err := letGo(); err != nil {
		t.Fatal(err)
	}
	if err := s.Overwrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := mine.inFile(t, path); len(got) != 0 {
		t.Errorf("in the file are still %q", got)
	}
}

// TestErase_AskedAgainMeanwhile_BeginsAnew: what is erased while something is being overwritten may
// lie before the page that is looked at.
func TestErase_AskedAgainMeanwhile_BeginsAnew(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	first, second := live(t, s, 777001, "annaexample"), live(t, s, 777002, "benexample")
	seqs := second.waits(t, s)
	letGo, err := s.Reading()
	if err != nil {
		t.Fatal(err)
	}
	first.erase(t, s)
	ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer stop()
	if s.Overwrite(ctx) == nil {
		t.Fatal("it was overwritten below a reader")
	}
	conclude(t, s, seqs)
	second.erase(t, s)
	if err := letGo(); err != nil {
		t.Fatal(err)
	}
	wiped(t, s)
	for _, l := range []lived{first, second} {
		if got := l.inFile(t, path); len(got) != 0 {
			t.Errorf("in the file are still %q", got)
		}
	}
}

// wiped waits until nothing is to be overwritten any more.
func wiped(t *testing.T, s *store.Store) {
	t.Helper()
	for asked := true; asked; {
		var err error
		if asked, err = s.Wiping(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOverwrite_WhatWasJustConcluded_IsOverwrittenToo: it rides with the next commit, which is the
// first of those that overwrite.
func TestOverwrite_WhatWasJustConcluded_IsOverwrittenToo(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	mine := live(t, s, 777001, "annaexample")
	seqs := mine.waits(t, s)
	mine.erase(t, s)
	conclude(t, s, seqs)
	if err := s.Overwrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := mine.inFile(t, path); len(got) != 0 {
		t.Errorf("in the file are still %q", got)
	}
}

// TestErase_FilesThatFollow_AreOverwrittenToo, when the second is erased, or what waited is
// dropped, after they have begun to overwrite.
func TestErase_FilesThatFollow_AreOverwrittenToo(t *testing.T) {
	j := &book{}
	o := options(newPath(t))
	o.Journal = j
	s := open(t, o)
	first, second := live(t, s, 777001, "annaexample"), live(t, s, 777002, "benexample")
	seqs := second.waits(t, s)
	copied := options(snapshot(t, s))
	c := openFollower(t, copied)
	follow := func() {
		t.Helper()
		for _, step := range j.after(c.At()) {
			if err := c.Apply([]changes.Step{step}); err != nil {
				t.Fatal(err)
			}
		}
	}
	begin := j.len()
	first.erase(t, s)
	follow()
	second.erase(t, s)
	follow()
	conclude(t, s, seqs)
	if err := s.Overwrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	follow()
	for range 100 { // as the leader's beats come
		if err := c.Apply([]changes.Step{{At: c.At()}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if begin == 0 || len(first.inFile(t, o.Path)) != 0 {
		t.Error("nothing was noted, or the leader's file is not overwritten")
	}
	for _, l := range []lived{first, second} {
		if got := l.inFile(t, copied.Path); len(got) != 0 {
			t.Errorf("in the file that follows are still %q", got)
		}
	}
}

// BenchmarkOverwrite measures how long entries take while 256 MB are overwritten.
//
//	go test -run '^$' -bench Overwrite -benchtime 1x ./store
func BenchmarkOverwrite(b *testing.B) {
	path := newPath(b)
	s := open(b, options(path))
	var seqs []bridge.Seq
	for n := range 256 {
		seqs = append(seqs, add(b, s.Outbox(), bridge.Entry{Lane: lane("c"), Key: fmt.Sprint("x", n), Body: bytes.Repeat([]byte("b"), 1<<20)})...)
	}
	for _, seq := range seqs {
		if err := s.Outbox().Conclude(seq); err != nil {
			b.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(b.Context())
	var took []time.Duration
	var others sync.WaitGroup
	others.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			start := time.Now()
			add(b, s.Inbox(), entry(fmt.Sprint(n)))
			took = append(took, time.Since(start))
		}
	})
	for b.Loop() {
		if err := s.Overwrite(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	stop()
	others.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms/entry-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms/entry-p99")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "ms/entry-max")
}
