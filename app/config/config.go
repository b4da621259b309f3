// Package config is what the environment says: it is read, every mistake is named, and what is
// hardly meant is doubted.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // TIMEZONE works in an image without time zones as well
	"unicode"
	"unicode/utf8"

	"github.com/caarlos0/env/v11"

	"messenger-bridge/app/values"
	"messenger-bridge/bridge"
	"messenger-bridge/replica"
)

// Config is the whole configuration, read once from the environment; --help lists the
// variables in the order of the fields. Any Secret may also be given as <NAME>_FILE, the
// path of a file that holds it.
type Config struct {
	RocketChat RocketChatConfig
	Facebook   FacebookConfig
	Network    NetworkConfig
	Store      StoreConfig
	Workspace  WorkspaceConfig
	Speech     SpeechConfig

	AttachmentHosts []string `env:"ATTACHMENT_HOSTS" envDefault:"fbcdn.net,fbsbx.com" help:"hosts customers' files may come from"`

	Log           LogConfig
	ShutdownGrace time.Duration `env:"SHUTDOWN_GRACE" envDefault:"10s" help:"for what is under way at the end"`

	Times Times            `env:"-"` // shorter in tests
	Now   func() time.Time `env:"-"` // the machine's clock; nil but in tests

	Reading `env:"-"`
}

// Reading is what came of reading the environment, beside the values.
type Reading struct {
	Doubts []Problem              // what does not keep the bridge from running, but is probably a mistake
	Again  func() (Config, error) // reads it once more: files may hold something else by then
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
	AppSecret     bridge.Secret `env:"FACEBOOK_APP_SECRET,required,notEmpty" help:"the app's secret; two, comma separated, while rotating"`
	VerifyToken   bridge.Secret `env:"FACEBOOK_VERIFY_TOKEN,required,notEmpty" help:"webhook verification"`
	GraphURL      string        `env:"FACEBOOK_GRAPH_URL" envDefault:"https://graph.facebook.com" help:"for tests and proxies"`
	GraphVersion  string        `env:"FACEBOOK_GRAPH_VERSION" envDefault:"v27.0" help:"of Meta's API; docs/operating.md says when versions end"`
	LoginURL      string        `env:"FACEBOOK_LOGIN_URL" envDefault:"https://www.facebook.com" help:"where the login dialog lives"`
	LoginConfigID string        `env:"FACEBOOK_LOGIN_CONFIG_ID" help:"Facebook Login for Business configuration, if used"`
}

// NetworkConfig says where the bridge is reached.
type NetworkConfig struct {
	PublicURL     string `env:"PUBLIC_URL,required,notEmpty" help:"how browsers and Meta reach the bridge; https unless loopback"`
	Listen        string `env:"LISTEN" envDefault:":8080" help:"webhook, browser pages, /healthz, /readyz"`
	MetricsListen string `env:"METRICS_LISTEN" envDefault:"127.0.0.1:9090" help:"metrics and status, and /healthz and /readyz once more; kept off the public port; empty = off"`
	ProfileListen string `env:"PROFILE_LISTEN" help:"Go profiles; off unless set"`
	TLS           TLSConfig
}

// TLSConfig gives LISTEN its own TLS where no proxy does. Off by default.
type TLSConfig struct {
	CertificateFile string `env:"TLS_CERTIFICATE_FILE" help:"PEM file of the certificate and its chain: LISTEN speaks TLS; a new one is taken when it is replaced"`
	KeyFile         string `env:"TLS_KEY_FILE" help:"PEM file of its key"`
	ACME            string `env:"ACME" envDefault:"off" help:"on: LISTEN speaks TLS with a certificate that is asked for by ACME, for the host of PUBLIC_URL; you agree to the authority's terms"`
	ACMEListen      string `env:"ACME_LISTEN" help:"where the authority may ask as well, e.g. :80; all else there is led to https; off unless set"`
	ACMEDirectory   string `env:"ACME_DIRECTORY" envDefault:"https://acme-v02.api.letsencrypt.org/directory" help:"the authority"`
	ACMECache       string `env:"ACME_CACHE" help:"folder of account and certificates; default: <DATABASE>.acme"`
	ACMEEmail       string `env:"ACME_EMAIL" help:"where the authority warns you"`
}

// On reports whether LISTEN speaks TLS.
func (c TLSConfig) On() bool { return c.CertificateFile != "" || c.ACME == "on" }

