package wire

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestDecode_OneCall_IsOrderedByMetasTimes: in a call with several entries, and in both lists of each, M2 may stand before M1.
// What has no time stays at its place, and so does what becomes of messages, which has a lane of its own.
func TestDecode_OneCall_IsOrderedByMetasTimes(t *testing.T) {
	says := func(mid string, customer, at int) string {
		time := ""
		if at > 0 {
			time = fmt.Sprintf(`"timestamp":%d,`, 1790000000000+at)
		}
		return fmt.Sprintf(`{"sender":{"id":"%d"},"recipient":{"id":"1"},%s"message":{"mid":"%s","text":"x"}}`, customer, time, mid)
	}
	edit := strings.Replace(says("e2", 7, 50), `"message"`, `"message_edit"`, 1)
	earlier := strings.Replace(says("e1", 7, 40), `"message"`, `"message_edit"`, 1)
	entry := func(messaging, standby []string) string {
		return `{"id":"1","time":1790000000999,"messaging":[` + strings.Join(messaging, ",") + `],"standby":[` + strings.Join(standby, ",") + `]}`
	}
	comment := func(id string, at int) string {
		return fmt.Sprintf(`{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"%s","post_id":"1_2","from":{"id":"7"},"message":"x","created_time":%d}}`, id, at)
	}
	body := `{"object":"page","entry":[` + strings.Join([]string{
		entry([]string{says("m3", 7, 30), edit, says("undated", 7, 0), says("other2", 9, 20)}, []string{says("m4", 7, 40)}),
		entry([]string{says("m2", 7, 20), earlier, says("m2 again", 7, 20)}, []string{says("m1", 7, 10), says("other1", 9, 10)}),
		`{"id":"1","time":1790000000999,"changes":[` + comment("c2", 1790000002) + "," + comment("c1", 1790000001) + `]}`,
	}, ",") + `]}`
	d, err := Decode([]byte(body), received)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range d.Events {
		got = append(got, string(in.Mid))
	}
	want := []string{"m1", "e2", "undated", "other1", "m2", "m2 again", "e1", "m3", "m4", "other2", "c1", "c2"}
	if !slices.Equal(got, want) {
		t.Errorf("passed on as %q, want %q", got, want)
	}
}

// TestDecode_OneCall_WhatReplacesOneAnother_IsOrdered: a reaction that was taken back may stand before the reaction, and an
// older text of a comment behind the newer one.
func TestDecode_OneCall_WhatReplacesOneAnother_IsOrdered(t *testing.T) {
	reacts := func(action string, at int) string {
		return fmt.Sprintf(`{"sender":{"id":"7"},"recipient":{"id":"1"},"timestamp":%d,"reaction":{"mid":"m","action":"%s","reaction":"love","emoji":"❤"}}`, 1790000000000+at, action)
	}
	comment := func(verb string, at int) string {
		return fmt.Sprintf(`{"field":"feed","value":{"item":"comment","verb":"%s","comment_id":"c","post_id":"1_2","from":{"id":"7"},"message":"%s %d","created_time":1790000000,"edited_time":%d}}`, verb, verb, at, 1790000000+at)
	}
	body := `{"object":"page","entry":[{"id":"1","time":1790000000999,"messaging":[` + reacts("unreact", 20) + "," + reacts("react", 10) + `],"changes":[` +
		comment("edited", 5) + "," + comment("edited", 4) + `]}]}`
	d, err := Decode([]byte(body), received)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range d.Events {
		if in.Reaction != nil {
			got = append(got, fmt.Sprint("taken back: ", in.Reaction.Removed))
			continue
		}
		got = append(got, in.Text)
	}
	if want := []string{"taken back: false", "taken back: true", "edited 4", "edited 5"}; !slices.Equal(got, want) {
		t.Errorf("passed on as %q, want %q", got, want)
	}
}
