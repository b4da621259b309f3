package meta_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"messenger-bridge/sandbox/meta"
)

// TestMessenger_FormsForbiddenToNewApps_AreRefused: a program that uses one fails every test
// that looks at the problems, which those of the whole program do.
func TestMessenger_FormsForbiddenToNewApps_AreRefused(t *testing.T) {
	for form, query := range map[string]url.Values{
		"multi-id request":   {"ids": {"1,2"}},
		"field alias":        {"fields": {"name.as(title)"}},
		"date formatting":    {"date_format": {"U"}},
		"method override":    {"method": {"delete"}},
		"JSONP":              {"callback": {"show"}},
		"asynchronous batch": {"asyncbatch": {"[]"}},
	} {
		t.Run(form, func(t *testing.T) {
			m, g, _ := startMessenger(t, meta.Config{})
			where := "/v27.0/" + pageID
			if form == "multi-id request" || form == "asynchronous batch" {
				where = "/v27.0/"
			}
			if r := g.do(http.MethodGet, where, query, ""); r.status != 400 || r.code != 12 {
				t.Errorf("answered %d %s", r.status, r.body)
			}
			if problems := m.Problems(); len(problems) != 1 || !strings.Contains(problems[0], form) {
				t.Errorf("problems %q", problems)
			}
		})
	}
}
