// Package near finds what a mistyped word was probably meant to be.
package near

import (
	"strings"
	"unicode/utf8"
)

// Word returns the one of words that a mistyped word was probably meant to be; "" if none
// is near.
func Word(word string, words []string) (near string) {
	distance := 3
	if utf8.RuneCountInString(word) < 5 { // two slips make another word of a short one
		distance = 2
	}
	for _, one := range words {
		if d := editDistance(strings.ToLower(word), one); d < distance {
			near, distance = one, d
		}
	}
	return near
}

// editDistance counts the letters to add, leave out, change or swap.
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 40 {
		return len(x)
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
