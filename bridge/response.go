package bridge

import (
	"fmt"
	"strings"
	"time"
)

// Response is what a call to the workspace brought instead of success, with what is known of
// others that made the same call: whether the fault lies with what was sent or with the
// workspace is told by evidence, not by the code alone.
type Response struct {
	Route  string // the call: "POST livechat/upload"
	Status int    // 0: there was no answer, or only half of one
	Code   string // Rocket.Chat's own; empty: it gives none, or somebody else answered
	File   bool   // the call carried a file
	Part   int    // of which part of a message this is said: 0 of its text, n of its nth file
	Others Others // what became of the same call of others since this one is refused
}

// Others is what became of a call that others made.
type Others uint8

const (
	OthersSilent  Others = iota // nobody else made it
	OthersPass                  // it was taken
	OthersRefused               // all were refused, too
)

// String returns what an operator reads: the call, the status, the code.
func (a Response) String() string {
	var b strings.Builder
	b.WriteString(a.Route)
	if a.Status == 0 {
		b.WriteString(": no answer")
	} else {
		fmt.Fprintf(&b, ": HTTP %d", a.Status)
	}
	if a.Code != "" {
		b.WriteString(", " + a.Code)
	}
	return b.String()
}

// Trouble reports whether the answer looks like trouble of the workspace, or of what stands
// before it: no answer, a server's error, a web page or a redirect. All else (4xx) is said
// of what was sent.
func (a Response) Trouble() bool { return a.Status < 400 || a.Status >= 500 }

// Refusals are how often in a row a part of something was refused with a Response, and how long
// ago that began.
type Refusals struct {
	Count int
	For   time.Duration
	Part  int

	Before []Refusals // of its other parts, each likewise
}

// Of are the refusals of a part: none if what was refused so far are others.
func (r Refusals) Of(part int) Refusals {
	if r.Part == part {
		return r
	}
	for _, one := range r.Before {
		if one.Part == part {
			return one
		}
	}
	return Refusals{Part: part}
}

// fewestRefusals is how often something is refused before it may be given up; or, where each
// try takes long, how often it was within four times the patience.
const fewestRefusals, fewestLong = 6, 3

// Persist reports whether something was refused, with this answer now, for so long that what
// can take its place is tried: after patience; and after three times that if it may be
// trouble of the workspace and nobody else tells. While others have the same trouble, never.
func (r Refusals) Persist(a *Response, patience time.Duration) bool {
	switch {
	case a == nil || r.Count < fewestRefusals && (r.Count < fewestLong || r.For < 4*patience) || a.Trouble() && a.Others == OthersRefused:
		return false
	case a.Trouble() && a.Others == OthersSilent:
		patience *= 3
	}
	return r.For >= patience
}

// Everybody reports whether the call is refused for everybody. What is said of files is not
// counted for that: two customers may send pictures that the workspace cannot read.
func (a Response) Everybody() bool {
	return a.Others == OthersRefused && (a.Trouble() || !a.File)
}

// Refused is something that the workspace refuses at the moment, and since when.
type Refused struct {
	Response
	Since time.Time
}
