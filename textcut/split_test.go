package textcut

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

func TestSplit(t *testing.T) {
	const family = "👨‍👩‍👧‍👦" // 11 units
	for _, c := range []struct {
		name  string
		text  string
		limit int
		want  []string
	}{
		{"nothing", "", 10, nil},
		{"only white space", " \r\n\t\u00a0\u2028 ", 10, nil},
		{"what fits stays whole", "  one. two\n\nthree ", 16, []string{"one. two\n\nthree"}},
		{"exactly the limit", "0123456789", 10, []string{"0123456789"}},
		{"no limit is the least", "abc", 0, []string{"ab", "c"}},
		{"paragraph before line", "aaaa bb\n\ncc\ndd ee", 14, []string{"aaaa bb", "cc\ndd ee"}},
		{"line before sentence", "aaaaaaa\nbb. cc dd ee", 14, []string{"aaaaaaa", "bb. cc dd ee"}},
		{"sentence before word", "aaaaaa. bbb cc dd", 14, []string{"aaaaaa.", "bbb cc dd"}},
		{"sentence closed by a quotation mark", "\"aaaaa!\" bb cc dd", 14, []string{"\"aaaaa!\"", "bb cc dd"}},
		{"word before grapheme", "aaaaaa bbbbbb cc", 10, []string{"aaaaaa", "bbbbbb cc"}},
		{"last of the same kind", "a b c d e f g h", 9, []string{"a b c d e", "f g h"}},
		{"white space behind a full part", "0123456789 abc", 10, []string{"0123456789", "abc"}},
		{"much white space", "a" + strings.Repeat(" ", 50) + "b", 10, []string{"a", "b"}},
		{"line end in the first half is not looked for", "a\nbbbb cccc dddd", 12, []string{"a\nbbbb cccc", "dddd"}},
		{"a link that would fit is not cut", "see https://x.io/abcdefg", 20, []string{"see", "https://x.io/abcdefg"}},
		{"a link that cannot fit is cut", "see https://x.io/abcdefgh", 20, []string{"see https://x.io/abc", "defgh"}},
		{"CRLF paragraph", "aaaaaa\r\n\r\nbb\r\ncc dd", 14, []string{"aaaaaa", "bb\r\ncc dd"}},
		{"CRLF line", "aaaaaa\r\nbbbbbb", 10, []string{"aaaaaa", "bbbbbb"}},
		{"no-break space binds", "aaaa bb\u00a0cc", 8, []string{"aaaa", "bb\u00a0cc"}},
		{"emoji counts twice", "😀😀😀", 4, []string{"😀😀", "😀"}},
		{"surrogate pair stays whole", "😀😀😀", 5, []string{"😀😀", "😀"}},
		{"limit of one", "a😀b", 1, []string{"a", "😀", "b"}},
		{"family stays whole", family + family, 21, []string{family, family}},
		{"family longer than the limit", "a" + family, 6, []string{"a👨‍👩", "\u200d👧‍👦"}},
		{"flags stay whole", "🇩🇪🇫🇷🇮🇹", 7, []string{"🇩🇪", "🇫🇷", "🇮🇹"}},
		{"combining marks stay", "e\u0301e\u0301e\u0301", 5, []string{"e\u0301e\u0301", "e\u0301"}},
		{"Hebrew", "שלום עולם שלום", 10, []string{"שלום עולם", "שלום"}},
		{"Arabic question", "كيف؟ حالك اليوم", 8, []string{"كيف؟", "حالك", "اليوم"}},
		{"Thai vowels stay", "สวัสดีครับ", 4, []string{"สวัส", "ดีค", "รับ"}},
		{"Chinese sentence", "你好。我们今天不营业", 5, []string{"你好。", "我们今天不", "营业"}},
		{"Chinese full stop does not begin a part", "我们今天不营业。好", 7, []string{"我们今天不营", "业。好"}},
		{"invalid UTF-8", "ab\xff\xfecd\xc3", 4, []string{"ab\ufffdc", "d\ufffd"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Split(c.text, c.limit)
			if !slices.Equal(got, c.want) {
				t.Errorf("Split(%q, %d)\n got %q\nwant %q", c.text, c.limit, got, c.want)
			}
			checkSplit(t, c.text, c.limit)
		})
	}
}

func TestSplit_AnyLimit_KeepsTheContract(t *testing.T) {
	text := "Hello, Anna! Your parcel (no. 12\u00a0345) left today.\r\n\r\n" +
		"Follow it: https://track.example.com/en/parcels/0123456789?lang=en_GB&view=full#top\n" +
		"👨‍👩‍👧‍👦👩🏽‍🚀🏴󠁧󠁢󠁥󠁮󠁧󠁿🇩🇪🇫🇷 z̸̢͓a̷l͎g̶o e\u0301 สวัสดีครับ ยินดี 你好。今天「不」营业！ مرحبا، كيف حالك؟ שלום \xff\xc3(\n\n\n" +
		strings.Repeat("x", 300) + "\u3000end\u2029\u200b \t"
	for limit := -1; limit <= Units(text)+1; limit++ {
		checkSplit(t, text, limit)
	}
	long := strings.Repeat(text, 20)
	for _, limit := range []int{1600, 1986, 2000} { // people cut at these (e2e/textlimit_test.go)
		checkSplit(t, long, limit)
	}
}

