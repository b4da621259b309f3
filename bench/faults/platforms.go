package faults

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// platforms are both sides of the program, and what everybody sees there.
type platforms struct {
	plan
	rc   *chat.RocketChat
	meta *meta.Messenger
}

// latest is the customer's latest message in a room.
func (p *platforms) latest(rid string) (id string) {
	for _, m := range p.rc.Messages(rid) {
		if m.FromVisitor && m.System == "" {
			id = m.ID
		}
	}
	return id
}

// said are a customer's messages in a room, files by their names, and the lines that take
// the place of some, without what is attached to these.
func (p *platforms) said(rid string) (all []string) {
	for _, m := range p.rc.Messages(rid) {
		says := unfenced(m.Text) + filesOf(m)
		if p.replicas && strings.HasPrefix(says, mayMiss) {
			continue
		}
		if m.System != "" || m.Deleted || isAttached(says) || !m.FromVisitor && !(m.Username == p.rc.Bot() && isLine(says)) {
			continue
		}
		all = append(all, says)
	}
	return all
}

// mayMiss begins the line that is said after nobody led for longer than the watch takes, which is
// shortened here.
const mayMiss = "[Earlier messages of this conversation may be missing"

// unfenced takes the marks of quotations off, in which the bridge's own lines stand.
func unfenced(text string) string {
	return strings.ReplaceAll("\n"+text, "\n> ", "\n")[1:]
}

// filesOf are the names of a message's files, one behind the other.
func filesOf(m chat.Message) (names string) {
	for _, a := range m.Attachments {
		if a["type"] == "file" {
			names += fmt.Sprint(a["title"])
		}
	}
	return names
}

// roomsOf returns a customer's rooms, oldest first.
func (p *platforms) roomsOf(i int) (rooms []chat.Room) {
	for _, r := range p.rc.Rooms() {
		if whose, ok := whose(r, p.said(r.ID)); ok && whose == i {
			rooms = append(rooms, r)
		}
	}
	return rooms
}

// whose tells whose room it is by what is said there, or where that are lines only, by the
// visitor's name.
func whose(r chat.Room, said []string) (i int, ok bool) {
	if len(said) == 0 {
		return 0, false
	}
	if mark := markIn.FindStringSubmatch(strings.Join(said, " ")); mark != nil {
		i, err := strconv.Atoi(mark[1])
		return i, err == nil
	}
	return customerOf(r)
}

func (p *platforms) openRoom(i int) string {
	for _, r := range p.roomsOf(i) {
		if r.Open {
			return r.ID
		}
	}
	return ""
}

// customerOf tells whose room it is by the visitor's name, which ends like the id.
func customerOf(r chat.Room) (i int, ok bool) {
	n, err := strconv.Atoi(r.VisitorName[max(0, len(r.VisitorName)-4):])
	return n - 4000, err == nil
}

// openRooms are the customers' open rooms.
func (p *platforms) openRooms() map[int]string {
	rooms := map[int]string{}
	for _, r := range p.rc.Rooms() {
		if i, ok := customerOf(r); ok && r.Open {
			rooms[i] = r.ID
		}
	}
	return rooms
}

// shown returns what agents read from a customer, room by room.
func (p *platforms) shown(i int) (texts []string) {
	for _, r := range p.roomsOf(i) {
		texts = append(texts, p.said(r.ID)...)
	}
	return texts
}

// received returns what a customer has got, without what the page says in its inbox,
// and without being told that a file is not taken.
func (p *platforms) received(i int) (texts []string) {
	for _, b := range p.meta.CustomerSees(p.page(i), customer(i)) {
		says := b.Text + b.File.Name
		if strings.HasPrefix(says, sorry) || strings.HasPrefix(says, fmt.Sprintf("p%d-", i)) {
			continue
		}
		if _, rest, quoted := strings.Cut(says, "”\n\n"); quoted { // in words: it is not known yet as what the quoted message is shown
			says = rest
		}
		texts = append(texts, says)
	}
	return texts
}

func (p *platforms) message(a answer) (found chat.Message) {
	for _, m := range p.rc.Messages(a.room) {
		if m.ID == a.id {
			return m
		}
	}
	return found
}

// notice returns what the bot said about an answer, "" if nothing.
func (p *platforms) notice(a answer) string {
	for _, m := range p.rc.Messages(a.room) {
		if m.Username == p.rc.Bot() && m.Quoted == a.id {
			return m.Text
		}
	}
	return ""
}

// problems are what the sandbox objects to, but for agents who write where they are not
// any more: a room has been closed, or given to nobody, this moment. With replicas, sends may
// overlap: nothing calls back what a leader that was stopped has under way at Meta.
func (p *platforms) problems() []string {
	return slices.DeleteFunc(append(p.rc.Problems(), p.meta.Problems()...), func(problem string) bool {
		return strings.Contains(problem, "may not write in room") || p.replicas && strings.HasSuffix(problem, " overlap")
	})
}

// overtaken reports whether the stream brought an answer so late that the bridge cannot have waited
// for it: the machine, not the program, has mixed them up.
func (p *platforms) overtaken() bool { return p.rc.Overtaken() > overtakenAtMost }
