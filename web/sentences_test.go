package web_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// TestTemplates_SayEverything demands that no text stands in a template unsaid: it
// could not be translated.
func TestTemplates_SayEverything(t *testing.T) {
	same := strings.NewReplacer("Messenger Bridge", "", "/facebook authorize", "", "/facebook edit", "", "/facebook", "", "autofocus", "") // in every language
	noise := regexp.MustCompile(`(?s)\{\{.*?\}\}|<[^>]*>|[\w-]+="[^"]*"`)
	paths, err := filepath.Glob("*.html")
	if err != nil || len(paths) < 3 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(noise.ReplaceAllStringFunc(string(content), lineBreaks), "\n") {
			if text := strings.TrimSpace(same.Replace(line)); strings.ContainsFunc(text, unicode.IsLetter) {
				t.Errorf("%s:%d: %q is not said", path, i+1, text)
			}
		}
		for _, attribute := range regexp.MustCompile(`(?:placeholder|title|aria-label|alt)="[^"{]+"`).FindAllString(string(content), -1) {
			t.Errorf("%s: %s is not said", path, attribute)
		}
	}
}

// lineBreaks keeps of a text its line breaks.
func lineBreaks(text string) string { return strings.Repeat("\n", strings.Count(text, "\n")) }
