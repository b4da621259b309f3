package settings_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge/settings"
)

// TestManual_ListsEachSetting: docs/managing.md has a table of all settings.
func TestManual_ListsEachSetting(t *testing.T) {
	manual, err := os.ReadFile("../../docs/managing.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(manual), "| setting |")
	table, _, _ = strings.Cut(table, "\n\n")
	var listed, all []string
	for line := range strings.Lines(table) {
		if cell, _, is := strings.Cut(strings.TrimPrefix(line, "| "), " |"); is {
			for _, m := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(cell, -1) {
				listed = append(listed, m[1])
			}
		}
	}
	for _, s := range settings.Table {
		all = append(all, s.Word)
	}
	slices.Sort(listed)
	slices.Sort(all)
	if !slices.Equal(listed, all) {
		t.Errorf("the manual lists\n%q\nthere are\n%q", listed, all)
	}
}
