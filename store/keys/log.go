package keys

import (
	"encoding/binary"
	"time"

	"messenger-bridge/store/proof"
)

// The log has the hashes in records of some, in order of time:
//
//	sequence (8) -> Unix seconds (4), hashes (16 each)
const (
	// perRecord bounds a record to about half a page, and few one to which keys are added: bbolt
	// splits pages of five records and more.
	perRecord = 120
	few       = 40
	// SameRecord is for how long keys come into the same record, if there is room: pages of many
	// small ones take long to write. A record counts as made when it was begun.
	SameRecord = time.Minute
)

// Fresh are the keys that a transaction adds.
type Fresh struct {
	set map[Hash]struct{}
	All []Hash // in order
}

// Empty returns the same without any.
func (f *Fresh) Empty() *Fresh {
	const kept = 512
	if len(f.All) > kept {
		*f = Fresh{}
	}
	clear(f.set)
	f.All = f.All[:0]
	return f
}

// Add adds a key, and reports whether it was not there.
func (f *Fresh) Add(h Hash) bool {
	if _, twice := f.set[h]; twice {
		return false
	}
	if f.set == nil {
		f.set = map[Hash]struct{}{}
	}
	f.set[h] = struct{}{}
	f.All = append(f.All, h)
	return true
}

// Write adds keys to the log, many to a record, with values that are made in a room.
func Write(b proof.Bucket, room *proof.Room, all []Hash, now time.Time) error {
	if len(all) == 0 {
		return nil
	}
	key, v := last(b, room, len(all), now)
	most := few
	for ; len(all) > 0; key = nil {
		if key == nil {
			n, err := b.NextSequence()
			if err != nil {
				return err
			}
			key, v, most = binary.BigEndian.AppendUint64(room.Make(8), n), room.Make(4+16*min(len(all), perRecord)), perRecord
			v = binary.BigEndian.AppendUint32(v, uint32(now.Unix())) // #nosec G115 -- seconds fit until 2106
		}
		for len(all) > 0 && len(v) < 4+16*most {
			v, all = append(v, all[0][:]...), all[1:]
		}
		if err := b.Put(key, v); err != nil {
			return err
		}
	}
	return nil
}

// last returns a copy of the newest record, with room for more, if some may be added; nil if not.
func last(b proof.Bucket, room *proof.Room, more int, now time.Time) (key, v []byte) {
	key, stored := b.Cursor().Last()
	if key == nil {
		return nil, nil
	}
	old, err := b.Value(key, stored)
	age := now.Sub(At(old))
	if err != nil || len(old) >= 4+16*few || age < 0 || age >= SameRecord {
		return nil, nil
	}
	return key, append(room.Make(min(len(old)+16*more, 4+16*few)), old...)
}

// Forget lets go of records that were begun before a time, a few at once: of which keys, and
// when the oldest was begun that is left; zero if none is.
func Forget(b proof.Bucket, before time.Time) (keys []Hash, from time.Time, err error) {
	const atOnce = 64
	c := b.Cursor()
	k, v := c.First()
	for n := 0; k != nil && n < atOnce && !At(v).After(before); n++ {
		if v, err := b.Value(k, v); err == nil {
			keys = append(keys, In(v)...)
		}
		if err := c.Delete(); err != nil {
			return keys, from, err
		}
		k, v = c.First()
	}
	if k != nil {
		from = At(v)
	}
	return keys, from, nil
}
