package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// diary is what is written down of the day.
type diary struct {
	text  strings.Builder
	began time.Time
	names *strings.Replacer // addresses of the sandbox, as they would be called on a real server

	typed    []string // everything that somebody typed, in order, but for ids
	commands int      // in a terminal
	words    int      // in Rocket.Chat
	clicks   int      // in a browser
	fields   int      // that were filled in in a browser
	answered *figures // when the first customer was answered
}

// figures are what it took until a moment.
type figures struct {
	commands, words, clicks, fields int
	after, built                    time.Duration // built: of it, for the program
}

func newDiary() *diary { return &diary{began: time.Now(), names: strings.NewReplacer()} }

// now are the figures at this moment.
func (d *diary) now() *figures {
	return &figures{commands: d.commands, words: d.words, clicks: d.clicks, fields: d.fields, after: time.Since(d.began)}
}

func (d *diary) heading(title string) { fmt.Fprintf(&d.text, "\n## %s\n", title) }

// tells is a sentence of the document's own.
func (d *diary) tells(format string, args ...any) {
	fmt.Fprintf(&d.text, "\n"+format+"\n", args...)
}

// command notes what was typed into a terminal, and what it said.
func (d *diary) command(typed, said string) {
	d.commands++
	d.typed = append(d.typed, strings.TrimSpace(anyID.ReplaceAllString(typed, "")))
	fmt.Fprintf(&d.text, "\n```console\n$ %s\n%s```\n", d.neutral(typed), ended(d.neutral(said)))
}

// shows notes what a terminal or file holds.
func (d *diary) shows(kind, content string) {
	fmt.Fprintf(&d.text, "\n```%s\n%s```\n", kind, ended(d.neutral(content)))
}

// says notes what somebody typed into Rocket.Chat or Messenger.
func (d *diary) says(who, where, text string, counts bool) {
	if counts {
		d.words++
	}
	d.typed = append(d.typed, text)
	fmt.Fprintf(&d.text, "\n**%s types** %s: `%s`\n", who, where, text)
}

// reads notes what somebody reads in a chat.
func (d *diary) reads(who, where string, texts ...string) {
	fmt.Fprintf(&d.text, "\n**%s reads** %s:\n\n", who, where)
	for i, text := range texts {
		if i > 0 {
			d.text.WriteString(">\n")
		}
		lines := strings.Split(d.neutral(signs.Replace(text)), "\n")
		fmt.Fprintf(&d.text, "> %s\n", strings.Join(lines, "\\\n> "))
	}
}

// picture shows one.
func (d *diary) picture(name, what string) {
	fmt.Fprintf(&d.text, "\n![%s](images/%s.png)\n", what, name)
}

func ended(text string) string {
	if text = strings.TrimRight(text, "\n"); text == "" {
		return ""
	}
	return text + "\n"
}

var (
	signs    = strings.NewReplacer(":white_check_mark:", "✅", ":point_right:", "👉", ":warning:", "⚠️", ":tada:", "🎉", ":white_circle:", "⚪", "**", "*")
	oneTime  = regexp.MustCompile(`((?:state|ticket)=)[\w.~%-]+`)
	fraction = regexp.MustCompile(`(\d\d:\d\d:\d\d)\.\d+`)
	anyID    = regexp.MustCompile(`\b[A-Za-z0-9]{17}\b`) // of a message in Rocket.Chat
	longID   = regexp.MustCompile(`\bm_[\w-]{20,}`)      // of one at Facebook
	logTime  = regexp.MustCompile(`(?m)^time=\S+ `)
)

// neutral leaves out of a text what concerns this machine and this hour only, and all that opens a door.
func (d *diary) neutral(text string) string {
	text = longID.ReplaceAllString(oneTime.ReplaceAllString(d.names.Replace(text), "$1…"), "m_…")
	return logTime.ReplaceAllString(fraction.ReplaceAllString(text, "$1"), "")
}

// first returns the beginning of what was said.
func first(lines int, text string) string {
	all := strings.SplitAfter(text, "\n")
	if len(all) <= lines+1 {
		return text
	}
	return strings.Join(all[:lines], "") + "…\n"
}

const introduction = `# A first day, as it was typed and seen

<!-- written by: go run ./demo/firstday -out docs; TestFirstDay in demo/firstday holds it to what is typed -->

Four people begin with nothing: Olga, who runs servers; Maria, who manages Omnichannel; Tom, who answers; and Anna, a customer. The program is
the built one, from a fresh clone. Facebook and Rocket.Chat are the sandbox's, an empty workspace with a bot account in it, on real sockets;
what a person opens in a browser was opened in one. Nothing was typed that does not stand here. Addresses are shown as they would be on a server;
where the doctor says "on this machine only", it means the sandbox's. Go's cache of modules was filled before.
`

// summary is the table of what it took.
func (d *diary) summary() string {
	f := d.answered
	var b strings.Builder
	b.WriteString("\n| from nothing to the first answered customer | |\n|---|---|\n")
	fmt.Fprintf(&b, "| commands in a terminal (Olga), with one slip of hers | %d |\n| things typed in Rocket.Chat (Maria, Tom) | %d |\n", f.commands, f.words)
	fmt.Fprintf(&b, "| fields filled in in a browser, and clicks there (Maria) | %d and %d |\n", f.fields, f.clicks)
	fmt.Fprintf(&b, "| seconds, typing and thinking left out | %.0f, of which clone and build took %.0f |\n", f.after.Seconds(), f.built.Seconds())
	return b.String()
}

// document is the whole of it.
func (d *diary) document() string { return introduction + d.summary() + d.text.String() }
