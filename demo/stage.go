package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// Who plays. Everybody is invented.
const (
	pageID       = "100200300400500"
	pageName     = "Corner Café"
	agentName    = "tom"
	manager      = "maria"
	setupChannel = "omnichannel-facebook-setup"
	postText     = "Cherry cake is back! Come by, or write to us and we keep a slice for you."
)

// customer is somebody with Messenger.
type customer struct {
	Key, First, Last, ID string
	commenter            string // the id below posts, which is another one
}

func (c customer) name() string { return c.First + " " + c.Last }

var customers = []customer{
	{"anna", "Anna", "Lindqvist", "7001002003004005", "8101002003004005"},
	{"ben", "Ben", "Okafor", "7001002003004006", "8101002003004006"},
}

// stage is both platforms and the bridge between them.
type stage struct {
	rc      *chat.RocketChat
	meta    *meta.Messenger
	tom     *chat.Agent
	process *process
	post    string // of the page, below which customers comment
	dir     string
	log     *os.File
	logger  *slog.Logger
	public  string // address of the bridge
	changed bell   // rings when the process or the play changed
}

func newStage(child func([]string) *exec.Cmd) (s *stage, err error) {
	s = &stage{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(false, io.Discard))
		}
	}()
	if s.dir, err = os.MkdirTemp("", "mb-demo"); err != nil { // short, for the path of the control socket
		return s, err
	}
	if s.log, err = os.OpenFile(filepath.Join(s.dir, "serve.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return s, err
	}
	s.logger = slog.New(slog.NewTextHandler(s.log, nil))
	if s.rc, err = chat.Start(chat.Config{}); err != nil {
		return s, err
	}
	if s.meta, err = meta.Start(meta.Config{
		Retries: []time.Duration{time.Second}, // Meta takes longer; nobody wants to watch that
	}); err != nil {
		return s, err
	}
	s.people()
	listen, private, err := freePorts()
	if err != nil {
		return s, err
	}
	s.public = "http://" + listen
	s.meta.SetWebhook(s.public + "/webhook")
	s.process = &process{
		child: child, status: "http://" + private + "/status", log: s.log, changed: &s.changed, starts: make(chan struct{}, 1),
		life: life{Life: lifeStarting},
		environ: childEnviron(
			"ROCKETCHAT_URL="+s.rc.URL(), "ROCKETCHAT_USER="+s.rc.Bot(), "ROCKETCHAT_PASSWORD=secret",
			"FACEBOOK_APP_ID="+s.meta.AppID(), "FACEBOOK_APP_SECRET="+s.meta.AppSecret(), "FACEBOOK_VERIFY_TOKEN="+s.meta.VerifyToken(),
			"FACEBOOK_GRAPH_URL="+s.meta.URL(), "FACEBOOK_LOGIN_URL="+s.meta.LoginURL(), "PUBLIC_URL="+s.public,
			"LISTEN="+listen, "METRICS_LISTEN="+private, "DATABASE="+filepath.Join(s.dir, "bolt.db"),
			"SETUP_CHANNEL="+setupChannel, "ATTACHMENT_HOSTS="+s.meta.URL()),
	}
	return s, nil
}

// people makes those who take part on both platforms.
func (s *stage) people() {
	s.rc.SetSetting("Message_AllowUnrecognizedSlashCommand", true) // so that /facebook gets through
	s.rc.AddUser(chat.User{Username: manager, Name: "Maria", Roles: []string{"user", "livechat-manager"}, Online: true})
	s.tom = s.rc.AddAgent(agentName)
	s.meta.AddBarePage(pageID, pageName)
	s.meta.AddPerson("Maria Santos", pageID)
	for _, c := range customers {
		s.meta.NameCustomer(c.ID, c.First, c.Last)
		s.meta.NamePerson(c.commenter, c.name(), c.ID)
	}
	s.post = s.meta.AddPost(pageID, postText)
}

// close ends both platforms; the process has ended before.
func (s *stage) close(keep bool, out io.Writer) (err error) {
	if s.rc != nil {
		err = errors.Join(err, s.rc.Close())
	}
	if s.meta != nil {
		err = errors.Join(err, s.meta.Close())
	}
	if s.log != nil {
		err = errors.Join(err, s.log.Close())
	}
	if keep {
		fmt.Fprintf(out, "Kept: %s (the store bolt.db, its key bolt.db.key, the log serve.log)\n", s.dir)
		return err
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// freePorts returns two loopback addresses that nothing listens on. They lie below
// the ports of outgoing connections, one of which could take the place of a bridge
// that is just dead.
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

// until waits until ok, looking again whenever something changed anywhere.
func (s *stage) until(ctx context.Context, what string, ok func() bool) error {
	for {
		rc, meta, own := s.rc.Changed(), s.meta.Changed(), s.changed.next()
		if ok() {
			return nil
		}
		select {
		case <-rc:
		case <-meta:
		case <-own:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until %s: %w", what, context.Cause(ctx))
		}
	}
}

// up waits until the bridge runs and is connected to Rocket.Chat.
func (s *stage) up(ctx context.Context) error {
	var died string
	err := s.until(ctx, "the bridge is connected", func() bool {
		life := s.process.now()
		died = life.Why
		return life.connected() || died != ""
	})
	if err == nil && died != "" {
		err = fmt.Errorf("the bridge did not start: %s\n%s", died, s.lastLog())
	}
	return err
}

// lastLog is the end of the bridge's log.
func (s *stage) lastLog() string {
	raw, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// pageState is how the bridge says the page is.
func (l life) pageState() (state bridge.PageState, why string) {
	if l.Status == nil || len(l.Status.Pages) == 0 {
		return "", ""
	}
	return l.Status.Pages[0].State, l.Status.Pages[0].Why
}

// received is what a customer got from the page.
func (s *stage) received(c customer) (texts []string) {
	for _, b := range s.meta.CustomerSees(pageID, c.ID) {
		texts = append(texts, b.Text)
	}
	return texts
}

// tokenLives reports whether the page runs with another token than the dead one,
// whoever authorised it.
func (s *stage) tokenLives(dead string) bool {
	state, _ := s.process.now().pageState()
	return state == bridge.PageRunning && s.meta.PageToken(pageID) != dead
}

// idle reports whether nothing waits in the bridge.
func (s *stage) idle() bool {
	life := s.process.now()
	return life.connected() && life.waiting() == 0
}

func (s *stage) openRooms() (open int) {
	for _, r := range s.rc.Rooms() {
		if r.Open {
			open++
		}
	}
	return open
}

// customerOf is whose room it is; the zero value if that cannot be told.
func (s *stage) customerOf(r chat.Room) customer {
	for _, c := range customers {
		if r.VisitorName == c.name() || strings.HasSuffix(r.VisitorName, c.ID[len(c.ID)-4:]) {
			return c
		}
	}
	return customer{}
}

// isComments reports whether a room is for what people write below posts.
func (s *stage) isComments(r chat.Room) bool { return slices.Contains(r.Tags, "comments") }

func firstName(id string) string {
	i := slices.IndexFunc(customers, func(c customer) bool { return c.ID == id })
	if i < 0 {
		return "somebody"
	}
	return customers[i].First
}
