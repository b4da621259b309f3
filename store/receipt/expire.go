package receipt

import (
	"bytes"
	"time"

	"messenger-bridge/store/changes"
	"messenger-bridge/store/layout"
)

// unset is the day before which a clock has not been set since it began with 1970.
const unset = 365

// Today returns the name of the day among whose receipts new ones are kept. Until the clock is
// set that is the newest day there is: else they are too old as soon as it is.
func Today(t *changes.Transaction, all []byte, now time.Time) []byte {
	today := layout.Day(now)
	if newest, _ := t.Bucket(all).Cursor().Last(); newest != nil && today < min(unset, DayNumber(newest)) {
		return bytes.Clone(newest)
	}
	return DayKey(today)
}

// atOnce is how many receipts one commit lets go of.
const atOnce = 256

// Expire lets go of some of the receipts of before a day, and reports whether there may be more.
// all is the bucket of the days.
func Expire(t *changes.Transaction, all []byte, before uint32) (more bool) {
	day, _ := t.Bucket(all).Cursor().First()
	if day == nil || DayNumber(day) >= before {
		return false
	}
	t.DropSome(all, day, atOnce)
	return true
}
