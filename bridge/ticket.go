package bridge

import (
	"context"
	"errors"
	"time"
)

// Ticket is what works once: a link for logging in at Facebook, for choosing pages, for a
// settings form, or the code that a question came with.
type Ticket struct {
	ID      string // in the link, or made of the code; not to be guessed, and stored only as a hash
	Kind    TicketKind
	For     Author // who asked for it
	Expires time.Time
	Data    []byte // kept sealed
}

// TicketKind says what a ticket is good for.
type TicketKind string

const (
	LoginTicket    TicketKind = "login"    // 10 minutes; leads to Facebook's dialog
	ChoiceTicket   TicketKind = "choice"   // 30 minutes; the page with the tick boxes
	SettingsTicket TicketKind = "settings" // 15 minutes; the settings form of one page
	ConfirmTicket  TicketKind = "confirm"  // 5 minutes; one command of one person, with all its words
)

// Why a ticket is refused. People read a page that says what to do.
var (
	ErrTicketUnknown = errors.New("no such ticket")
	ErrTicketExpired = errors.New("the ticket has expired")
	ErrTicketSpent   = errors.New("the ticket was used already")
	ErrOtherBrowser  = errors.New("the ticket belongs to another browser")
	ErrForged        = errors.New("the request does not come from our form")
	ErrDenied        = errors.New("the permission was refused at Facebook")
	ErrConflict      = errors.New("somebody else changed it meanwhile")
	ErrMayNot        = errors.New("the person may not do this any more")
	ErrNobodyToAsk   = errors.New("whether the person may do this cannot be found out at the moment")
)

// Tickets remembers tickets until a day after they expire.
type Tickets interface {
	SaveTicket(context.Context, Ticket) error
	// Ticket returns a ticket without spending it: whoever fetches a link, a chat's
	// preview for example, must not use it up.
	Ticket(id string) (Ticket, error)
	// SpendTicket returns a ticket and makes it worthless, exactly once. What has spent it
	// may do so again, if it has a name: it was stopped in the middle, perhaps. The
	// ticket then holds nothing any more.
	SpendTicket(ctx context.Context, id, by string) (Ticket, error)
	// EraseTickets forgets those tickets that are still good and for which which says so.
	EraseTickets(ctx context.Context, which func(Ticket) bool) error
	// Sign returns a proof that only we can make, for one purpose.
	Sign(purpose, text string) string
}
