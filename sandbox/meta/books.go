package meta

import (
	"fmt"
	"slices"
	"time"
)

// Answer is what the receiver said to one POST of webhooks.
type Answer struct {
	Page    string // whose queue it came from
	Status  int    // 0 when there was no answer
	Err     error  // why not
	Took    time.Duration
	At      time.Time
	Attempt int  // 1 is the first
	Events  int  // in the POST
	Repeat  bool // it had been acknowledged before, or was a copy sent beside the original
}

// Call is one request to the Graph API.
type Call struct {
	Method, Path  string // Path without the version
	Version       string // as asked for; "" = none
	Page          string // of the token
	User          string // of a user token
	Customer      string // of a send
	Action        string // of a sender action
	Status        int    // 0 when the connection was cut
	Code, Subcode int    // of the error, 0 without one
	At            time.Time
	Took          time.Duration
	Overlapped    bool // another send of the same thread was under way
}

// books is what the simulator noted; guarded by Messenger.mu.
type books struct {
	calls    []*Call
	problems []string
	alerts   []string
	answers  []Answer
	acked    []*webhookPost // the last ones, for RepeatWebhooks
	ackedSum int
	lost     int
	actions  map[threadKey][]string
}

func (b *books) acknowledge(p *webhookPost) {
	b.ackedSum += len(p.events)
	if len(b.acked) >= 1000 {
		b.acked = slices.Delete(b.acked, 0, 500)
	}
	b.acked = append(b.acked, p)
}

func (b *books) alert(format string, args ...any) {
	b.alerts = append(b.alerts, fmt.Sprintf(format, args...))
}

func (b *books) problem(format string, args ...any) {
	b.problems = append(b.problems, fmt.Sprintf(format, args...))
}

// Acked counts the events that the receiver acknowledged, each once.
func (m *Messenger) Acked() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.books.ackedSum
}

// Lost counts the events that will never be sent: not subscribed, or given up.
func (m *Messenger) Lost() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.books.lost
}

// WebhookAnswers lists the answers to all POSTs of the queues, in the order they came.
func (m *Messenger) WebhookAnswers() []Answer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.books.answers)
}

// Calls lists all calls of the Graph API in the order they began; the answer's fields are
// empty while a call is under way. Tokens are not in it.
func (m *Messenger) Calls() []Call {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := make([]Call, len(m.books.calls))
	for i, call := range m.books.calls {
		calls[i] = *call
	}
	return calls
}

// Problems lists what a correct client never does, as far as the simulator noticed it. A
// test of a correct client ends with none.
func (m *Messenger) Problems() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.books.problems)
}

// Alerts lists what Meta would have told the developers: webhooks failing for 15 minutes,
// webhooks disabled after an hour.
func (m *Messenger) Alerts() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.books.alerts)
}

// Actions lists the sender actions of a thread, for example "typing_on".
func (m *Messenger) Actions(page, customer string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.books.actions[threadKey{page, customer}])
}

// ForgetBooks empties Calls, WebhookAnswers, Problems and Alerts. For long runs.
func (m *Messenger) ForgetBooks() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.books.calls, m.books.answers, m.books.problems, m.books.alerts = nil, nil, nil, nil
}
