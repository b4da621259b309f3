// Package values says what is wrong with a value of the environment. Each check returns words
// that follow the variable's name ("must be …"), or nothing.
package values

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// URL checks the base of addresses of ours or of others.
func URL(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Sprintf("must be a URL such as https://host.example, without query; it is %q", value)
	}
	if u.User != nil {
		return "must not hold a name or a password; they would be printed wherever the address is"
	}
	if problem := host(u.Hostname()); problem != "" {
		return fmt.Sprintf("%s; it is %q", problem, value)
	}
	if port := u.Port(); port != "" && !isPort(port) {
		return fmt.Sprintf("has the port %s; ports are numbers from 1 to 65535", port)
	}
	return ""
}

// Address checks where something listens.
func Address(value string) string {
	const like = "must be an address such as :8080 or 127.0.0.1:8080"
	at, port, err := net.SplitHostPort(value)
	switch {
	case err != nil && isPort(value):
		return fmt.Sprintf("%s; write :%s", like, value)
	case err != nil:
		return fmt.Sprintf("%s; it is %q", like, value)
	case at != "" && host(at) != "":
		return fmt.Sprintf("%s; it is %q", like, value)
	}
	if _, err := net.LookupPort("tcp", port); err != nil || port == "" {
		return fmt.Sprintf("%s; %q is no port", like, port)
	}
	return ""
}

// Domain checks a host whose files are fetched, or the origin of one.
func Domain(value string) string {
	value = strings.TrimSpace(value)
	switch {
	case value == "":
		return "" // between two commas
	case strings.Contains(value, "://"):
		if u, err := url.Parse(value); err == nil && strings.Trim(u.Path, "/") != "" {
			return fmt.Sprintf("names hosts; %q has a path", value)
		}
		return URL(value)
	case strings.HasPrefix(value, "*."):
		return fmt.Sprintf("names hosts, with all below them; write %q without the star", value)
	case strings.ContainsAny(value, "/:"):
		return fmt.Sprintf("names hosts such as fbcdn.net; %q is none", value)
	}
	if problem := host(strings.Trim(value, ".")); problem != "" {
		return fmt.Sprintf("names hosts such as fbcdn.net; %q is none", value)
	}
	return ""
}

var label = regexp.MustCompile(`^[\pL\pN_]([\pL\pN_-]*[\pL\pN_])?$`)

// host checks a name or a number of a machine.
func host(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return ""
	}
	if numbers := strings.Split(name, "."); len(numbers) == 4 && strings.Trim(name, "0123456789.") == "" {
		return "has an address whose numbers are not from 0 to 255"
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if len(part) > 63 || !label.MatchString(part) {
			return "has a host that cannot be one"
		}
	}
	return ""
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// Number checks an id of Facebook's.
func Number(value string) string {
	if value != "" && strings.Trim(value, "0123456789") == "" {
		return ""
	}
	return fmt.Sprintf("must be a number, as the app's dashboard shows it; it is %q", value)
}

var version = regexp.MustCompile(`^v[1-9]\d*\.\d+$`)

// Version checks a version of Graph.
func Version(value string) string {
	if version.MatchString(value) {
		return ""
	}
	return fmt.Sprintf("must be a version such as v26.0; it is %q", value)
}

// Name checks a username, or the name of a channel.
func Name(value string) string {
	switch {
	case strings.HasPrefix(value, "#") || strings.HasPrefix(value, "@"):
		return fmt.Sprintf("must be a name without %s; it is %q", value[:1], value)
	case strings.ContainsFunc(value, unicode.IsSpace):
		return fmt.Sprintf("must not hold spaces; it is %q", value)
	}
	return ""
}

// List checks names with commas between them.
func List(all []string) string {
	for _, name := range all {
		name = strings.TrimSpace(name)
		if strings.ContainsFunc(name, unicode.IsSpace) || strings.ContainsAny(name, ";") {
			return fmt.Sprintf("has commas between names; %q is no name", name)
		}
	}
	return ""
}

// Quoted reports that a value stands in quotes: shells take them off, files of variables keep them.
func Quoted(value string) bool {
	return len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0]
}

// Overlap reports whether two things cannot listen at once.
func Overlap(one, other string) bool {
	hostOne, portOne, err := net.SplitHostPort(one)
	hostOther, portOther, err2 := net.SplitHostPort(other)
	if err != nil || err2 != nil || portOne != portOther || portOne == "0" {
		return false
	}
	everywhere := func(host string) bool {
		ip, err := netip.ParseAddr(host)
		return host == "" || err == nil && ip.IsUnspecified()
	}
	return hostOne == hostOther || everywhere(hostOne) || everywhere(hostOther)
}
