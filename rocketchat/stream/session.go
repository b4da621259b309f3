package stream

import (
	"context"
	"fmt"
	"sync"
	"time"

	"messenger-bridge/rocketchat/ddp"
	"messenger-bridge/rocketchat/wire"
)

// maxHeld bounds what the stream may bring while catching up, or while the store
// is slow. Beyond it the session ends, and the next one reads the rest over REST.
const maxHeld = 10_000

// session is one connection from dial to loss.
func (s *Stream) session(ctx context.Context, ready func()) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	if err := s.progress.begin(); err != nil {
		return err
	}
	events := make(chan wire.Message, maxHeld)
	dialing, stop := context.WithTimeout(ctx, s.cfg.Answer)
	defer stop()
	deliver := func(m wire.Message) error {
		if !s.in.wants(m) {
			return nil
		}
		select {
		case events <- m:
			return nil
		default:
			return errTooFarBehind
		}
	}
	conn, err := ddp.Dial(dialing, s.cfg.Client.URL(), s.cfg.Silence, ddp.Events{Message: deliver, Followed: func(event string, frame []byte) error {
		if gone, is := s.in.noticed(event, frame); is {
			return deliver(gone)
		}
		return nil
	}})
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer conn.HangUp()
	defer context.AfterFunc(ctx, conn.HangUp)() // unblocks the reader
	wg.Go(func() { end(conn.Read()) })
	wg.Go(func() { end(s.ping(ctx, conn)) })

	if err := s.auth.logIn(ctx, conn); err != nil {
		return cause(ctx, err)
	}
	s.auth.setUp(ctx)
	// Subscribed first, so that nothing falls between the sweep and the stream.
	if err := within(ctx, s.cfg.Answer, conn.Subscribe); err != nil {
		return cause(ctx, fmt.Errorf("subscribe: %w", err))
	}
	if s.cfg.Arrived != nil {
		wg.Go(func() { s.followPresence(ctx, conn) })
	}
	if s.cfg.Gestures != nil {
		wg.Go(func() { s.follow(ctx, conn, deliver) })
	}
	return cause(ctx, s.live(ctx, &wg, events, func() {
		ready()
		s.note(State{Connected: true})
		s.cfg.Log.Info("connected to Rocket.Chat, subscribed and caught up")
		if s.cfg.Ready != nil {
			s.cfg.Ready()
		}
		if s.cfg.Arrived != nil { // meanwhile, perhaps
			s.cfg.Arrived()
		}
	}))
}

// cause prefers the reason why the session ended over its consequence.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// live accepts what the stream brings, as much as there is at once, while one background
// read after another catches up beside it, and sweeps now and then for what the stream did
// not bring. What it brings of a room that is still to be caught up with waits until
// that is done, so order within a room holds. caughtUp is called when every room was
// read once.
func (s *Stream) live(ctx context.Context, reads *sync.WaitGroup, events <-chan wire.Message, caughtUp func()) error {
	tick := time.NewTicker(s.cfg.SweepEvery)
	defer tick.Stop()
	due := time.NewTimer(time.Hour)
	defer due.Stop()
	done := make(chan func(context.Context) error, 1)
	run := func(e backgroundRead) { reads.Go(func() { done <- e(ctx) }) }
	s.pending.restart()
	s.order.restart()
	s.catchUp.missed, s.sweeper.failures, s.sweeper.next = 0, 0, time.Time{}
	s.sweeper.first = true
	run(s.sweeper.sweep(true))
	busy, ready, sweepDue := true, false, false
	for {
		if !busy {
			e, wait := s.catchUp.nextRoom()
			if e == nil {
				if err := s.catchUp.rest(); err != nil {
					return err
				}
				if !ready {
					ready = true
					caughtUp()
				}
				if sweepDue {
					sweepDue, e = false, s.sweeper.sweep(false)
				}
			}
			if busy = e != nil; busy {
				run(e)
			} else if !s.sweeper.next.IsZero() {
				wait = min(wait, time.Until(s.sweeper.next))
			}
			due.Reset(wait)
		}
		in := events
		if s.sweeper.first {
			in = nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case m := <-in:
			if err := s.turns.take(ctx, m, in); err != nil {
				return err
			}
		case <-s.order.due.C:
			if err := s.turns.release(ctx, in); err != nil {
				return err
			}
		case then := <-done:
			busy = false
			if err := s.turns.drain(ctx, in); err != nil { // what is here already was not missed
				return err
			}
			if err := then(ctx); err != nil {
				return err
			}
		case <-s.opened.changed:
			if err := s.catchUp.handOnOrphans(ctx); err != nil {
				return err
			}
		case <-tick.C:
			sweepDue = true
		case <-due.C:
			if !s.sweeper.next.IsZero() && !time.Now().Before(s.sweeper.next) {
				s.sweeper.next, sweepDue = time.Time{}, true
			}
		}
	}
}

func (s *Stream) ping(ctx context.Context, conn *ddp.Conn) error {
	tick := time.NewTicker(s.cfg.PingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			if err := conn.Ping(); err != nil {
				return err
			}
		}
	}
}
