package store_test

import (
	"reflect"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

func TestSentSince_TellsWhichPartsWentToACustomer(t *testing.T) {
	s := open(t, options(newPath(t)))
	mine, other := conversation(1), conversation(2)
	noon := time.Now().UTC().Truncate(time.Second)
	sent := func(c bridge.Conversation, tag bridge.SendTag, after time.Duration) bridge.Sent {
		return bridge.Sent{To: c, Tag: tag, At: noon.Add(after)}
	}
	all := []bridge.Sent{
		sent(mine, bridge.SendTag{Message: "a"}, 0),
		sent(mine, bridge.SendTag{Message: "a", Part: 1}, time.Second),
		sent(other, bridge.SendTag{Message: "b"}, time.Second),
		sent(mine, bridge.SendTag{Message: "a", Edit: 7}, 2*time.Second),
	}
	var receipts []bridge.Receipt
	for _, one := range all {
		receipts = append(receipts, bridge.Receipt{Page: one.To.Page, Mid: bridge.Mid(one.At.String()), Tag: one.Tag, With: one.To, Sent: one})
	}
	if err := s.SaveReceipts(t.Context(), receipts); err != nil {
		t.Fatal(err)
	}
	if got, want := s.SentSince(mine, noon), []bridge.Sent{all[1], all[3]}; !reflect.DeepEqual(got, want) {
		t.Errorf("sent since: %+v, want %+v", got, want)
	}
}
