package language

import "strings"

// Phrase is a sentence that is stored and said later, in the language of the day:
// the English sentence and what is filled in, NULs between them. The empty Phrase
// says nothing; a plain text without verbs is one as well.
type Phrase string

// Later returns a phrase. Its verbs are all %s.
func Later(sentence string, args ...string) Phrase {
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "\x00", "")
	}
	return Phrase(strings.Join(append([]string{sentence}, args...), "\x00"))
}

// In returns the phrase in a speaker's language.
func (p Phrase) In(s *Speaker) string {
	if p == "" {
		return ""
	}
	sentence, rest, filled := strings.Cut(string(p), "\x00")
	if !filled {
		return s.Say(sentence)
	}
	var args []any
	for a := range strings.SplitSeq(rest, "\x00") {
		args = append(args, a)
	}
	return s.Say(sentence, args...)
}

// String returns it in English, for logs and operators.
func (p Phrase) String() string { return p.In(nil) }
