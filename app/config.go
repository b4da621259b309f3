package app

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"
	_ "time/tzdata" // TIMEZONE works in an image without time zones as well
	"unicode"
	"unicode/utf8"

	"github.com/caarlos0/env/v11"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// Config is the whole configuration, read once from the environment; --help lists the
// variables in the order of the fields. Any Secret may also be given as <NAME>_FILE, the
// path of a file that holds it.
type Config struct {
	RocketChat RocketChatConfig
	Facebook   FacebookConfig
	Network    NetworkConfig
	Store      StoreConfig
	Journal    JournalConfig
	Workspace  WorkspaceConfig
	Speech     SpeechConfig

	AttachmentHosts []string `env:"ATTACHMENT_HOSTS" envDefault:"fbcdn.net,fbsbx.com" help:"hosts customers' files may come from"`

	Log           LogConfig
	ShutdownGrace time.Duration `env:"SHUTDOWN_GRACE" envDefault:"10s" help:"for what is under way at the end"`

	Times Times            `env:"-"` // shorter in tests
	Now   func() time.Time `env:"-"` // the machine's clock; nil but in tests
}

// RocketChatConfig says where the workspace is, and as whom the bot logs in there.
type RocketChatConfig struct {
	URL      string        `env:"ROCKETCHAT_URL,required,notEmpty" help:"workspace base URL, e.g. https://chat.example.org"`
	User     string        `env:"ROCKETCHAT_USER" help:"the bot's login"`
	Password bridge.Secret `env:"ROCKETCHAT_PASSWORD" help:"the bot's password"`
	UserID   string        `env:"ROCKETCHAT_USER_ID" help:"with ROCKETCHAT_TOKEN, instead of the password"`
	Token    bridge.Secret `env:"ROCKETCHAT_TOKEN" help:"a personal access token"`
}

// FacebookConfig names the Meta app, and where Facebook is.
type FacebookConfig struct {
	AppID         string        `env:"FACEBOOK_APP_ID,required,notEmpty" help:"the Meta app"`
	AppSecret     bridge.Secret `env:"FACEBOOK_APP_SECRET,required,notEmpty" help:"two secrets, comma separated, while rotating"`
	VerifyToken   bridge.Secret `env:"FACEBOOK_VERIFY_TOKEN,required,notEmpty" help:"webhook verification"`
	GraphURL      string        `env:"FACEBOOK_GRAPH_URL" envDefault:"https://graph.facebook.com" help:"for tests and proxies"`
	GraphVersion  string        `env:"FACEBOOK_GRAPH_VERSION" envDefault:"v26.0"`
	LoginURL      string        `env:"FACEBOOK_LOGIN_URL" envDefault:"https://www.facebook.com" help:"where the login dialog lives"`
	LoginConfigID string        `env:"FACEBOOK_LOGIN_CONFIG_ID" help:"Facebook Login for Business configuration, if used"`
}

// NetworkConfig says where the bridge is reached.
type NetworkConfig struct {
	PublicURL     string `env:"PUBLIC_URL,required,notEmpty" help:"how browsers and Meta reach the bridge; https unless loopback"`
	Listen        string `env:"LISTEN" envDefault:":8080" help:"webhook, browser pages"`
	MetricsListen string `env:"METRICS_LISTEN" envDefault:"127.0.0.1:9090" help:"metrics and status, kept off the public port; empty = off"`
	ProfileListen string `env:"PROFILE_LISTEN" help:"Go profiles; off unless set"`
}

// StoreConfig says where the store is, and what its secrets are encrypted with.
type StoreConfig struct {
	Database  string        `env:"DATABASE" envDefault:"bolt.db" help:"path of the embedded store"`
	SecretKey bridge.Secret `env:"SECRET_KEY" help:"32 bytes, base64; else a key file <DATABASE>.key is created"`
}

// JournalConfig says where replicas share what they do; without a URL there is one process and
// one file.
type JournalConfig struct {
	URL           string        `env:"JOURNAL_URL" help:"several replicas: nats://a,b,c or tls://…, NATS with JetStream; empty = one process, one file"`
	Credentials   string        `env:"JOURNAL_CREDENTIALS_FILE" help:"path of NATS credentials"`
	CA            string        `env:"JOURNAL_CA_FILE" help:"path of the certificates of the authority of its servers"`
	Name          string        `env:"JOURNAL_NAME" envDefault:"messenger-bridge" help:"of the stream, and of its snapshots"`
	Replicas      int           `env:"JOURNAL_REPLICAS" envDefault:"3" help:"of the stream"`
	Replica       string        `env:"REPLICA_NAME" help:"of this replica; default: the host name"`
	ReplicaURL    string        `env:"REPLICA_URL" help:"how the other replicas reach this one's LISTEN, on a private network"`
	TakeoverAfter time.Duration `env:"TAKEOVER_AFTER" envDefault:"3s" help:"silence of the leader after which another replica takes over"`
}

