package rooms

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wrappers are hosts whose links lead elsewhere, with the path and the parameter that do.
var wrappers = map[string]bool{
	"l.facebook.com": true, "lm.facebook.com": true, "www.facebook.com": true, "m.facebook.com": true, "facebook.com": true,
	"l.messenger.com": true, "l.instagram.com": true,
}

// mostWraps is how often a link may be wrapped.
const mostWraps = 3

// unwrapped returns where a link leads that Facebook has wrapped into one of its own,
// without what Facebook adds to know who follows it.
func unwrapped(address string) string {
	for range mostWraps {
		u, err := url.Parse(address)
		if err != nil || !wrappers[strings.ToLower(u.Hostname())] || u.Path != "/l.php" && u.Path != "/flx/warn/" && (u.Path != "/" || !strings.HasPrefix(u.Host, "l.")) {
			break
		}
		to := u.Query().Get("u")
		if !strings.HasPrefix(to, "https://") && !strings.HasPrefix(to, "http://") || strings.ContainsFunc(to, unicode.IsControl) || !utf8.ValidString(to) {
			break // no address that an agent may be shown as one
		}
		address = to
	}
	return without(address, func(name string) bool { return name == "fbclid" || strings.HasPrefix(name, "__") })
}

// tracking are parameters that tell who shared a link, and where, and not what it shows;
// so do those that begin with utm_ or with two low lines.
var tracking = []string{
	"fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "li_fat_id", "igshid", "igsh", "mibextid",
	"mc_cid", "mc_eid", "_hsenc", "_hsmi", "rdid", "share_url", "eav", "paipv", "_rdr",
}

func tracks(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "utm_") || strings.HasPrefix(name, "__") || slices.Contains(tracking, name)
}

// without returns an address without some of its parameters, and else as it is.
func without(address string, drop func(name string) bool) string {
	before, rest, found := strings.Cut(address, "?")
	if !found {
		return address
	}
	query, fragment, marked := strings.Cut(rest, "#")
	kept := slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		return drop(name)
	})
	if len(kept) > 0 {
		before += "?" + strings.Join(kept, "&")
	}
	if marked {
		before += "#" + fragment
	}
	return before
}

// bare is a link as people type it.
var bare = regexp.MustCompile(`^[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)*\.\p{L}{2,}([/?#]|$)`)

// linkKey is the same for all spellings of a link that lead to the same page; "" says
// that a word is no link.
func linkKey(word string) string {
	if !strings.ContainsAny(word, ".:") {
		return "" // like most words
	}
	word = strings.Trim(word, "<>()[]{}\"'“”„«».,;:!?…*_")
	word = unwrapped(word)
	scheme, rest, found := strings.Cut(word, "://")
	switch {
	case !found && bare.MatchString(word):
		rest = word
	case !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https"):
		return ""
	}
	host, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], without(rest[i:], tracks)
	}
	place, fragment, _ := strings.Cut(path, "#")
	place, query, _ := strings.Cut(place, "?")
	if plain, err := url.PathUnescape(place); err == nil {
		place = plain
	}
	pairs := strings.Split(query, "&")
	slices.Sort(pairs)
	return strings.TrimPrefix(strings.ToLower(host), "www.") + strings.TrimRight(place, "/") + "?" + strings.Join(pairs, "&") + "#" + fragment
}
