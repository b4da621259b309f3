package messenger

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/meta"
)

// find returns the findings of a check.
func find(all []bridge.Finding, check string) (found []bridge.Finding) {
	for _, f := range all {
		if f.Check == check {
			found = append(found, f)
		}
	}
	return found
}

func TestCheckup_DeadToken_SaysWhyAndWhoMustAct(t *testing.T) {
	for sub, want := range map[int][2]string{
		0:   {"left out", "/facebook authorize"},
		458: {"app was removed", "/facebook authorize"},
		459: {"wants the person", "log in at facebook.com"},
		460: {"new password", "/facebook authorize"},
		461: {"expired", "/facebook authorize"},
		463: {"expired", "/facebook authorize"},
		464: {"not confirmed", "confirm the account"},
		467: {"revoked", "/facebook authorize"},
		468: {"not used", "/facebook authorize"},
		492: {"lost the role", "gives the role back"},
	} {
		fb, err := meta.Start(meta.Config{})
		if err != nil {
			t.Fatal(err)
		}
		page := bridge.Page{ID: "100200300400500", Name: "Shop", State: bridge.PageRunning, Token: bridge.Secret(fb.AddPage("100200300400500", "Shop"))}
		c := New(ClientConfig{GraphURL: fb.URL(), Version: "v26.0", AppID: fb.AppID(), AppSecret: bridge.Secret(fb.AppSecret())})
		fb.KillToken(string(page.ID), sub)
		got := find(c.Checkup(t.Context(), "https://bridge.example", time.Now(), []bridge.Page{page}), "Shop: token")
		if len(got) != 1 || got[0].Level != bridge.Bad || !strings.Contains(got[0].Found, want[0]) || !strings.Contains(got[0].Found, fmt.Sprintf("190/%d", sub)) || !strings.Contains(got[0].Do, want[1]) {
			t.Errorf("%d: %+v", sub, got)
		}
		for _, call := range fb.Calls() {
			if call.Method != http.MethodGet {
				t.Errorf("a checkup changes something: %s %s", call.Method, call.Path)
			}
		}
		fb.Close()
	}
}

func TestCheckup_Token(t *testing.T) {
	const good = `"app_id":"900800700600500","type":"PAGE","is_valid":true,"expires_at":0,"scopes":["pages_messaging","pages_manage_metadata","pages_read_engagement"]`
	day := func(d int) int64 { return received.AddDate(0, 0, d).Unix() }
	for _, c := range []struct {
		name, data string
		level      bridge.Level
		want       string
	}{
		{"never expires", good + `,"profile_id":"` + string(thePage) + `"`, bridge.Good, "never expires"},
		{"as numbers", `"app_id":900800700600500,"type":"PAGE","is_valid":true,"expires_at":0,"scopes":[]`, bridge.Good, "never expires"},
		{"expires in 60 days", fmt.Sprintf(`"type":"PAGE","is_valid":true,"expires_at":%d,"scopes":[]`, day(60)), bridge.Good, "expires on"},
		{"expires in 7 days", fmt.Sprintf(`"type":"PAGE","is_valid":true,"expires_at":%d,"scopes":[]`, day(7)), bridge.Notable, "expires on"},
		{"consent ended", good + fmt.Sprintf(`,"data_access_expires_at":%d`, day(-1)), bridge.Notable, "ended on"},
		{"consent lasts", good + fmt.Sprintf(`,"data_access_expires_at":%d`, day(80)), bridge.Good, "never expires"},
		{"another app's", `"app_id":"1","type":"PAGE","is_valid":true,"expires_at":0`, bridge.Bad, "another app"},
		{"a person's", `"app_id":"900800700600500","type":"USER","is_valid":true,"expires_at":0`, bridge.Bad, "does not reach this page"},
		{"another page's", good + `,"profile_id":"42"`, bridge.Bad, "another page (42)"},
		{"no date", `"type":"PAGE","is_valid":true`, bridge.Unknowable, "another format"},
		{"nonsense", `"error":[]`, bridge.Bad, "does not know"},
	} {
		client, _ := graph(t, func(w http.ResponseWriter, r *http.Request) {
			body := `{"data":[]}`
			if strings.HasSuffix(r.URL.Path, "debug_token") {
				body = `{"data":{` + c.data + `}}`
			}
			answering(http.StatusOK, body)(w, r)
		})
		page := connected
		page.Name = "Shop"
		all := client.Checkup(t.Context(), "https://bridge.example", received, []bridge.Page{page})
		got := find(all, "Shop: token")
		if len(got) != 1 || got[0].Level != c.level || !strings.Contains(got[0].Found, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
		for _, f := range all {
			if strings.Contains(f.Found+f.Do, token) || strings.Contains(f.Found+f.Do, appSecret) {
				t.Errorf("%s: a secret in %+v", c.name, f)
			}
		}
	}
}

func TestCheckup_PageWithoutToken_AsksNobodyAboutIt(t *testing.T) {
	asked := false
	client, _ := graph(t, func(w http.ResponseWriter, r *http.Request) {
		asked = asked || !strings.HasSuffix(r.URL.Path, "/subscriptions")
		answering(http.StatusOK, `{"data":[]}`)(w, r)
	})
	got := find(client.Checkup(t.Context(), "https://bridge.example", received, []bridge.Page{{ID: thePage, Name: "Shop"}}), "Shop: token")
	if len(got) != 1 || got[0].Level != bridge.Bad || asked {
		t.Errorf("%+v, asked: %v", got, asked)
	}
}

func TestCheckup_MetaThrottles_IsNotAFault(t *testing.T) {
	client, _ := graph(t, answering(http.StatusBadRequest, `{"error":{"code":4,"message":"limit"}}`))
	got := client.Checkup(t.Context(), "https://bridge.example", received, nil)
	if meta := find(got, "Meta"); len(meta) != 1 || meta[0].Level != bridge.Unknowable || len(find(got, "app subscription")) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestFields_AreThoseSubscribed(t *testing.T) {
	if !slices.Equal(Fields(false), fields) || !slices.Equal(Fields(true), append(slices.Clone(fields), "feed")) {
		t.Error(Fields(false), Fields(true))
	}
}
