package web_test

import (
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

var anyPreview = regexp.MustCompile(`(?s)<dl class="preview">(.*?)</dl>`)
var anyReading = regexp.MustCompile(`(?s)<dd dir="auto">(.*?)</dd>`)

// previews are what a page says that customers read, text by text.
func previews(page string) (all [][]string) {
	for _, preview := range anyPreview.FindAllStringSubmatch(afterStyle(page), -1) {
		var texts []string
		for _, text := range anyReading.FindAllStringSubmatch(preview[1], -1) {
			texts = append(texts, html.UnescapeString(text[1]))
		}
		all = append(all, texts)
	}
	return all
}

func samePreviews(t *testing.T, when, page string, want ...[]string) {
	t.Helper()
	if got := previews(page); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%s, customers read %q, want %q", when, got, want)
	}
}

// TestPreview_WhenTheFormOpensAfterAMistakeAndAfterSaving also has markup in a name.
func TestPreview_WhenTheFormOpensAfterAMistakeAndAfterSaving(t *testing.T) {
	f := &fake{form: someForm()}
	f.form.Page.Settings.Finished = "Bye from {agent|our <b>team</b>} at {page}."
	s := newSite(t, f)
	page := want(t, s.get(settingsPath), http.StatusOK, "With names (examples)", "Where no name is known")
	samePreviews(t, "when the form opens", page,
		[]string{"Hello Alex Morgan!\nWe answer within the hour.", "Hello!\nWe answer within the hour."},
		[]string{"Bye from Kim Lee at Bakery desk.", "Bye from our <b>team</b> at Bakery desk."})
	if strings.Contains(afterStyle(page), "<b>") {
		t.Error("markup got out")
	}

	page = want(t, s.post(settingsPath, sent(t, page, "name", "Front desk", "agent-name", "username", "welcome", "Hi {customer|}", "offline", "{department} is away.")),
		http.StatusUnprocessableEntity, "no word behind the bar in {customer|}")
	samePreviews(t, "after a mistake", page,
		[]string{"Help & Service is away.", "Is away."}, []string{"Bye from kim.lee at Front desk.", "Bye from our <b>team</b> at Front desk."})

	page = want(t, s.post(settingsPath, sent(t, page, "welcome", "{customer}", "offline", "Closed.")), http.StatusOK, "The settings are saved")
	samePreviews(t, "after saving", page, []string{"Alex Morgan", "<em>(nothing is sent)</em>"}, []string{"Closed."},
		[]string{"Bye from kim.lee at Front desk.", "Bye from our <b>team</b> at Front desk."})
	if len(f.saved) != 1 || f.saved[0].AgentName != bridge.AgentUsername {
		t.Errorf("saved %+v", f.saved)
	}
}

func TestPreview_WherePagesAreChosen(t *testing.T) {
	page := newSite(t, &fake{offer: fullOffer()}).offered()
	samePreviews(t, "where pages are chosen", page,
		[]string{"Hello Alex Morgan!\nWe answer within the hour.", "Hello!\nWe answer within the hour."}, []string{"Back at nine."})
}
