package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/balance"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/cluster"
	"messenger-bridge/sandbox/loopback"
	"messenger-bridge/sandbox/meta"
	"messenger-bridge/store"
)

const (
	pageID   = "100200300400500"
	pageName = "Corner Café"
	journal  = "messenger-bridge"
)

// customers are invented.
var customers = []struct{ first, last, id string }{
	{"Anna", "Lindqvist", "7001002003004005"}, {"Ben", "Okafor", "7001002003004006"}, {"Chloé", "Martin", "7001002003004007"},
}

// stage is both platforms, the nodes of the journal and the replicas between them.
type stage struct {
	rc       *chat.RocketChat
	meta     *meta.Messenger
	ana      *chat.Agent
	nodes    *cluster.Cluster
	replicas []*replica
	dir      string
	log      *os.File
	closing  func() // of the address before the replicas

	mu      sync.Mutex // guards the fields below
	said    int        // messages of each customer
	answers int        // to each of them
	stopped map[int]bool
	began   time.Time
	events  []event
	led     string // who led when it was looked last
}

// event is something that was done or seen.
type event struct {
	At   float64 `json:"at"` // seconds since the beginning
	Text string  `json:"text"`
}

func newStage(child func([]string) *exec.Cmd) (s *stage, err error) {
	s = &stage{stopped: map[int]bool{}, began: time.Now()}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "mbr"); err != nil { // short, for the paths of the control sockets
		return s, err
	}
	if s.log, err = os.OpenFile(filepath.Join(s.dir, "serve.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return s, err
	}
	if s.rc, err = chat.Start(chat.Config{LimiterOff: true, DDPLimiterOff: true}); err != nil {
		return s, err
	}
	if s.meta, err = meta.Start(meta.Config{Retries: []time.Duration{time.Second}}); err != nil { // Meta takes longer; nobody wants to watch that
		return s, err
	}
	s.ana = s.rc.AddAgent("ana")
	token := s.meta.AddPage(pageID, pageName)
	s.meta.SubscribePage(pageID, meta.MessageFields...) // else what is written before the bridge repairs that comes late, and out of order
	for _, c := range customers {
		s.meta.NameCustomer(c.id, c.first, c.last)
	}
	if s.nodes, err = cluster.Start(3); err != nil {
		return s, err
	}
	return s, s.launch(child, token)
}

// launch starts two replicas; the first has a file with the page.
func (s *stage) launch(child func([]string) *exec.Cmd, token string) error {
	key := bridge.Secret(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	var listens []string
	for i := range 2 {
		listen, here := loopback.FreeAddress()
		private, there := loopback.FreeAddress()
		if err := errors.Join(here, there); err != nil {
			return err
		}
		listens = append(listens, listen)
		name := fmt.Sprintf("bridge-%d", i+1)
		s.replicas = append(s.replicas, &replica{Name: name, child: child, private: "http://" + private, log: s.log, environ: []string{
			"REPLICA_NAME=" + name, "REPLICA_URL=http://" + listen, "LISTEN=" + listen, "METRICS_LISTEN=" + private, "DATABASE=" + filepath.Join(s.dir, name+".db"),
		}})
	}
	base, closing, err := balance.Start(listens...)
	if err != nil {
		return err
	}
	s.closing = closing
	s.meta.SetWebhook(base + "/webhook")
	for _, r := range s.replicas {
		r.environ = append(childEnviron(), append(r.environ,
			"ROCKETCHAT_URL="+s.rc.URL(), "ROCKETCHAT_USER="+s.rc.Bot(), "ROCKETCHAT_PASSWORD=secret",
			"FACEBOOK_APP_ID="+s.meta.AppID(), "FACEBOOK_APP_SECRET="+s.meta.AppSecret(), "FACEBOOK_VERIFY_TOKEN="+s.meta.VerifyToken(),
			"FACEBOOK_GRAPH_URL="+s.meta.URL(), "FACEBOOK_LOGIN_URL="+s.meta.LoginURL(), "PUBLIC_URL="+base, "ATTACHMENT_HOSTS="+s.meta.URL(),
			"JOURNAL_URL="+s.nodes.URL(), "SECRET_KEY="+key.Reveal())...)
	}
	single, err := store.Open(store.Options{Path: filepath.Join(s.dir, "bridge-1.db"), Key: key})
	if err != nil {
		return err
	}
	err = single.SavePage(context.Background(), bridge.Page{ID: pageID, Name: pageName, Token: bridge.Secret(token), Checked: time.Now(), State: bridge.PageRunning, Since: time.Now()})
	if err := errors.Join(err, single.Close()); err != nil {
		return err
	}
	for _, r := range s.replicas {
		if err := r.start(); err != nil {
			return err
		}
	}
	return nil
}

// childEnviron is our environment without what would configure a bridge.
func childEnviron() (environ []string) {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if name == "PATH" || name == "HOME" || name == "TMPDIR" || name == "LANG" || strings.HasPrefix(name, "MESSENGER_BRIDGE_") || strings.HasPrefix(name, "GO") {
			environ = append(environ, variable)
		}
	}
	return environ
}

