package markup

import (
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestInstead_KeepsWhatNobodyHasWritten(t *testing.T) {
	const quote = "[ ](https://chat.test/live/r?msg=1) "
	for _, c := range []struct{ name, before, text, want string }{
		{"words", "a\nb", "c", "c"},
		{"behind a quote", quote + "a", "c", quote + "c"},
		{"behind a quotation", "> [ad]\n> [late]\na\nb", "c\nd", "> [ad]\n> [late]\nc\nd"},
		{"behind both", quote + "\n> [ad]\na", "c", quote + "\n> [ad]\nc"},
		{"once more", "> [ad]\nc", "c", "> [ad]\nc"},
		{"nothing but a quotation", "> [ad]", "c", "> [ad]\nc"},
		{"a quotation further below", "a\n> b", "c", "c"},
		{"a sign that a customer typed", Literal("> a") + "\nb", "c", "c"},
		{"a quotation in its place", "> [ad]\na", "> [deleted]", "> [deleted]"},
		{"a quotation in its place, behind a quote", quote + "\n> [ad]\na", "> [deleted]", quote + "\n> [deleted]"},
	} {
		if got := Instead(c.before, c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPlainText(t *testing.T) {
	const quote = "[ ](https://chat.example.com/live/r4nd0mRid?msg=m5gId) "
	for _, c := range []struct{ name, msg, want string }{
		{"nothing", "", ""},
		{"plain", "Hello, Anna! 5 > 3 & it's 100% ok.", "Hello, Anna! 5 > 3 & it's 100% ok."},
		{"bold", "*a* **b c** (*d*), *e:* *50%*!", "a b c (d), e: 50%!"},
		{"italic", "_a_ __b c__ \"_d_\" _3.14_", "a b c \"d\" 3.14"},
		{"strike", "~a~ ~~b c~~", "a b c"},
		{"nested", "_*a*_ *_b_* **~~c~~** ***d*** *a **b** c*", "a b c d a b c"},
		{"overlapping", "*a _b* c_", "a _b c_"},
		{"unequal", "__a_\n_b__\n**c*\n***d** e*", "_a\nb_\n*c\nd e"},
		{"without a partner", "*a _b ~c", "*a _b ~c"},
		{"not across lines", "*a\nb*", "*a\nb*"},
		{"snake case", "snake_case_name __init__x a__b__c _a_b", "snake_case_name __init__x a__b__c _a_b"},
		{"arithmetic", "2*3*4, 5 * 3 * 2, ~5-~10, 2**3", "2*3*4, 5 * 3 * 2, ~5-~10, 2**3"},
		{"footnotes and patterns", "5 €* (*) x (*) *.txt *.pdf", "5 €* (*) x (*) *.txt *.pdf"},
		{"line to be filled in", "Name: ____ _____x_____", "Name: ____ _____x_____"},
		{"nothing inside", "** ** * * __ ~~", "** ** * * __ ~~"},
		{"between Chinese and Thai letters", "你好*重要*通知 มี*ส่วนลด*วันนี้", "你好重要通知 มีส่วนลดวันนี้"},
		{"between other letters", "имя_файла_тест é*x*é e\u0301*x*", "имя_файла_тест é*x*é e\u0301*x*"},
		{"beside an emoji", "❤️*a*❤️ *😀*", "❤️a❤️ 😀"},
		{"CRLF", "*a*,\r\n\r\n_b_\r\n", "a,\r\n\r\nb\r\n"},

		{"escaped", `\*a\* \_b\_ \~c\~ \` + "`d\\`" + ` \# \. \x`, "*a* _b_ ~c~ `d` # . \\x"},
		{"shrug as Rocket.Chat writes it", `¯\\_(ツ)_/¯`, `¯\_(ツ)_/¯`},
		{"emoticons", `:) ;-) :* :-P ^_^ -_- -___- >_< *_* *\0/* O_O :( D: <3`, `:) ;-) :* :-P ^_^ -_- -___- >_< *_* *\0/* O_O :( D: <3`},
		{"entities", "&lt;b&gt; &amp; <b>", "&lt;b&gt; &amp; <b>"},
		{"formula", `so \(a_1*b_1*c\) \(\) \(d`, `so a_1*b_1*c \(\) \(d`},
		{"formula of its own", "\\[x_1*y_1*z\\] *so*\n\\[\na\n\nb\n\\]\n*c*", "x_1*y_1*z\n so\na\n\nb\nc"},
		{"formula without end", "\\[ *a*\n\\(b c", "\\[ a\n\\(b c"},
		{"dollars", `$a_1 + b_1$ $5 and $6, \[y\]`, `$a_1 + b_1$ $5 and $6, \[y\]`},

		{"spoiler", "it is ||*Snape* :smile:||, (||a|| ||b||)", "it is Snape 😄, (a b)"},
		{"spoiler alone", " || a || ", "  a  "},
		{"bars", "a || b || c, a||b||c || |||| || a|b", "a || b || c, a||b||c || |||| || a|b"},
		{"spoiler over lines", "||\n*a*\nb\n|| c\n||\n\n||\nd\n||\n||\n||", "a\nb\n c\n||\n\nd\n||\n||"},
		{"table", "| *a* | b_1 |\n|:--|---|\n| c \\| d | ~e~ |\n| *f | g* |\nh", "| a | b_1 |\n| c | d | e |\n| *f | g* |\nh"},
		{"no table", "|a\n|---|---|\na | *b*\n---|---", "|a\n|---|---|\na | b\n---|---"},

		{"timestamps", "at <t:1767225600>, *<t:1767225600:F>* <t:1767225600:R>", "at 1 Jan 2026, 00:00 UTC, 1 Jan 2026, 00:00:00 UTC 1 Jan 2026, 00:00 UTC"},
		{"timestamp in the text of a link", "[until <t:1767225600>](https://x.io)", "until 1 Jan 2026, 00:00 UTC (https://x.io)"},
		{"timestamps by date", "<t:2026-01-01T10:00:00.000+02:00:t> <t:2026-01-01T10:00:00:T>", "1 Jan 2026, 08:00 UTC 1 Jan 2026, 10:00:00 UTC"},
		{"timestamps without a day", "<t:10:00> <t:10:00:30+02:00:R>", "10:00 10:00:30 UTC+02:00"},
		{"no timestamps", "<t:1> <t:17672256000> <t:1767225600:x> <t:2026-13-01T10:00:00+02:00> <t:a", "<t:1> <t:17672256000> <t:1767225600:x> <t:2026-13-01T10:00:00+02:00> <t:a"},

		{"inline code", "a `*b* :smile: \\*` c", "a *b* :smile: \\* c"},
		{"longer backticks", "``a``\n```b```\n``", "`a`\n``b``\n``"},
		{"lonely backtick", "`a *b*", "`a b"},
		{"code block", "a\n```js\n*b*  \n\n :smile:\n```\n*c*", "a\n*b*  \n\n :smile:\nc"},
		{"code block with text behind", "```\na_b_\n``` *c*", "a_b_\n c"},
		{"code block with CRLF", "```\r\n*a*\r\n```\r\n*b*", "*a*\r\nb"},
		{"code block without end", "```\n*a*", "```\na"},
		{"empty code block", "```\n```\n*a*", "```\n```\na"},
		{"code block of an empty line", "```\n\n```\n*a*", "```\n\n```\na"},

		{"heading", "# a\n#### *b*\n##### c\n#d\n#", "a\nb\n##### c\n#d\n#"},
		{"quote", "> *a*\n>b\n> > c", "> a\n>b\n> > c"},
		{"lists", "- *a*\n* b *c*\n1. _d_\n- [x] e", "- a\n* b c\n1. d\n- [x] e"},

		{"link", "see [our *shop*](https://x.io/a_b_c), ok", "see our shop (https://x.io/a_b_c), ok"},
		{"link whose text is the address", "[https://x.io/](https://x.io) [x.io](http://x.io/)", "https://x.io http://x.io/"},
		{"link without text", "[](https://x.io/a) [ ](https://x.io/b)", "https://x.io/a https://x.io/b"},
		{"link with brackets", "[a [b] (c)](x.io) ([d](https://x.io/a_(b)))", "a [b] (c) (x.io) (d (https://x.io/a_(b)))"},
		{"link in emphasis", "*[a](https://x.io)*", "a (https://x.io)"},
		{"mail and telephone", "[write](mailto:a_b_@x.io) [call](+49123) [call](tel:+49123)", "write (a_b_@x.io) call (+49123) call (+49123)"},
		{"no link", "[a](b) [c](/d) [e] (https://x.io) a[i](x y)", "[a](b) [c](/d) [e] (https://x.io) a[i](x y)"},
		{"image", "![a _cat_](https://x.io/c_a_t.png) ![](https://x.io/d.png) wow!", "a cat (https://x.io/c_a_t.png) https://x.io/d.png wow!"},
		{"link in angle brackets", "<https://x.io/a_b_|our shop> <https://x.io|https://x.io>", "our shop (https://x.io/a_b_) https://x.io"},
		{"no link in angle brackets", "<a|b> <https://x.io> a<b", "<a|b> <https://x.io> a<b"},
		{"URL", "https://x.io/_a_/*b*/~c~:d:?e=_f_ x", "https://x.io/_a_/*b*/~c~:d:?e=_f_ x"},
		{"URL in emphasis", "*https://x.io/a_b* _x.io/a_", "https://x.io/a_b x.io/a"},
		{"URL without scheme", "example.com/_a_/b x.io:80/_a_", "example.com/_a_/b x.io:80/_a_"},
		{"mention and channel", "@a_b_c @_d_ #e_f_ #_g_ _@h_ _@i j_", "@a_b_c @_d_ #e_f_ #_g_ @h @i j"},

		{"quoting", quote + "*yes*", "yes"},
		{"quoting twice", quote + quote + "\n yes", "yes"},
		{"quoting only", strings.TrimSpace(quote), ""},
		{"quoting by a path", "[ ](/live/r?msg=m) a", "a"},
		{"quoting later", "a [ ](https://x.io/live/r?msg=m)", "a https://x.io/live/r?msg=m"},
		{"empty link that quotes nothing", "[ ](https://x.io) a", "https://x.io a"},

		{"emoji", ":smile: :slight_smile:, (:wave:) *:tada:*", "😄 🙂, (👋) 🎉"},
		{"emoji in a row", ":heart::heart: :+1::-1:", "❤️❤️ 👍👎"},
		{"emoji in the text of a link", "[:gift: a](https://x.io)", "🎁 a (https://x.io)"},
		{"no emoji", ":a_b: :_a_: 12:30:45 1:100:2 http://x:80: foo::x::y a:b:c :smile:a a:smile: : :: :)", ":a_b: :_a_: 12:30:45 1:100:2 http://x:80: foo::x::y a:b:c :smile:a a:smile: : :: :)"},
		{"Unicode emoji", "👍🏽 👨‍👩‍👧‍👦 🇩🇪 ❤️", "👍🏽 👨‍👩‍👧‍👦 🇩🇪 ❤️"},

		{"invalid UTF-8", "a\xff*b*\xc3", "a\ufffdb\ufffd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Plain(c.msg); got != c.want {
				t.Errorf("plainText(%q)\n got %q\nwant %q", c.msg, got, c.want)
			}
		})
	}
}

func TestPlainText_EmojiNames_OfJoyPixels(t *testing.T) {
	for name, want := range map[string]string{
		"thumbsup": "👍", "+1": "👍", "thumbup": "👍", "-1": "👎",
		"thumbsup_tone3": "👍🏽", "+1_tone1": "👍🏻", "+1_tone5": "👍🏿",
		"man_shrugging_medium_skin_tone": "🤷🏽‍♂️",
		"person_shrugging":               "🤷", "person_shrugging_tone2": "🤷🏼", "shrug_tone2": "🤷🏼",
		"flag_de": "🇩🇪", "flag_gb": "🇬🇧", "flag_xk": "🇽🇰", "england": "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "rainbow_flag": "🏳️‍🌈",
		"slight_smile": "🙂", "upside_down": "🙃", "rofl": "🤣", "heart": "❤️", "relaxed": "☺️",
		"family_mwgb": "👨‍👩‍👧‍👦", "man_detective": "🕵️‍♂️", "woman_technologist_tone4": "👩🏾‍💻",
		"one": "1️⃣", "hash": "#️⃣", "tm": "™️", "100": "💯", "8ball": "🎱",
		"iphone":     "📱",                   // of emojione only
		"sunglasses": "😎", "point_up": "☝️", // other things in emojibase
		"car": "🚗", "ten": "🔟", "usa": "🇺🇸", // of emojibase only
	} {
		if got := Plain("a :" + name + ": b"); got != "a "+want+" b" {
			t.Errorf(":%s: became %q", name, got)
		}
	}
}

func TestEmojiTable_IsWellFormed(t *testing.T) {
	if n := len(emojis()); n < 6000 {
		t.Errorf("%d names", n)
	}
	last := ""
	for line := range strings.Lines(emojiTable) {
		name, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		emoji, _, _ := strings.Cut(rest, "\t")
		if !ok || name <= last || len(name) >= shortNameMax || emoji == "" || strings.ContainsAny(emoji, "\t :") {
			t.Errorf("%q after %q", line, last)
		}
		last = name
		if got := Plain(":" + name + ":"); got != emoji {
			t.Errorf(":%s: became %q, want %q", name, got, emoji)
		}
	}
}

// TestEmojiName_MeansTheSameInEveryList looks at what JoyPixels' newer and older list and emojibase's
// say: whichever a workspace has, the name of an emoji shows this one or is unknown, and
// of the emojis nearly all have one.
func TestEmojiName_MeansTheSameInEveryList(t *testing.T) {
	raw, err := os.ReadFile("../../sandbox/chat/emoji.tsv")
	if err != nil {
		t.Fatal(err)
	}
	lists, all := [3]map[string]string{{}, {}, {}}, map[string]string{}
	for line := range strings.Lines(string(raw)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		for i, emoji := range fields[1:] {
			if emoji != "" {
				lists[i][fields[0]] = bareEmoji(emoji)
				all[bareEmoji(emoji)] = emoji
			}
		}
		if Emoji(fields[0]) == "" {
			t.Errorf(":%s: is unknown", fields[0])
		}
	}
	var without []string
	for emoji := range all {
		name := strings.Trim(EmojiName(emoji), ":")
		if name == "" {
			without = append(without, emoji)
		}
		for i, list := range lists {
			if means := list[name]; name != "" && means != "" && means != emoji {
				t.Errorf("%s is :%s:, which is %s in list %d", emoji, name, means, i)
			}
		}
		if got := bareEmoji(Emoji(name)); name != "" && got != emoji {
			t.Errorf("%s is :%s:, which is read as %s", emoji, name, got)
		}
	}
	if len(all) != 3991 || len(without) != 14 { // 👆 and ☝️ are named after each other
		t.Errorf("%d emojis, of which these have no name: %q", len(all), without)
	}
}

// Were the time not linear, some of these would take minutes.
func TestPlainText_LongMessage_IsQuick(t *testing.T) {
	for _, unit := range []string{
		"a", "*", "*a", "a* ", "*a ", "_*~", "*a _b ~c ", "`", "`a", "`a ``b ```c ", "```\n", "```a\n", "[", "[a](", "[a](b", "[](", "](", "![", "![a](https://x.io)",
		"<", "<a|", "<a.b|", ":", ":a", ":smile:", "@", "@a_", "#", "\\", "\\*", "a.", "a.b/", "a://", "( ", "(", "\n", "||", "|| ", "||a||", "||\n", "||\na\n", "\\[", "\\[\n", "\\[a\\]\n", "\\(", "\\(a\\)", "|a|\n", "|-|\n", "|a|\n|-|\n", "|", "<t:", "<t:1767225600>", "# a\n", "[ ](https://x.io?msg=1) ", "[ ](https://x.io?msg=", " ", "e\u0301*", "\xff",
	} {
		long := strings.Repeat(unit, 1<<18/len(unit))
		for _, msg := range []string{long, "*_~`[" + long + "`~_*](https://x.io)"} {
			start := processor(t)
			Plain(msg)
			if took := processor(t) - start; took > 10*time.Second {
				t.Errorf("%d bytes of %q took %v of the processor", len(msg), unit, took)
			}
		}
	}
}

func FuzzPlainText(f *testing.F) {
	for _, msg := range []string{
		"[ ](https://x.io/live/r?msg=m) *a* _b_ ~c~ `d` \\*e\\* :smile: :+1_tone1: @f_g #h",
		"# a\n> b\n- c\n```go\nd\n``` e\n![f](https://x.io/g.png) <https://x.io|h> [i](mailto:j@k.l)",
		"Hello! Is 5 > 4 (or x.io/path)?\n\n- a^b $c$ \r\n1. d ", "%s; {e} = 'f' & \"g\"/h, +i -j!",
		"***a** b* (*) ^_^ *\\0/* 12:30:45 https://x.io/_a_ x.io/_b_ 你*好*吗 \xff",
	} {
		f.Add(msg)
	}
	f.Fuzz(func(t *testing.T, msg string) {
		got := Plain(msg)
		if slow := strings.ReplaceAll(Reader{}.unmarked(strings.ToValidUTF8(msg, "\ufffd")), joiner, ""); got != slow {
			t.Errorf("plainText(%q) = %q, and the long way %q", msg, got, slow)
		}
		msg = strings.ReplaceAll(msg, joiner, "") // which is ours, and is taken off again
		if !utf8.ValidString(got) {
			t.Errorf("plainText(%q) = %q", msg, got)
		}
		if !strings.ContainsAny(msg, "\\*_~`[<:#|") && got != strings.ToValidUTF8(msg, "\ufffd") {
			t.Errorf("plainText(%q) = %q, but there is no markup", msg, got)
		}
		if letters := onlyLetters(msg); !strings.ContainsAny(msg, ":[<`") && onlyLetters(got) != letters {
			t.Errorf("plainText(%q) = %q, a letter is lost", msg, got)
		}
	})
}

// onlyLetters leaves out all that a mark can be.
func onlyLetters(s string) string {
	return strings.NewReplacer("*", "", "_", "", "~", "", "#", "", "\\", "", "|", "", " ", "", "\t", "").Replace(strings.ToValidUTF8(s, "\ufffd"))
}

func BenchmarkPlainText_NoMarkup(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Plain("Hello Anna, your parcel is on its way.")
	}
}

func BenchmarkPlainText(b *testing.B) {
	msg := strings.Repeat("Hello *Anna*, your parcel is on its [way](https://x.io/a_b) :package: _today_. ", 1000)
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		Plain(msg)
	}
}
