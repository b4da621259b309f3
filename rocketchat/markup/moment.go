package markup

import (
	"regexp"
	"strconv"
	"time"
)

// A Clock says times to people.
type Clock interface {
	Zone() *time.Location
	Moment(at time.Time, seconds bool) string // a date, a time of day, and by which zone
}

// utc is the clock of whoever names none.
type utc struct{}

func (utc) Zone() *time.Location { return time.UTC }

func (utc) Moment(at time.Time, seconds bool) string {
	if seconds {
		return at.UTC().Format("2 Jan 2006, 15:04:05 MST")
	}
	return at.UTC().Format("2 Jan 2006, 15:04 MST")
}

// timestamp is what Rocket.Chat shows as a time in the zone of whoever looks: seconds since
// 1970, a date with a time of day, or a time of day alone.
var timestamp = regexp.MustCompile(`^<t:(?:(\d{10})|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?)([+-]\d\d:\d\d)?|(\d\d:\d\d(?::\d\d)?)([+-]\d\d:\d\d)?)(?::([tTdDfFR]))?>`)

// longestTimestamp is how long a timestamp can be.
const longestTimestamp = len("<t:2006-01-02T15:04:05.000+00:00:R>")

// moment returns what a text begins with if that is a timestamp, and what customers read
// instead. They read the day, the time and the zone whatever the form is: it may be another
// day where they are, and "in an hour" is not true when they read it.
func (r Reader) moment(text string) (length int, said string) {
	found := timestamp.FindStringSubmatch(text[:min(len(text), longestTimestamp)])
	if found == nil {
		return 0, ""
	}
	if found[4] != "" {
		return len(found[0]), timeOfDay(found[4], found[5])
	}
	clock := r.Clock
	if clock == nil {
		clock = utc{}
	}
	at, err := instant(found[1], found[2], found[3], clock.Zone())
	if err != nil {
		return 0, ""
	}
	return len(found[0]), clock.Moment(at, found[6] == "T" || found[6] == "F")
}

// instant reads seconds, or a date with a time of day; a zone that is not told is the clock's.
func instant(seconds, date, offset string, zone *time.Location) (time.Time, error) {
	switch {
	case seconds != "":
		n, err := strconv.ParseInt(seconds, 10, 64)
		return time.Unix(n, 0), err
	case offset != "":
		return time.Parse("2006-01-02T15:04:05Z07:00", date+offset)
	}
	return time.ParseInLocation("2006-01-02T15:04:05", date, zone)
}

// timeOfDay names a time of which no day is told; which it is, the clients do not agree on.
func timeOfDay(at, offset string) string {
	if offset == "" {
		return at
	}
	return at + " UTC" + offset
}
