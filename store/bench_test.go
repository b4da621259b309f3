//go:build linux

package store_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store"
)

// Goals are ratios of two things measured in turn in one run, with an injected
// sync cost, on tmpfs; see performance.md, sections 0 and 2. Run one iteration:
//
//	go test -run '^$' -bench . -benchtime 1x ./store

const (
	rounds     = 3
	roundTime  = time.Second
	bodyLen    = 1024
	groupLimit = 512
)

// blockingSleep takes as long as a sync does, as exactly; only for one goroutine.
func blockingSleep(d time.Duration) func() {
	if d == 0 {
		return func() {}
	}
	return func() {
		ts := syscall.NsecToTimespec(int64(d))
		for syscall.Nanosleep(&ts, &ts) == syscall.EINTR {
		}
	}
}

func benchDir(b *testing.B) string {
	if dir, err := os.MkdirTemp("/dev/shm", "store-bench-"); err == nil {
		b.Cleanup(func() { os.RemoveAll(dir) })
		return dir
	}
	return b.TempDir()
}

// perSecond has callers call do for a round and returns the calls a second.
func perSecond(callers int, do func(caller, i int)) float64 {
	var wg sync.WaitGroup
	var stop atomic.Bool
	var calls atomic.Int64
	start := time.Now()
	for c := range callers {
		wg.Go(func() {
			i := 0
			for ; !stop.Load(); i++ {
				do(c, i)
			}
			calls.Add(int64(i))
		})
	}
	time.AfterFunc(roundTime, func() { stop.Store(true) })
	wg.Wait()
	return float64(calls.Load()) / time.Since(start).Seconds()
}

// rawFile is what nothing can beat: the same callers and channel, each group one
// write and one sync.
type rawFile struct {
	ops  chan rawOp
	done chan struct{}
}

type rawOp struct {
	body []byte
	done chan struct{}
}

func newRawFile(b *testing.B, path string, sync func()) *rawFile {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	const size = 256 << 20
	if err := f.Truncate(size); err != nil {
		b.Fatal(err)
	}
	r := &rawFile{ops: make(chan rawOp, 1024), done: make(chan struct{})}
	go func() {
		defer close(r.done)
		defer f.Close()
		var group []rawOp
		var buffer []byte
		at := int64(0)
		for o := range r.ops {
			group, buffer = append(group[:0], o), append(buffer[:0], o.body...)
		gather:
			for len(group) < groupLimit {
				select {
				case o := <-r.ops:
					group, buffer = append(group, o), append(buffer, o.body...)
				default:
					break gather
				}
			}
			if at+int64(len(buffer)) > size {
				at = 0
			}
			if _, err := f.WriteAt(buffer, at); err != nil {
				b.Error(err)
			}
			at += int64(len(buffer))
			sync()
			for _, o := range group {
				o.done <- struct{}{}
			}
		}
	}()
	return r
}

func (r *rawFile) append(body []byte) {
	o := rawOp{body, make(chan struct{}, 1)}
	r.ops <- o
	<-o.done
}

func (r *rawFile) close() {
	close(r.ops)
	<-r.done
}

func benchLane(customer int) bridge.Lane {
	return bridge.Lane{Page: "100000000000001", Kind: bridge.Messages, Customer: bridge.CustomerID(strconv.Itoa(customer))}
}

