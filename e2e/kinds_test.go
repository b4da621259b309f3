package e2e

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/wire"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// What becomes of what, in both directions, is one table. The tests play each of its
// rows over the wire and compare what the other side sees, word for word;
// docs/kinds.md is written from it:
//
//	go test ./e2e -run TestKinds_AreDocumented -update

var update = flag.Bool("update", false, "write docs/kinds.md")

// kindSection is a chapter of docs/kinds.md.
type kindSection struct {
	title       string
	does, sees  string // headings of the columns
	explanation string
	rows        []kindRow
}

// kindRow is something that happens, and all that is seen afterwards.
type kindRow struct {
	does string
	sees []string // as seen writes it; for the customer, as their messages read
	note string   // what a reader should know besides

	// The events, with the abbreviations of kindEvent, one
	// after another; each of the variants says the same in another way.
	before   []string
	variants [][]string
	standby  bool // they come while another app holds the thread
}

// kindSections are the chapters, in the order of the document.
var kindSections = []kindSection{
	{
		title: "From the customer", does: "At Messenger", sees: "In the room", rows: customerKinds,
		explanation: "*customer* and *bot* say whose message it is; what stands in [brackets] is said by the bridge. Such lines, and what the bot repeats of others, are quotations in the room (`> …`), which customers cannot make.",
	},
	{
		title: "From the page, without the bridge", does: "At Facebook", sees: "In the room", rows: pageKinds,
		explanation: "None of this opens a room, and none of it is sent to the customer again.",
	},
	{
		title: "On the page and below its posts", does: "At Facebook", sees: "In the room", rows: commentKinds,
		explanation: "With the page's setting `comments`. Who comments has a room of their own for that, beside the one for messages. What the page itself writes opens no room.",
	},
	{
		title: "By Meta's names", does: "What comes", sees: "In the room", rows: namedKinds,
		explanation: "Every attachment, template and event that is known by its name, and what becomes of those that are not. No word in them is dropped: what cannot be shown is named, with a link to where it can be seen.",
	},
	{
		title: "From the agent", does: "In the room", sees: "At Messenger", rows: outgoingRows(),
		explanation: "What is not delivered, or not as it was, is said to the agent on the message. 🔒 on a message says that the customer does not get it.",
	},
}

// outgoingRows are what TestKinds_FromTheAgent plays.
func outgoingRows() (rows []kindRow) {
	for _, kind := range outgoingKinds {
		row := kindRow{does: kind.what, sees: kind.sees}
		for _, told := range kind.told {
			row.sees = append(slices.Clone(row.sees), "the agent is told: "+told+" …")
		}
		if kind.direct != "" {
			row.sees = append(slices.Clone(row.sees), "the agent is told by direct message: "+kind.direct+" …")
		}
		if kind.kept {
			row.sees = append(slices.Clone(row.sees), "🔒 on the message: it stays in the room")
		}
		rows = append(rows, row)
	}
	return rows
}

// kindPlay is one customer, in a world with others.
type kindPlay struct {
	*world
	customer string
	page     string
	clock    int // milliseconds since this play began
}

// kindEvent writes out the abbreviations: $C is the customer, $P the page, $D the
// sender and recipient of a customer's event, $E those of the page's, both with the
// time: the same that $M tells in milliseconds and $S in seconds. $1 to $9 are message ids of this customer, {file …} an address on the CDN.
//
// What begins with the name of a field comes as its change, below changes. What begins
// with $F is of the feed: $F is what all comments have, $1 to $9 are
// comments below the post $O, and $N is what the customer is called.
func (p *kindPlay) kindEvent(element string) meta.Event {
	p.clock++
	now := time.Now().UnixMilli() + int64(p.clock)
	at := fmt.Sprintf(`"timestamp":%d`, now)
	both := func(sender, recipient string) string {
		return fmt.Sprintf(`"sender":{"id":%q},"recipient":{"id":%q},%s`, sender, recipient, at)
	}
	pairs := []string{"$D", both(p.customer, p.page), "$E", both(p.page, p.customer), "$C", p.customer, "$P", p.page, "$T", at,
		"$M", fmt.Sprint(now), "$S", fmt.Sprint(now / 1000), "$O", p.page + "_800001", "$N", "Customer " + p.customer[len(p.customer)-4:],
		"$F", fmt.Sprintf(`"post_id":"%s_800001","created_time":%d`, p.page, now/1000)}
	change, message := "", "m_%s_%d"
	if field, value, found := strings.Cut(element, " {"); found && !strings.HasPrefix(element, "{") {
		change, element = field, "{"+value
	}
	if strings.HasPrefix(element, "{$F") || strings.HasPrefix(element, `{"item"`) {
		change, message = "feed", "800001_%s%d"
	}
	if change == "feed" && !strings.Contains(element, `"item"`) {
		element = strings.Replace(element, "{$F", `{$F,"item":"comment"`, 1)
	}
	for i := 1; i <= 9; i++ {
		pairs = append(pairs, fmt.Sprintf("$%d", i), fmt.Sprintf(message, p.customer, i))
	}
	element = strings.NewReplacer(pairs...).Replace(element)
	element = hosted.ReplaceAllStringFunc(element, func(m string) string {
		name := hosted.FindStringSubmatch(m)[1]
		return p.meta.Host(meta.Media{Name: name, Type: kindTypes[name[strings.LastIndexByte(name, '.')+1:]], Content: kindContent(name)})
	})
	return meta.Event{Page: p.page, Change: change, Element: element}
}

