package messengerbridge_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	docLink  = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	docCode  = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	docTitle = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
)

// markdown returns the texts of the repository by their paths, without code.
func markdown(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && isFetched(file, d.Name()):
			return filepath.SkipDir
		case strings.HasSuffix(file, ".md"):
			text, err := os.ReadFile(file)
			all[filepath.ToSlash(file)] = string(text)
			return err
		}
		return nil
	})
	if err != nil || len(all) < 80 {
		t.Fatal(len(all), err)
	}
	return all
}

// anchors are the places in a document that a link can name, as GitHub makes them of headings.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, title := range docTitle.FindAllStringSubmatch(regexp.MustCompile("(?s)```.*?```").ReplaceAllString(text, ""), -1) {
		name := docLink.ReplaceAllString(title[1], "]")
		all[strings.Map(func(c rune) rune {
			switch {
			case c == ' ':
				return '-'
			case unicode.IsLetter(c), unicode.IsDigit(c), c == '-', c == '_':
				return unicode.ToLower(c)
			}
			return -1
		}, name)] = true
	}
	return all
}

// TestDocuments_LinksLeadSomewhere follows every link from a document to a file, and to a heading in it.
func TestDocuments_LinksLeadSomewhere(t *testing.T) {
	all, followed, shown := markdown(t), 0, map[string]bool{}
	for file, text := range all {
		for _, link := range docLink.FindAllStringSubmatch(docCode.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			followed++
			to := file
			if target != "" {
				to = path.Join(path.Dir(file), target)
			}
			shown[to] = true
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: %s leads nowhere", file, link[1])
			} else if anchor != "" && !anchors(all[to])[anchor] {
				t.Errorf("%s: %s names no heading of %s", file, link[1], to)
			}
		}
	}
	if followed < 200 {
		t.Errorf("only %d links were found", followed)
	}
	pictures, err := filepath.Glob("docs/images/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, picture := range pictures {
		if !shown[filepath.ToSlash(picture)] {
			t.Errorf("no document shows %s", picture)
		}
		if about, err := os.Stat(picture); strings.HasPrefix(path.Base(picture), "first-day-") && (err != nil || about.Size() > 100_000) {
			t.Errorf("%s takes more than 100 KB (%v)", picture, err)
		}
	}
}

// TestFeatures_NamesTestsThatExist reads every name of a test in docs/features.md.
func TestFeatures_NamesTestsThatExist(t *testing.T) {
	list, err := os.ReadFile("docs/features.md")
	if err != nil {
		t.Fatal(err)
	}
	all, named := declared(t), 0
	for _, found := range regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(string(list), -1) {
		if named++; !all[found[1]] {
			t.Errorf("no test is called %s", found[1])
		}
	}
	if named < 200 {
		t.Errorf("only %d names were found", named)
	}
}
