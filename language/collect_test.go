package language_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"messenger-bridge/language"
)

// `go test -v ./language -run Complete -missing de` prints what a file lacks, ready
// to be filled in.
var missing = flag.String("missing", "", "print the sentences that a language lacks, as JSON")

// elsewhere are folders that say nothing to people through a speaker.
var elsewhere = []string{".git", "language", "sandbox", "bench", "conformance", "node_modules", "testdata"}

// said is a sentence and where it stands.
type said struct {
	text, where string
}

// collect returns every sentence of the repository, and what is wrong with how one
// is said.
func collect(t *testing.T) (all []said, faults []string) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(elsewhere, d.Name()):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			some, wrong, err := inGo(path)
			all, faults = append(all, some...), append(faults, wrong...)
			return err
		case strings.HasSuffix(path, ".html"):
			some, err := inTemplate(path)
			all = append(all, some...)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("only %d sentences were found", len(all))
	}
	return all, faults
}

// inGo finds x.Say("…", …), language.Sentence("…") and language.Later("…", …).
func inGo(path string) (all []said, faults []string, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		of, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		from, _ := of.X.(*ast.Ident)
		ours := from != nil && from.Name == "language" && (of.Sel.Name == "Sentence" || of.Sel.Name == "Later")
		if !ours && of.Sel.Name != "Say" {
			return true
		}
		where := files.Position(call.Pos()).String()
		text, literal := literalOf(call.Args[0])
		switch {
		case !literal && ours:
			faults = append(faults, where+": not a literal, so that nobody can translate it")
		case !literal: // a sentence of a table, said later
		default:
			all = append(all, said{text, where})
			wanted := verbs(text)
			if of.Sel.Name != "Sentence" && !call.Ellipsis.IsValid() && len(wanted) != len(call.Args)-1 {
				faults = append(faults, fmt.Sprintf("%s: %d verbs, %d things to fill in", where, len(wanted), len(call.Args)-1))
			}
			for _, v := range wanted {
				if of.Sel.Name == "Later" && v != "s" {
					faults = append(faults, where+": %"+v+" in a phrase, which holds texts only")
				}
			}
		}
		return true
	})
	return all, faults, nil
}

// literalOf returns the text of a literal, or of several joined by +.
func literalOf(e ast.Expr) (text string, ok bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, ok1 := literalOf(e.X)
		right, ok2 := literalOf(e.Y)
		return left + right, ok1 && ok2 && e.Op == token.ADD
	case *ast.ParenExpr:
		return literalOf(e.X)
	}
	return "", false
}

var inAction = regexp.MustCompile(`\b(?:say|prose) ("(?:[^"\\]|\\.)*")`)

// inTemplate finds {{say "…"}} and {{prose "…"}}.
func inTemplate(path string) (all []said, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for i, line := range strings.Split(string(content), "\n") {
		for _, found := range inAction.FindAllStringSubmatch(line, -1) {
			text, err := strconv.Unquote(found[1])
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
			}
			all = append(all, said{text, fmt.Sprintf("%s:%d", path, i+1)})
		}
	}
	return all, nil
}

var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0-9.]*([a-zA-Z%])`)

// verbs returns which verb fills in each argument, by the argument's number.
func verbs(text string) map[int]string {
	all := map[int]string{}
	next := 1
	for _, found := range verb.FindAllStringSubmatch(text, -1) {
		if found[2] == "%" {
			continue
		}
		if n, err := strconv.Atoi(found[1]); err == nil {
			next = n
		}
		all[next] = found[2]
		next++
	}
	return all
}

// kept are the parts of a sentence that mean the same in every language: commands
// and settings between backticks, blanks of texts, addresses.
func kept(text string) (all []string) {
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 && !strings.Contains(part, "<") {
			all = append(all, part)
		}
	}
	all = append(all, regexp.MustCompile(`\{\w+\}|https?://\S*|\b[A-Z]+_[A-Z_]+\b`).FindAllString(text, -1)...)
	slices.Sort(all)
	return all
}

// translations returns what the files hold, by language.
func translations(t *testing.T) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	for _, tag := range language.Names() {
		content, err := os.ReadFile(tag + ".json")
		if errors.Is(err, fs.ErrNotExist) && tag == "en" {
			continue // the sentences are English
		}
		if err != nil {
			t.Fatal(err)
		}
		there := map[string]string{}
		if err := json.Unmarshal(content, &there); err != nil {
			t.Fatalf("%s: %v", tag, err)
		}
		all[tag] = there
	}
	return all
}

func TestSentences_CanBeTranslated(t *testing.T) {
	all, faults := collect(t)
	for _, fault := range faults {
		t.Error(fault)
	}
	for _, s := range all {
		if strings.TrimSpace(s.text) != s.text {
			t.Errorf("%s: space around a sentence: %q", s.where, s.text)
		}
		if strings.Count(s.text, "`")%2 != 0 || strings.Count(s.text, "**")%2 != 0 {
			t.Errorf("%s: a mark is not closed: %q", s.where, s.text)
		}
	}
}

func TestTranslations_FillInTheSame(t *testing.T) {
	for tag, there := range translations(t) {
		for sentence, translated := range there {
			if !maps.Equal(verbs(sentence), verbs(translated)) {
				t.Errorf("%s: other verbs than %q: %q", tag, sentence, translated)
			}
			if !slices.Equal(kept(sentence), kept(translated)) {
				t.Errorf("%s: %q\nkeeps %q, not %q: %q", tag, sentence, kept(translated), kept(sentence), translated)
			}
			if strings.TrimSpace(translated) != translated || translated == "" || strings.Count(translated, "**") != strings.Count(sentence, "**") {
				t.Errorf("%s: empty, space around it, or other marks: %q", tag, translated)
			}
		}
	}
}

func TestTranslations_AreOfSentencesThatAreSaid(t *testing.T) {
	all, _ := collect(t)
	said := map[string]bool{}
	for _, s := range all {
		said[s.text] = true
	}
	for tag, there := range translations(t) {
		for sentence := range there {
			if !said[sentence] {
				t.Errorf("%s: nobody says %q any more", tag, sentence)
			}
		}
	}
}

func TestTranslations_AreComplete(t *testing.T) {
	all, _ := collect(t)
	for tag, there := range translations(t) {
		lacks := map[string]string{}
		for _, s := range all {
			if there[s.text] == "" {
				lacks[s.text] = ""
			}
		}
		if *missing == tag {
			enc := json.NewEncoder(os.Stdout)
			enc.SetIndent("", "  ")
			enc.SetEscapeHTML(false)
			if err := enc.Encode(lacks); err != nil {
				t.Fatal(err)
			}
		}
		for _, sentence := range slices.Sorted(maps.Keys(lacks)) {
			t.Errorf("%s lacks %q", tag, sentence)
		}
	}
}
