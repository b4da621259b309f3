package settings

import (
	"strconv"
	"strings"
	"time"
)

// unit is what may stand behind a number.
type unit struct {
	name string
	size int64
}

var (
	sizeUnits     = []unit{{"mb", 1 << 20}, {"kb", 1 << 10}, {"m", 1 << 20}, {"k", 1 << 10}}
	durationUnits = []unit{
		{"minutes", int64(time.Minute)}, {"minute", int64(time.Minute)}, {"min", int64(time.Minute)}, {"m", int64(time.Minute)},
		{"hours", int64(time.Hour)}, {"hour", int64(time.Hour)}, {"h", int64(time.Hour)},
	}
)

// amount reads a number above 0 with a unit; one without is in other. The result is
// a whole number of steps.
func amount(v string, units []unit, other, step int64) (int64, bool) {
	v = strings.ToLower(strings.ReplaceAll(v, " ", ""))
	for _, u := range units {
		if number, ok := strings.CutSuffix(v, u.name); ok {
			v, other = number, u.size
			break
		}
	}
	n, err := strconv.ParseFloat(strings.Replace(v, ",", ".", 1), 64)
	if err != nil || !(n > 0 && n <= 1e6) {
		return 0, false
	}
	steps := int64(n*float64(other)/float64(step) + 0.5)
	return steps * step, steps > 0
}

// parseSize reads 500 KB, 10MB or 25; a number alone is in MB. Empty is 0.
func parseSize(v string) (int64, bool) {
	if v == "" {
		return 0, true
	}
	return amount(v, sizeUnits, 1<<20, 1<<10)
}

// parseDuration reads 90 min, 2h or 45; a number alone is in minutes. Empty and off are 0.
func parseDuration(v string) (time.Duration, bool) {
	switch strings.ToLower(v) {
	case "", "off", "never", "0":
		return 0, true
	}
	d, ok := amount(v, durationUnits, int64(time.Minute), int64(time.Minute))
	return time.Duration(d), ok
}

func durationText(d time.Duration) string {
	switch {
	case d == 0:
		return "off"
	case d%time.Hour == 0:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	}
	return strconv.Itoa(int(d/time.Minute)) + " min"
}

// number is a number in a sentence that is said later.
func number(n int) string { return strconv.Itoa(n) }
