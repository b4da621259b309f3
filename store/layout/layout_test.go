package layout

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

var of = bridge.Conversation{Page: "100", Kind: bridge.Messages, Customer: "2001"}

// lanes are how lanes of every kind stand in the file, which never changes.
var lanes = map[bridge.Lane]string{
	{}:                                     "00 00 00 00",
	of.Lane():                              "00 03 313030 01 6d 04 32303031",
	of.MessageEvents():                     "01 03 313030 01 6d 04 32303031",
	bridge.CommentLane("100", "c_7"):       "02 03 313030 01 63 00 635f37",
	of.ReceiptMarks():                      "03 03 313030 01 6d 04 32303031",
	bridge.CommandLane("ana"):              "04 00 00 00 616e61",
	bridge.AnnouncementLane():              "05 00 00 00",
	{Sub: bridge.Unfiled, Of: "room1"}:     "06 00 00 00 726f6f6d31",
	{Page: "1", Kind: "x", Sub: 7, Of: ""}: "07 01 31 01 78 00",
}

func fromHex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "|", "").Replace(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLane_OfEveryKind_StaysAsItIs(t *testing.T) {
	for lane, want := range lanes {
		got := appendLane(nil, lane)
		if !bytes.Equal(got, fromHex(t, want)) {
			t.Errorf("%+v is % x, want %s", lane, got, want)
		}
		if back, err := ParseLane(string(got)); back != lane || err != nil {
			t.Errorf("%s is read as %+v, %v", want, back, err)
		}
		for n := range got[:len(got)-len(lane.Of)] {
			if _, err := ParseLane(string(got[:n])); err == nil {
				t.Errorf("%d bytes of %s are read as a lane", n, want)
			}
		}
	}
}

func TestCheckLane_RefusesIdsThatAreTooLong(t *testing.T) {
	long := strings.Repeat("x", 256)
	for _, l := range []bridge.Lane{
		{Page: bridge.PageID(long)}, {Kind: bridge.Kind(long)}, {Customer: bridge.CustomerID(long)}, {Page: "1", Of: long + long},
	} {
		if CheckLane(l) == nil {
			t.Errorf("%d, %d, %d and %d bytes are taken", len(l.Page), len(l.Kind), len(l.Customer), len(l.Of))
		}
	}
	if l := (bridge.Lane{Page: bridge.PageID(long[:255]), Customer: bridge.CustomerID(long[:255])}); CheckLane(l) != nil {
		t.Error("ids of 255 bytes are refused")
	}
}

var (
	accepted = time.Unix(0, 0x0102030405060708)
	tried    = time.Unix(0, 0x1112131415161718)
	due      = time.Unix(0, 0x2122232425262728)
)

// records are how deliveries stand in the file.
var records = []struct {
	of   bridge.Delivery
	want string
}{
	{
		bridge.Delivery{Lane: of.Lane(), Accepted: accepted},
		"02 | 00 0000 0000 | 0102030405060708 | 0000000000000000 | 000c 00 03 313030 01 6d 04 32303031",
	}, {
		bridge.Delivery{
			Lane: bridge.AnnouncementLane(), Accepted: accepted,
			Progress: bridge.Progress{State: bridge.OutcomeUnknown, Part: 3, Attempts: 258, Tried: tried, Tagged: true},
		},
		"02 | 82 0003 0102 | 0102030405060708 | 1112131415161718 | 0004 05 00 00 00",
	}, {
		bridge.Delivery{
			Lane: bridge.AnnouncementLane(), Accepted: accepted, Progress: bridge.Progress{State: bridge.Queued, Tagged: true},
			History: bridge.History{Tries: 259, Step: 7, Due: due, Reason: "busy"},
		},
		"02 | c1 0000 0000 | 0102030405060708 | 0000000000000000 | 0004 05 00 00 00 | 0103 07 2122232425262728 04 62757379",
	},
}

// same compares deliveries whose times may differ in their zones.
func same(t *testing.T, got, want bridge.Delivery, lane []byte) {
	t.Helper()
	var err error
	if got.Lane, err = ParseLane(string(lane)); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(AppendHeader(nil, got), AppendHeader(nil, want)) {
		t.Errorf("read %+v, want %+v", got, want)
	}
}

func TestRecord_OfEveryKind_StaysAsItIs(t *testing.T) {
	for _, r := range records {
		got := AppendHeader([]byte("before"), r.of)
		if !bytes.Equal(got, append([]byte("before"), fromHex(t, r.want)...)) {
			t.Errorf("got % x, want %s", got, r.want)
		}
		record := append(got[len("before"):], "body"...)
		var d bridge.Delivery
		lane, body, err := ParseRecord(record, &d)
		if err != nil || string(body) != "body" {
			t.Errorf("%s has the body %q, %v", r.want, body, err)
		}
		same(t, d, r.of, lane)
		for n := range len(record) - len("body") {
			if _, _, err := ParseRecord(record[:n], new(bridge.Delivery)); err == nil {
				t.Errorf("%d bytes of %s are read as a record", n, r.want)
			}
		}
	}
}

func TestWithProgressAndHistory_ChangeNothingElse(t *testing.T) {
	progress := bridge.Progress{State: bridge.OutcomeUnknown, Part: 1, Attempts: 2, Tried: tried}
	for _, r := range records {
		record := append(AppendHeader(nil, r.of), "body"...)
		before := bytes.Clone(record)
		want := r.of
		want.Progress = progress
		moved := WithProgress(record, progress)
		for _, h := range []bridge.History{{Tries: 1, Reason: "a"}, {Tries: 1 << 20, Due: due, Reason: "a longer reason"}, {}} {
			want.History = h
			postponed, err := WithHistory(moved, h)
			if err != nil {
				t.Fatal(err)
			}
			var d bridge.Delivery
			lane, body, err := ParseRecord(postponed, &d)
			if err != nil || string(body) != "body" {
				t.Errorf("the body is %q, %v", body, err)
			}
			same(t, d, want, lane)
			moved = postponed
		}
		if !bytes.Equal(record, before) {
			t.Error("the record itself was changed")
		}
	}
}

func TestRecord_OfAnotherVersion_IsRefused(t *testing.T) {
	record := AppendHeader(nil, records[0].of)
	for _, version := range []byte{0, 1, 3} {
		record[0] = version
		if _, _, err := ParseRecord(record, new(bridge.Delivery)); err == nil {
			t.Errorf("version %d is read", version)
		}
		if _, err := WithHistory(record, bridge.History{Tries: 1}); err == nil {
			t.Errorf("version %d is changed", version)
		}
	}
	if _, err := WithHistory(nil, bridge.History{}); err == nil {
		t.Error("what is gone is changed")
	}
}
