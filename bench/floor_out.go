package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"messenger-bridge/bench/chart"
	"messenger-bridge/bench/load"
	"messenger-bridge/bridge"
	"messenger-bridge/messenger"
)

// floorOut is the floor of the way out: it reads the frames that the product reads, writes
// those that came together once and syncs once, and sends each with the product's client.
func (s *server) floorOut(keep keeps, ended func(*kept, uint64)) error {
	file, err := keep(filepath.Join(s.config.Dir, "raw out"), pauses(s.config.Sync))
	if err != nil {
		return err
	}
	conn, _, err := websocket.DefaultDialer.Dial(strings.Replace(s.config.Workspace, "http", "ws", 1)+"/websocket", nil)
	if err != nil {
		return errors.Join(err, file.close())
	}
	if err := conn.WriteJSON(map[string]string{"msg": "connect"}); err != nil {
		return errors.Join(err, conn.Close(), file.close())
	}
	if _, _, err := conn.ReadMessage(); err != nil {
		return errors.Join(err, conn.Close(), file.close())
	}
	frames, stored := make(chan []byte, 1<<16), make(chan waits, 1<<16)
	var wg sync.WaitGroup
	wg.Go(func() { readFrames(conn, frames) })
	wg.Go(func() { s.storeFrames(file, frames, stored) })
	pages := &pagesOfRooms{known: map[string]bridge.Page{}}
	client := messenger.New(messenger.ClientConfig{GraphURL: s.config.Workspace, Version: "v26.0", MaxConns: workers, Log: s.log})
	for range workers {
		wg.Go(func() {
			for w := range stored {
				_, message, _ := bytes.Cut(w.body, []byte(`"args":[`))
				part := bridge.OutboundPart{Tag: bridge.SendTag{Message: bridge.MessageID(load.TextOf(message, "_id"))}}
				part.Text = string(load.TextOf(message, "msg"))
				if _, err := client.Send(context.Background(), pages.page(string(load.TextOf(message, "rid"))), "2000000000000000", part); err != nil {
					s.log.Error("not sent", "err", err)
				}
				ended(file, w.n)
			}
		})
	}
	s.ends = append(s.ends, func() error { err := conn.Close(); wg.Wait(); return errors.Join(err, file.close()) })
	return nil
}

// readFrames reads until the connection ends.
func readFrames(conn *websocket.Conn, frames chan<- []byte) {
	defer close(frames)
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			return
		}
		frames <- frame
	}
}

// storeFrames stores what came together, and hands it on.
func (s *server) storeFrames(file *kept, frames <-chan []byte, stored chan<- waits) {
	defer close(stored)
	var group [][]byte
	for first := range frames {
		group = append(group[:0], first)
		for len(frames) > 0 && len(group) < keptGroup {
			group = append(group, <-frames)
		}
		first, err := file.append(group...)
		if err != nil {
			s.log.Error("not stored", "err", err)
		}
		for i, frame := range group {
			stored <- waits{frame, first + uint64(i)}
		}
	}
}

// pagesOfRooms gives each room a page of its own, as under load each customer has one.
type pagesOfRooms struct {
	mu    sync.Mutex
	known map[string]bridge.Page
}

func (p *pagesOfRooms) page(room string) bridge.Page {
	p.mu.Lock()
	defer p.mu.Unlock()
	page, ok := p.known[room]
	if !ok {
		page = bridge.Page{ID: bridge.PageID(load.Page(len(p.known))), Token: "token"}
		p.known[room] = page
	}
	return page
}

// outPoint is where the way out is compared.
type outPoint struct {
	answers int           // under way at once, each in a room of its own; 0: one in each room
	inOrder time.Duration // how long the product has answers wait for older ones; 0: as the program
}

// unordered hands on answers when they come.
const unordered = -time.Nanosecond

