package receipt

import (
	"bytes"
	"slices"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/store/proof"
)

// KeysOf calls take for the keys under which stands, in the bucket of a day, which messages of a conversation
// were which of Messenger's; not all of them are there. messages are those of its rooms, as older receipts do
// not tell whose they are.
func KeysOf(b proof.Bucket, of bridge.Conversation, rooms []bridge.RoomID, messages []bridge.MessageID, take func(key []byte)) {
	each(b, SentTo(of), func(key, _ []byte) { take(key) })
	eachSent(b, of, func(version, part, mid []byte) {
		take(append(append(append([]byte{'o'}, version...), 0), part...))
		take(MidKey('i', of.Page, bridge.Mid(mid)))
		take(PrintKey(bridge.TagOfVersion(string(version), 0).Message))
	})
	eachShown(b, of.Page, rooms, func(mid bridge.Mid, ids []string) {
		take(MidKey('s', of.Page, mid))
		for _, id := range ids {
			tag := bridge.SendTag{Message: bridge.MessageID(id)}
			take(MarkKey('o', tag))
			take(OneKey(tag))
		}
	})
	for _, id := range messages {
		take(PrintKey(id))
		take(OneKey(bridge.SendTag{Message: id}))
		for _, version := range []string{string(id) + "\x00", string(id) + bridge.VersionSign} {
			each(b, []byte("o"+version), func(key, mid []byte) {
				take(key)
				take(MidKey('i', of.Page, bridge.Mid(mid)))
			})
		}
	}
}

// eachSent calls do for every part of a message that was sent in a conversation.
func eachSent(b proof.Bucket, of bridge.Conversation, do func(version, part, mid []byte)) {
	conversation, prefix := []byte(of.String()), MidKey('i', of.Page, "")
	each(b, prefix, func(key, v []byte) {
		if version, part, in, ok := CutMark(v); ok && bytes.Equal(in, conversation) {
			do(version, part, key[len(prefix):])
		}
	})
}

// eachShown calls do for everything that is shown in one of some rooms.
func eachShown(b proof.Bucket, page bridge.PageID, rooms []bridge.RoomID, do func(mid bridge.Mid, ids []string)) {
	each(b, []byte{'b'}, func(key, v []byte) {
		if of, mid, room := CutOne(v); of == page && slices.Contains(rooms, room) {
			do(mid, []string{string(key[1:])})
		}
	})
	prefix := MidKey('s', page, "")
	each(b, prefix, func(key, v []byte) {
		if ids := strings.Split(string(v), "\x00"); slices.Contains(rooms, bridge.RoomID(ids[0])) {
			do(bridge.Mid(key[len(prefix):]), ids[1:])
		}
	})
}

// each calls do for every key with a prefix; the value is empty if it is not proven.
func each(b proof.Bucket, prefix []byte, do func(key, v []byte)) {
	c := b.Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		v, _ = b.Value(k, v)
		do(k, v)
	}
}
