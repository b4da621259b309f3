package faults

import (
	"fmt"
	"slices"
	"strings"
)

const (
	failedMark  = ":warning:"
	waitingMark = ":hourglass:"
	unclear     = "Perhaps not delivered"
)

// auditor compares what has been written with what is seen.
type auditor struct {
	*platforms
	*record
}

// complete reports whether everything has arrived or is marked.
func (a auditor) complete() bool {
	for i := range a.customers {
		if len(a.shown(i)) < len(a.written[i]) {
			return false
		}
		got := a.received(i)
		for _, one := range a.answered[i] {
			marks := a.message(one).Reactions
			if a.mute[one.room] && marks[waitingMark] == nil {
				continue
			}
			if !slices.Contains(got, one.text) && marks[failedMark] == nil || marks[waitingMark] != nil {
				return false
			}
		}
	}
	return true
}

// compare compares the books and returns what must not be.
func (a auditor) compare(settled bool, listed []failure) (violations []string) {
	say := func(format string, args ...any) { violations = append(violations, fmt.Sprintf(format, args...)) }
	if !settled {
		say("something still waits %v after the last fault was over", patience)
	}
	for i := range a.customers {
		a.compareIn(i, say)
		a.compareOut(i, listed, say)
		a.compareListed(i, listed, say)
		open := 0
		for _, r := range a.roomsOf(i) {
			if r.Open {
				open++
			}
		}
		if open > 1 {
			say("customer %d has %d open rooms", i, open)
		}
	}
	for _, r := range a.rc.Rooms() {
		if len(a.said(r.ID)) == 0 && r.Open {
			say("a room is open in which nobody has said anything")
		}
	}
	violations = append(violations, a.early...)
	for _, problem := range a.problems() {
		say("the sandbox objects: %s", problem)
	}
	return violations
}

func (a auditor) compareIn(i int, say func(string, ...any)) {
	shown := a.shown(i)
	count := map[string]int{}
	for _, text := range shown {
		count[text]++
		if !slices.Contains(a.written[i], text) {
			say("agents read %q, which customer %d did not write", text, i)
		}
	}
	for _, text := range a.written[i] {
		if n := count[text]; n != 1 {
			say("customer's message %q is shown %d times", text, n)
		}
	}
	if !a.shuffled && len(aside(a, i)) == 0 && len(shown) == len(a.written[i]) && !slices.Equal(shown, a.written[i]) {
		say("customer %d's messages are shown out of order: %q", i, shown)
	}
}

func (a auditor) compareOut(i int, listed []failure, say func(string, ...any)) {
	received := a.received(i)
	last := -1
	for _, text := range received {
		n := slices.IndexFunc(a.answered[i], func(one answer) bool { return one.text == text })
		switch {
		case n < 0:
			say("customer %d got %q, which no agent wrote", i, text)
		case n < last && !a.late && !a.overtaken():
			say("customer %d's answers came out of order: %q", i, received)
			return
		}
		last = max(last, n)
	}
	for _, one := range a.answered[i] {
		n := 0
		for _, text := range received {
			if text == one.text {
				n++
			}
		}
		failed, notice := a.message(one).Reactions[failedMark] != nil, a.notice(one)
		switch {
		case n > 1:
			say("answer %q arrived %d times", one.text, n)
		case n == 0 && (!failed || notice == "") && a.elsewhere(one, listed):
		case n == 0 && !failed:
			say("answer %q did not arrive, and nobody was told", one.text)
		case n == 0 && notice == "":
			say("answer %q is marked without a reason", one.text)
		case n == 1 && failed && !strings.Contains(notice, unclear):
			say("answer %q arrived and is marked as failed: %q", one.text, notice)
		}
	}
}

// marked counts the answers that were refused and marked.
func (a auditor) marked() (n int) {
	for i := range a.customers {
		for _, one := range a.answered[i] {
			if a.message(one).Reactions[failedMark] != nil {
				n++
			}
		}
	}
	return n
}

// picture is what everybody sees, for a round with violations.
func (a auditor) picture() string {
	var b strings.Builder
	for _, r := range a.rc.Rooms() {
		fmt.Fprintf(&b, "room %s open=%v\n", r.ID, r.Open)
		for _, m := range a.rc.Messages(r.ID) {
			fmt.Fprintf(&b, "  %s %s %s %s %q %v\n", m.At.Format("05.000"), m.ID, m.Username, m.System, m.Text+filesOf(m), m.Reactions)
		}
	}
	for i := range a.customers {
		fmt.Fprintf(&b, "customer %d wrote %d\n", i, len(a.written[i]))
		for _, bubble := range a.meta.CustomerSees(a.page(i), customer(i)) {
			fmt.Fprintf(&b, "  got %s %q\n", bubble.At.Format("05.000"), bubble.Text+bubble.File.Name)
		}
	}
	return b.String()
}

// audit compares the books of a long run: each message of a customer once and in order,
// each answer once and in order, or marked.
func (a auditor) audit() (violations []string) {
	shown, marked := map[int][]string{}, map[string]bool{}
	for _, r := range a.rc.Rooms() {
		i, ok := customerOf(r)
		if !ok {
			continue
		}
		for _, m := range a.rc.Messages(r.ID) {
			if m.FromVisitor && m.System == "" && !m.Deleted {
				shown[i] = append(shown[i], m.Text+filesOf(m))
			}
			if m.Reactions[failedMark] != nil {
				marked[m.ID] = true
			}
		}
	}
	for i := range a.customers {
		if !slices.Equal(shown[i], a.written[i]) {
			violations = append(violations, fmt.Sprintf("customer %d wrote %d messages; agents read %d, or in another order", i, len(a.written[i]), len(shown[i])))
		}
		var want []string
		for _, one := range a.answered[i] {
			if !marked[one.id] {
				want = append(want, one.text)
			}
		}
		if got := a.received(i); !slices.Equal(got, want) {
			violations = append(violations, fmt.Sprintf("customer %d is to read %d answers; got %d, or in another order", i, len(want), len(got)))
		}
	}
	for _, problem := range a.problems() {
		violations = append(violations, "the sandbox objects: "+problem)
	}
	return violations
}