// outField starts product and floors, each a bridge of the workspace, in this order.
func outField(b *bench, inOrder time.Duration) (f *field, servers [3]*target, err error) {
	if f, err = b.newField(); err != nil {
		return nil, servers, err
	}
	for i, kind := range []string{product, floored, flooredInBolt} {
		c := serverConfig{Kind: kind, Sync: floorSync, Workers: workers, Pages: b.lanes, InOrder: inOrder}
		if servers[i], err = f.start(c, true); err != nil {
			return nil, servers, errors.Join(err, f.close())
		}
	}
	return f, servers, nil
}

// answer has agents answer, so many at once, through the product or the floor.
func (f *field) answer(s *target, bridge, atOnce int) (load.Outcome, usage, error) {
	return f.usedBy(s, func() (load.Outcome, error) {
		return ask[load.Outcome](f.load, "agents", load.AgentsWrite{Bridge: bridge, AtOnce: atOnce, Seconds: f.b.seconds})
	})
}

// measureFloorOut is F for answers: what the product sends to customers and what that costs,
// against the floor. An answer waits 50 ms for older ones, which says nothing of the work: few
// at once are measured without that, many as the program is.
func measureFloorOut(b *bench) (results []result, err error) {
	for _, p := range []outPoint{{64, unordered}, {32, unordered}, {}} {
		r, err := outAgainstFloor(b, p)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

func outAgainstFloor(b *bench, p outPoint) (r result, err error) {
	f, servers, err := outField(b, p.inOrder)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	atOnce := min(p.answers, b.lanes)
	if atOnce == 0 {
		atOnce = b.lanes
	}
	var rates, costs [3]series
	var group, allocations series
	err = b.round(func() error {
		for i, s := range servers {
			o, used, err := f.answer(s, i, atOnce)
			if err != nil {
				return err
			}
			answers := float64(max(o.Acked, 1))
			rates[i] = append(rates[i], o.DeliveredRate())
			costs[i] = append(costs[i], float64(used.Processor.Microseconds())/answers)
			if i == 0 {
				entries, _ := used.group()
				group, allocations = append(group, entries), append(allocations, float64(used.Mallocs)/answers)
			}
		}
		return nil
	})
	order := "each waits 50 ms for older ones"
	if p.inOrder == unordered {
		order = "none waits for older ones"
	}
	r = againstTwo(fmt.Sprintf("out: sent / the floor, %d answers at once, t_sync %v, %s", atOnce, floorSync, order), atLeast(0.70), rates)
	r.Note += fmt.Sprintf("; stored before it is sent and again after it, as in bbolt, the floor's once; %.1f entries a commit; processor %.0f against %.0f µs, in bbolt %.0f; %.0f allocations",
		group.median(), costs[0].median(), costs[1].median(), costs[2].median(), allocations.median())
	return r, err
}

// outPlot draws what product and floor send to customers against answers under way.
func outPlot(b *bench) (c chart.Chart, err error) {
	c = chart.Chart{Title: "Answers sent to customers, a sync of 0.5 ms", X: "answers under way, each in a room of its own", Y: "answers a second"}
	for _, order := range []time.Duration{unordered, 0} {
		f, servers, err := outField(b, order)
		if err != nil {
			return c, err
		}
		names := [...]string{product, floored, flooredInBolt}
		if order == unordered {
			names[0] = "product, in no order"
		}
		for i, s := range servers {
			if order == 0 && i > 0 {
				continue // drawn already
			}
			line := chart.Curve{Name: names[i]}
			for atOnce := 1; atOnce <= b.lanes; atOnce *= 2 {
				o, _, err := f.answer(s, i, atOnce)
				if err != nil {
					return c, errors.Join(err, f.close())
				}
				line.Points = append(line.Points, chart.Point{X: float64(atOnce), Y: o.DeliveredRate()})
			}
			c.Lines = append(c.Lines, line)
		}
		if err := f.close(); err != nil {
			return c, err
		}
	}
	return c, nil
}