// StoreConfig says where the store is, and what its secrets are encrypted with.
type StoreConfig struct {
	Database  string        `env:"DATABASE" envDefault:"bolt.db" help:"path of the embedded store"`
	SecretKey bridge.Secret `env:"SECRET_KEY" help:"32 bytes, base64; else a key file <DATABASE>.key is created"`
	Journal   JournalConfig
	Beside    replica.Journal `env:"-"` // is told of each transaction before it is durable; nil but in tests
}

// JournalConfig says where replicas share what they do; without a URL there is one process and
// one file.
type JournalConfig struct {
	URL           string        `env:"JOURNAL_URL" help:"several replicas: nats://a,b,c or tls://…, NATS with JetStream; empty = one process, one file"`
	Credentials   string        `env:"JOURNAL_CREDENTIALS_FILE" help:"path of NATS credentials, or of the seed of an nkey"`
	CA            string        `env:"JOURNAL_CA_FILE" help:"path of the certificates of the authority of its servers"`
	Name          string        `env:"JOURNAL_NAME" envDefault:"messenger-bridge" help:"of the stream, and of its snapshots"`
	Replicas      int           `env:"JOURNAL_REPLICAS" envDefault:"3" help:"of the stream"`
	Replica       string        `env:"REPLICA_NAME" help:"of this replica; default: the host name"`
	ReplicaURL    string        `env:"REPLICA_URL" help:"required with JOURNAL_URL: how the other replicas reach this one's LISTEN, on a private network"`
	TakeoverAfter time.Duration `env:"TAKEOVER_AFTER" envDefault:"3s" help:"silence of the leader after which another replica takes over"`
}

// WorkspaceConfig says how the bridge is operated from Rocket.Chat, and by whom.
type WorkspaceConfig struct {
	SetupChannel   string        `env:"SETUP_CHANNEL" envDefault:"omnichannel-facebook-setup" help:"where the bot speaks to administrators"`
	CommandUsers   []string      `env:"COMMAND_USERS" help:"extra people who may run commands, comma separated: usernames, or ids, which nobody else can take"`
	CommandsSecret bridge.Secret `env:"COMMANDS_SECRET" help:"shared with the companion app, 32 characters at least; two, comma separated, while rotating; empty = route off"`
	BotUsers       []string      `env:"BOT_USERS" help:"bots that hold the agent role, comma separated: usernames, or ids"`
}

// SpeechConfig says how the bot's own sentences are worded.
type SpeechConfig struct {
	Language string `env:"LANGUAGE" help:"of the bot's own sentences; default: the workspace's. A list, as shells set it (de_AT:en), is the first that the bot speaks"`
	Timezone string `env:"TIMEZONE" envDefault:"UTC" help:"of the times in the bot's sentences"`
}

// LogConfig says what is logged, and how.
type LogConfig struct {
	Level  string `env:"LOG_LEVEL" envDefault:"info" help:"debug, info, warn or error; LOG_LEVEL_FILE is read again on SIGHUP, like the files of secrets"`
	Format string `env:"LOG_FORMAT" envDefault:"text" help:"text or json"`

	Now *slog.LevelVar `env:"-"` // as it is at the moment; nil: Level
}

// variable is one of the environment, and the field that it fills.
type variable struct {
	reflect.StructField
	name     string
	required bool
}

