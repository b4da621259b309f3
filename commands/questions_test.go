package commands

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

var offeredWords = regexp.MustCompile("`/facebook ([^`]* confirm [a-z2-7]{8})`")

// asks types a command and returns the words that its question offers.
func (o *office) asks(t *testing.T, words string) string {
	t.Helper()
	reply := o.typed(t, boss, words)
	offered := offeredWords.FindStringSubmatch(reply.Text)
	if offered == nil || !reply.Private || len(o.calls) > 0 {
		t.Fatalf("%q is answered %+v, and did %q", words, reply, o.calls)
	}
	for _, s := range reply.Shortcuts {
		if s.Types != "/facebook "+offered[1] {
			t.Errorf("the button types %q", s.Types)
		}
	}
	return offered[1]
}

// answers types something in a trusted place, as a message of its own.
func (o *office) answers(t *testing.T, who bridge.Author, id bridge.MessageID, words string) string {
	t.Helper()
	reply, err := o.commands().Handle(t.Context(), bridge.Command{ID: id, From: who, Words: words, Trusted: true})
	if err != nil {
		t.Fatalf("%q: %v", words, err)
	}
	return reply.Text
}

var deeds = []struct{ words, did, says string }{
	{"delete 200", "delete 200", "*Bakery* is deleted. Facebook cannot be reached"},
	{"unauthorize", "disconnect 100", "*Shop one* is disconnected"},
	{"unauthorize 100 200", "disconnect 100,disconnect 200", "*Bakery* is disconnected"},
	{"forget 100 7001", "forget 100 7001", "The customer is forgotten here."},
	{"retry 14 12 anyway", "retry [12 14] true", "`12` is tried again"},
}

func TestQuestion_IsDoneWithItsCode_Once(t *testing.T) {
	for _, c := range deeds {
		o := newOffice()
		yes := o.asks(t, c.words)
		kept := newOffice().pages
		if got := o.answers(t, boss, "m1", strings.ToUpper(yes[:1])+yes[1:]); !strings.Contains(got, c.says) || strings.Join(o.calls, ",") != c.did {
			t.Errorf("%q is answered %q, and did %q", yes, got, o.calls)
		}
		o.pages, o.calls = kept, nil
		if got := o.answers(t, boss, "m2", yes); !strings.Contains(got, "was used before") || len(o.calls) > 0 {
			t.Errorf("%q again is answered %q, and did %q", yes, got, o.calls)
		}
		if o.answers(t, boss, "m1", yes); strings.Join(o.calls, ",") != c.did { // after a crash
			t.Errorf("the same message again did %q", o.calls)
		}
	}
}

// TestQuestion_TargetIsGone_SameMessageSaysThatItIsDone: it was stopped before its answer was stored.
func TestQuestion_TargetIsGone_SameMessageSaysThatItIsDone(t *testing.T) {
	for words, gone := range map[string]func(*office){
		"delete 200":      func(o *office) { delete(o.pages, "200") },
		"forget 100 7001": func(o *office) { o.nobody = true },
	} {
		o := newOffice()
		yes := o.asks(t, words)
		o.answers(t, boss, "m1", yes)
		gone(o)
		if got := o.answers(t, boss, "m1", yes); !strings.Contains(got, "It is done: ") {
			t.Errorf("%q is answered %q", yes, got)
		}
		o = newOffice()
		yes = o.asks(t, words)
		gone(o)
		if got := o.answers(t, boss, "m1", yes); strings.Contains(got, "It is done") {
			t.Errorf("%q, by nobody yet, is answered %q", yes, got)
		}
		for _, typed := range []string{yes, words, words + " confirm"} {
			if got := o.answers(t, boss, "m2", typed); strings.Contains(got, "It is done") {
				t.Errorf("%q, typed later, is answered %q", typed, got)
			}
		}
	}
}

// TestQuestion_ConfirmedByName_IsOfferedInFull: what is done again after a crash may find nobody
// of that name, or somebody else.
func TestQuestion_ConfirmedByName_IsOfferedInFull(t *testing.T) {
	o := newOffice()
	yes := o.asks(t, "delete bakery")
	if got := o.answers(t, boss, "m0", "delete bakery confirm abcdefgh"); !strings.Contains(got, "This code is not good") {
		t.Errorf("another code is answered %q", got)
	}
	if got := o.answers(t, boss, "m1", strings.Replace(yes, "200", "bakery", 1)); !strings.Contains(got, "`/facebook "+yes+"`") || len(o.calls) > 0 {
		t.Errorf("answered %q, and did %q", got, o.calls)
	}
	if got := o.answers(t, boss, "m2", yes); !strings.Contains(got, "*Bakery* is deleted") {
		t.Errorf("answered %q", got)
	}
}

func TestQuestion_WithoutItsCode_NothingIsDone(t *testing.T) {
	other := bridge.Author{ID: "other", Username: "other"}
	for _, c := range deeds {
		for name, says := range map[string]func(o *office, yes string) string{
			"no code":        func(o *office, yes string) string { return o.answers(t, boss, "m", yes[:len(yes)-9]) },
			"another code":   func(o *office, yes string) string { return o.answers(t, boss, "m", yes[:len(yes)-8]+"abcdefgh") },
			"another person": func(o *office, yes string) string { return o.answers(t, other, "m", yes) },
			"another target": func(o *office, yes string) string {
				return o.answers(t, boss, "m", strings.NewReplacer("100", "200", "200", "100", "14", "15").Replace(yes))
			},
			"another command": func(o *office, yes string) string {
				_, rest, _ := strings.Cut(yes, " ")
				word := map[bool]string{true: "unauthorize", false: "delete"}[strings.HasPrefix(yes, "delete")]
				return o.answers(t, boss, "m", word+" "+rest)
			},
			"too late": func(o *office, yes string) string {
				o.late = 5 * time.Minute
				return o.answers(t, boss, "m", yes)
			},
			"elsewhere": func(o *office, yes string) string { return o.typed(t, boss, yes).Text },
		} {
			o := newOffice()
			o.manager["other"] = true
			says := says(o, o.asks(t, c.words))
			if len(o.calls) > 0 || says == "" {
				t.Errorf("%s, %s: did %q, and says %q", c.words, name, o.calls, says)
			}
		}
	}
}

func TestQuestion_NothingCouldBeDone_CodeStaysGood(t *testing.T) {
	o := newOffice()
	yes := o.asks(t, "forget 100 7001")
	o.stays = bridge.ErrRoomStays
	if got := o.answers(t, boss, "m1", yes); !strings.Contains(got, "nothing was erased") {
		t.Errorf("%q", got)
	}
	o.stays = nil
	if got := o.answers(t, boss, "m2", yes); !strings.Contains(got, "The customer is forgotten here.") {
		t.Errorf("%q", got)
	}
	yes, o.stays, o.calls = "", errors.New("Rocket.Chat is away"), nil
	yes = o.asks(t, "forget 100 7001")
	if _, err := o.commands().Handle(t.Context(), bridge.Command{ID: "m3", From: boss, Words: yes, Trusted: true}); err == nil {
		t.Error("trouble is taken for an answer")
	}
	o.stays = nil
	if got := o.answers(t, boss, "m3", yes); !strings.Contains(got, "The customer is forgotten here.") {
		t.Errorf("the same message, when it is carried out again, is answered %q", got)
	}
}
