// Package journal keeps the journal of a leader's store in a stream of NATS JetStream, and is
// the only home of its client. Whoever appends says after which record: so nobody can who is
// not the newest leader. Package replica says what a record is.
package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"messenger-bridge/replica"
)

// Config says where the journal is, and who reads and writes it.
type Config struct {
	URL           string // nats://a,b,c or tls://…
	Credentials   string // path of a file, or empty
	CA            string // path of a file, or empty
	Name          string // of the stream; its snapshots are in the bucket Name-snapshots
	Replicas      int
	Secret        []byte        // the store's key
	Self          replica.Claim // without a nonce
	TakeoverAfter time.Duration // how long a leader must be silent before another may claim
	Log           *slog.Logger
	Now           func() time.Time // nil: time.Now

	wrap func(engine) engine // what only tests of this package change
}

// ErrRefused says that the stream, or its server, is not as it must be; the text says what to do.
var ErrRefused = errors.New("the journal cannot be used")

const (
	leastMessage = 256 << 10 // bytes
	tryFor       = 2 * time.Second
	leastServer  = 11 // of 2.x
)

// Stream is an open journal. Its methods are safe for concurrent use.
type Stream struct {
	cfg     Config
	conn    *nats.Conn
	js      jetstream.JetStream
	chain   replica.Chain
	engine  engine
	limit   int                     // bytes of a body
	refused atomic.Pointer[refusal] // nil: there is room
	Figures Figures
	Base    replica.Position // of the record with which Rebase began the journal
}

// Open connects, makes the stream if there is none, and checks how it is kept. An error that is
// ErrRefused stays until somebody has done something; any other may be over in a moment.
func Open(ctx context.Context, cfg Config) (*Stream, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	chain, err := replica.NewChain(cfg.Secret, cfg.Name)
	if err != nil {
		return nil, err
	}
	conn, err := connect(cfg)
	if err != nil {
		return nil, err
	}
	s := &Stream{cfg: cfg, conn: conn, chain: chain}
	if err := s.prepare(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the connection.
func (s *Stream) Close() { s.conn.Close() }

func connect(cfg Config) (*nats.Conn, error) {
	options := []nats.Option{
		nats.Name("messenger-bridge " + cfg.Self.Name), nats.Timeout(time.Second),
		nats.IgnoreAuthErrorAbort(), // one node that does not know us, or not at the moment, would end the connection for good
		nats.MaxReconnects(-1), nats.ReconnectWait(100 * time.Millisecond), nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.ReconnectBufSize(-1), // what could not be sent is repeated here
		nats.PingInterval(time.Second), nats.MaxPingsOutstanding(2),
		nats.FlusherTimeout(tryFor), // nothing is noticed while it writes
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { cfg.Log.Debug("journal", "err", err) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { cfg.Log.Warn("the journal's server is not reached", "err", err) }),
		nats.ReconnectHandler(func(c *nats.Conn) { cfg.Log.Info("the journal's server is reached again", "server", c.ConnectedAddr()) }),
	}
	if cfg.Credentials != "" {
		who, err := credentials(cfg.Credentials)
		if err != nil {
			return nil, err
		}
		options = append(options, who)
	}
	if cfg.CA != "" {
		options = append(options, nats.RootCAs(cfg.CA))
	}
	conn, err := nats.Connect(servers(cfg.URL), options...)
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired):
		return nil, fmt.Errorf("%w: its server does not let us in (%w); check JOURNAL_CREDENTIALS_FILE", ErrRefused, err)
	case err != nil:
		return nil, fmt.Errorf("connect to the journal: %w", err)
	}
	return conn, nil
}

// credentials reads who we are from a file: credentials as nsc writes them, or the seed of an nkey alone.
func credentials(path string) (nats.Option, error) {
	text, err := os.ReadFile(path) // #nosec G304 -- the operator names it
	if err != nil {
		return nil, fmt.Errorf("%w: JOURNAL_CREDENTIALS_FILE cannot be read (%w)", ErrRefused, err)
	}
	if bytes.Contains(text, []byte("NATS USER JWT")) {
		return nats.UserCredentials(path), nil
	}
	who, err := nats.NkeyOptionFromSeed(path)
	if err != nil {
		return nil, fmt.Errorf("%w: JOURNAL_CREDENTIALS_FILE holds neither NATS credentials nor the seed of an nkey (%w)", ErrRefused, err)
	}
	return who, nil
}

