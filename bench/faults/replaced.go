package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"messenger-bridge/sandbox/chat"
)

// What is refused for good is replaced by a line, and listed. The books put what was written
// in the place of the line, and compare the lines with the list.

// isLine reports whether a text takes the place of something that is not shown.
func isLine(text string) bool {
	return strings.HasPrefix(text, lineOfText) || strings.HasPrefix(text, lineOfFile)
}

// isAttached reports whether a file holds a text that a line stands for.
func isAttached(name string) bool {
	return strings.HasPrefix(name, "message-") && strings.HasSuffix(name, ".txt")
}

// lines counts the lines in all rooms.
func (a auditor) lines() (n int) {
	for i := range a.customers {
		for _, text := range a.platforms.shown(i) {
			if isLine(text) {
				n++
			}
		}
	}
	return n
}

// shown returns what agents read from a customer, room by room, with what was written in the
// place of lines: a line that holds the plain words tells for which text it stands, others
// stand for what is missing, in order. A line too many is left as it is.
func (a auditor) shown(i int) []string {
	all, _ := a.resolved(i)
	return all
}

// resolved returns what is shown, and which of it only as a line.
func (a auditor) resolved(i int) (all, replaced []string) {
	all = joined(append(a.platforms.shown(i), aside(a, i)...), a.written[i])
	missing := slices.DeleteFunc(slices.Clone(a.written[i]), func(text string) bool { return slices.Contains(all, text) })
	replace := func(k int, fits func(text string) bool) {
		if n := slices.IndexFunc(missing, fits); n >= 0 && isLine(all[k]) {
			all[k] = missing[n]
			replaced = append(replaced, missing[n])
			missing = slices.Delete(missing, n, n+1)
		}
	}
	for k, text := range all {
		if mark := markIn.FindString(text); mark != "" && isLine(text) {
			replace(k, func(text string) bool { return markIn.FindString(text) == mark })
		}
	}
	for k, text := range all {
		if isLine(text) && !markIn.MatchString(text) {
			replace(k, func(one string) bool { return isFile(one) == strings.HasPrefix(text, lineOfFile) })
		}
	}
	return all, replaced
}

