package textcut

import "testing"

func TestBlank(t *testing.T) {
	for _, text := range []string{
		"", " \n\t", "\u00a0", "\u3000", "\x00\x1b", "\u200b", "\ufeff", "\u2060\u2063", "\u00ad", "\u200e\u200f", "\u202e\u202c", "\u2066\u2069",
		"\u2800", "\u115f\u1160", "\u3164", "\uffa0", "\ufe0f", "\ufe0f\ufe0e", "\U000E0100", "\U000E0041\U000E007F", "\u0301\u0308", "\u20dd", "\u034f",
		"\u17b4", "\u180e", "\u061c", "\ufffc", "\U0001D159", " \u200d \u200d ",
	} {
		if !Blank(text) {
			t.Errorf("%+q shows something", text)
		}
	}
	for _, text := range []string{
		"a", ".", "\u200ba", "é", "e\u0301", "1\ufe0f\u20e3", "❤️", "👨‍👩‍👧", "🏴\U000E0067\U000E007F", "م", "ㅋ", "한", "\u0600", "\u06dd", "\u0903",
		"\ufffd", "\uf8ff", "\U0001FAEA", "\U0001FBFF", "⠁", "🇩🇪",
	} {
		if Blank(text) {
			t.Errorf("%+q shows nothing", text)
		}
	}
}
