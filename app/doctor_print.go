package app

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf8"

	"messenger-bridge/bridge"
)

var doctorsMarks = map[bridge.Level]string{bridge.Good: "✓", bridge.Notable: "!", bridge.Bad: "✗", bridge.Unknowable: "?"}

// How wide a table may be. Names of pages may be long.
const (
	screen    = 80
	longCheck = 24
	widest    = 36 // column of checks; longer names take two lines
)

// Print writes the table: mark, check, finding, and below it what to do.
func (d Diagnosis) Print(w io.Writer) error {
	for _, r := range d.Repairs {
		text := "repaired: " + r.Check
		if !r.Done {
			text = "not repaired: " + r.Check + " (" + r.Problem + ")"
		}
		for i, line := range wrap(PlainText(text), screen-2) {
			fmt.Fprintln(w, strings.Repeat("  ", min(i, 1))+line)
		}
	}
	if len(d.Repairs) > 0 {
		fmt.Fprintln(w)
	}
	wide := 0
	for _, f := range d.Findings {
		for _, line := range wrap(short(f.Check), widest) {
			wide = max(wide, utf8.RuneCountInString(line))
		}
	}
	room := screen - wide - len("X  ") - len("  ")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range d.Findings {
		mark, checks, lines := doctorsMarks[f.Level], wrap(short(f.Check), widest), f.lines(room)
		for i := range max(len(checks), len(lines)) {
			check, line := "", ""
			if i < len(checks) {
				check = checks[i]
			}
			if i < len(lines) {
				line = lines[i]
			}
			fmt.Fprintf(table, "%s\t%s\t%s\n", mark, check, line)
			mark = ""
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	d.printByHand(w)
	_, err := fmt.Fprintln(w, d.summary())
	return err
}

// lines are what was found, and what to do about it.
func (f Finding) lines(room int) []string {
	lines := wrap(PlainText(f.Found), room)
	if f.Do == "" {
		return lines
	}
	arrow := "→ "
	for _, line := range wrap(PlainText(f.Do), room-2) {
		lines = append(lines, arrow+line)
		arrow = "  "
	}
	return lines
}

// printByHand says what to enter at developers.facebook.com.
func (d Diagnosis) printByHand(w io.Writer) {
	if d.Callback == "" {
		return
	}
	fmt.Fprintf(w, "\nThe webhook by hand (app's dashboard, Messenger → Webhooks, object Page):\n  callback URL  %s\n  verify token  the value of FACEBOOK_VERIFY_TOKEN\n", PlainText(d.Callback))
	label := "fields"
	for _, line := range wrap(strings.Join(d.Fields, ", "), screen-16) {
		fmt.Fprintf(w, "  %-14s%s\n", label, line)
		label = ""
	}
	fmt.Fprint(w, unseen)
}

// unseen is what Meta shows to people only.
const unseen = `
Only the app's dashboard shows whether the app is live, and has Advanced Access
to pages_messaging (App Review). Before that, nothing comes from customers who
have no role on the app, and all checks above may still be good.

`

func (d Diagnosis) summary() string {
	notes := fmt.Sprintf("%d to know about", d.Note)
	switch {
	case d.Bad > 0:
		return fmt.Sprintf("%d of %d checks failed, %s.", d.Bad, len(d.Findings), notes)
	case d.Note > 0:
		return "Nothing is broken, " + notes + "."
	}
	return "Everything is in order."
}

// PlainText takes out what could move the cursor: names come from strangers.
func PlainText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) && r != ' ' {
			return ' '
		}
		return r
	}, s)
}

// short cuts a long page's name, and keeps what is checked of it.
func short(check string) string {
	check = PlainText(check)
	over := utf8.RuneCountInString(check) - longCheck
	colon := strings.LastIndex(check, ": ")
	if over <= 0 || colon < 0 {
		return check
	}
	name := []rune(check[:colon])
	return string(name[:max(1, len(name)-over-1)]) + "…" + check[colon:]
}

// wrap breaks a text into lines at its spaces, and words that are longer than a line, but for
// addresses.
func wrap(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		for long := []rune(word); len(long) > width && !strings.Contains(word, "://"); long = []rune(word) {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			lines, word = append(lines, string(long[:width])), string(long[width:])
		}
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}
