package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// Who takes part. Everybody is invented.
const (
	pageID       = "100200300400500"
	pageName     = "Corner Bakery"
	anna         = "7001002003004005"
	maria, tom   = "maria", "tom"
	setupChannel = "omnichannel-facebook-setup"
)

// stage is both platforms, empty, and the folder of the server between them.
type stage struct {
	rc      *chat.RocketChat
	meta    *meta.Messenger
	dir     string
	public  string // address of the bridge
	private string // of its metrics
	changed chan struct{}
}

func newStage(dir string) (s *stage, err error) {
	s = &stage{dir: dir, changed: make(chan struct{}, 1)}
	if s.rc, err = chat.Start(chat.Config{}); err != nil {
		return nil, err
	}
	if s.meta, err = meta.Start(meta.Config{NoAppSubscription: true, Retries: []time.Duration{time.Second}}); err != nil {
		return nil, errors.Join(err, s.rc.Close())
	}
	listen, private, err := freePorts()
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.public, s.private = "http://"+listen, private
	s.rc.SetSetting("Livechat_enabled", false) // as in a new workspace
	s.rc.AddUser(chat.User{Username: maria, Name: "Maria", Roles: []string{"user", "livechat-manager"}, Online: true})
	s.meta.AddBarePage(pageID, pageName)
	s.meta.AddPerson("Maria Santos", pageID)
	s.meta.ValidRedirects(s.public + "/oauth/callback")
	s.meta.NameCustomer(anna, "Anna", "Lindqvist")
	return s, nil
}

func (s *stage) close() error { return errors.Join(s.rc.Close(), s.meta.Close()) }

// objections are what the sandbox found wrong with what the bridge did.
func (s *stage) objections() error {
	var all []error
	for _, problem := range slices.Concat(s.rc.Problems(), s.meta.Problems()) {
		all = append(all, errors.New("the sandbox objects: "+problem))
	}
	return errors.Join(all...)
}

// strike says that something has changed on a terminal.
func (s *stage) strike() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// patience is how long one thing may take on a busy machine.
const patience = 90 * time.Second

// until waits until ok, looking again whenever something changed anywhere.
func (s *stage) until(ctx context.Context, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		rc, meta := s.rc.Changed(), s.meta.Changed()
		if ok() {
			return nil
		}
		select {
		case <-rc:
		case <-meta:
		case <-s.changed:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until %s: %w", what, context.Cause(ctx))
		}
	}
}

// names are the addresses of this hour, and what stands in the document for them.
func (s *stage) names() *strings.Replacer {
	return strings.NewReplacer(
		s.rc.URL(), "https://chat.example.org", s.public, "https://bridge.example.org", s.meta.URL(), "https://graph.facebook.com",
		strings.TrimPrefix(s.meta.URL(), "http://"), "graph.facebook.com", strings.TrimPrefix(s.rc.URL(), "http://"), "chat.example.org",
		strings.TrimPrefix(s.public, "http://"), ":8080", s.private, "127.0.0.1:9090", s.dir, "/srv/bridge")
}

// environment is the operator's file of variables, and the variables that lead to the sandbox.
func (s *stage) environment() (file, hidden []string) {
	return []string{
			"ROCKETCHAT_URL=" + s.rc.URL(), "ROCKETCHAT_USER=" + s.rc.Bot(), "ROCKETCHAT_PASSWORD_FILE=bot-password",
			"FACEBOOK_APP_ID=" + s.meta.AppID(), "FACEBOOK_APP_SECRET_FILE=app-secret", "FACEBOOK_VERIFY_TOKEN_FILE=verify-token",
			"PUBLIC_URL=" + s.public,
		}, []string{
			"FACEBOOK_GRAPH_URL=" + s.meta.URL(), "FACEBOOK_LOGIN_URL=" + s.meta.LoginURL(), "ATTACHMENT_HOSTS=" + s.meta.URL(),
			"LISTEN=" + strings.TrimPrefix(s.public, "http://"), "METRICS_LISTEN=" + s.private,
		}
}

// secrets writes the files that the environment names.
func (s *stage) secrets() error {
	for name, secret := range map[string]string{"bot-password": "secret", "app-secret": s.meta.AppSecret(), "verify-token": s.meta.VerifyToken()} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(secret+"\n"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// inherited is what a program gets of ours: nothing that could configure it.
func inherited() (own []string) {
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "GOCOVERDIR"} {
		if value, set := os.LookupEnv(name); set {
			own = append(own, name+"="+value)
		}
	}
	return own
}

// freePorts returns two loopback addresses that nothing listens on, below the ports of outgoing connections.
func freePorts() (first, second string, err error) {
	var found []string
	for range 200 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(20000+rand.IntN(12000))) // #nosec G404 -- any free port will do
		var l net.Listener
		if l, err = net.Listen("tcp", address); err != nil {
			continue
		}
		defer l.Close()
		if found = append(found, address); len(found) == 2 {
			return found[0], found[1], nil
		}
	}
	return "", "", fmt.Errorf("find a free port: %w", err)
}
