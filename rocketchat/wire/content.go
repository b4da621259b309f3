package wire

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/markup"
)

// content gathers what a message says and holds beside its text.
type content struct {
	m      Message
	as     markup.Reader // of what becomes no text of its own
	bot    string        // the bridge's own username
	a      *bridge.AgentMessage
	lines  []string // beneath the text
	seen   int      // things added that are no lines
	within bool     // it is that of a quoted message
}

// gather returns the message with all it says, as typed, and all it holds.
func (m Message) gather(bot string, as markup.Reader) bridge.AgentMessage {
	a := bridge.AgentMessage{
		ID:        bridge.MessageID(m.ID),
		Room:      bridge.RoomID(m.Room),
		At:        m.At.Time,
		Text:      m.Text,
		Author:    m.Author(),
		Edited:    m.Edited.Time,
		Known:     m.Old,
		Thread:    bridge.MessageID(m.Thread),
		Colleague: m.toColleague(),
	}
	c := content{m: m, a: &a, as: as, bot: bot}
	for i, f := range m.Attachments {
		if len(a.Attachments) >= bridge.MostAttached {
			a.TooMany = len(m.Attachments) - i
			break
		}
		c.attach(f)
	}
	for i := range m.Blocks {
		c.walk(&m.Blocks[i])
	}
	c.say(m.Custom.JitsiCall, m.Location.link())
	if len(c.lines) > 0 {
		a.Text = strings.TrimSpace(a.Text + "\n" + strings.Join(c.lines, "\n"))
	}
	return a
}

// forwards reports whether the message has nothing of its own beside the one that it quotes.
func (c *content) forwards() bool {
	return !c.within && len(c.m.Attachments) == 1 && !c.own()
}

// own reports whether the message has something beside what it quotes.
func (c *content) own() bool {
	return strings.TrimSpace(markup.WithoutQuotes(c.m.Text)) != "" || len(c.m.Blocks) > 0 ||
		slices.ContainsFunc(c.m.Attachments, func(f attachment) bool { return f.quoted() == "" })
}

// size counts what was added.
func (c *content) size() int { return len(c.lines) + c.seen + len(c.a.Attachments) + len(c.a.Buttons) }

// say adds lines, but for what stands there already.
func (c *content) say(lines ...string) {
	for _, line := range lines {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case line == strings.TrimSpace(c.m.Text), slices.Contains(c.lines, line), strings.Contains(line, "://") && strings.Contains(c.m.Text, line):
			c.seen++
		default:
			c.lines = append(c.lines, line)
		}
	}
}

// press adds a button; what it comes back with is its title, unless it says something else.
func (c *content) press(title, url, payload string) {
	b := bridge.Button{Title: strings.TrimSpace(c.as.Plain(title)), URL: url, Payload: payload}
	if b.Payload == "" && b.URL == "" {
		b.Payload = b.Title
	}
	if b.Title != "" || b.URL != "" {
		c.a.Buttons = append(c.a.Buttons, b)
	}
}

// left notes a thing of which nothing can be read.
func (c *content) left(what, kind string) {
	c.a.Left = append(c.a.Left, fmt.Sprintf("%s “%s”", what, kind))
}

// location is a place, written as GeoJSON.
type location struct {
	Type        string    `json:"type"`
	Coordinates []float64 `json:"coordinates"` // longitude, latitude
}

// link returns where a map shows the place; "" if there is none.
func (l location) link() string {
	if len(l.Coordinates) < 2 {
		return ""
	}
	long, lat := degrees(l.Coordinates[0]), degrees(l.Coordinates[1])
	return "📍 https://www.openstreetmap.org/?mlat=" + lat + "&mlon=" + long + "#map=16/" + lat + "/" + long
}

func degrees(d float64) string { return strconv.FormatFloat(d, 'f', -1, 64) }
