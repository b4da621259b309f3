package faults

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"time"

	"messenger-bridge/sandbox/chat"
)

// Refusals for good choose what they refuse by what it is: a text by its mark, a file by its
// content or its name, a note by its room. So they refuse the same before and after the
// program was ended.

var (
	markIn  = regexp.MustCompile(`c(\d+)-\d+[ -]` + marker)
	markOut = regexp.MustCompile(`a\d+-\d+-` + marker)
)

const (
	// oneOf is how many messages there are for one that a refusal chooses.
	oneOf = 6
	// lineOfText and lineOfFile begin the lines that take the place of what is not shown.
	lineOfText = "[The customer wrote something that Rocket.Chat does not take"
	lineOfFile = "[The customer sent a file that is not shown here"
	// allFor is how long something is refused for everybody: longer than one item is tried,
	// shorter than one that may have met trouble is, and of which nobody else tells.
	allFor = 2 * time.Second
)

// coded is an answer with one of Rocket.Chat's codes.
func coded(status int, code string) chat.Fault {
	return chat.Fault{Status: status, Body: fmt.Sprintf(`{"success":false,"error":"no [%s]","errorType":%q}`, code, code)}
}

// uncoded is a refusal that says nothing.
func uncoded(status int) chat.Fault {
	return chat.Fault{Status: status, Body: `{"success":false}`}
}

func webPage(status int) chat.Fault { return chat.Fault{Status: status} }

// chooses returns which marks a refusal chooses: one of a few, never the last customer's,
// who tells what becomes of others.
func (w *world) chooses(random *rand.Rand) func(mark string) bool {
	salt, last := random.Uint64(), fmt.Sprintf("c%d-", w.customers-1)
	chosen := func(mark string) bool {
		sum := fnv.New64a()
		fmt.Fprint(sum, salt, mark)
		return mark != "" && !strings.HasPrefix(mark, last) && sum.Sum64()%oneOf == 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = append(w.refused, chosen)
	return chosen
}

// forGood puts a refusal in place that lasts to the end of the round, or that is over before
// everything is given up.
func (w *world) forGood(random *rand.Rand, f chat.Fault) func() {
	lift := w.rc.Inject(f)
	w.mu.Lock()
	w.lifts = append(w.lifts, lift)
	w.mu.Unlock()
	if random.IntN(3) == 0 {
		return lift
	}
	return nil
}

// refusedTexts has some texts refused for good; with words, the plain words of them, too.
func refusedTexts(f chat.Fault) func(*world, *rand.Rand) func() {
	return func(w *world, random *rand.Rand) func() {
		chosen, words := w.chooses(random), random.IntN(2) == 0
		f.Route = "POST livechat/message"
		f.Match = func(_ *http.Request, body []byte) bool {
			return chosen(string(markIn.Find(body))) && (words || !bytes.Contains(body, []byte(lineOfText)))
		}
		return w.forGood(random, f)
	}
}

// refusedFiles has some files of customers refused for good.
func refusedFiles(f chat.Fault) func(*world, *rand.Rand) func() {
	return func(w *world, random *rand.Rand) func() {
		chosen := w.chooses(random)
		f.Route = "POST livechat/upload/:rid"
		f.Match = func(_ *http.Request, content []byte) bool {
			return bytes.HasPrefix(content, []byte("%PDF")) && chosen(string(markIn.Find(content)))
		}
		return w.forGood(random, f)
	}
}

// withheldFiles has some files of agents not handed out, for good.
func withheldFiles(f chat.Fault) func(*world, *rand.Rand) func() {
	return func(w *world, random *rand.Rand) func() {
		chosen := w.chooses(random)
		f.Route = "GET file-upload/:id/:name"
		f.Match = func(r *http.Request, _ []byte) bool { return chosen(markOut.FindString(r.URL.Path)) }
		return w.forGood(random, f)
	}
}

// refusedNotes has what the bot says in one room refused for good.
func refusedNotes(f chat.Fault) func(*world, *rand.Rand) func() {
	return func(w *world, random *rand.Rand) func() {
		rid := w.openRoom(random.IntN(w.customers))
		if rid == "" {
			return nil
		}
		w.mu.Lock()
		w.mute[rid] = true
		w.mu.Unlock()
		f.Route = "POST chat.sendMessage"
		f.Match = func(_ *http.Request, body []byte) bool { return bytes.Contains(body, []byte(`"`+rid+`"`)) }
		return w.forGood(random, f)
	}
}

// refusedForAll has a call refused for everybody. Before that ends, nothing of it may have been
// given up, unless it was refused for something else, too.
func refusedForAll(route string, f chat.Fault) func(*world, *rand.Rand) func() {
	f.Route = route
	return func(w *world, _ *rand.Rand) func() {
		before := w.auditor.lines()
		lift := w.rc.Inject(f)
		return func() {
			sleep(w.ctx, allFor)
			if n := w.auditor.lines() - before; n > 0 && !w.otherwiseRefused() {
				w.mu.Lock()
				w.early = append(w.early, fmt.Sprintf("%d messages were given up while %s was refused for everybody", n, route))
				w.mu.Unlock()
			}
			lift()
		}
	}
}

// saidOfAllFiles has the workspace say of everybody's files that they are not taken: a few may
// be at fault all of them, so lines take their place (decision 044).
func saidOfAllFiles(f chat.Fault) func(*world, *rand.Rand) func() {
	f.Route = "POST livechat/upload/:rid"
	return func(w *world, _ *rand.Rand) func() {
		w.mu.Lock()
		w.refused = append(w.refused, func(mark string) bool { return strings.HasSuffix(mark, "-"+marker) })
		w.mu.Unlock()
		lift := w.rc.Inject(f)
		return func() { sleep(w.ctx, allFor); lift() }
	}
}

// otherwiseRefused reports whether the round refuses messages or files in another way, too.
func (p plan) otherwiseRefused() bool {
	n := 0
	for _, s := range p.strikes {
		for _, some := range []string{"refused", "messages", "uploads", "workspace", "bot logged out"} {
			if strings.HasPrefix(s.fault.name, some) {
				n++
			}
		}
	}
	return n > 1
}

// goesOn has the last customer write while somebody else's messages wait, so that what is
// refused of one can be told from what is refused of everybody.
func (w *world) goesOn() {
	i := w.customers - 1
	if len(w.auditor.shown(i)) < len(w.written[i]) {
		return
	}
	w.writes(i, text)
	w.writes(i, file)
}

// stubborn reports whether something is refused for good.
func (w *world) stubborn() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.lifts) > 0
}