var hosted = regexp.MustCompile(`\{file ([^}]+)\}`)

var kindTypes = map[string]string{
	"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "mp4": "video/mp4", "pdf": "application/pdf", "html": "text/html",
}

// kindContent begins as files of that name do.
func kindContent(name string) []byte {
	heads := map[string]string{
		"jpg": "\xff\xd8\xff\xe0 a picture", "png": "\x89PNG\r\n\x1a\n a picture", "gif": "GIF89a a picture", "pdf": "%PDF-1.7 a document",
		"mp4": "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom moving", "html": "<html>expired</html>",
	}
	return []byte(heads[name[strings.LastIndexByte(name, '.')+1:]])
}

// deliver sends events in one call and expects that they are taken.
func (p *kindPlay) deliver(standby bool, elements ...string) {
	p.Helper()
	told := map[string][]byte{}
	for _, element := range elements {
		if told[element] == nil { // what is told twice is the same to the byte
			event := p.kindEvent(element)
			event.Standby = standby
			told[element] = p.meta.Body(event)
		}
		if status, err := p.meta.Post(p.Context(), told[element], meta.PostOptions{}); status != 200 || err != nil {
			p.Errorf("answered %d, %v: %s", status, err, element)
		}
	}
}

// seen is what people see in the customer's rooms, in order.
func (p *kindPlay) seen() (lines []string) {
	for _, room := range p.rc.Rooms() {
		if !p.ours(room) {
			continue
		}
		said := map[string]string{}
		for _, m := range p.rc.Messages(room.ID) {
			if m.System == "" {
				said[m.ID] = kindText(m)
			}
			if m.System != "" || m.Deleted {
				continue
			}
			lines = append(lines, kindLine(m, said))
		}
	}
	return lines
}

// ours reports whether a room is the play's customer's: it is the only one that begins
// with their page and id.
func (p *kindPlay) ours(room chat.Room) bool {
	return slices.ContainsFunc(p.rc.Messages(room.ID), func(m chat.Message) bool { return m.System == "livechat-started" }) &&
		strings.HasSuffix(room.VisitorName, p.customer[len(p.customer)-4:])
}

func kindLine(m chat.Message, said map[string]string) string {
	line := m.Username
	switch {
	case m.FromVisitor:
		line = "customer"
	case m.Username == "bridge.bot":
		line = "bot"
	}
	if m.Quoted != "" {
		line += ", quoting “" + said[m.Quoted] + "”"
	}
	line += ": " + kindText(m)
	if m.Edited {
		line += " (edited)"
	}
	for _, emoji := range slices.Sorted(keysOf(m.Reactions)) {
		line += " " + emoji
	}
	return line
}

