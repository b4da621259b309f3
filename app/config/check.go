package config

import (
	"encoding/base64"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"messenger-bridge/app/values"
	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// leastSecret is how long a secret is at least that strangers may try to guess.
const leastSecret = 32

// MaxSocketPath is the longest path of a Unix socket on Linux.
const MaxSocketPath = 107

// ControlPath is where a running bridge is asked, for a path of a store.
func ControlPath(database string) string { return database + ".sock" }

// unread stands for a secret whose file cannot be read, which was said already.
const unread = bridge.Secret("unreadable")

// problems are contradictions and values that cannot work.
func (c Config) problems() (problems []error) {
	report := func(variable, format string, args ...any) {
		problems = append(problems, Wrong(variable, format, args...))
	}
	c.loginProblems(report)
	c.addressProblems(report)
	c.secretProblems(report)
	c.tlsProblems(report)
	c.Store.Journal.problems(c.Store.SecretKey, report)
	if _, err := time.LoadLocation(c.Speech.Timezone); err != nil {
		report("TIMEZONE", "must be a name such as Europe/Berlin; it is %q", c.Speech.Timezone)
	}
	if said := c.Speech.Language; said != "" && !language.Known(said) && !fromShell(said) {
		report("LANGUAGE", "must be one of %s; it is %q", strings.Join(language.Names(), ", "), said)
	}
	if _, known := Levels[c.Log.Level]; !known && c.Log.Level != "" {
		report("LOG_LEVEL", "must be debug, info, warn or error; it is %q", c.Log.Level)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" && c.Log.Format != "" {
		report("LOG_FORMAT", "must be text or json; it is %q", c.Log.Format)
	}
	switch path := c.Store.Database; {
	case strings.Contains(path, "://"):
		report("DATABASE", "must be a file path; shared engines do not exist yet")
	case len(ControlPath(path)) > MaxSocketPath:
		report("DATABASE", "has %d characters; %d are possible, because the path of a Unix socket is made of it", len(path), MaxSocketPath-len(ControlPath("")))
	case strings.HasSuffix(path, string(filepath.Separator)):
		report("DATABASE", "must be the path of a file; %s is a folder", path)
	}
	if c.ShutdownGrace < 0 {
		report("SHUTDOWN_GRACE", "must not be negative")
	}
	return problems
}

type reporter func(variable, format string, args ...any)

// loginProblems are those of who the bot is.
func (c Config) loginProblems(report reporter) {
	password := c.RocketChat.User != "" && c.RocketChat.Password != ""
	token := c.RocketChat.UserID != "" && c.RocketChat.Token != ""
	half := ""
	switch {
	case password || token:
	case c.RocketChat.User != "":
		half = "; ROCKETCHAT_PASSWORD is missing"
	case c.RocketChat.Password != "":
		half = "; ROCKETCHAT_USER is missing"
	case c.RocketChat.UserID != "":
		half = "; ROCKETCHAT_TOKEN is missing"
	case c.RocketChat.Token != "":
		half = "; ROCKETCHAT_USER_ID is missing"
	}
	if password && token {
		half = "; both are given: remove one pair"
	}
	if password == token {
		report("ROCKETCHAT_USER and ROCKETCHAT_PASSWORD, or ROCKETCHAT_USER_ID and ROCKETCHAT_TOKEN", "must be set: the bot's login is needed one way%s", half)
	}
}

// addressProblems are those of where things are.
func (c Config) addressProblems(report reporter) {
	for _, v := range []struct{ name, value string }{
		{"ROCKETCHAT_URL", c.RocketChat.URL}, {"PUBLIC_URL", c.Network.PublicURL},
		{"FACEBOOK_GRAPH_URL", c.Facebook.GraphURL}, {"FACEBOOK_LOGIN_URL", c.Facebook.LoginURL},
	} {
		if wrong := values.URL(v.value); v.value != "" && wrong != "" {
			report(v.name, "%s", wrong)
		}
	}
	if u, err := url.Parse(c.Network.PublicURL); err == nil && u.Scheme == "http" && !IsLoopback(u.Hostname()) {
		report("PUBLIC_URL", "must begin with https, because Meta calls nothing else")
	}
	listens := c.Listens()
	for i, l := range listens {
		if wrong := values.Address(l.Address); wrong != "" {
			report(l.Variable, "%s", wrong)
			continue
		}
		for _, before := range listens[:i] {
			if values.Overlap(before.Address, l.Address) {
				report(l.Variable, "is %s, where %s listens already; choose another port", l.Address, before.Variable)
			}
		}
	}
}

// Listen is an address on which the bridge listens, and the variable that names it.
type Listen struct{ Variable, Address string }

// Listens are the addresses on which the bridge listens.
func (c Config) Listens() (all []Listen) {
	for _, l := range []Listen{
		{"LISTEN", c.Network.Listen}, {"METRICS_LISTEN", c.Network.MetricsListen}, {"PROFILE_LISTEN", c.Network.ProfileListen}, {"ACME_LISTEN", c.Network.TLS.ACMEListen},
	} {
		if l.Address != "" {
			all = append(all, l)
		}
	}
	return all
}

// tlsProblems are those of the bridge's own TLS.
func (c Config) tlsProblems(report reporter) {
	t := c.Network.TLS
	if (t.CertificateFile == "") != (t.KeyFile == "") {
		report("TLS_CERTIFICATE_FILE and TLS_KEY_FILE", "belong together; set both or none")
	}
	switch {
	case t.ACME != "on" && t.ACME != "off" && t.ACME != "":
		report("ACME", "must be on or off; it is %q", t.ACME)
	case t.ACME == "on" && t.CertificateFile != "":
		report("ACME", "is on, and TLS_CERTIFICATE_FILE is set; the certificate comes one way")
	case t.ACME == "on":
		u, err := url.Parse(c.Network.PublicURL)
		if err != nil || u.Scheme != "https" || net.ParseIP(u.Hostname()) != nil || !strings.Contains(u.Hostname(), ".") {
			report("ACME", "is on, so PUBLIC_URL must be https with a name that everybody knows; it is %q", c.Network.PublicURL)
		}
	case t.ACMEListen != "":
		report("ACME_LISTEN", "is set, and ACME is not on; set ACME=on, or remove it")
	}
	if j := c.Store.Journal; j.URL != "" && t.On() {
		at, err := url.Parse(j.ReplicaURL)
		public, none := url.Parse(c.Network.PublicURL)
		switch {
		case err != nil || at.Scheme != "https":
			report("REPLICA_URL", "must begin with https, because LISTEN speaks TLS; it is %q", j.ReplicaURL)
		case t.ACME == "on" && none == nil && at.Hostname() != public.Hostname():
			report("REPLICA_URL", "must have the host of PUBLIC_URL, because ACME=on gets a certificate for no other; or have a proxy speak TLS before the replicas; it is %q", j.ReplicaURL)
		}
	}
	if wrong := values.URL(t.ACMEDirectory); t.ACMEDirectory != "" && wrong != "" {
		report("ACME_DIRECTORY", "%s", wrong)
	}
}

// secretProblems are those of secrets. None is printed.
func (c Config) secretProblems(report reporter) {
	if c.Facebook.AppSecret != "" && len(Secrets(c.Facebook.AppSecret)) == 0 {
		report("FACEBOOK_APP_SECRET", "must hold the app's secret; the app's dashboard shows it under App settings → Basic")
	}
	if key := c.Store.SecretKey; key != "" && key != unread && len(DecodeKey(key.Reveal())) != 32 {
		report("SECRET_KEY", "must be 32 bytes in base64; `openssl rand -base64 32` makes one")
	}
	for _, secret := range Secrets(c.Workspace.CommandsSecret) {
		if len(secret) < leastSecret && secret != unread {
			report("COMMANDS_SECRET", "must have at least %d characters; `openssl rand -base64 32` makes one", leastSecret)
		}
	}
}

// doubts are values with which the bridge runs, and hardly as it is meant to.
func (c Config) doubts(vars, misspelt map[string]string, said []error) (doubts []Problem) {
	report := func(variable, format string, args ...any) {
		for _, p := range said { // one word on each variable is enough
			if before, ok := p.(Problem); ok && strings.Contains(before.Text, variable) {
				return
			}
		}
		doubts = append(doubts, Wrong(variable, format, args...))
	}
	for _, name := range sortedKeys(misspelt) {
		if of, file := strings.CutSuffix(name, "_FILE"); file && misspelt[name] == of {
			report(name, "is not read: %s is no secret; give its value as %s", of, of)
			continue
		}
		report(name, "is not a variable of the bridge; rename it to %s if that is meant", misspelt[name])
	}
	for _, v := range environment {
		if path := vars[v.name+"_FILE"]; v.mayBeFile() && path != "" && vars[v.name] == "" {
			report(v.name+"_FILE", "names %s, which is empty", path)
		}
		if values.Quoted(vars[v.name]) {
			report(v.name, "stands in quotes, which are taken for a part of it; remove them (a shell takes them off, docker's --env-file does not)")
		}
	}
	c.doubtfulIDs(report)
	c.doubtfulAddresses(report)
	for _, host := range c.AttachmentHosts {
		if wrong := values.Domain(host); wrong != "" {
			report("ATTACHMENT_HOSTS", "%s", wrong)
		}
	}
	if len(Secrets(c.Facebook.AppSecret)) > 2 {
		report("FACEBOOK_APP_SECRET", "holds more than two secrets; while rotating, it is the new one and the old one")
	}
	if c.Facebook.VerifyToken != "" && c.Facebook.VerifyToken != unread && slices.Contains(Secrets(c.Facebook.AppSecret), c.Facebook.VerifyToken) {
		report("FACEBOOK_VERIFY_TOKEN", "is the app's secret; it travels in addresses, so make up another one")
	}
	if c.ShutdownGrace > time.Hour {
		report("SHUTDOWN_GRACE", "is %s; whoever stops the bridge waits as long", c.ShutdownGrace)
	}
	return doubts
}

// doubtfulIDs doubts names and numbers.
func (c Config) doubtfulIDs(report reporter) {
	for _, v := range []struct {
		name, value string
		check       func(string) string
	}{
		{"FACEBOOK_APP_ID", c.Facebook.AppID, values.Number}, {"FACEBOOK_LOGIN_CONFIG_ID", c.Facebook.LoginConfigID, values.Number},
		{"FACEBOOK_GRAPH_VERSION", c.Facebook.GraphVersion, values.Version}, {"SETUP_CHANNEL", c.Workspace.SetupChannel, values.Name},
		{"ROCKETCHAT_USER", c.RocketChat.User, values.Name}, {"ROCKETCHAT_USER_ID", c.RocketChat.UserID, values.Name},
	} {
		if wrong := v.check(v.value); v.value != "" && wrong != "" {
			report(v.name, "%s", wrong)
		}
	}
	for name, list := range map[string][]string{"COMMAND_USERS": c.Workspace.CommandUsers, "BOT_USERS": c.Workspace.BotUsers} {
		if wrong := values.List(list); wrong != "" {
			report(name, "%s", wrong)
		}
	}
}

var graphsVersion = regexp.MustCompile(`/v\d+\.\d+/?$`)

// doubtfulAddresses doubts addresses that have more than belongs to them.
func (c Config) doubtfulAddresses(report reporter) {
	for _, end := range []string{"/webhook", "/oauth", "/oauth/callback", "/oauth/start", "/commands", "/data-deletion"} {
		if strings.HasSuffix(strings.TrimRight(c.Network.PublicURL, "/"), end) {
			report("PUBLIC_URL", "ends in %s, which the bridge appends itself; leave it out", end)
		}
	}
	if u := c.RocketChat.URL; strings.Contains(u, "/api/v1") || strings.HasSuffix(u, "/websocket") || strings.HasSuffix(strings.TrimRight(u, "/"), "/home") {
		report("ROCKETCHAT_URL", "must be the address of the workspace alone, without what stands behind it; it is %q", u)
	}
	if graphsVersion.MatchString(c.Facebook.GraphURL) {
		report("FACEBOOK_GRAPH_URL", "ends in a version; leave it out, FACEBOOK_GRAPH_VERSION is for that")
	}
	if c.RocketChat.URL != "" && strings.TrimRight(c.RocketChat.URL, "/") == strings.TrimRight(c.Network.PublicURL, "/") {
		report("PUBLIC_URL", "is the workspace's address; it must be the bridge's own")
	}
}

// spoken returns the language that LANGUAGE asks for, "" for the workspace's. Shells set it as
// well, to a list of locales: the first that the bot speaks counts, and one that it does not
// speak asks for nothing.
func spoken(said string) string {
	for tag := range strings.SplitSeq(said, ":") {
		tag, _, _ = strings.Cut(strings.TrimSpace(tag), "@")
		if tag, _, _ = strings.Cut(tag, "."); tag != "" && language.Known(tag) {
			return tag
		}
	}
	return ""
}

var locale = regexp.MustCompile(`^([a-z]{2,3}([_-][A-Za-z]{2,4})?([.@][\w.@-]+)*|C([.].*)?|POSIX)?$`)

// fromShell reports whether a value is one that shells set, and not a person for the bridge.
func fromShell(said string) bool {
	if !strings.ContainsAny(said, ":_.@") && said != "C" && said != "POSIX" {
		return false
	}
	for tag := range strings.SplitSeq(said, ":") {
		if !locale.MatchString(tag) {
			return false
		}
	}
	return true
}

func IsBaseURL(s string) bool { return values.URL(s) == "" }

func IsLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// DecodeKey reads any usual form of base64; nothing if it is none.
func DecodeKey(s string) []byte {
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

func sortedKeys(of map[string]string) []string { return slices.Sorted(maps.Keys(of)) }
