package replicas

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"messenger-bridge/journal"
	"messenger-bridge/replica"
	"messenger-bridge/store"
)

const (
	lookAtDisk   = time.Second
	lookAtLeader = 200 * time.Millisecond
	// giveOften is how long a leader whose disk is full leads at least: there may be nobody else.
	giveOften = time.Minute
)

// seams are what only tests of this package change.
type seams struct {
	room func() bool             // whether more can be stored than what is under way
	full func(*store.Store) bool // whether a leader's store takes nothing for want of room
	// copying is where a snapshot is copied to.
	copying func(context.Context, io.Writer) io.Writer
	opening func(store.Options) error // before a leader opens its file
}

func (c *Config) setSeams() {
	if c.seams.room == nil {
		o := c.Store
		c.seams.room = func() bool { return store.HasRoom(o) }
	}
	if c.seams.copying == nil {
		c.seams.copying = func(_ context.Context, w io.Writer) io.Writer { return w }
	}
	if c.seams.opening == nil {
		c.seams.opening = func(store.Options) error { return nil }
	}
	if c.seams.full == nil {
		c.seams.full = func(s *store.Store) bool { return errors.Is(s.Health(), store.ErrDiskFull) }
	}
}

// opensFor is how long the others are shown that this replica opens its file. A disk that hangs for longer
// loses the lead.
const opensFor = time.Minute

// openFor opens the file for the leader of a term, and shows meanwhile that somebody leads: a large one takes
// longer than the others wait.
func openFor(cfg Config, term *journal.Term) (*store.Store, error) {
	opened := make(chan struct{})
	defer close(opened)
	go func() {
		beats, enough := time.NewTicker(term.BeatEvery()), time.After(opensFor)
		defer beats.Stop()
		for {
			select {
			case <-opened:
				return
			case <-enough:
				return
			case <-beats.C:
				if term.Beat() != nil { // the first record says so, too
					return
				}
			}
		}
	}()
	options := cfg.Store
	if err := cfg.seams.opening(options); err != nil {
		return nil, err
	}
	options.Journal = term
	return store.Open(options)
}

// ofTheDisk reports whether an error comes from the operating system: it may be over when somebody
// has made room.
func ofTheDisk(err error) bool {
	var code syscall.Errno
	return errors.As(err, &code)
}

// ofAFile reports whether an error comes from writing a file, and from no connection.
func ofAFile(err error) bool {
	var path *fs.PathError
	var link *os.LinkError
	return errors.As(err, &path) || errors.As(err, &link)
}

// yields is what a replica that handed over leaves to others: to claim before a moment, after its own term.
type yields struct {
	epoch uint64
	until time.Time
}

// letOthers waits while others may claim, if this replica has handed over and nobody has led since, or the disk is
// full here.
func letOthers(ctx context.Context, m *Member, stream *journal.Stream, at replica.Position) {
	var end time.Time
	m.set(func() {
		if m.yields.epoch == at.Epoch {
			end = m.yields.until
		}
	})
	if !m.cfg.seams.room() {
		end = time.Now().Add(2 * m.cfg.Journal.TakeoverAfter)
	}
	if time.Now().Before(end) {
		watch(ctx, m, stream, func(f *journal.Follower) bool { return f.Leader().Name != "" || time.Now().After(end) })
	}
}

// awaitRoom waits until it is worth while to try again to follow or lead.
func awaitRoom(ctx context.Context, m *Member, stream *journal.Stream) {
	end := time.Now().Add(lookAtDisk)
	watch(ctx, m, stream, func(*journal.Follower) bool { return time.Now().After(end) && m.cfg.seams.room() })
}

// awaitSnapshot waits until there is one; that may take long where a journal has just begun.
func awaitSnapshot(ctx context.Context, m *Member, stream *journal.Stream) {
	watch(ctx, m, stream, func(*journal.Follower) bool {
		_, err := stream.Snapshot(ctx)
		return err == nil
	})
}

// watch reads the journal without writing what it says, so that what comes here can be passed on to who
// leads. It ends with ctx, or when it is asked to.
func watch(ctx context.Context, m *Member, stream *journal.Stream, enough func(*journal.Follower) bool) {
	own, stop := context.WithCancel(ctx)
	at := m.reached
	if at.Seq == 0 {
		if newest, err := stream.Snapshot(ctx); err == nil {
			at = newest.At
		}
	}
	f := m.followFrom(stream, at)
	var reading sync.WaitGroup
	reading.Go(func() {
		for own.Err() == nil { // whatever it ends of, somebody may lead again
			_ = f.Run(own, func([]journal.Record) error { return nil })
			pause(own, lookAtDisk)
		}
	})
	for ctx.Err() == nil && !enough(f) {
		pause(ctx, lookAtLeader)
	}
	stop()
	reading.Wait()
	at = m.reached // of the file
	m.left(true)
	m.set(func() { m.reached = at })
}

// followFrom returns a new follower, whom others may ask who leads.
func (m *Member) followFrom(stream *journal.Stream, at replica.Position) *journal.Follower {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.follower = stream.Follow(at, m.known)
	return m.follower
}

// left lets go of the follower; stays says that who leads stays known, because this replica only cannot write.
func (m *Member) left(stays bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.known
	if m.follower != nil {
		known, m.reached = m.follower.Leader(), m.follower.At()
	}
	m.known = known
	if !stays {
		m.known = replica.Claim{}
	}
	m.role, m.follower = Starting, nil
}

// watchDisk hands over when the store takes nothing because the disk is full.
func watchDisk(ctx context.Context, m *Member, s *store.Store) {
	for full := 0; ctx.Err() == nil; pause(ctx, lookAtDisk) {
		if full++; !m.cfg.seams.full(s) {
			full = 0
		}
		m.mu.Lock()
		if full > 1 && m.handOver != nil && time.Since(m.given) > giveOften {
			m.cfg.Log.Error("the disk is full, another replica is to lead", "file", m.cfg.Store.Path)
			m.given = time.Now()
			m.handOver(errHandOver)
		}
		m.mu.Unlock()
	}
}