// life has callers store entries and conclude what they stored before.
func life(b *testing.B, s *store.Store, callers int, run string) float64 {
	body := make([]byte, bodyLen)
	rand.Read(body)
	last := make([]bridge.Seq, callers)
	in := s.Inbox()
	return perSecond(callers, func(c, i int) {
		e := []bridge.Entry{{
			Lane: benchLane(c), Body: body,
			Key: run + strconv.Itoa(c) + "/" + strconv.Itoa(i),
		}}
		before := last[c]
		if _, err := in.Append(context.Background(), e, func(_ *bridge.Entry, seq bridge.Seq) { last[c] = seq }); err != nil {
			b.Error(err)
		}
		if before != 0 {
			if err := in.Conclude(before); err != nil {
				b.Error(err)
			}
		}
	})
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// P1 and P4: a durable entry with its key and its end, against the raw file.
func BenchmarkEntry_AgainstARawFile(b *testing.B) {
	for _, p := range []struct {
		callers int
		sync    time.Duration
	}{{1, time.Millisecond}, {64, time.Millisecond}, {512, time.Millisecond}, {64, 5 * time.Millisecond}} {
		b.Run(fmt.Sprintf("callers=%d/sync=%v", p.callers, p.sync), func(b *testing.B) {
			for b.Loop() {
				dir := benchDir(b)
				o := options(filepath.Join(dir, "bolt.db"))
				o.Sync = blockingSleep(p.sync)
				s := open(b, o)
				raw := newRawFile(b, filepath.Join(dir, "raw"), blockingSleep(p.sync))
				body := make([]byte, bodyLen)
				var ratios, rates, raws []float64
				for round := range rounds {
					r := perSecond(p.callers, func(int, int) { raw.append(body) })
					v := life(b, s, p.callers, fmt.Sprint(round, "/"))
					ratios, rates, raws = append(ratios, v/r), append(rates, v), append(raws, r)
				}
				raw.close()
				before, writes := s.Stats(), ioCounts(b)
				life(b, s, p.callers, "counts/")
				after, written := s.Stats(), ioCounts(b)
				closeStore(b, s)
				events := float64(after.Entries - before.Entries)
				b.ReportMetric(median(ratios), "ratio")
				b.ReportMetric(median(rates), "events/s")
				b.ReportMetric(median(raws), "raw-events/s")
				b.ReportMetric(events/float64(after.Commits-before.Commits), "events/commit")
				b.ReportMetric(float64(written.calls-writes.calls)/events, "writes/event")
				b.ReportMetric(float64(written.bytes-writes.bytes)/events/1024, "KB/event")
			}
		})
	}
}

type counts struct{ calls, bytes int64 }

// ioCounts reads what this process wrote so far.
func ioCounts(b *testing.B) (c counts) {
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		b.Skip("no /proc/self/io here")
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		n, _ := strconv.ParseInt(value, 10, 64)
		switch name {
		case "syscw":
			c.calls = n
		case "wchar":
			c.bytes = n
		}
	}
	return c
}

// P9: the file's share of an idle conversation; neither heap nor goroutines.
func BenchmarkIdleConversations(b *testing.B) {
	for b.Loop() {
		goroutines := runtime.NumGoroutine()
		each, _ := storeConversations(b, 100_000)
		b.ReportMetric(each, "file-bytes/conversation")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines), "goroutines")
	}
}

