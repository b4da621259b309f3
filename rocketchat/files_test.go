package rocketchat

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

// TestOpen_NotTheCustomersToRead_WhateverTheVersion: only of 6.x is it asked again in the bot's name. Where somebody hides the
// version, the refusal stands; where the workspace has trouble, it is waited for.
func TestOpen_NotTheCustomersToRead_WhateverTheVersion(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		info   string
		want   bridge.Reason // empty: it is read
	}{
		"8.x":                          {200, `{"version":"8.6","success":true}`, bridge.FileForbidden},
		"6.x":                          {200, `{"version":"6.13","success":true}`, ""},
		"a proxy hides the version":    {403, "Forbidden", bridge.FileForbidden},
		"nobody knows such a route":    {404, "Not Found", bridge.FileForbidden},
		"the workspace has trouble":    {502, "Bad Gateway", bridge.WorkspaceDown},
		"too many questions":           {429, `{"success":false,"error":"error-too-many-requests"}`, bridge.WorkspaceDown},
		"the bot is not logged in now": {401, `{"success":false,"status":"error"}`, bridge.WorkspaceDown},
	} {
		t.Run(name, func(t *testing.T) {
			c := answering(t, nil, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/info"):
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(test.status)
					fmt.Fprint(w, test.info)
				case r.Header.Get("X-Auth-Token") != "":
					fmt.Fprint(w, "invoice")
				default:
					w.WriteHeader(http.StatusForbidden)
				}
			})
			content, err := c.Files.Open(t.Context(), bridge.Attachment{URL: "/file-upload/1/invoice.pdf", Own: true}, "room", "visitor")
			if content != nil {
				_ = content.Close()
			}
			if (err == nil) != (test.want == "") || err != nil && bridge.RefusalOf(err).Reason != test.want {
				t.Errorf("%+v", err)
			}
			if test.want == bridge.FileForbidden && bridge.RefusalOf(err).Status != http.StatusForbidden {
				t.Errorf("the refusal does not say by which status: %+v", bridge.RefusalOf(err))
			}
		})
	}
}