// aside are the lines that whoever serves a customer's rooms was told by direct message, below a link to the room,
// because it takes no word of the bot's.
func aside(a auditor, i int) (lines []string) {
	for _, r := range a.roomsOf(i) {
		for _, m := range a.rc.DirectMessages("ana") {
			link, line, _ := strings.Cut(m.Text, "\n")
			if line = unfenced(line); a.mute[r.ID] && strings.Contains(link, r.ID) && isLine(line) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

func isFile(written string) bool { return strings.HasSuffix(written, ".pdf") }

// joined puts the parts of texts together that were too long for the workspace. Those of a
// text that was then shown anew, in another room, do not count.
func joined(shown, written []string) (all []string) {
	parts := ""
	for _, text := range shown {
		if slices.Contains(written, text) || isLine(text) {
			all, parts = append(all, text), ""
			continue
		}
		parts += squeezed(text)
		n := slices.IndexFunc(written, func(one string) bool { return strings.HasPrefix(squeezed(one), parts) })
		if n < 0 { // they may begin anew
			parts = squeezed(text)
			n = slices.IndexFunc(written, func(one string) bool { return strings.HasPrefix(squeezed(one), parts) })
		}
		switch {
		case n < 0:
			all, parts = append(all, text), ""
		case squeezed(written[n]) == parts:
			all, parts = append(all, written[n]), ""
		}
	}
	return all
}

func squeezed(text string) string { return strings.Join(strings.Fields(text), "") }

// failure is something that `failed` lists.
type failure struct {
	Direction string `json:"direction"`
	Customer  string `json:"customer"`
	Answer    string `json:"answer"`
	Message   string `json:"message"`
	Room      string `json:"room"`
}

// failed returns what the program lists as not delivered.
func (p *process) failed() (list []failure, err error) {
	cmd := exec.Command(p.binary, "failed", "--json", "--database", p.database)
	cmd.Env = p.environ
	text, err := cmd.Output()
	if err != nil {
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			text = ended.Stderr
		}
		return nil, fmt.Errorf("failed: %w: %s", err, text)
	}
	var answer struct{ Failed []failure }
	return answer.Failed, json.Unmarshal(text, &answer)
}

// failed returns what is listed, of whoever leads.
func (w *world) failed() (list []failure, err error) {
	for range 50 {
		if list, err = w.replicas.asked(w.bot).failed(); err == nil || w.replicas == nil {
			return list, err
		}
		sleep(w.ctx, 200*time.Millisecond)
	}
	return list, err
}

// retryAll has everything tried again that was not delivered.
func (p *process) retryAll(page string) error {
	cmd := exec.Command(p.binary, "retry", "--all", page, "--database", p.database)
	cmd.Env = p.environ
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("retry: %w: %s", err, text)
	}
	return nil
}

// compareListed compares a customer's lines with what is listed: each line stands for
// something that is listed with the workspace's answer, and nothing else is.
func (a auditor) compareListed(i int, listed []failure, say func(string, ...any)) {
	_, replaced := a.resolved(i)
	n := 0
	for _, f := range listed {
		if f.Direction == "in" && f.Customer == customer(i) {
			if n++; !strings.Contains(f.Answer, "livechat/") && !strings.Contains(f.Answer, "chat.sendMessage") {
				say("customer %d: listed without the workspace's answer: %+v", i, f)
			}
		}
	}
	unsaid, mute := a.compareInbox(i, say)
	if n < len(replaced)+unsaid || n > len(replaced)+mute {
		say("of customer %d %d messages are listed; lines stand for %d: %q; of the inbox %d are not said", i, n, len(replaced), replaced, unsaid)
	}
	for _, text := range replaced {
		mark := markIn.FindString(text)
		if !a.otherwiseRefused() && !slices.ContainsFunc(a.refused, func(chosen func(string) bool) bool { return chosen(mark) }) {
			say("customer's message %q was given up, although nothing refused it for good", text)
		}
	}
	a.compareAttached(i, replaced, say)
	if told := a.told(i); told > len(slices.DeleteFunc(replaced, func(text string) bool { return !isFile(text) })) {
		say("customer %d was told %d times that a file is not taken", i, told)
	}
}

// compareInbox looks for what the page said in its inbox: the bot says it once, in the room or,
// where that takes no word of the bot's, by direct message. It returns how many are not said,
// and how many belonged into such a room.
func (a auditor) compareInbox(i int, say func(string, ...any)) (unsaid, mute int) {
	said := a.rc.DirectMessages("ana")
	for _, r := range a.roomsOf(i) {
		said = append(said, a.rc.Messages(r.ID)...)
		if a.mute[r.ID] {
			mute = len(a.inboxed[i])
		}
	}
	for _, one := range a.inboxed[i] {
		n := 0
		for _, m := range said {
			if m.Username == a.rc.Bot() && strings.HasSuffix(m.Text, one.text) {
				n++
			}
		}
		if n == 0 {
			unsaid++
		}
		if n > 1 || n == 0 && mute == 0 {
			say("what the page said, %q, is said %d times", one.text, n)
		}
	}
	return unsaid, mute
}

// compareAttached looks at the texts that were attached to lines.
func (a auditor) compareAttached(i int, replaced []string, say func(string, ...any)) {
	count := map[string]int{}
	for _, r := range a.roomsOf(i) {
		for _, f := range a.rc.FilesIn(r.ID) {
			if isAttached(f.Name) {
				text := string(f.Content)
				if count[text]++; !slices.Contains(replaced, text) || count[text] > 1 {
					say("customer %d: %q is attached %d times", i, text, count[text])
				}
			}
		}
	}
}

// sorry begins what customers are told of files that are not taken.
const sorry = "Sorry, "

// told counts how often a customer was told so.
func (p *platforms) told(i int) (n int) {
	for _, b := range p.meta.CustomerSees(p.page(i), customer(i)) {
		if strings.HasPrefix(b.Text, sorry) {
			n++
		}
	}
	return n
}

// elsewhere reports whether an agent was told about an answer by direct message, because
// the room takes no word of the bot's, or is listed as one who could not be told.
func (a auditor) elsewhere(one answer, listed []failure) bool {
	if !a.mute[one.room] {
		return false
	}
	return slices.ContainsFunc(a.rc.DirectMessages("ana"), func(m chat.Message) bool { return strings.Contains(m.Text, one.id) || m.Quoted == one.id }) ||
		slices.ContainsFunc(listed, func(f failure) bool { return f.Direction == "notice" && f.Message == one.id })
}

// replaced counts the messages of customers for which lines stand.
func (a auditor) replaced() (n int) {
	for i := range a.customers {
		_, some := a.resolved(i)
		n += len(some)
	}
	return n
}

// again ends all refusals and has everything tried again: then each message of a customer
// is shown once, beside the lines.
func (w *world) again() (violations []string) {
	for _, lift := range w.lifts {
		lift()
	}
	for _, page := range pages[:w.pages] {
		if err := w.replicas.asked(w.bot).retryAll(page); err != nil {
			return []string{err.Error()}
		}
	}
	count := func(i int) map[string]int {
		n := map[string]int{}
		for _, text := range joined(w.platforms.shown(i), w.written[i]) {
			n[text]++
		}
		return n
	}
	there := func() bool {
		for i := range w.customers {
			for n, shown := 0, count(i); n < len(w.written[i]); n++ {
				if shown[w.written[i][n]] == 0 {
					return false
				}
			}
		}
		return w.replicas.asked(w.bot).idle()
	}
	if w.until(there, patience) != nil {
		violations = append(violations, "what was tried again is not there")
	}
	for i := range w.customers {
		shown := count(i)
		for _, text := range w.written[i] {
			if shown[text] != 1 {
				violations = append(violations, fmt.Sprintf("after it was tried again, %q is shown %d times", text, shown[text]))
			}
		}
	}
	return violations
}
