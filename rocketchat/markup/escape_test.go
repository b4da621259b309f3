package markup

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A joiner is written as +.
func TestLiteral(t *testing.T) {
	for _, c := range []struct{ name, typed, want string }{
		{"nothing", "", ""},
		{"words", "Hello, where is my order? It was 5.50 €.", "Hello, where is my order? It was 5.50 €."},
		{"multiplication", "2*3*4 = 24", `2\*3*4 = 24`},
		{"multiplication with spaces", "5 * 3 * 2", `5 \* 3 * 2`},
		{"a star alone", "9.99 €*", "9.99 €*"},
		{"emphasis", "*a* _b_ ~c~ `d`", "\\*a* \\_b_ \\~c~ \\`d`"},
		{"not across lines", "*a\nb*", "*a\nb*"},
		{"names with low lines", "snake_case_name __init__", `snake_case_name \_\_init__`},
		{"a number with low lines", "AB-12_34_5", `AB-12\_34_5`},
		{"code block", "```\na\n```", "\\`\\``\na\n\\`\\``"},
		{"mentions", "@all @here hi@all", "+@all +@here hi+@all"},
		{"mention that begins with a sign", "@_anna", "+@+_anna"},
		{"channel", "#general, order #1234", "+#general, order +#1234"},
		{"heading", "# a\n#### b", "+# a\n+#### b"},
		{"quotation", "> a", "+> a"},
		{"lists", "- a\n* b\n1. c\n- [ ] d", "+- a\n+* b\n+1. c\n+- [ ] d"},
		{"rule", "---", "+---"},
		{"temperature", "-5 °C", "-5 °C"},
		{"short names", ":smile: 12:30:45 a:c", ":+smile: 12:+30:45 a:c"},
		{"emoticons", "hi :) B) <3 :D", "hi :+) B+) <+3 :+D"},
		{"masked link", "[shop](https://evil.test)", "[shop]+(https:+//evil\\.test)"},
		{"masked link after a word", "a [b c](https://evil.test) d", "a [b c]+(https:+//evil\\.test) d"},
		{"picture", "![a](https://x.io/b.png)", "![a]+(https:+//x\\.io/b\\.png)"},
		{"angle link", "<https://evil.test|shop>", "<+https:+//evil\\.test|shop>"},
		{"angle link without a scheme", "<evil.com|my shop>", "<+evil\\.com|my shop>"},
		{"spoiler", "||a||", "|+|a|+|"},
		{"time", "<t:1630360800:R>", "<+t:+1630360800:R>"},
		{"colour", "color:#ff0000", "color:+#ff0000"},
		{"prices", "$5 or $6", "+$5 or +$6"},
		{"prices with cents", "$5.50 or $1,000.00", "+$5.50 or +$1,000.00"},
		{"number of a case", "#12.3", "+#12.3"},
		{"one price", "$5", "$5"},
		{"formula", `\(x\) \[y\]`, `\+(x\) \+[y\]`},
		{"shrug", `¯\_(ツ)_/¯`, `¯\\_(ツ)_/¯`},
		{"path", `C:\temp\x.txt`, `C:\temp\x.txt`},
		{"backslash that hides", `\*a`, `\\*a`},
		{"link", "https://x.io/a_b_c?d=*e*&f=~g~#h", "https://x.io/a_b_c?d=*e*&f=~g~#h"},
		{"link in brackets", "(https://en.wikipedia.org/wiki/A_(b)_c_d).", "(https://en.wikipedia.org/wiki/A_(b)_c_d)."},
		{"host", "example.com/_a_", "example.com/_a_"},
		{"mail", "first_last_x@example.com", "first_last_x@example.com"},
		{"mail with a scheme", "mailto:a@b.com", "mailto+:a@b.com"},
		{"telephone", "+491701234567", "+491701234567"},
		{"emoji", "👍🏽 ❤️ 👨‍👩‍👧‍👦 🇩🇪", "👍🏽 ❤️ 👨‍👩‍👧‍👦 🇩🇪"},
		{"direction of writing", "a\u202eb\u2066c\u200fd", "abcd"},
		{"controls", "a\x00b\x1bc\u0085d", "abc\nd"},
		{"line breaks", "a\r\nb\rc\u2028d", "a\nb\nc\nd"},
		{"invalid UTF-8", "a\xff", "a\ufffd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.ReplaceAll(Literal(c.typed), joiner, "+")
			if got != c.want {
				t.Errorf("Literal(%q)\n got %q\nwant %q", c.typed, got, c.want)
			}
		})
	}
}

