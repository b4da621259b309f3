package conformance

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

//go:embed facts
var files embed.FS

// Fact is one thing that Rocket.Chat says of itself.
type Fact struct {
	ID     string
	Source string // where it was read
	Says   string
	Relied bool   // the bridge relies on it
	Since  string // first version that it is said of; "" = all
	Until  string // first version that it is no longer said of; "" = none
	Never  string // why nobody can ask it from outside; "" = it has steps
	Steps  []string
}

// Of tells whether a fact is said of a version such as "8.7".
func (f Fact) Of(version string) bool {
	return (f.Since == "" || compareVersions(version, f.Since) >= 0) && (f.Until == "" || compareVersions(version, f.Until) < 0)
}

// Facts reads all facts, in the order of their files.
func Facts() ([]Fact, error) {
	var all []Fact
	names, err := fs.Glob(files, "facts/*.facts")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		facts, err := parseFacts(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, facts...)
	}
	return all, nil
}

// parseFacts reads the facts of one file: a head of four fields, then indented steps.
func parseFacts(text string) (facts []Fact, err error) {
	for n, line := range strings.Split(text, "\n") {
		words := strings.TrimSpace(line)
		indented := line != strings.TrimLeft(line, " \t")
		switch {
		case words == "" || strings.HasPrefix(words, "#"):
		case !indented:
			f, err := parseHead(line)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n+1, err)
			}
			facts = append(facts, f)
		case len(facts) == 0:
			return nil, fmt.Errorf("line %d: a step without a fact", n+1)
		default:
			f := &facts[len(facts)-1]
			if why, never := strings.CutPrefix(words, "never: "); never {
				f.Never = why
				continue
			}
			f.Steps = append(f.Steps, words)
		}
	}
	return facts, nil
}

// parseHead reads "ID | source | relied, since 8.2 | what it says".
func parseHead(line string) (Fact, error) {
	parts := strings.SplitN(line, "|", 4)
	if len(parts) != 4 {
		return Fact{}, fmt.Errorf("%q has no four fields", line)
	}
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	f := Fact{ID: parts[0], Source: parts[1], Says: parts[3]}
	for mark := range strings.SplitSeq(parts[2], ",") {
		word, value, _ := strings.Cut(strings.TrimSpace(mark), " ")
		switch word {
		case "relied":
			f.Relied = true
		case "since":
			f.Since = value
		case "until":
			f.Until = value
		case "-":
		default:
			return Fact{}, fmt.Errorf("%q is no mark of a fact", mark)
		}
	}
	return f, nil
}

// compareVersions compares two versions by their first two numbers.
func compareVersions(a, b string) int {
	numbers := func(text string) []int {
		parts := append(strings.Split(text, "."), "0")
		major, _ := strconv.Atoi(parts[0])
		minor, _ := strconv.Atoi(parts[1])
		return []int{major, minor}
	}
	return slices.CompareFunc(numbers(a), numbers(b), cmp.Compare[int])
}
