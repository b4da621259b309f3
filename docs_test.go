package messengerbridge_test

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	quoted   = regexp.MustCompile("`([^`]+)`")
	goFile   = regexp.MustCompile(`^[\w/.-]+\.go$`)
	function = regexp.MustCompile(`^[A-Za-z]\w*$`)
)

// TestArchitecture_FlowsNameFilesAndFunctionsThatExist reads the table of flows: each file
// is there, and declares the functions that are named behind it.
func TestArchitecture_FlowsNameFilesAndFunctionsThatExist(t *testing.T) {
	manual, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(manual), "\n## Flows and their files\n")
	section, _, _ = strings.Cut(section, "\n### ")
	named := 0
	for row := range strings.SplitSeq(section, "\n") {
		columns := strings.Split(row, "|")
		if len(columns) < 4 {
			continue
		}
		folder, file, content := "", "", ""
		for _, found := range quoted.FindAllStringSubmatch(columns[2], -1) {
			word := found[1]
			switch {
			case goFile.MatchString(word): // one without a folder lies beside the one before
				if strings.Contains(word, "/") {
					folder = path.Dir(word)
				}
				file = path.Join(folder, path.Base(word))
				text, err := os.ReadFile(file)
				if err != nil {
					t.Errorf("%v:%s", err, columns[1])
				}
				content = string(text)
				named++
			case function.MatchString(word) && content != "":
				if !regexp.MustCompile(`(?m)^(func (\([^)]*\) )?|type )` + word + `\b`).MatchString(content) {
					t.Errorf("%s does not declare %s:%s", file, word, columns[1])
				}
			}
		}
	}
	if named < 60 {
		t.Errorf("only %d files were found", named)
	}
}
