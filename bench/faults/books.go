package faults

import (
	"fmt"
	"slices"
	"strings"

	"messenger-bridge/sandbox/chat"
)

const (
	failedMark  = ":warning:"
	waitingMark = ":hourglass:"
	unclear     = "Perhaps not delivered"
)

// settle waits until nothing is under way any more, and reports whether that came.
func (w *world) settle() bool {
	return w.until(func() bool { return w.complete() && w.meta.Waiting() == 0 && w.bot.idle() && w.complete() }, patience) == nil
}

// complete reports whether everything has arrived or is marked.
func (w *world) complete() bool {
	for i := range w.customers {
		if len(w.shown(i)) < len(w.written[i]) {
			return false
		}
		got := w.received(i)
		for _, a := range w.answered[i] {
			marks := w.message(a).Reactions
			if !slices.Contains(got, a.text) && marks[failedMark] == nil || marks[waitingMark] != nil {
				return false
			}
		}
	}
	return true
}

// shown returns what agents read from a customer, room by room.
func (w *world) shown(i int) (texts []string) {
	for _, r := range w.roomsOf(i) {
		texts = append(texts, w.said(r.ID)...)
	}
	return texts
}

// received returns what a customer has got.
func (w *world) received(i int) (texts []string) {
	for _, b := range w.meta.CustomerSees(w.page(i), customer(i)) {
		says := b.Text + b.File.Name
		if _, rest, quoted := strings.Cut(says, "”\n\n"); quoted { // in words: it is not known yet as what the quoted message is shown
			says = rest
		}
		texts = append(texts, says)
	}
	return texts
}

func (w *world) message(a answer) (found chat.Message) {
	for _, m := range w.rc.Messages(a.room) {
		if m.ID == a.id {
			return m
		}
	}
	return found
}

// notice returns what the bot said about an answer, "" if nothing.
func (w *world) notice(a answer) string {
	for _, m := range w.rc.Messages(a.room) {
		if m.Username == w.rc.Bot() && m.Quoted == a.id {
			return m.Text
		}
	}
	return ""
}

// compare compares the books and returns what must not be.
func (w *world) compare(settled bool) (violations []string) {
	say := func(format string, args ...any) { violations = append(violations, fmt.Sprintf(format, args...)) }
	if !settled {
		say("something still waits %v after the last fault was over", patience)
	}
	for i := range w.customers {
		w.compareIn(i, say)
		w.compareOut(i, say)
		open := 0
		for _, r := range w.roomsOf(i) {
			if r.Open {
				open++
			}
		}
		if open > 1 {
			say("customer %d has %d open rooms", i, open)
		}
	}
	for _, r := range w.rc.Rooms() {
		if len(w.said(r.ID)) == 0 && r.Open {
			say("a room is open in which nobody has said anything")
		}
	}
	for _, problem := range w.problems() {
		say("the sandbox objects: %s", problem)
	}
	return violations
}

// problems are what the sandbox objects to, but for agents who write where they are not
// any more: a room has been closed, or given to nobody, this moment.
func (w *world) problems() []string {
	return slices.DeleteFunc(append(w.rc.Problems(), w.meta.Problems()...), func(problem string) bool {
		return strings.Contains(problem, "may not write in room")
	})
}

func (w *world) compareIn(i int, say func(string, ...any)) {
	shown := w.shown(i)
	count := map[string]int{}
	for _, text := range shown {
		count[text]++
		if !slices.Contains(w.written[i], text) {
			say("agents read %q, which customer %d did not write", text, i)
		}
	}
	for _, text := range w.written[i] {
		if n := count[text]; n != 1 {
			say("customer's message %q is shown %d times", text, n)
		}
	}
	if !w.shuffled && len(shown) == len(w.written[i]) && !slices.Equal(shown, w.written[i]) {
		say("customer %d's messages are shown out of order: %q", i, shown)
	}
}

func (w *world) compareOut(i int, say func(string, ...any)) {
	received := w.received(i)
	last := -1
	for _, text := range received {
		n := slices.IndexFunc(w.answered[i], func(a answer) bool { return a.text == text })
		switch {
		case n < 0:
			say("customer %d got %q, which no agent wrote", i, text)
		case n < last && !w.late:
			say("customer %d's answers came out of order: %q", i, received)
			return
		}
		last = max(last, n)
	}
	for _, a := range w.answered[i] {
		n := 0
		for _, text := range received {
			if text == a.text {
				n++
			}
		}
		failed, notice := w.message(a).Reactions[failedMark] != nil, w.notice(a)
		switch {
		case n > 1:
			say("answer %q arrived %d times", a.text, n)
		case n == 0 && !failed:
			say("answer %q did not arrive, and nobody was told", a.text)
		case n == 0 && notice == "":
			say("answer %q is marked without a reason", a.text)
		case n == 1 && failed && !strings.Contains(notice, unclear):
			say("answer %q arrived and is marked as failed: %q", a.text, notice)
		}
	}
}

// marked counts the answers that were refused and marked.
func (w *world) marked() (n int) {
	for i := range w.customers {
		for _, a := range w.answered[i] {
			if w.message(a).Reactions[failedMark] != nil {
				n++
			}
		}
	}
	return n
}

// readLog looks for what must not be in a log.
func (w *world) readLog() (violations []string) {
	log := w.bot.log()
	secrets := map[string]string{
		"the app's secret": w.meta.AppSecret(), "a text": marker, "a panic": "panic",
	}
	for _, id := range pages[:w.pages] {
		secrets["the token of page "+id] = w.meta.PageToken(id)
	}
	for _, v := range w.rc.Visitors() {
		secrets["a visitor's token"] = v.Token
		if strings.Contains(log, v.Token) {
			break
		}
	}
	for what, secret := range secrets {
		if secret != "" && strings.Contains(log, secret) {
			violations = append(violations, "the log contains "+what)
		}
	}
	return violations
}

// picture is what everybody sees, for a round with violations.
func (w *world) picture() string {
	var b strings.Builder
	for _, r := range w.rc.Rooms() {
		fmt.Fprintf(&b, "room %s open=%v\n", r.ID, r.Open)
		for _, m := range w.rc.Messages(r.ID) {
			fmt.Fprintf(&b, "  %s %s %s %s %q %v\n", m.At.Format("05.000"), m.ID, m.Username, m.System, m.Text+filesOf(m), m.Reactions)
		}
	}
	for i := range w.customers {
		fmt.Fprintf(&b, "customer %d wrote %d\n", i, len(w.written[i]))
		for _, bubble := range w.meta.CustomerSees(w.page(i), customer(i)) {
			fmt.Fprintf(&b, "  got %s %q\n", bubble.At.Format("05.000"), bubble.Text+bubble.File.Name)
		}
	}
	return b.String()
}