// mayBeFile reports whether <NAME>_FILE may name a file that holds the value.
func (v variable) mayBeFile() bool {
	return v.Type == reflect.TypeFor[bridge.Secret]() || v.name == "LOG_LEVEL"
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

// SecretNames are the variables that hold secrets.
func SecretNames() (all []string) {
	for _, v := range environment {
		if v.Type == reflect.TypeFor[bridge.Secret]() {
			all = append(all, v.name)
		}
	}
	return all
}

// Problem is what is wrong with one variable, and what to do; Text begins with its name.
type Problem struct {
	Variable string `json:"variable"`
	Text     string `json:"problem"`
}

func (p Problem) Error() string { return p.Text }

// Wrong words what is wrong with a variable; the text goes on after its name.
func Wrong(variable, format string, args ...any) Problem {
	return Problem{variable, variable + " " + fmt.Sprintf(format, args...)}
}

// Read reads the environment. The error names every problem at once.
func Read(environ []string) (Config, error) {
	vars := env.ToMap(environ)
	misspelt := misspelt(vars)
	problems := SecretsFromFiles(vars)
	cfg, err := env.ParseAsWithOptions[Config](env.Options{Environment: vars})
	if v, set := vars["METRICS_LISTEN"]; set && v == "" { // the library takes empty for unset
		cfg.Network.MetricsListen = ""
	}
	var all env.AggregateError
	if errors.As(err, &all) {
		for _, e := range all.Errors {
			problems = append(problems, plain(e, misspelt))
		}
	} else if err != nil {
		problems = append(problems, err)
	}
	if err := cfg.Times.UnmarshalText([]byte(vars[TimesVariable])); err != nil {
		problems = append(problems, Wrong(TimesVariable, "is not understood: %v", err))
	}
	problems = append(problems, cfg.problems()...)
	cfg.Doubts = cfg.doubts(vars, misspelt, problems)
	cfg.Speech.Language = spoken(cfg.Speech.Language)
	cfg.Log.Now = new(slog.LevelVar)
	cfg.Log.Now.Set(Levels[cfg.Log.Level])
	cfg.Again = func() (Config, error) { return Read(environ) }
	cfg.dropUnread()
	return cfg, errors.Join(problems...)
}

// dropUnread takes back what stood for secrets that cannot be read: nobody may log in with it. The store's key stays,
// or another would be made.
func (c *Config) dropUnread() {
	for _, s := range []*bridge.Secret{&c.RocketChat.Password, &c.RocketChat.Token, &c.Facebook.AppSecret, &c.Facebook.VerifyToken, &c.Workspace.CommandsSecret} {
		if *s == unread {
			*s = ""
		}
	}
}

// misspelt returns the variables that look like ours, with what they seem to stand for.
func misspelt(vars map[string]string) map[string]string {
	var known []string
	for _, v := range environment {
		known = append(known, v.name)
		if v.mayBeFile() {
			known = append(known, v.name+"_FILE")
		}
	}
	meant := map[string]string{}
	for name, value := range vars {
		if value == "" {
			continue
		}
		if of, file := strings.CutSuffix(name, "_FILE"); file && !slices.Contains(known, name) && slices.Contains(known, of) {
			meant[name] = of
		} else if neighbour := values.Neighbour(name, known); neighbour != "" {
			meant[name] = neighbour
		}
	}
	return meant
}

// plain words env's errors as an operator would.
func plain(err error, misspelt map[string]string) error {
	var unset env.VarIsNotSetError
	var empty env.EmptyVarError
	var wrong env.ParseError
	switch {
	case errors.As(err, &unset):
		for _, name := range sortedKeys(misspelt) {
			if meant := misspelt[name]; meant == unset.Key || meant == unset.Key+"_FILE" {
				return Wrong(unset.Key, "must be set; %s is set, which looks like it: rename it to %s", name, meant)
			}
		}
		return Wrong(unset.Key, "must be set")
	case errors.As(err, &empty):
		return Wrong(empty.Key, "must not be empty")
	case errors.As(err, &wrong):
		for _, v := range environment {
			if v.Name == wrong.Name && v.Type == wrong.Type {
				return Wrong(v.name, "is not understood: %v%s", wrong.Err, hints[v.Type])
			}
		}
	}
	return err
}

// hints say how a value is written.
var hints = map[reflect.Type]string{reflect.TypeFor[time.Duration](): "; write it like 10s or 1m30s"}

// SecretsFromFiles replaces each <NAME>_FILE by <NAME> with the file's content.
func SecretsFromFiles(vars map[string]string) (problems []error) {
	for _, v := range environment {
		name := v.name
		path := vars[name+"_FILE"]
		if !v.mayBeFile() || path == "" {
			continue
		}
		if vars[name] != "" {
			problems = append(problems, Wrong(name, "and %s_FILE are both set; remove one", name))
			continue
		}
		content, err := os.ReadFile(path) // #nosec G304 -- the operator names the file
		if err != nil {
			problems = append(problems, Wrong(name+"_FILE", "names a file that cannot be read: %v", err))
			vars[name] = unreadable[v.Type] // it is set; one problem is enough
			continue
		}
		if vars[name], err = secretText(content); err != nil {
			problems = append(problems, Wrong(name+"_FILE", "names %s, which %v", path, err))
			vars[name] = unreadable[v.Type]
		}
	}
	return problems
}

// unreadable stands in for what a file should have held; no check finds fault with it.
var unreadable = map[reflect.Type]string{reflect.TypeFor[string](): "info", reflect.TypeFor[bridge.Secret](): "unreadable"}

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

// Levels are how much can be logged.
var Levels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

// Environment describes every variable for --help.
func Environment() string {
	var b strings.Builder
	b.WriteString("Environment (any secret, and LOG_LEVEL, may also be given as <NAME>_FILE):\n")
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
