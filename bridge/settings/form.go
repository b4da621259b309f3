package settings

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// Filled is a form of settings as a person sends it back. Others may have changed
// the settings since it was made.
type Filled struct {
	Seen  string            // what Seen returned when it was made
	Typed map[string]string // values by word; a setting that is not among them stays as it is
}

// Outcome is what becomes of a form.
type Outcome struct {
	Saved    bool
	Settings bridge.Settings            // as they are now, with everything the person changed
	Mistakes map[string]language.Phrase // by word: why nothing was saved
	Theirs   []*Setting                 // changed by others meanwhile, and not by the person: kept
	Clashes  []*Setting                 // changed by both, differently: the person has to decide
}

// Seen returns what a form must bring back, so that one can tell what was
// changed, by whom. It shows no setting.
func Seen(s bridge.Settings) string {
	return seen(s, func(*Setting) bool { return true })
}

// SeenToConnect is Seen for what is asked for when a page is connected.
func SeenToConnect(s bridge.Settings) string {
	return seen(s, func(d *Setting) bool { return d.Connect })
}

func seen(s bridge.Settings, which func(*Setting) bool) string {
	var all []string
	for i := range Table {
		if d := &Table[i]; which(d) {
			all = append(all, d.Word+"."+digest(d.Value(s)))
		}
	}
	return strings.Join(all, " ")
}

// digests returns what seen made, by word.
func digests(seen string) map[string]string {
	all := map[string]string{}
	for one := range strings.FieldsSeq(seen) {
		word, sum, _ := strings.Cut(one, ".")
		all[word] = sum
	}
	return all
}

// TakeOver copies from filled into s what is asked for when a page is connected, but what the
// person left as it was when SeenToConnect returned shown: others may have changed it since.
func TakeOver(s *bridge.Settings, shown string, filled bridge.Settings) {
	seen := digests(shown)
	for i := range Table {
		if d := &Table[i]; d.Connect && digest(d.Value(filled)) != seen[d.Word] {
			d.set(s, d.get(filled))
		}
	}
}

func digest(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:8])
}

// Apply puts what a person changed into the settings as they are now. What the
// person left as it was follows the others.
func (f Filled) Apply(now bridge.Settings, known []bridge.Department) (Outcome, error) {
	seen := digests(f.Seen)
	out := Outcome{Settings: now, Mistakes: map[string]language.Phrase{}}
	for i := range Table {
		d := &Table[i]
		typed, there := f.Typed[d.Word]
		if !there {
			continue
		}
		if seen[d.Word] == "" {
			return out, bridge.ErrForged
		}
		changed := out.Settings
		mistake := d.Change(&changed, typed, known)
		mine, theirs := d.Value(changed), d.Value(now)
		touched, moved := digest(mine) != seen[d.Word], digest(theirs) != seen[d.Word]
		switch {
		case mistake != "":
			out.Mistakes[d.Word] = mistake
		case moved && !touched:
			out.Theirs = append(out.Theirs, d)
		case moved && mine != theirs:
			out.Clashes = append(out.Clashes, d)
			out.Settings = changed
		default:
			out.Settings = changed
		}
	}
	out.Saved = len(out.Mistakes)+len(out.Clashes) == 0
	return out, nil
}