// problems are contradictions and values that cannot work.
func (c JournalConfig) problems(key bridge.Secret) (problems []error) {
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if c.URL == "" {
		return nil
	}
	if !strings.HasPrefix(c.URL, "nats://") && !strings.HasPrefix(c.URL, "tls://") {
		report("JOURNAL_URL must begin with nats:// or tls://; it is %q", c.URL)
	}
	if key == "" {
		report("SECRET_KEY must be set, and be the same for all replicas, because JOURNAL_URL is; copy it from the key file if the store has one")
	}
	if c.Name == "" || strings.ContainsAny(c.Name, " .*>/\\\t\r\n") {
		report("JOURNAL_NAME must be a name of a NATS stream, without blanks and any of .*>/\\; it is %q", c.Name)
	}
	if c.Replicas < 1 || c.Replicas > 5 {
		report("JOURNAL_REPLICAS must be 1 to 5; it is %d", c.Replicas)
	}
	if !IsBaseURL(c.ReplicaURL) {
		report("REPLICA_URL must be a URL such as http://bridge-1:8080, at which the other replicas reach this one; it is %q", c.ReplicaURL)
	}
	if c.TakeoverAfter < 500*time.Millisecond {
		report("TAKEOVER_AFTER must be at least 500ms; it is %v", c.TakeoverAfter)
	}
	return problems
}

// WorkspaceConfig says how the bridge is operated from Rocket.Chat, and by whom.
type WorkspaceConfig struct {
	SetupChannel   string        `env:"SETUP_CHANNEL" envDefault:"omnichannel-facebook-setup" help:"where the bot speaks to administrators"`
	CommandUsers   []string      `env:"COMMAND_USERS" help:"extra people who may run commands: usernames, or ids, which nobody else can take"`
	CommandsSecret bridge.Secret `env:"COMMANDS_SECRET" help:"shared with the companion app, 32 characters at least; two, comma separated, while rotating; empty = route off"`
	BotUsers       []string      `env:"BOT_USERS" help:"usernames of bots that hold the agent role"`
}

// SpeechConfig says how the bot's own sentences are worded.
type SpeechConfig struct {
	Language string `env:"LANGUAGE" help:"of the bot's own sentences; default: the workspace's"`
	Timezone string `env:"TIMEZONE" envDefault:"UTC" help:"of the times in the bot's sentences"`
}

// LogConfig says what is logged, and how.
type LogConfig struct {
	Level  string `env:"LOG_LEVEL" envDefault:"info" help:"debug, info, warn or error"`
	Format string `env:"LOG_FORMAT" envDefault:"text" help:"text or json"`
}

// variable is one of the environment, and the field that it fills.
type variable struct {
	reflect.StructField
	name     string
	required bool
}

// variables are all of a group and of the groups in it, in the order of the fields.
func variables(group reflect.Type) (all []variable) {
	for f := range group.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("env"), ",")
		switch {
		case name == "-":
		case name == "":
			all = append(all, variables(f.Type)...)
		default:
			all = append(all, variable{f, name, strings.Contains(options, "required")})
		}
	}
	return all
}

var environment = variables(reflect.TypeFor[Config]())

// ReadConfig reads the environment. The error names every problem at once.
func ReadConfig(environ []string) (Config, error) {
	vars := env.ToMap(environ)
	problems := SecretsFromFiles(vars)
	cfg, err := env.ParseAsWithOptions[Config](env.Options{Environment: vars})
	if v, set := vars["METRICS_LISTEN"]; set && v == "" { // the library takes empty for unset
		cfg.Network.MetricsListen = ""
	}
	var all env.AggregateError
	if errors.As(err, &all) {
		for _, e := range all.Errors {
			problems = append(problems, plain(e))
		}
	} else if err != nil {
		problems = append(problems, err)
	}
	if err := cfg.Times.UnmarshalText([]byte(vars[TimesVariable])); err != nil {
		problems = append(problems, fmt.Errorf("%s: %w", TimesVariable, err))
	}
	return cfg, errors.Join(append(problems, cfg.problems()...)...)
}

// plain words env's errors as an operator would.
func plain(err error) error {
	var unset env.VarIsNotSetError
	var empty env.EmptyVarError
	var wrong env.ParseError
	switch {
	case errors.As(err, &unset):
		return fmt.Errorf("%s must be set", unset.Key)
	case errors.As(err, &empty):
		return fmt.Errorf("%s must not be empty", empty.Key)
	case errors.As(err, &wrong):
		for _, v := range environment {
			if v.Name == wrong.Name && v.Type == wrong.Type {
				return fmt.Errorf("%s: %w", v.name, wrong.Err)
			}
		}
	}
	return err
}

