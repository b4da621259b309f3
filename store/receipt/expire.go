package receipt

import "messenger-bridge/store/changes"

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