func keysOf(m map[string][]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

var (
	commentLink = regexp.MustCompile(`https://www\.facebook\.com/(\S*comment_id=\d+|\d{6,}/(posts/\w+|reviews))`)
	inboxLink   = regexp.MustCompile(`https://(www|business)\.facebook\.com/\S*inbox\S*[^\s\]]`)
	bars        = regexp.MustCompile(`(?m)^> `)
	quoteStart  = regexp.MustCompile(`^\[ \]\([^)]*\)\s*`) // what clients turn into a quote
	publicNote  = regexp.MustCompile(`^(Everybody can read what you write here).*`)
	uniquePart  = regexp.MustCompile(`-[0-9a-f]{8}\.`)
)

// kindText is a message's text, and its files, without what differs from run to run.
func kindText(m chat.Message) string {
	var parts []string
	text := chat.Shown(bars.ReplaceAllString(quoteStart.ReplaceAllString(m.Text, ""), "")) // TestForged looks at the bars
	if text = commentLink.ReplaceAllString(inboxLink.ReplaceAllString(text, "(link)"), "(link)"); text != "" {
		parts = append(parts, strings.ReplaceAll(text, "\n", " ⏎ "))
	}
	if len(parts) > 0 { // it is the same in each room
		parts[0] = publicNote.ReplaceAllString(parts[0], "$1 …")
	}
	for _, a := range m.Attachments {
		if a["type"] != "file" {
			continue
		}
		kind := ""
		for _, field := range []string{"image_type", "audio_type", "video_type"} {
			if a[field] != nil {
				kind = fmt.Sprintf(" (%v)", a[field])
			}
		}
		parts = append(parts, "📎 "+uniquePart.ReplaceAllString(fmt.Sprint(a["title"]), "-#.")+kind)
	}
	return strings.Join(parts, " ")
}

// TestKinds_ComeAsDocumented plays what comes from Facebook, row by row and variant by
// variant, each with a customer of its own: first what comes before, of all of them, and
// when all of it has arrived, the rest.
func TestKinds_ComeAsDocumented(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.Comments = true })
	w.meta.AllowComments(page)
	w.run()
	var plays []*kindPlay
	each := func(do func(p *kindPlay, row kindRow, variant []string)) {
		n := 0
		for _, section := range kindSections {
			for _, row := range section.rows {
				for _, variant := range row.variants {
					if n == len(plays) {
						plays = append(plays, &kindPlay{world: w, customer: fmt.Sprintf("70010020030%05d", n+1), page: page})
					}
					do(plays[n], row, variant)
					n++
				}
			}
		}
	}
	each(func(p *kindPlay, row kindRow, _ []string) {
		if len(row.before) > 0 {
			p.deliver(false, row.before...)
		}
	})
	w.settled()
	each(func(p *kindPlay, row kindRow, variant []string) { p.deliver(row.standby, variant...) })
	w.settled()
	each(func(p *kindPlay, row kindRow, _ []string) {
		t.Run(row.does, func(t *testing.T) {
			if got := p.seen(); !slices.Equal(got, row.sees) {
				t.Errorf("people see\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(row.sees, "\n"))
			}
		})
	})
}

// TestKinds_AreDocumented holds the document to the table.
func TestKinds_AreDocumented(t *testing.T) {
	t.Parallel()
	const path = "../docs/kinds.md"
	want := kindsDocument()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("docs/kinds.md is not what the table says (%v); run: go test ./e2e -run TestKinds_AreDocumented -update", err)
	}
}

func kindsDocument() string {
	var b strings.Builder
	b.WriteString("# What becomes of what\n\nWritten by `TestKinds_AreDocumented` from the table that the tests play over the wire; do not edit.\n")
	for _, s := range kindSections {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| %s | %s |\n|---|---|\n", s.title, s.explanation, s.does, s.sees)
		for _, row := range s.rows {
			cells := make([]string, len(row.sees))
			for i, line := range row.sees {
				cells[i] = cell(line)
			}
			if len(cells) == 0 {
				cells = []string{"nothing"}
			}
			if row.note != "" {
				cells = append(cells, "*"+cell(row.note)+"*")
			}
			fmt.Fprintf(&b, "| %s | %s |\n", cell(row.does), strings.Join(cells, "<br>"))
		}
	}
	b.WriteString("\n## What messages are made of in Rocket.Chat\n\nAll that is known, by the names that Rocket.Chat gives it, and what becomes of the unknown.\n")
	for _, list := range []struct {
		title string
		all   []wire.Known
	}{{"Type of a message (`t`)", wire.KnownTypes()}, {"Block or element", wire.KnownBlocks()}, {"Attachment", wire.KnownAttachments()}} {
		fmt.Fprintf(&b, "\n| %s | On the way to the customer |\n|---|---|\n", list.title)
		for _, one := range list.all {
			fmt.Fprintf(&b, "| %s | %s |\n", knownNames(one.Names), one.Becomes)
		}
	}
	return b.String()
}

// knownNames writes names as code, and what is no name as it is.
func knownNames(names []string) string {
	var all []string
	for _, name := range names {
		if !strings.Contains(name, " ") {
			name = "`" + name + "`"
		}
		all = append(all, name)
	}
	if all == nil {
		return "none"
	}
	return strings.Join(all, ", ")
}

func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "⏎", "↵", "\n", " ↵ ").Replace(text)
}
