package meta

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// EchoMode says when and how the echo of a send reaches the webhook. Besides the constants,
// EchoLate makes one.
type EchoMode time.Duration

// A message's echo may come before the HTTP answer or seconds after it (messenger.md 2.4).
const (
	EchoDefault EchoMode = -iota // what Echoes was told; at first EchoAfter
	EchoAfter                    // right after the answer
	EchoBefore                   // acknowledged by the webhook before the answer is written
	EchoTwice
	EchoNever
	EchoStandby // right after the answer, in standby
)

// EchoLate sends the echo d after the message.
func EchoLate(d time.Duration) EchoMode { return EchoMode(max(d, 1)) }

// SendOutcome is what happens to one call of the Send API, or to a read. The zero value is a
// message that Meta accepts with 200 and never delivers.
type SendOutcome struct {
	Deliver bool // the customer gets the message, unless a rule (window, block) forbids it

	// The answer. Without any of these it is the normal one.
	Status      int    // HTTP status
	Body        string // not empty: as it is, instead of JSON made here
	ContentType string // of Body; "" = JSON
	Empty       bool   // no body at all
	Cut         bool   // no answer, the connection is reset
	Hang        time.Duration
	Half        bool // it hangs in the middle of the answer, and breaks off there
	Code        int  // an error with this code
	Subcode     int
	Message     string // of the error
	Transient   bool   // is_transient

	Echo      EchoMode      // of a delivered message; the zero value is what Echoes says
	EchoAfter time.Duration // not 0: like Echo: EchoLate(EchoAfter)
}

// SendCall is a call of the Send API, as OnSend gets it.
type SendCall struct {
	Page, Customer string // Customer is the recipient's id or user_ref
	Text, Metadata string
	MessagingType  string
	Tag            string
	ReplyTo        string
	File           string // name of the file that is sent
	Action         string // of a sender action, which goes to OnAction
	Number         int    // 1 for the first call to the page with a message, 2 for the second, …
}

type hooks struct {
	onSend, onAction func(SendCall) *SendOutcome
	echo             EchoMode
	sends            map[string]int // by page
	failedReads      []*SendOutcome
	failedCalls      []callFault
	humanAgent       bool // the feature is approved
}

// OnSend decides about each message sent from now on; nil as an outcome means the normal
// course. Calls refused for their token, proof or rate do not get here. The function may
// call the simulator.
func (m *Messenger) OnSend(decide func(SendCall) *SendOutcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hooks.onSend = decide
}

// OnAction is OnSend for sender actions.
func (m *Messenger) OnAction(decide func(SendCall) *SendOutcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hooks.onAction = decide
}

// NextSends decides about the next messages, one outcome each; after them everything is normal.
func (m *Messenger) NextSends(outcomes ...*SendOutcome) {
	m.OnSend(func(SendCall) *SendOutcome {
		m.mu.Lock()
		defer m.mu.Unlock()
		if len(outcomes) == 0 {
			return nil
		}
		next := outcomes[0]
		outcomes = outcomes[1:]
		return next
	})
}

// Echoes sets how the echoes of all sends come that do not say otherwise.
func (m *Messenger) Echoes(mode EchoMode) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hooks.echo = mode
}

// FailReads gives the next n reads of conversations and messages this outcome.
func (m *Messenger) FailReads(n int, o *SendOutcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hooks.failedReads = nil
	for range n {
		m.hooks.failedReads = append(m.hooks.failedReads, o)
	}
}

func (m *Messenger) failedRead() *SendOutcome {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.hooks.failedReads) == 0 {
		return nil
	}
	o := m.hooks.failedReads[0]
	m.hooks.failedReads = m.hooks.failedReads[1:]
	return o
}

// callFault is what FailCalls ordered.
type callFault struct {
	method, path string
	left         int
	outcome      *SendOutcome
}

// FailCalls gives the next n calls of the Graph API whose path ends with path ("subscribed_apps",
// "oauth/access_token", "messages" without sender actions, "messages/sender_action"; "" = any) this
// outcome, instead of what is still ordered for the same path. method "" means any. An outcome with Deliver takes effect first, so that a token may be
// made, or a page subscribed, and the client not know. n = 0 ends it.
func (m *Messenger) FailCalls(method, path string, n int, o *SendOutcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hooks.failedCalls = slices.DeleteFunc(m.hooks.failedCalls, func(f callFault) bool {
		return f.method == method && f.path == path
	})
	m.hooks.failedCalls = append(m.hooks.failedCalls, callFault{method, path, n, o})
}

// failure takes the outcome ordered for a call, nil without one. Called with mu held.
func (h *hooks) failure(method, path string) *SendOutcome {
	for i := range h.failedCalls {
		f := &h.failedCalls[i]
		if f.left > 0 && (f.method == "" || f.method == method) && strings.HasSuffix(path, f.path) {
			f.left--
			return f.outcome
		}
	}
	return nil
}

// underOutcome answers a call, and lets o falsify the answer.
func (m *Messenger) underOutcome(o *SendOutcome, c *graphCall) *graphAnswer {
	if o == nil {
		return m.proceed(c)
	}
	if !o.Deliver {
		return m.faulty(o, nil)
	}
	a := m.proceed(c)
	switch {
	case a.code != 0: // refused by a rule
	case o.Status != 0 || o.Body != "" || o.Empty || o.Code != 0:
		wrong := m.faulty(o, nil)
		wrong.after = a.after
		return wrong
	default:
		a.cut, a.hang, a.half = o.Cut, o.Hang, o.Half
	}
	return a
}

