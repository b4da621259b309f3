package messengerbridge_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
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

// isFetched reports whether a folder holds what is fetched or built, some of it while tests run.
func isFetched(file, name string) bool {
	return slices.Contains([]string{"node_modules", "dist", "engines"}, name) || strings.HasPrefix(name, ".") && file != "."
}

// declared finds the tests and fuzz targets of the whole repository.
func declared(t *testing.T) map[string]bool {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	all := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && isFetched(file, d.Name()):
			return filepath.SkipDir
		case !strings.HasSuffix(file, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(file)
		for _, found := range function.FindAllStringSubmatch(string(text), -1) {
			all[found[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestSecurity_NamesTestsThatExist reads every name of a test in docs/security.md: it is there, or for a
// name with an ellipsis, some that begin so. Each attack has one at least.
func TestSecurity_NamesTestsThatExist(t *testing.T) {
	manual, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	all, named := declared(t), 0
	for _, found := range regexp.MustCompile("`((?:Test|Fuzz)\\w+)(…?)`").FindAllStringSubmatch(string(manual), -1) {
		named++
		is := all[found[1]]
		for name := range all {
			is = is || found[2] != "" && strings.HasPrefix(name, found[1])
		}
		if !is {
			t.Errorf("no test is called %s", found[1])
		}
	}
	if named < 80 {
		t.Errorf("only %d names were found", named)
	}
	_, list, _ := strings.Cut(string(manual), "\n## The attacks by number\n")
	for row := range strings.SplitSeq(list, "\n") {
		if regexp.MustCompile(`^\| \d+ \|`).MatchString(row) && !strings.Contains(row, "`Test") {
			t.Errorf("no test: %s", row)
		}
	}
	for _, attack := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"} {
		if !strings.Contains(list, "\n| "+attack+" | ") {
			t.Errorf("attack %s is not in the list", attack)
		}
	}
}

// TestRefusals_ListsEachCaseWithTestsThatExist reads docs/refusals.md: each case that once failed
// names tests, and all that are named exist.
func TestRefusals_ListsEachCaseWithTestsThatExist(t *testing.T) {
	manual, err := os.ReadFile("docs/refusals.md")
	if err != nil {
		t.Fatal(err)
	}
	test, all := regexp.MustCompile("`(Test\\w+)`"), declared(t)
	for _, found := range test.FindAllStringSubmatch(string(manual), -1) {
		if !all[found[1]] {
			t.Errorf("no test is called %s", found[1])
		}
	}
	for _, number := range []string{"01", "02", "04", "05", "06", "07", "08", "09", "10", "12", "14", "16", "17", "18", "19", "20"} {
		_, row, there := strings.Cut(string(manual), "\n| F"+number+" |")
		if row, _, _ = strings.Cut(row, "\n"); !there || !test.MatchString(row) {
			t.Errorf("case F%s has no test", number)
		}
	}
}
