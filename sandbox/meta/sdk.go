package meta

import (
	_ "embed" // what Meta's SDK says
	"net/http"
	"slices"
	"strings"
	"sync"
)

// sdkText says which parameters edges have, and which fields nodes, by Meta's own SDK.
//
//go:embed sdk.txt
var sdkText string

// sdk are its lists, by what stands before the colon: "edge POST messages".
var sdk = sync.OnceValue(func() map[string][]string {
	lists := map[string][]string{}
	for line := range strings.Lines(sdkText) {
		head, names, found := strings.Cut(strings.TrimSpace(line), ":")
		if !found || strings.HasPrefix(head, "#") {
			continue
		}
		key := strings.TrimSuffix(strings.TrimPrefix(head, "more "), " Fields")
		lists[key] = append(lists[key], strings.Fields(names)...)
	}
	return lists
})

// everywhere are the parameters that all calls may have.
var everywhere = []string{"access_token", "appsecret_proof", "fields", "limit", "after", "before", "locale", "debug"}

// noteUnknown notes a problem for each parameter that Meta's SDK does not know of an edge, and
// each field that it does not know of a node. Called with mu held.
func (m *Messenger) noteUnknown(c *graphCall) {
	edge, node := m.inSDK(c)
	known, listed := sdk()["edge "+c.book.Method+" "+edge]
	for _, name := range c.paramNames() {
		if listed && !slices.Contains(known, name) && !slices.Contains(everywhere, name) {
			m.books.problem("%s %s: Meta's SDK knows no parameter %s there", c.book.Method, c.book.Path, name)
		}
	}
	fields, listed := sdk()["node "+node]
	if !listed || c.book.Method != http.MethodGet {
		return
	}
	for _, name := range outerFields(c.param("fields")) {
		if !slices.Contains(fields, name) {
			m.books.problem("%s %s: Meta's SDK knows no field %s there", c.book.Method, c.book.Path, name)
		}
	}
}

// inSDK is what the SDK calls an edge and the nodes that it shows; "" where it is not listed.
func (m *Messenger) inSDK(c *graphCall) (edge, node string) {
	if edge = strings.Join(c.path[1:], "/"); edge != "" {
		return edge, map[string]string{"conversations": "unified-thread", "comments": "comment", "accounts": "page", "personas": "persona"}[edge]
	}
	switch id := c.path[0]; {
	case m.pages[id] != nil:
		return "", "page"
	case m.comments.byID[id] != nil:
		return "comment", "comment"
	case m.personas[id] != nil:
		return "", "persona"
	case strings.HasPrefix(id, "t_"):
		return "", "unified-thread"
	}
	return "", ""
}

// paramNames are the names of all parameters, wherever they are given.
func (c *graphCall) paramNames() (names []string) {
	for name := range c.query {
		names = append(names, name)
	}
	for name := range c.form {
		names = append(names, name)
	}
	for name := range c.body {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// outerFields are the names in a list of fields, without what is asked of each.
func outerFields(list string) (names []string) {
	depth := 0
	for _, part := range strings.FieldsFunc(list, func(r rune) bool {
		switch r {
		case '{', '(':
			depth++
		case '}', ')':
			depth--
		}
		return r == ',' && depth == 0
	}) {
		name, _, _ := strings.Cut(part, "{")
		name, _, _ = strings.Cut(name, ".")
		names = append(names, strings.TrimSpace(name))
	}
	return names
}
