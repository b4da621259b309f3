package rocketchat

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/wire"
)

// Memory keeps single short texts by name, over restarts.
type Memory interface {
	Note(name string) (string, error)
	SaveNote(ctx context.Context, name, text string) error
}

// group is a room as it is asked for.
type group struct {
	ID       bridge.RoomID `json:"_id"`
	Kind     string        `json:"t"`
	Name     string        `json:"name"`
	Topic    string        `json:"topic"`
	Archived bool          `json:"archived"`
	Creator  wire.User     `json:"u"`
}

// site is where the bot speaks to administrators, or could.
type site struct {
	group
	kept  bool   // its id was kept
	taken bool   // the name that is wished for is another room's
	by    string // username of whoever made that; "": not known
	free  string // if there is none yet: under which name it can be made
}

// unusable says why there cannot be a setup channel, until a person does something about it.
type unusable struct {
	why     error
	trouble string // a sentence of language for managers, without a full stop
}

func (u unusable) Error() string { return u.why.Error() }

func (u unusable) Unwrap() error { return u.why }

// survey looks where the setup channel is, and changes nothing. The room whose id was kept
// is the one, whatever it is called by now. Else it is a private group that the bot or a
// manager made: anybody can make one of a name that is known, and read there what the bot
// says. Names in tried are passed over.
func (c Setup) survey(ctx context.Context, name string, tried map[string]bool) (site, error) {
	s, err := c.keptSite(ctx, name)
	if err != nil || s.kept {
		return s, err
	}
	ours, err := c.trusted(ctx)
	if err != nil {
		return s, err
	}
	for _, one := range candidates(name) {
		if tried[one] {
			s.taken = true
			continue
		}
		room, err := c.groupOf(ctx, url.Values{"roomName": {one}})
		switch {
		case CodeOf(err) == "error-room-not-found":
			s.free = one
			return s, nil
		case err != nil && !RefusedForGood(err):
			return s, err
		case err == nil && room.Kind == wire.PrivateGroup && ours[room.Creator.ID]:
			s.group = room
			return s, archived(room)
		}
		if one == name { // a room that the bot may not see tells nothing of itself
			s.taken, s.by = true, room.Creator.Username
		}
	}
	return s, unusable{errTaken, noName}
}

// mostTries is how many names are tried in a row.
const mostTries = 6

var errTaken = errors.New("its name is taken, and so is every other that was tried")

// candidates are the names that the channel may have: the one that is wished for, those that
// people recognise, and one that nobody has guessed.
func candidates(name string) []string {
	return []string{name, name + "-2", name + "-3", name + "-4", name + "-" + strings.ToLower(rand.Text()[:8])}
}

// keptSite looks at the room whose id was kept; it is not kept if that was deleted.
func (c Setup) keptSite(ctx context.Context, name string) (s site, err error) {
	id, err := c.kept(name)
	if err != nil || id == "" {
		return s, err
	}
	s.group, err = c.groupOf(ctx, url.Values{"roomId": {string(id)}})
	switch {
	case CodeOf(err) == "error-room-not-found":
		return site{}, nil
	case RefusedForGood(err):
		return s, unusable{fmt.Errorf("the bot is no longer in it: %w", err), notIn}
	case err != nil:
		return s, err
	}
	s.kept = true
	if s.Name != name { // renamed, or made under another name
		other, err := c.groupOf(ctx, url.Values{"roomName": {name}})
		switch {
		case err == nil && other.ID != s.ID, RefusedForGood(err) && CodeOf(err) != "error-room-not-found":
			s.taken, s.by = true, other.Creator.Username
		case err != nil && !RefusedForGood(err):
			return s, err
		}
	}
	if s.Kind != wire.PrivateGroup {
		return s, unusable{errors.New("#" + s.Name + " has been made public"), isPublic}
	}
	return s, archived(s.group)
}

func archived(room group) error {
	if room.Archived {
		return unusable{errors.New("the group #" + room.Name + " is archived"), isArchived}
	}
	return nil
}

func (c Setup) groupOf(ctx context.Context, query url.Values) (group, error) {
	var answer struct {
		Room group `json:"room"`
	}
	k := call{method: http.MethodGet, route: "/rooms.info", query: query, answer: &answer}
	err := c.do(ctx, k)
	if err == nil && answer.Room.ID == "" {
		err = unexpected(k, nil)
	}
	return answer.Room, err
}

// trusted are the users who may have made the setup channel: the bot and the managers.
func (c Setup) trusted(ctx context.Context) (map[string]bool, error) {
	bot, _ := c.Bot()
	ours := map[string]bool{string(bot): true}
	managers, err := Directory(c).managers(ctx)
	if err != nil && !forbidden(err) {
		return nil, err
	}
	for _, m := range managers {
		ours[m.ID] = true
	}
	delete(ours, "") // a room whose maker is not told is nobody's
	return ours, nil
}

// keptAs is the name under which the id of a channel is kept: another SETUP_CHANNEL is
// another channel.
func keptAs(name string) string { return "setup channel " + name }

func (c Setup) kept(name string) (bridge.RoomID, error) {
	if c.cfg.Memory == nil {
		return "", nil
	}
	id, err := c.cfg.Memory.Note(keptAs(name))
	return bridge.RoomID(id), err
}

func (c Setup) keep(ctx context.Context, name string, s site) error {
	if c.cfg.Memory == nil || s.kept {
		return nil
	}
	return c.cfg.Memory.SaveNote(ctx, keptAs(name), string(s.ID))
}
