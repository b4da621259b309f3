package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// hostile are texts that try to look like something else, or that look like something else
// by accident. What Rocket.Chat's own parser reads of them, conformance checks.
var hostile = []string{
	"2*3*4 = 24", "5 * 3 * 2", "*bold* _italic_ ~struck~ `code`", "@all the shop is closed", "@here", "look, @all!", "@ana #general",
	"[our shop](https://evil.test)", "![](https://evil.test/pixel.png)", "<https://evil.test|our shop>", "# Notice\n> quoted\n- a\n1. b", "```\ncode\n```",
	":smile: <t:1630360800:R> ||secret|| $a$ \\(b\\)", "¯\\_(ツ)_/¯", "AB_12_34, snake_case_name", "$3.50 or $4.50", "https://x.test/a_b_c?d=*e*", "a_b_c@example.com",
	"[Written on 3 March]\nI agree", "> [The customer came through an ad.]",
}

// rawTexts are the customers' messages as they are stored.
func (w *world) rawTexts(rid string) (all []chat.Message) {
	for _, m := range w.rc.Messages(rid) {
		if m.FromVisitor && m.System == "" && !m.Deleted {
			all = append(all, m)
		}
	}
	return all
}

// TestForged_CustomersMarkup_IsShownAsTyped: what customers type is what agents read, also
// after an edit, a lost answer and a restart; it mentions nobody and hides no address, and a
// line of the bridge's cannot be made.
func TestForged_CustomersMarkup_IsShownAsTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.rc.Inject(chat.Fault{Route: "POST livechat/message", Times: 2, Cut: true, Effect: true})
	var mids []string
	for i, text := range hostile {
		mids = append(mids, w.meta.CustomerWrites(page, anna, text))
		if i == len(hostile)/2 {
			w.eventually("some are shown", func() bool { return len(w.texts()) > 0 })
			w.halt()
			w.run()
		}
	}
	w.eventually("all are shown", func() bool { return len(w.texts()) == len(hostile) })
	w.settled()
	if got := w.texts(); !slices.Equal(got, hostile) {
		t.Errorf("agents read %q\nwant %q", got, hostile)
	}
	rid := w.room()
	w.nothingCounts(rid)

	// An edit is shown in place, as typed; the same edit again changes nothing.
	edit := "now *3*4* for @all [here](https://evil.test)"
	w.meta.Send(w.meta.EditEvent(page, anna, mids[0], edit, 1, time.Now()))
	w.eventually("the edit is shown", func() bool { return w.texts()[0] == edit })
	w.settled()
	updates := w.rcCalls("PUT livechat/message/:_id")
	w.comes(w.meta.EditEvent(page, anna, mids[0], edit, 2, time.Now()))
	if again := w.rcCalls("PUT livechat/message/:_id"); again != updates {
		t.Errorf("the same text was written again: %d calls after %d", again, updates)
	}
	w.nothingCounts(rid)

	// What an agent copies out of the room reaches the customer as it was typed.
	second := w.rawTexts(rid)[1]
	w.agent.Says(rid, second.Text)
	w.eventually("the customer reads their own words", func() bool { return slices.Contains(w.received(anna), hostile[1]) })
}

// nothingCounts expects that nothing in a customer's messages is a mention, a masked link or
// a quotation.
func (w *world) nothingCounts(rid string) {
	w.Helper()
	for _, m := range w.rawTexts(rid) {
		for line := range strings.SplitSeq(m.Text, "\n") {
			if strings.HasPrefix(line, ">") || strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "- ") || strings.Contains(line, "](") ||
				strings.Contains(" "+line, " @") || strings.HasPrefix(line, "```") || strings.Contains(line, "<https://evil") {
				w.Errorf("%q is stored", line)
			}
		}
	}
}

// TestForged_BridgesLines_CarryWhatCustomersCannotWrite: a line of the bridge's in a
// customer's message is a quotation, and what the bot quotes is fenced, line by line.
func TestForged_BridgesLines_CarryWhatCustomersCannotWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.setPage(func(s *bridge.Settings) { s.RefuseFilesIn = true })
	w.run()
	forged := "Fine.\nThe customer has deleted a message.\n> *paid* @all"
	mid := w.meta.CustomerSends(page, anna, "[The customer sent a file that is not shown here.]", meta.Attachment{Type: "image",
		URL: w.meta.Host(meta.Media{Name: "a.jpg", Type: "image/jpeg", Content: []byte("\xff\xd8\xff\xe0")})})
	w.eventually("the file's line is shown", func() bool { return len(w.texts()) == 2 })
	rid := w.room()
	raw := w.rawTexts(rid)
	if strings.HasPrefix(raw[0].Text, ">") || !strings.HasPrefix(raw[1].Text, "> [The customer sent a file") {
		t.Errorf("forged is %q, the bridge's line is %q", raw[0].Text, raw[1].Text)
	}

	w.meta.PageInboxWrites(page, anna, forged)
	w.rc.Inject(chat.Fault{Route: "PUT livechat/message/:_id", Status: 400, Body: `{"success":false,"error":"Message editing not allowed"}`, Times: 1})
	w.meta.Send(w.meta.EditEvent(page, anna, mid, forged, 1, time.Now()))
	w.eventually("the bot quotes both", func() bool { return len(w.botSays(rid)) >= 2 })
	w.settled()
	fenced := "\n> Fine.\n> The customer has deleted a message.\n> "
	for _, says := range w.botSays(rid) {
		if !strings.Contains(says, fenced) || strings.Contains(says, " @all") || strings.Contains(says, "*paid* ") && !strings.Contains(says, `\*paid*`) {
			t.Errorf("the bot says %q", says)
		}
	}
}

// TestForged_Names_AreOneLine: a name is shown as one line without signs that turn writing
// around, and nothing in it counts in what the bot says.
func TestForged_Names_AreOneLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.NameCustomer(anna, "Anna\n*Ana*", "Shop\u202e @all")
	w.meta.CustomerWrites(page, anna, "Hello")
	w.eventually("she is called so", func() bool { return len(w.rc.Rooms()) == 1 && w.rc.Rooms()[0].VisitorName == "Anna *Ana* Shop @all" })
}

// TestForged_WrappedLink_MakesNoLineOfOurs: a link that Facebook has wrapped holds a line break, and bytes that are the
// bridge's mark once the mark among them is taken out.
func TestForged_WrappedLink_MakesNoLineOfOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerSends(page, anna, "look", meta.Attachment{Type: "fallback",
		URL: "https://l.facebook.com/l.php?u=https%3A%2F%2Fx.test%2F%0A%EF%B7%EF%B7%90%90%5BThe%20customer%20came%20through%20an%20ad.%5D"})
	w.eventually("it is shown", func() bool { return len(w.texts()) > 0 })
	for _, m := range w.rawTexts(w.room()) {
		for line := range strings.Lines(m.Text) {
			if strings.HasPrefix(line, "> ") {
				t.Errorf("a customer has made a quotation, which only the bridge can: %q", m.Text)
			}
		}
	}
}
