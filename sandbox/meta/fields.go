package meta

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// rawJSON is text that is to be written as JSON.
func rawJSON(text string) json.RawMessage { return json.RawMessage(text) }

// tokenInURL are the edges for which Meta documents the token as a parameter (messenger.md 6).
var tokenInURL = []string{
	"me", "accounts", "businesses", "permissions", "debug_token", "subscribed_apps", "subscriptions", "access_token",
}

// findSecret notes the application's secret where it does not belong: only the login's
// client_secret holds it, and the application's own token. Called with mu held.
func (m *Messenger) findSecret(c *graphCall) {
	look := func(name, value string) {
		right := name == "access_token" || name == "input_token" || name == "client_secret" && c.isOAuth()
		if !right && (name == "client_secret" || strings.Contains(value, m.cfg.AppSecret)) {
			m.books.problem("%s %s: the application's secret in parameter %s", c.book.Method, c.book.Path, name)
		}
	}
	for _, values := range []url.Values{c.query, c.form} {
		for name, list := range values {
			look(name, strings.Join(list, " "))
		}
	}
	for name, value := range c.body {
		look(name, string(value))
	}
}

// askedField is one entry of the parameter "fields": name, modifiers like .limit(5), and the
// fields inside braces.
type askedField struct {
	name  string
	limit int // 0 = not given
	after string
	sub   []askedField
	inner string // the text of sub
}

// fields reads the parameter "fields", or takes the defaults.
func (c *graphCall) fields(defaults ...string) ([]askedField, *graphError) {
	text := c.param("fields")
	if text == "" {
		return askFor(defaults...), nil
	}
	p := fieldParser{text: text}
	fields := p.list()
	if p.failed || p.pos != len(text) {
		return nil, &graphError{code: 2500, kind: "OAuthException", text: fmt.Sprintf("Syntax error \"Expected end of string\" at character %d: %s", p.pos, text)}
	}
	return fields, nil
}

func askFor(names ...string) []askedField {
	fields := make([]askedField, len(names))
	for i, name := range names {
		fields[i].name = name
	}
	return fields
}

type fieldParser struct {
	text   string
	pos    int
	failed bool
}

func (p *fieldParser) list() (fields []askedField) {
	for !p.failed {
		fields = append(fields, p.field())
		if !p.eat(',') {
			break
		}
	}
	return fields
}

func (p *fieldParser) field() (f askedField) {
	f.name = p.word()
	if f.name == "" {
		p.failed = true
	}
	for p.eat('.') {
		modifier := p.word()
		if !p.eat('(') {
			p.failed = true
			return f
		}
		end := strings.IndexByte(p.text[p.pos:], ')')
		if end < 0 {
			p.failed = true
			return f
		}
		value := p.text[p.pos : p.pos+end]
		p.pos += end + 1
		switch modifier {
		case "limit":
			f.limit, _ = strconv.Atoi(value)
		case "after":
			f.after = value
		}
	}
	if p.eat('{') {
		start := p.pos
		f.sub = p.list()
		f.inner = p.text[start:p.pos]
		p.failed = p.failed || !p.eat('}')
	}
	return f
}

func (p *fieldParser) word() string {
	start := p.pos
	for p.pos < len(p.text) && (p.text[p.pos] == '_' || p.text[p.pos]|0x20 >= 'a' && p.text[p.pos]|0x20 <= 'z' ||
		p.text[p.pos] >= '0' && p.text[p.pos] <= '9') {
		p.pos++
	}
	return p.text[start:p.pos]
}

func (p *fieldParser) eat(c byte) bool {
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}
