package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
)

const (
	linkFirstVisitor = 3 // the visitor's token is VisitorToken, and not written
	linkVersion      = 2
	linkWithoutBegin = 1
)

// LinkTable tells how conversations are tied to Rocket.Chat, and which rooms they had.
type LinkTable struct{ *file }

var _ bridge.Links = LinkTable{}

// Link returns how a conversation is tied to Rocket.Chat; one with nothing but
// the conversation in it if it is not.
func (s LinkTable) Link(c bridge.Conversation) (bridge.Link, error) {
	l, changes, held := s.linked.Get(c)
	if held {
		return l, nil
	}
	key := []byte(c.String())
	l = bridge.Link{Conversation: c}
	err := s.view(func(tx *bbolt.Tx) error {
		v := s.tables.Of(tx, bucketConversations).Get(key)
		if v == nil {
			return nil
		}
		return s.parseLink(key, v, &l)
	})
	if err != nil {
		return bridge.Link{}, fmt.Errorf("read conversation %s: %w", key, err)
	}
	s.linked.Read(l, changes)
	return l, nil
}

func (s LinkTable) parseLink(key, v []byte, l *bridge.Link) error {
	if len(v) == 0 || v[0] < linkWithoutBegin || v[0] > linkFirstVisitor {
		return errors.New("record has an unknown version")
	}
	room, rest, err := layout.CutShort(v[1:])
	if err != nil {
		return err
	}
	department, rest, err := layout.CutShort(rest)
	if err != nil {
		return err
	}
	l.Room, l.Department = bridge.RoomID(room), bridge.DepartmentID(department)
	if v[0] >= linkVersion {
		begin, more, err := layout.CutShort(rest)
		if err != nil {
			return err
		}
		l.Begin, rest = bridge.MessageID(begin), more
	}
	if v[0] == linkFirstVisitor {
		l.Visitor = s.VisitorToken(l.Conversation)
	} else if len(rest) > 0 {
		visitor, err := s.seal.Open(bucketConversations, key, rest)
		if err != nil {
			return err
		}
		l.Visitor = bridge.Secret(visitor)
	}
	return nil
}

// SaveLink stores how a conversation is tied to Rocket.Chat, in place of what was
// there, and that its room belongs to it. It returns when both are durable.
// Earlier rooms still lead to the conversation.
func (s LinkTable) SaveLink(ctx context.Context, l bridge.Link) error {
	if err := checkLink(l); err != nil {
		return err
	}
	key := []byte(l.Conversation.String())
	v := make([]byte, 1, 64)
	v = layout.AppendShort(v, string(l.Room))
	v = layout.AppendShort(v, string(l.Department))
	v = layout.AppendShort(v, string(l.Begin))
	switch v[0] = linkVersion; l.Visitor {
	case "":
	case s.VisitorToken(l.Conversation):
		v[0] = linkFirstVisitor
	default:
		v = s.seal.Seal(v, bucketConversations, key, []byte(l.Visitor.Reveal()))
	}
	err := s.do(ctx, &op{apply: func(g *group) {
		g.Put(g.Bucket(bucketConversations), key, v)
		if l.Room != "" {
			g.Put(g.Bucket(bucketRooms), []byte(l.Room), key)
		}
		g.then(func() { s.linked.Saved(l) })
	}})
	if err != nil {
		return fmt.Errorf("store conversation %s: %w", key, err)
	}
	return nil
}

func checkLink(l bridge.Link) error {
	c := l.Conversation
	switch {
	case c.Page == "" || c.Customer == "" || c.Kind == "":
		return errors.New("conversation without page, customer or kind")
	case strings.Contains(string(c.Page), "/") || strings.Contains(string(c.Kind), "/"):
		return errors.New("page or kind of a conversation contains a slash")
	case len(c.String()) > layout.MaxLane:
		return fmt.Errorf("ids of a conversation are longer than %d bytes", layout.MaxLane)
	case len(l.Room) > 255 || len(l.Department) > 255 || len(l.Begin) > 255 || len(l.Visitor) > 4096:
		return fmt.Errorf("conversation %s: room, department or visitor is too long", c.String())
	}
	return nil
}

// Conversation returns the conversation a room was opened for, closed rooms
// included, and false for rooms that are not ours.
func (s LinkTable) Conversation(room bridge.RoomID) (bridge.Conversation, bool, error) {
	var of string
	err := s.view(func(tx *bbolt.Tx) error {
		of = string(s.tables.Of(tx, bucketRooms).Get([]byte(room)))
		return nil
	})
	if err != nil || of == "" {
		return bridge.Conversation{}, false, err
	}
	c, ok := bridge.ConversationOf(of)
	if !ok {
		return c, false, fmt.Errorf("read room %s: %w", room, layout.ErrShort)
	}
	return c, true, nil
}

// VisitorToken returns the token under which a customer is registered at first:
// always the same for a conversation and key, and not to be guessed.
func (s LinkTable) VisitorToken(c bridge.Conversation) bridge.Secret {
	return bridge.Secret(s.seal.VisitorToken([]byte(c.String())))
}
