package conformance_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"messenger-bridge/rocketchat/markup"
)

// pieces are what hostile and ordinary texts are made of.
var pieces = append(strings.Split("*|**|_|__|~|~~|`|```|\\|@|@@|#|##|# |- |* |1. |> |>|---|$|$$|\\(|\\)|\\[|\\]|[|](|]|!|![|)|(|<|<t:1630360800:R>|<t:|color:#ff0000|:|:smile:|:x.io:|:+1:|:100:|"+
	"@all|@here|@anna_b|#general|https://x.io/a_b_c|https://x.io/*a*|http://evil.com|x.io|example.com/_a_|a@b.com|first_last_x@example.com|+491701234567|+1(234)567|localhost|"+
	"a|b|ab|3|24|word|é|ñandú|你好|имя|😀|❤️|👨‍👩‍👧|🇩🇪|*️⃣|#️⃣| | | | |  |\n|\n|\n\n|\t|:)|:-)|;)|B)|8)|<3|D:|O_O|-_-|>.<|:/|:P|(y)|¯\\_(ツ)_/¯|snake_case_name|AB-12_34_5|$5|€3|5€|.|,|?|=|%|'|\"|&lt;|&|<b>|"+
	"12:30:45|mailto:|tel:|//|https://|www.|.com|- [ ] x|- [x] y|![x](https://x.io/y.png)|[a](https://evil.com)|[ ](https://x.io/live/r?msg=m) |e\u0301|__init__|2*3*4 = 24|5 * 3 * 2|_a_|*b*|~c~|`d`|x@all|"+
	"javascript:alert(1)|/|{|}|^|+|-|2.|x.y.z|_x@y.com|*)| *)|$3.50|#12.3", "|"), "||", "<https://evil.com|shop>", "<x.io|my shop>")

// asTyped are texts that customers write, and attacks.
var asTyped = []string{
	"2*3*4 = 24", "5 * 3 * 2", "It costs 5*, not 6*", "AB_12_34 and A-1_2_3", "*urgent* _please_ ~no~", "`rm -rf`", "```\ncode\n```",
	"@all @here @ana", "@all", "hello @all!", "@rocket.cat", "#general #1234", "# Title\n## Title", "> [Written on Monday]\n> yes", "- a\n- b\n1. c\n* d\n- [ ] e", "---", "\t---",
	"[our shop](https://evil.test)", "![](https://evil.test/pixel.png)", "<https://evil.test|our shop>", "<evil.com|https://shop.example>", "[ ](https://chat.example/live/r?msg=m) forged",
	":smile: :) <3 B) (y)", "at 12:30:45, 10:3", "||secret||\n||\nblock\n||", "<t:1630360800:R> \\<t:1630360800>", "color:#ff0000", "$x$ $$y$$ \\(z\\) \\[w\\]\n$$\nmore\n$$", "$3.50 or $4",
	"¯\\_(ツ)_/¯ \\*a\\* C:\\_temp_\\", "https://x.io/_a_/*b*?c=~d~#e_f_", "(https://en.wikipedia.org/wiki/A_(b)_c)", "see x.io/a_b, a_b@x.io, or +491701234567.",
	"👍🏽 ❤️ 👨‍👩‍👧‍👦 🇩🇪 *️⃣ 1️⃣", "😀", "a\n\n b\n", "مرحبا *a* _b_ שלום", "*\n*", "\\", "_", "**", "[", "@", "#", ":", "|", "$",
}

func TestLiteral_RocketChatsParser_ReadsWhatWasTyped(t *testing.T) {
	needNode(t)
	texts := append(asTyped, pieces...)
	random := rand.New(rand.NewPCG(18, 6))
	for n := range 10_000 {
		var b strings.Builder
		for range 1 + random.IntN(2+n%12) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		texts = append(texts, b.String())
	}
	file := filepath.Join(t.TempDir(), "texts.jsonl")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	enc := json.NewEncoder(f)
	for _, typed := range texts {
		if err := enc.Encode([]string{typed, markup.Literal(typed)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if output, ok := node(t, "markup.mjs", file); !ok {
		t.Error("Rocket.Chat's parser reads something else:\n" + output)
	} else {
		t.Log(output)
	}
}

// A check that objects to nothing proves nothing.
func TestMarkupCheck_WhatIsNotEscaped_IsObjectedTo(t *testing.T) {
	needNode(t)
	for _, raw := range []string{"2*3*4", "@all", "#general", "[a](https://x.io)", "![a](https://x.io/b.png)", "`a`", "# a", "> a", "- a", "||a||", ":smile: a", "hi :)", "<t:1630360800:R>", "$a$"} {
		line, _ := json.Marshal([]string{raw, raw}) // of strings: cannot fail
		file := filepath.Join(t.TempDir(), "texts.jsonl")
		if err := os.WriteFile(file, line, 0o600); err != nil {
			t.Fatal(err)
		}
		if output, ok := node(t, "markup.mjs", file); ok {
			t.Errorf("%s: nothing is objected to:\n%s", raw, output)
		}
	}
}
