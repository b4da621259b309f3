package markup

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// nextWord returns the word with which a text begins, and whether it holds only what never
// is markup, as most words do.
func nextWord(s string) (word string, plain bool) {
	plain = true
	for i := range len(s) {
		if s[i] == ' ' || s[i] == '\t' {
			return s[:i], plain
		}
		plain = plain && inert[s[i]]
	}
	return s, plain
}

// inert are the bytes that begin nothing: letters, figures, and what is in no emoticon
// and none of the signs. Each emoticon holds a sign that is not inert.
var inert = func() (all [256]bool) {
	for c := range all {
		all[c] = c >= utf8.RuneSelf || isASCIIWord(byte(c)) || strings.IndexByte(`,!?"&{}^`, byte(c)) >= 0 && !usedInEmoticon(byte(c)) // #nosec G115 -- a byte
	}
	return all
}()

func usedInEmoticon(c byte) bool {
	return slices.ContainsFunc(emoticons[:], func(same []string) bool {
		return slices.ContainsFunc(same, func(e string) bool { return strings.IndexByte(e, c) >= 0 })
	})
}

// emoticons are what the parser makes pictures of, by their first byte, the longest first.
var emoticons = func() (first [256][]string) {
	all := strings.Fields("<3 </3 :D :-D =D >:) >;) >:-) >=) ':) ':-) '=) ':D ':-D '=D :') :'-) O:-) 0:-3 0:3 0:-) 0:) 0;^) O:) O;-) O=) 0;-) O:-3 O:3 " +
		":) :-) =] =) :] ;) ;-) *-) *) ;-] ;] ;D ;^) :* :-* =* :^* :P :-P =P :-Þ :Þ :-b :b >:P X-P B-) B) 8) 8-) B-D 8-D >:[ :-( :( :-[ :[ =( " +
		`>:\ >:/ :-/ :-. :/ :\ =/ =\ :L =L >.< :'( :'-( ;( ;-( >:( >:-( :@ :$ =$ D: ':( ':-( '=( :-X :X :-# :# =X =# -_- -__- -___- :-O :O O_O >:O #-) #) %-) %) X) X-) (y) *\0/* \0/ *\O/* \O/`)
	slices.SortStableFunc(all, func(a, b string) int { return len(b) - len(a) })
	for _, e := range all {
		first[e[0]] = append(first[e[0]], e)
	}
	return first
}()

// emoticon returns the emoticon with which a text begins, "" if it does with none.
func emoticon(s string) string {
	for _, e := range emoticons[s[0]] {
		if strings.HasPrefix(s, e) {
			return e
		}
	}
	return ""
}