// fill stores n entries of 0.9 KB in 100,000 lanes, many to a commit.
func fill(b *testing.B, s *store.Store, n int) {
	body := make([]byte, 900)
	for at := 0; at < n; {
		entries := make([]bridge.Entry, 0, 5000)
		for ; len(entries) < cap(entries) && at < n; at++ {
			entries = append(entries, bridge.Entry{Lane: benchLane(at * 7919 % 100_000), Key: "fill/" + strconv.Itoa(at), Body: body})
		}
		if _, err := s.Inbox().Append(context.Background(), entries, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// P10 and P11: a start with a million waiting; the speed of a store that held them.
func BenchmarkMillion(b *testing.B) {
	const n = 1_000_000
	for b.Loop() {
		dir := benchDir(b)
		o := options(filepath.Join(dir, "bolt.db"))
		o.Sync = func() {}
		s := open(b, o)
		fill(b, s, n)
		closeStore(b, s)

		start := time.Now()
		db, err := bbolt.Open(o.Path, 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
		if err != nil {
			b.Fatal(err)
		}
		keys := 0
		err = db.View(func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("inbox")).ForEach(func(_, _ []byte) error { keys++; return nil })
		})
		if err != nil || keys != n {
			b.Fatal(keys, err)
		}
		bare := time.Since(start)
		db.Close()

		heap := heapNow()
		start = time.Now()
		s = open(b, o)
		opened := time.Since(start)
		lanes := map[bridge.Lane][]bridge.Seq{}
		if err := s.Inbox().Waiting(func(d *bridge.Delivery, _ int) { lanes[d.Lane] = append(lanes[d.Lane], d.Seq) }); err != nil {
			b.Fatal(err)
		}
		ready := time.Since(start)
		b.ReportMetric(float64(heapNow()-heap)/n, "heap-bytes/entry")
		b.ReportMetric(ready.Seconds()/bare.Seconds(), "ready/bare")
		b.ReportMetric(opened.Seconds(), "s-open")
		b.ReportMetric((ready - opened).Seconds(), "s-scan")
		runtime.KeepAlive(lanes)

		for seq := bridge.Seq(1); seq <= n; seq++ {
			if err := s.Inbox().Conclude(seq); err != nil {
				b.Fatal(err)
			}
			if seq%500 == 0 {
				for s.Stats().Inbox.Waiting > n-int(seq) { // one commit each
					add(b, s.Notices(), entry("drain/"+fmt.Sprint(seq)))
				}
			}
		}
		closeStore(b, s)
		o.Sync = blockingSleep(time.Millisecond)
		drained := open(b, o.WithCompactAbove(1<<50))
		o.Path = filepath.Join(dir, "fresh.db")
		fresh := open(b, o)
		var ratios []float64
		for round := range rounds {
			a := life(b, fresh, 64, fmt.Sprint(round, "/"))
			ratios = append(ratios, life(b, drained, 64, fmt.Sprint(round, "/"))/a)
		}
		b.ReportMetric(median(ratios), "drained/fresh")
	}
}

func heapNow() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// P12: the speed while somebody reads all the time, and while backups are made
// one after another (which takes processor time, too).
func BenchmarkEntry_WhileOthersRead(b *testing.B) {
	for name, read := range map[string]func(context.Context, *store.Store){
		"transaction": func(ctx context.Context, s *store.Store) {
			_ = s.Notices().Waiting(func(*bridge.Delivery, int) { <-ctx.Done() })
		},
		"backups": func(ctx context.Context, s *store.Store) {
			var w bytes.Buffer
			for ctx.Err() == nil {
				w.Reset()
				_, _ = s.Backup(ctx, &w)
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				o := options(filepath.Join(benchDir(b), "bolt.db"))
				o.Sync = blockingSleep(time.Millisecond)
				s := open(b, o)
				fill(b, s, 20_000)
				add(b, s.Notices(), entry("one"))
				var ratios []float64
				for round := range rounds {
					alone := life(b, s, 64, fmt.Sprint("alone/", round, "/"))
					ctx, stop := context.WithCancel(context.Background())
					var wg sync.WaitGroup
					wg.Go(func() { read(ctx, s) })
					ratios = append(ratios, life(b, s, 64, fmt.Sprint("read/", round, "/"))/alone)
					stop()
					wg.Wait()
				}
				b.ReportMetric(median(ratios), "reading/alone")
				closeStore(b, s)
			}
		})
	}
}

// What a commit costs without its syncs, of so many entries and the ends of as many.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{2, 51} {
		b.Run(fmt.Sprintf("entries=%d", n), func(b *testing.B) {
			o := options(filepath.Join(benchDir(b), "bolt.db"))
			o.Sync = func() {}
			s := open(b, o)
			body := make([]byte, bodyLen)
			rand.Read(body)
			var last, next []bridge.Seq
			b.ReportAllocs()
			for run := 0; b.Loop(); run++ {
				entries := make([]bridge.Entry, n)
				for i := range entries {
					entries[i] = bridge.Entry{Lane: benchLane(i), Body: body, Key: fmt.Sprint(run, "/", i)}
				}
				next = next[:0]
				if _, err := s.Inbox().Append(context.Background(), entries, func(_ *bridge.Entry, seq bridge.Seq) { next = append(next, seq) }); err != nil {
					b.Fatal(err)
				}
				for _, seq := range last {
					if err := s.Inbox().Conclude(seq); err != nil {
						b.Fatal(err)
					}
				}
				last, next = next, last
			}
		})
	}
}