// SecretsFromFiles replaces each <NAME>_FILE by <NAME> with the file's content.
func SecretsFromFiles(vars map[string]string) (problems []error) {
	for _, v := range environment {
		name := v.name
		path := vars[name+"_FILE"]
		if v.Type != reflect.TypeFor[bridge.Secret]() || path == "" {
			continue
		}
		if vars[name] != "" {
			problems = append(problems, fmt.Errorf("%s and %s_FILE are both set; remove one", name, name))
			continue
		}
		content, err := os.ReadFile(path) // #nosec G304 -- the operator names the file
		if err != nil {
			problems = append(problems, fmt.Errorf("%s_FILE: %w", name, err))
			vars[name] = "unreadable" // it is set; one problem is enough
			continue
		}
		if vars[name], err = secretText(content); err != nil {
			problems = append(problems, fmt.Errorf("%s_FILE: %s %w", name, path, err))
			vars[name] = "unreadable"
		}
	}
	return problems
}

// secretText is what a file holds, without white space at its ends. Editors of Windows put
// a mark before it, which is no part of a secret.
func secretText(content []byte) (string, error) {
	text, _ := strings.CutPrefix(string(content), "\ufeff")
	text = strings.TrimSpace(text)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) && !unicode.IsSpace(c) || c == '\ufeff' }) {
		return "", errors.New("is not plain text; save it as UTF-8, without a byte order mark")
	}
	return text, nil
}

// leastSecret is how long a secret is at least that strangers may try to guess.
const leastSecret = 32

// problems are contradictions and values that cannot work.
func (c Config) problems() (problems []error) {
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	password := c.RocketChat.User != "" && c.RocketChat.Password != ""
	token := c.RocketChat.UserID != "" && c.RocketChat.Token != ""
	if password == token {
		report("the bot's login is needed one way: ROCKETCHAT_USER and ROCKETCHAT_PASSWORD, or ROCKETCHAT_USER_ID and ROCKETCHAT_TOKEN")
	}
	if c.Facebook.AppSecret != "" && len(Secrets(c.Facebook.AppSecret)) == 0 {
		report("FACEBOOK_APP_SECRET must hold the app's secret")
	}
	for _, v := range []struct{ name, value string }{
		{"ROCKETCHAT_URL", c.RocketChat.URL}, {"PUBLIC_URL", c.Network.PublicURL},
		{"FACEBOOK_GRAPH_URL", c.Facebook.GraphURL}, {"FACEBOOK_LOGIN_URL", c.Facebook.LoginURL},
	} {
		if v.value != "" && !IsBaseURL(v.value) {
			report("%s must be a URL such as https://host.example, without query; it is %q", v.name, v.value)
		}
	}
	if u, err := url.Parse(c.Network.PublicURL); err == nil && u.Scheme == "http" && !IsLoopback(u.Hostname()) {
		report("PUBLIC_URL must begin with https, because Meta calls nothing else")
	}
	if c.Store.SecretKey != "" && len(decodeKey(c.Store.SecretKey.Reveal())) != 32 {
		report("SECRET_KEY must be 32 bytes in base64; `openssl rand -base64 32` makes one")
	}
	for _, secret := range Secrets(c.Workspace.CommandsSecret) {
		if len(secret) < leastSecret {
			report("COMMANDS_SECRET must have at least %d characters; `openssl rand -base64 32` makes one", leastSecret)
		}
	}
	if _, err := time.LoadLocation(c.Speech.Timezone); err != nil {
		report("TIMEZONE must be a name such as Europe/Berlin; it is %q", c.Speech.Timezone)
	}
	if c.Speech.Language != "" && !language.Known(c.Speech.Language) {
		report("LANGUAGE must be one of %s; it is %q", strings.Join(language.Names(), ", "), c.Speech.Language)
	}
	if _, known := logLevels[c.Log.Level]; !known && c.Log.Level != "" {
		report("LOG_LEVEL must be debug, info, warn or error; it is %q", c.Log.Level)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" && c.Log.Format != "" {
		report("LOG_FORMAT must be text or json; it is %q", c.Log.Format)
	}
	if strings.Contains(c.Store.Database, "://") {
		report("DATABASE must be a file path; shared engines do not exist yet")
	}
	problems = append(problems, c.Journal.problems(c.Store.SecretKey)...)
	if c.ShutdownGrace < 0 {
		report("SHUTDOWN_GRACE must not be negative")
	}
	return problems
}

func IsBaseURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.Fragment == ""
}

func IsLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func decodeKey(s string) []byte {
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if key, err := enc.DecodeString(s); err == nil {
			return key
		}
	}
	return nil
}

// Secrets splits a value that may hold two while it is rotated.
func Secrets(s bridge.Secret) (all []bridge.Secret) {
	for part := range strings.SplitSeq(s.Reveal(), ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, bridge.Secret(part))
		}
	}
	return all
}

// Environment describes every variable for --help.
func Environment() string {
	var b strings.Builder
	b.WriteString("Environment (any secret may also be given as <NAME>_FILE):\n")
	for _, v := range environment {
		note := v.Tag.Get("help")
		switch def := v.Tag.Get("envDefault"); {
		case v.required:
			note = strings.TrimSpace("(required) " + note)
		case def != "":
			note = strings.TrimSpace("(" + def + ") " + note)
		}
		fmt.Fprintf(&b, "  %-26s %s\n", v.name, note)
	}
	return b.String()
}
