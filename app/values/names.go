package values

import (
	"slices"
	"strings"
)

// Neighbour returns the known name that a misspelt one stands for, or nothing. Names that only
// begin like one of ours belong to others: LISTEN_FDS is systemd's.
func Neighbour(name string, known []string) string {
	best, least := "", 0
	for _, k := range known {
		if name == k {
			return ""
		}
		a, b := plain(name), plain(k)
		d := distance(a, b)
		if most := min(2, len(b)/4); d > most || least > 0 && d+1 >= least {
			continue
		}
		best, least = k, d+1
	}
	return best
}

// prefixes are what people write in place of ours.
var prefixes = strings.NewReplacer("^FB", "FACEBOOK", "^META", "FACEBOOK", "^RC", "ROCKETCHAT", "^", "")

// plain is a name without what is most often wrong in one: case, underscores, the short form
// of a platform's name.
func plain(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' {
			return -1
		}
		return r
	}, strings.ToUpper(name))
	return prefixes.Replace("^" + name)
}

// distance counts the slips between two words: letters left out, added, replaced, or exchanged
// with the next one.
func distance(a, b string) int {
	before, row := []int(nil), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = slices.Min([]int{row[j] + cost, row[j+1] + 1, next[j] + 1})
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
