package textcut

import "unicode"

// Blank reports whether a text shows nothing to people: it is empty, or all of it is
// white space, control or format characters, fillers, variation selectors, or marks
// that stand on no letter.
func Blank(text string) bool {
	for _, r := range text {
		if visible(r) {
			return false
		}
	}
	return true
}

// invisible are the code points that show nothing by themselves, besides white space:
// the ignorable ones, marks that need a letter, and letters and symbols that are drawn
// as nothing. What Unicode has not given out yet may be an emoji of next year.
var invisible = []*unicode.RangeTable{
	unicode.Cc, unicode.Cf, unicode.Mn, unicode.Me, unicode.White_Space, unicode.Other_Default_Ignorable_Code_Point,
	unicode.Variation_Selector, drawnAsNothing,
}

var drawnAsNothing = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x2065, Hi: 0x2065, Stride: 1}, // not given out, and ignorable
		{Lo: 0x2800, Hi: 0x2800, Stride: 1}, // the Braille pattern without dots
		{Lo: 0xFFF0, Hi: 0xFFFC, Stride: 1}, // ignorable ones, and what stands for an object that is not here
	},
	R32: []unicode.Range32{
		{Lo: 0x13441, Hi: 0x13442, Stride: 1}, // blanks of Egyptian
		{Lo: 0x1D159, Hi: 0x1D159, Stride: 1}, // a note without a head
		{Lo: 0xE0000, Hi: 0xE0FFF, Stride: 1}, // tags, and all that is kept for their like
	},
}

// visible reports whether a code point shows something. Some signs of Arabic and Syriac
// are format characters, and are drawn all the same.
func visible(r rune) bool {
	if r > ' ' && r < 0x7F {
		return true
	}
	return !unicode.In(r, invisible...) || unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}