// Were the time not linear, some of these would take minutes.
func TestSplit_LongText_IsQuick(t *testing.T) {
	for _, unit := range []string{
		"a", "word ", "A sentence. ", " ", "\n", "\u0301", "👨\u200d", "🇩🇪", "漢", "สวัสดี", "https://x.io/?a=b&", "\xff", "\r\n", ". ", "\u200b",
	} {
		text := "a. (" + strings.Repeat(unit, 1<<18/len(unit)) + "x"
		for _, limit := range []int{2, 2000} {
			start := time.Now()
			Split(text, limit)
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("%d bytes of %q at limit %d took %v", len(text), unit, limit, took)
			}
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, limit := range []int{0, 1, 2, 7, 20, 1000, 1600, 1986, 2000} {
		f.Add("one two\r\n\r\nthree. four 👨‍👩‍👧‍👦🇩🇪 e\u0301 \xff https://x.io/a_b", limit)
		f.Add(strings.Repeat("漢字。 สวัสดี \u0301", 40), limit)
	}
	f.Fuzz(func(t *testing.T, text string, limit int) {
		checkSplit(t, text, limit%5000)
	})
}

func BenchmarkSplit(b *testing.B) {
	text := strings.Repeat("A sentence of nine words is repeated here, often. ", 1<<20/50)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Split(text, 2000)
	}
}

// checkSplit compares the result with what Split promises.
func checkSplit(t *testing.T, text string, limit int) {
	t.Helper()
	parts := Split(text, limit)
	limit = max(limit, 2)
	clean := strings.ToValidUTF8(text, "\ufffd")

	if trimmed := strings.TrimSpace(clean); trimmed != "" && Units(trimmed) <= limit && !slices.Equal(parts, []string{trimmed}) {
		t.Errorf("limit %d: %q fits and became %q", limit, trimmed, parts)
	}
	uncut := graphemeInsides(clean, limit)
	var begin, end int // of the part before
	for i, part := range parts {
		if part == "" || part != strings.TrimSpace(part) || Units(part) > limit || !utf8.ValidString(part) {
			t.Fatalf("limit %d: part %d is %q", limit, i, part)
		}
		gap := clean[end:]
		gap = gap[:len(gap)-len(strings.TrimLeftFunc(gap, unicode.IsSpace))]
		if !strings.HasPrefix(clean[end+len(gap):], part) {
			t.Fatalf("limit %d: part %d is %q, the text goes on %q", limit, i, part, clean[end:])
		}
		if gap == "" && uncut[end] {
			t.Errorf("limit %d: cut inside a grapheme, before %q", limit, part)
		}
		next := end + len(gap)
		if i > 0 && Units(clean[begin:next+len(part)]) <= limit/2 {
			t.Errorf("limit %d: the parts %q and %q are too small", limit, parts[i-1], part)
		}
		begin, end = next, next+len(part)
	}
	if rest := strings.TrimSpace(clean[end:]); rest != "" {
		t.Errorf("limit %d: lost %q", limit, rest)
	}
}

// graphemeInsides returns the offsets at which no cut may be.
func graphemeInsides(text string, limit int) map[int]bool {
	inside := make(map[int]bool)
	for rest, state, at := text, -1, 0; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if Units(cluster) <= limit {
			for i := 1; i < len(cluster); i++ {
				inside[at+i] = true
			}
		}
		at += len(cluster)
	}
	return inside
}

func FuzzPieces(f *testing.F) {
	f.Add("hello you there", 5)
	f.Add("😀\xffä b", 1)
	f.Add("  one two\r\n\r\nthree. four 👨‍👩‍👧‍👦🇩🇪 e\u0301  ", 12)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = max(1, min(limit, 2000))
		all := Pieces(text, limit)
		if clean := strings.ToValidUTF8(text, "\ufffd"); strings.Join(all, "") != clean {
			t.Fatalf("%q became %q", text, all)
		}
		for i, p := range all {
			if Units(p) > limit && utf8.RuneCountInString(p) > 1 || p == "" && len(all) > 1 || !utf8.ValidString(p) {
				t.Errorf("piece %d of %d is %q", i+1, len(all), p)
			}
		}
	})
}

func TestPrefix_IsTheLongestBeginningThatFits(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{{"", 3, ""}, {"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"ab😀", 3, "ab"}, {"ab😀", 4, "ab😀"}, {"a\xffb", 2, "a\xff"}, {"ä", 0, ""}} {
		if got := Prefix(c.text, c.limit); got != c.want {
			t.Errorf("Prefix(%q, %d) is %q, want %q", c.text, c.limit, got, c.want)
		}
	}
}
