package meta

import (
	"net/http"
	"regexp"
	"strings"
)

// From v27.0 on, new apps may not use some old forms of requests, whatever version they name;
// from v28 on nobody may. An app is new here.

// textForbidden and its code are ours; Meta's are not known.
const textForbidden = "(#12) This form of request is not available to this app: %s"

// fieldAlias is a field under another name, as in name.as(title).
var fieldAlias = regexp.MustCompile(`\.as\(`)

// forbidden names the form of a request that is not available to new apps; "" if there is none.
func (c *graphCall) forbidden() string {
	asked := func(name string) bool { return c.param(name) != "" }
	root := len(c.path) == 1 && c.path[0] == ""
	switch {
	case root && asked("ids"):
		return "multi-id request"
	case fieldAlias.MatchString(c.param("fields")):
		return "field alias"
	case asked("date_format"):
		return "date formatting"
	case asked("method") || c.r.Header.Get("X-HTTP-Method-Override") != "":
		return "method override"
	case c.book.Method == http.MethodGet && asked("callback"):
		return "JSONP"
	case root && (asked("is_parallel") || strings.HasSuffix(c.param("asyncbatch"), "]")):
		return "asynchronous batch"
	}
	return ""
}

// refuseForbidden refuses such a request, and notes it as a problem, as it does with what Meta's
// SDK does not know. Called with mu held.
func (m *Messenger) refuseForbidden(c *graphCall) *graphError {
	m.noteUnknown(c)
	form := c.forbidden()
	if form == "" {
		return nil
	}
	m.books.problem("%s %s: %s is forbidden to new apps", c.book.Method, c.book.Path, form)
	return graphErr(12, 0, strings.Replace(textForbidden, "%s", form, 1))
}