// close ends everything, and removes what was stored.
func (s *stage) close() {
	for _, r := range s.replicas {
		r.kill()
	}
	if s.closing != nil {
		s.closing()
	}
	if s.nodes != nil {
		s.nodes.Close()
	}
	if s.rc != nil {
		_ = s.rc.Close() // nothing of it is kept, here and below
	}
	if s.meta != nil {
		_ = s.meta.Close()
	}
	if s.log != nil {
		_ = s.log.Close()
	}
	os.RemoveAll(s.dir) // #nosec G104 -- temporary
}

// each is how often a customer writes; an answer follows when the message is shown.
const each = 700 * time.Millisecond

// talk has customers write once one leads, and the agent answer, whatever dies from then on.
func (s *stage) talk(ctx context.Context) {
	tick := time.NewTicker(each)
	defer tick.Stop()
	for begun := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if begun = begun || s.leader() != nil; !begun { // Facebook would tell of all at once, and may repeat what it gave up
			continue
		}
		s.mu.Lock()
		s.said++
		n := s.said
		s.mu.Unlock()
		for _, c := range customers {
			s.meta.CustomerWrites(pageID, c.id, fmt.Sprintf("%s asks %d", c.first, n))
		}
		rooms := s.rooms()
		if len(rooms) == len(customers) {
			s.mu.Lock()
			s.answers++
			n = s.answers
			s.mu.Unlock()
			for i, c := range customers {
				s.ana.Says(rooms[i], fmt.Sprintf("Answer %d for %s", n, c.first))
			}
		}
	}
}

// rooms are the customers' rooms, in their order, as far as there are any.
func (s *stage) rooms() (ids []string) {
	all := s.rc.Rooms()
	for _, c := range customers {
		for _, r := range all {
			if r.Open && strings.HasPrefix(r.VisitorName, c.first) {
				ids = append(ids, r.ID)
				break
			}
		}
	}
	return ids
}

// books compare what was written with what is seen.
type books struct {
	Written, Shown     int // of customers; what agents read of it
	Answered, Received int // by agents; what customers read of it
	Doubled, Disorder  int
}

func (s *stage) books() (b books) {
	s.mu.Lock()
	b.Written, b.Answered = s.said*len(customers), s.answers*len(customers)
	s.mu.Unlock()
	rooms := s.rooms()
	for i, c := range customers {
		if i < len(rooms) {
			b.Shown += b.count(s.rc.CustomerTexts(rooms[i]), c.first+" asks %d")
		}
		var got []string
		for _, bubble := range s.meta.CustomerSees(pageID, c.id) {
			got = append(got, bubble.Text)
		}
		b.Received += b.count(got, "Answer %d for "+c.first)
	}
	return b
}

// count returns how many of some texts are there, and notes those that are there twice or too early.
func (b *books) count(texts []string, form string) (n int) {
	last, seen := 0, map[int]bool{}
	for _, text := range texts {
		var number int
		if _, err := fmt.Sscanf(text, form, &number); err != nil {
			continue
		}
		switch {
		case seen[number]:
			b.Doubled++
			continue
		case number != last+1:
			b.Disorder++
		}
		seen[number], last = true, number
		n++
	}
	return n
}
