package web_test

import (
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
)

// formSeeds are bodies as browsers send them, and some that no browser sends.
var formSeeds = []string{
	"ticket=CHOICETICKET&proof=PROOF&page=100200300400501&100200300400501.welcome=hi",
	"rev=7&name=%3Cscript%3E&welcome=%F0%9F%98%80%0D%0A&department=dep-help",
	"rev=1&seen=%00&offline=%ff%fe",
	"page=&page=%2e%2e&.name=x",
}

// forms are both forms of one visit.
type forms struct {
	k *fake
	s *site
}

// try sends a body to both forms: neither fails, neither lets markup through, and what is
// saved fits.
func (f *forms) try(t *testing.T, body string) {
	if f.s == nil || len(f.k.chosen) > 0 { // the choice is spent: another visit begins
		offer := fullOffer()
		offer.Pages, offer.Departments = offer.Pages[:2], offer.Departments[:2] // more pages take longer, and are no other
		f.k = &fake{offer: offer}
		f.s = newSite(t, f.k)
		f.s.offered()
	}
	f.s.t, f.k.form, f.k.saved = t, someForm(), nil
	for _, path := range []string{"/oauth/pages", settingsPath} {
		res := f.s.do(http.MethodPost, path, body)
		if page := want(t, res, res.StatusCode); res.StatusCode >= 500 || strings.Contains(afterStyle(page), "<script") {
			t.Errorf("%q to %s: status %d\n%s", body, path, res.StatusCode, page)
		}
	}
	for _, c := range f.k.chosen {
		f.k.saved = append(f.k.saved, c.Settings)
	}
	for _, saved := range f.k.saved {
		for value, longest := range map[string]int{saved.Name: 80, string(saved.Department): 64, saved.Welcome: 2000, saved.Finished: 2000, saved.Offline: 2000} {
			if n := len([]rune(value)); n > longest || strings.ContainsAny(value, "\r\x00") || value != strings.ToValidUTF8(value, "") {
				t.Errorf("%q: saved %d characters: %q", body, n, value)
			}
		}
	}
}

// FuzzForms sends anything to both forms.
func FuzzForms(f *testing.F) {
	for _, seed := range formSeeds {
		f.Add(seed)
	}
	var both forms
	f.Fuzz(func(t *testing.T, body string) { both.try(t, body) })
}

// TestForms_ManyHostileBodies sends bodies that are made of parts of good ones and of hostile ones,
// the same ones each time. HOSTILE_FORMS says how many, and after a colon which ones: a million are the
// long form (.ci/fuzz), as the fuzzing engine takes hours for as many forms.
func TestForms_ManyHostileBodies(t *testing.T) {
	many, which, _ := strings.Cut(os.Getenv("HOSTILE_FORMS"), ":")
	n, err := strconv.Atoi(many)
	if err != nil {
		n = 2000
	}
	start, _ := strconv.ParseUint(which, 10, 64)
	r := rand.New(rand.NewPCG(18, start)) // the same ones each time
	var both forms
	for range n {
		if both.try(t, hostileForm(r)); t.Failed() {
			return
		}
	}
}

// hostileParts are put where a name or a value, or a part of one, was.
var hostileParts = []string{
	"", "%00", "%", "%zz", "%ff%fe", "%0d%0a", "&", "=", ";", "+", "<script>alert(1)</script>", "%3Cscript%3E", "javascript:alert(1)", "%F0%9F%98%80",
	"%E2%80%AE", "%u003c", "..", "../../etc/passwd", "CHOICETICKET", "PROOF", "100200300400501", "dep-help", "rev", "name", "page", "ticket", "proof", "welcome", "offline",
	"finished", "department", "seen", "-1", "18446744073709551616", "1e9", "on", "off", "\x00", "\xff", "\u202e", "{{.}}", "${7*7}", "'\"><img src=x onerror=alert(1)>",
}

// hostileForm makes the body of a form.
func hostileForm(r *rand.Rand) string {
	pairs := strings.Split(formSeeds[r.IntN(len(formSeeds))], "&")
	for range 1 + r.IntN(4) {
		i := r.IntN(len(pairs))
		name, value, _ := strings.Cut(pairs[i], "=")
		part := hostileParts[r.IntN(len(hostileParts))]
		switch r.IntN(8) {
		case 0:
			name = part
		case 1:
			value = part
		case 2:
			value = value[:r.IntN(len(value)+1)] + part + value[r.IntN(len(value)+1):]
		case 3:
			name = name[:r.IntN(len(name)+1)] + part
		case 4:
			pairs = append(pairs, pairs[r.IntN(len(pairs))])
		case 5:
			value = strings.Repeat(part, r.IntN(3000))
		case 6:
			b := []byte(value)
			for j := range b {
				b[j] ^= byte(1 << r.IntN(8) & -r.IntN(2)) // #nosec G115 -- a bit, or none
			}
			value = string(b)
		case 7:
			pairs = append(pairs[:i], pairs[i+1:]...)
			if len(pairs) == 0 {
				return part
			}
			continue
		}
		pairs[i] = name + "=" + value
	}
	return strings.Join(pairs, "&")
}