// servers gives each of a list the scheme of the first.
func servers(list string) string {
	scheme, _, _ := strings.Cut(list, "://")
	all := strings.Split(list, ",")
	for i, server := range all {
		if server = strings.TrimSpace(server); !strings.Contains(server, "://") {
			server = scheme + "://" + server
		}
		all[i] = server
	}
	return strings.Join(all, ",")
}

func (s *Stream) prepare(ctx context.Context) (err error) {
	if s.js, err = jetstream.New(s.conn, jetstream.WithDefaultTimeout(tryFor)); err != nil {
		return fmt.Errorf("open the journal: %w", err)
	}
	if v := s.conn.ConnectedServerVersion(); tooOld(v) {
		return fmt.Errorf("%w: its server is NATS %s; 2.11 or newer is needed", ErrRefused, v)
	}
	stream, err := s.js.Stream(ctx, s.cfg.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = s.js.CreateStream(ctx, settings(s.cfg))
	}
	switch {
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return fmt.Errorf("%w: JetStream is not enabled at its server, or for our account", ErrRefused)
	case err != nil:
		return fmt.Errorf("open the journal %s: %w", s.cfg.Name, err)
	}
	info := stream.CachedInfo()
	if problems := problems(s.cfg, info.Config, s.conn.MaxPayload()); len(problems) > 0 {
		return fmt.Errorf("%w: the stream %s %s; change that at the server (nats stream edit), or choose another JOURNAL_NAME",
			ErrRefused, s.cfg.Name, strings.Join(problems, "; it "))
	}
	s.limit = int(s.conn.MaxPayload())
	if most := int(info.Config.MaxMsgSize); most > 0 {
		s.limit = min(s.limit, most)
	}
	s.limit -= replica.Overhead + 1024 // of it for headers
	s.engine = &natsEngine{s.js, stream, s.cfg.Name}
	if s.cfg.wrap != nil {
		s.engine = s.cfg.wrap(s.engine)
	}
	return nil
}

func tooOld(version string) bool {
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return false
	}
	return major < 2 || major == 2 && minor < leastServer
}

func settings(cfg Config) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: cfg.Name, Subjects: []string{cfg.Name}, Description: "messenger-bridge: changes of its store",
		Storage: jetstream.FileStorage, Replicas: cfg.Replicas, Discard: jetstream.DiscardNew, DenyDelete: true,
		MaxMsgs: -1, MaxBytes: -1, MaxMsgSize: -1, MaxConsumers: -1,
	}
}

// problems are what would let the stream lose or change records.
func problems(cfg Config, c jetstream.StreamConfig, most int64) (all []string) {
	for _, p := range []struct {
		wrong bool
		text  string
	}{
		{c.Replicas < 3 && c.Replicas < cfg.Replicas, fmt.Sprintf("has %d replicas, %d are wanted (JOURNAL_REPLICAS says so if fewer are meant)", c.Replicas, cfg.Replicas)},
		{c.Storage != jetstream.FileStorage, "is kept in memory, not in files"},
		{c.MaxAge > 0 || c.MaxMsgs > 0 || c.MaxBytes > 0 || c.MaxMsgsPerSubject > 0, "has limits of age, count or size: records would vanish"},
		{c.Retention != jetstream.LimitsPolicy, "forgets records that were read"},
		{c.Mirror != nil || len(c.Sources) > 0, "is a mirror of another stream"},
		{c.AllowDirect, "allows direct reads, which may be behind"},
		{c.AllowRollup || c.NoAck || c.SubjectTransform != nil, "rolls up, changes or does not acknowledge records"},
		{c.MaxMsgSize > 0 && c.MaxMsgSize < leastMessage || most < leastMessage, "takes only messages below 256 KiB"},
		{len(c.Subjects) != 1 || c.Subjects[0] != cfg.Name, fmt.Sprintf("does not have the one subject %s, so it is somebody else's", cfg.Name)},
	} {
		if p.wrong {
			all = append(all, p.text)
		}
	}
	return all
}

// Last returns the places of the oldest and newest record; 0 if there is none.
func (s *Stream) Last(ctx context.Context) (first, last uint64, err error) { return s.engine.ends(ctx) }
