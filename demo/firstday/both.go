package main

import (
	_ "embed"
	"html/template"
	"os"
	"path/filepath"
	"strings"
)

//go:embed both.html
var bothHTML string

var bothPage = template.Must(template.New("both").Parse(bothHTML))

// line is a message in the picture of the two sides.
type line struct {
	Who, Text string
	Mine      bool   // of who looks: the customer on the left, the agent on the right
	Mark      string // of a message that the customer does not get
}

// bothSides shows the chat as Anna has it, and as Tom has it.
func (d *day) bothSides(b *clicker) error {
	var phone, room []line
	for _, m := range d.meta.Thread(pageID, anna) {
		phone = append(phone, line{Text: m.Text, Mine: !m.FromPage})
	}
	names := map[string]string{tom: "Tom", d.rc.Bot(): "Messenger Bridge"}
	for _, m := range d.rc.Messages(d.chat()) {
		if m.System != "" || m.Deleted {
			continue
		}
		l := line{Who: names[m.Username], Text: m.Text, Mine: m.Username == tom}
		if m.FromVisitor {
			l.Who = "Anna Lindqvist"
		}
		if len(m.Reactions[":lock:"]) > 0 {
			l.Mark = "stays here"
		}
		room = append(room, l)
	}
	var page strings.Builder
	if err := bothPage.Execute(&page, map[string]any{"Page": pageName, "Phone": phone, "Room": room}); err != nil {
		return err
	}
	file := filepath.Join(d.stage.dir, "both.html")
	if err := os.WriteFile(file, []byte(page.String()), 0o600); err != nil {
		return err
	}
	b.looks("file://"+file, "Are you open on Sunday?", "Yes, from nine to five.")
	b.shoots("first-day-chat", "The chat as Anna has it in Messenger, and as Tom has it in Rocket.Chat, with the note that stays there")
	return b.err
}