func TestMessage_CitedLines_AreQuotationsAndOthersCannotBe(t *testing.T) {
	const mark = "\ufdd0"
	got := Message(mark+"[Written on Monday]\n> *a*\n"+mark+"b_c_ _d_\nx"+mark, mark)
	if want := "> [Written on Monday]\n" + joiner + "> \\*a*\n> b_c_ \\_d_\nx"; got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// What an agent copies out of a customer's message reaches the customer as they typed it.
func TestPlain_OfALiteral_IsWhatWasTyped(t *testing.T) {
	for _, typed := range []string{
		"2*3*4 = 24", "5 * 3 * 2", "*a* _b_ ~c~ `d`", "@all #1234 :smile: :)", `¯\_(ツ)_/¯`, "# a\n> b\n- c\n1. d", "[a](https://evil.test)",
		"<t:1630360800:R> ||x|| $5 or $6", "https://x.io/a_b_c first_last@example.com", "AB-12_34_5",
	} {
		if got := Plain(Literal(typed)); got != typed {
			t.Errorf("%q became %q by way of %q", typed, got, Literal(typed))
		}
	}
}

func TestLiteral_LongMessage_IsQuick(t *testing.T) {
	for _, unit := range []string{"a", "*", "_", "*a ", "<", "<a|", "[](", ":", ":a", "@", "a.", "a://", ".", "\\", "$", "x.io/", "a@b.c,", "👍"} {
		long := strings.Repeat(unit, 1<<14/len(unit))
		start := processor(t)
		Literal(long)
		if took := processor(t) - start; took > 10*time.Second {
			t.Errorf("%d bytes of %q took %v", len(long), unit, took)
		}
	}
}

// TestEmoticons_HoldASignThatIsNotInert, or words with them would be taken for plain.
func TestEmoticons_HoldASignThatIsNotInert(t *testing.T) {
	for _, e := range slices.Concat(emoticons[:]...) {
		if _, plain := nextWord(e); plain {
			t.Errorf("%s counts as plain", e)
		}
	}
}

func FuzzLiteral(f *testing.F) {
	for _, typed := range []string{"2*3*4", "[a](https://x.io) <https://x.io|b> @all", "\\_a_ ```\nb\n``` ||c|| $d$ :e: <t:1:R>", "a@b.com_ x.io/_y_\u202e"} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		got := Literal(typed)
		all := inert
		inert = [256]bool{} // without the short way for plain words
		if slow := Literal(typed); slow != got {
			t.Errorf("Literal(%q) = %q, and the long way %q", typed, got, slow)
		}
		inert = all
		// Only joiners and backslashes come in, and nothing else goes.
		bare := strings.NewReplacer(joiner, "", `\`, "")
		if want := Visible(typed); bare.Replace(got) != bare.Replace(want) {
			t.Errorf("Literal(%q) = %q", typed, got)
		}
		if strings.Contains(got, "](") {
			t.Errorf("Literal(%q) = %q holds a masked link", typed, got)
		}
		for _, word := range strings.Fields(got) { // the path of an address may have bars in it
			if before, _, bars := strings.Cut(word, "||"); bars && !strings.ContainsAny(before, "/?#") {
				t.Errorf("Literal(%q) = %q holds bars that hide", typed, got)
			}
		}
		for line := range strings.SplitSeq(got, "\n") {
			if strings.HasPrefix(line, ">") || strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "```") {
				t.Errorf("Literal(%q) has the line %q", typed, line)
			}
		}
	})
}

func TestBeginsBlock_WhereverABlockMayBegin(t *testing.T) {
	matched := 0
	for c := range 256 {
		for _, rest := range []string{"", " x", "\tx", "# x", "--", "---", " ---", "$", "[", ". x", "1. x", "x"} {
			if line := string([]byte{byte(c)}) + rest; blockBegin.MatchString(line) {
				if matched++; !beginsBlock(byte(c)) {
					t.Errorf("a block may begin with %q", line)
				}
			}
		}
	}
	if matched < 20 {
		t.Errorf("only %d lines begin a block", matched)
	}
}

func BenchmarkLiteral_Plain(b *testing.B) {
	typed := "= " + strings.Repeat("the parcel has not come yet, can you look where it is? ", 15)
	b.SetBytes(int64(len(typed)))
	for b.Loop() {
		Literal(typed)
	}
}

func BenchmarkLiteral(b *testing.B) {
	typed := strings.Repeat("Hello, where is my order #1234? It was 2*3*4 = 24 €, see https://x.io/a_b. Thanks! ", 10)
	b.SetBytes(int64(len(typed)))
	for b.Loop() {
		Literal(typed)
	}
}