// Hang withholds the answers of all Graph calls that begin from now on, and their effects,
// until it is called with false or the client gives up. (To hang after taking effect, use
// DeliveredThenHang.)
func (m *Messenger) Hang(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case on && m.hang == nil:
		m.hang = make(chan struct{})
	case !on && m.hang != nil:
		close(m.hang)
		m.hang = nil
	}
}

// ApproveHumanAgent says whether the application may use the tag HUMAN_AGENT.
func (m *Messenger) ApproveHumanAgent(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hooks.humanAgent = on
}

// faulty makes the answer an outcome asks for; normal is the body of success, nil for reads.
func (m *Messenger) faulty(o *SendOutcome, normal metaObject) *graphAnswer {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.jsonAnswer(normal)
	switch {
	case o.Empty:
		a.body = nil
	case o.Body != "":
		a.body = []byte(o.Body)
		if o.ContentType != "" {
			a.contentType = o.ContentType
		}
	case o.Code != 0:
		a = m.errorAnswer(&graphError{status: o.Status, code: o.Code, subcode: o.Subcode, text: o.Message, transient: o.Transient})
	case normal == nil, o.Status >= 400:
		a = m.errorAnswer(&graphError{status: o.Status, code: 1, text: textUnknown})
	}
	if o.Status != 0 {
		a.status = o.Status
	}
	a.cut, a.hang, a.half = o.Cut, o.Hang, o.Half
	return a
}

// What may happen to a send. Each returns a new value.

// Delivered is the normal course.
func Delivered() *SendOutcome { return &SendOutcome{Deliver: true} }

// DeliveredThenCut: the customer has it; the client sees a broken connection.
func DeliveredThenCut() *SendOutcome { return &SendOutcome{Deliver: true, Cut: true} }

// CutBefore breaks the connection without effect.
func CutBefore() *SendOutcome { return &SendOutcome{Cut: true} }

// DeliveredThenHang: the customer has it; the answer comes after d.
func DeliveredThenHang(d time.Duration) *SendOutcome { return &SendOutcome{Deliver: true, Hang: d} }

// DeliveredHalfAnswered: the customer has it; of the answer, half comes, and for d nothing more.
func DeliveredHalfAnswered(d time.Duration) *SendOutcome {
	return &SendOutcome{Deliver: true, Hang: d, Half: true}
}

// HangThenCut withholds the answer for d and then breaks the connection; nothing is delivered.
func HangThenCut(d time.Duration) *SendOutcome { return &SendOutcome{Hang: d, Cut: true} }

// AcceptedOnly answers 200 with an id, and the customer never gets the message.
func AcceptedOnly() *SendOutcome { return &SendOutcome{Echo: EchoNever} }

// Status500 is code 2 with HTTP 500.
func Status500(delivered bool) *SendOutcome {
	return &SendOutcome{Deliver: delivered, Status: 500, Code: 2, Message: textUnexpected, Transient: true}
}

// HTML502 is an edge's page instead of JSON.
func HTML502(delivered bool) *SendOutcome {
	return &SendOutcome{
		Deliver: delivered, Status: http.StatusBadGateway, ContentType: "text/html; charset=utf-8",
		Body: "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>",
	}
}

// EmptyBody has a status and nothing else.
func EmptyBody(delivered bool, status int) *SendOutcome {
	return &SendOutcome{Deliver: delivered, Status: status, Empty: true}
}

// Unknown1 is code 1.
func Unknown1(delivered bool) *SendOutcome {
	return &SendOutcome{Deliver: delivered, Code: 1, Message: textUnknown}
}

// InvalidReply1357046 is the error of which Meta says that the message was sent.
func InvalidReply1357046() *SendOutcome {
	return &SendOutcome{Deliver: true, Code: 1, Subcode: 1357046, Message: "Received invalid JSON reply"}
}

// Temporary1200 is "Temporary send message failure".
func Temporary1200(delivered bool) *SendOutcome {
	return &SendOutcome{Deliver: delivered, Code: 1200, Message: textTemporary, Transient: true}
}

// Internal2018012 is code -1, seen with reply_to.
func Internal2018012(delivered bool) *SendOutcome {
	return &SendOutcome{Deliver: delivered, Code: -1, Subcode: 2018012, Message: textInternal}
}

// Throttled613 is the rate limit of a page or a thread.
func Throttled613() *SendOutcome { return &SendOutcome{Code: 613, Message: textRate} }

// WindowClosed is 10/2018278.
func WindowClosed() *SendOutcome {
	return &SendOutcome{Code: 10, Subcode: 2018278, Message: textWindow}
}

// Blocked551 is 551/1545041.
func Blocked551() *SendOutcome {
	return &SendOutcome{Code: 551, Subcode: 1545041, Message: textNotHere}
}

// OtherAppOwns is 10/2018300: another application controls the thread.
func OtherAppOwns() *SendOutcome {
	return Refused(10, 2018300, "(#10) Message failed to send because another app is controlling this thread now.")
}

// NotReviewed is 200/2018028: an application that is not live.
func NotReviewed() *SendOutcome {
	return Refused(200, 2018028, "(#200) Cannot message users who are not admins, developers or testers of the app until pages_messaging permission is reviewed and the app is live.")
}

// DeadToken is 190 with a subcode, for one call. KillToken is for all.
func DeadToken(subcode int) *SendOutcome {
	e := tokenError(subcode)
	return Refused(e.code, e.subcode, e.text)
}

// ReduceData is the failure of reads that passes on retry.
func ReduceData() *SendOutcome { return &SendOutcome{Code: 1, Message: textReduce} }

// Refused is any error, without effect.
func Refused(code, subcode int, text string) *SendOutcome {
	if text == "" {
		text = fmt.Sprintf("(#%d) Refused by the sandbox", code)
	}
	return &SendOutcome{Code: code, Subcode: subcode, Message: text}
}
