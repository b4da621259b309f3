package bridge

import "context"

// Finding is what one check of the set-up found. `doctor` shows all of them, the
// setup channel the next one that somebody has to do something about.
type Finding struct {
	Check string                      `json:"check"` // a few words, always the same
	Level Level                       `json:"level"`
	Found string                      `json:"found"`           // a sentence
	Do    string                      `json:"do,omitempty"`    // what a person can do; empty if nothing
	Fix   func(context.Context) error `json:"-"`               // what `doctor --fix` can do; nil: nothing
	Agree string                      `json:"agree,omitempty"` // flag of `doctor --fix` by which the operator agrees to Fix; empty: none is needed
}

// PagesCheck is the check that some page is connected.
const PagesCheck = "pages"

// HandshakeCheck is the check that Meta has verified where it sends webhooks.
const HandshakeCheck = "handshake"

// Level says how good a finding is.
type Level string

const (
	Good       Level = "ok"
	Notable    Level = "note"    // works, but somebody should know
	Bad        Level = "bad"     // does not work
	Unknowable Level = "unknown" // could not be found out
)
