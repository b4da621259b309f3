// Package language says the bot's sentences in the language of the workspace. The
// English sentence in the source is the key; a file per language holds what it is
// there. It knows neither who speaks nor to whom.
package language

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

//go:embed *.json
var files embed.FS

// tongue is one language: how its times look, and what prints its sentences.
type tongue struct {
	tag  language.Tag
	time string // layout of a date and a time of day
}

// tongues are the languages we speak; the first stands in for all others.
var tongues = []tongue{
	{language.English, "2 Jan 2006, 15:04"},
	{language.German, "02.01.2006, 15:04"},
	{language.Portuguese, "02/01/2006, 15:04"},
	{language.Spanish, "02/01/2006, 15:04"},
}

var (
	matcher   = language.NewMatcher(tags())
	sentences = load()
)

func tags() (all []language.Tag) {
	for _, t := range tongues {
		all = append(all, t.tag)
	}
	return all
}

// load reads the files. They are part of the program, so that a broken one is a bug.
func load() catalog.Catalog {
	all := catalog.NewBuilder(catalog.Fallback(tongues[0].tag))
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		tag := language.MustParse(strings.TrimSuffix(path.Base(e.Name()), ".json"))
		content, err := files.ReadFile(e.Name())
		if err != nil {
			panic(err)
		}
		var said map[string]string
		if err := json.Unmarshal(content, &said); err != nil {
			panic(fmt.Errorf("%s: %w", e.Name(), err))
		}
		for sentence, there := range said {
			if err := all.SetString(tag, sentence, there); err != nil {
				panic(fmt.Errorf("%s: %q: %w", e.Name(), sentence, err))
			}
		}
	}
	return all
}

// Speaker says sentences in one language, and times in one zone. A nil Speaker
// speaks English and UTC. Safe for concurrent use.
type Speaker struct {
	zone  *time.Location
	voice atomic.Pointer[voice]
}

type voice struct {
	tongue
	printer *message.Printer
}

var english = newVoice(0)

func newVoice(i int) *voice {
	return &voice{tongues[i], message.NewPrinter(tongues[i].tag, message.Catalog(sentences))}
}

// New returns a speaker of a language, named like en, de-AT or pt_BR, whose times
// are those of a zone. A language we do not speak is English.
func New(tag string, zone *time.Location) *Speaker {
	if zone == nil {
		zone = time.UTC
	}
	s := &Speaker{zone: zone}
	s.voice.Store(english)
	s.Switch(tag)
	return s
}

// Known reports whether a language, named like en, de-AT or pt_BR, is one we speak.
func Known(tag string) bool {
	_, ok := find(tag)
	return ok
}

// Names returns the languages we speak, as LANGUAGE names them.
func Names() (all []string) {
	for _, t := range tongues {
		all = append(all, t.tag.String())
	}
	return all
}

func find(tag string) (i int, ok bool) {
	wanted, err := language.Parse(strings.ReplaceAll(tag, "_", "-"))
	if err != nil {
		return 0, false
	}
	_, i, confidence := matcher.Match(wanted)
	return i, confidence >= language.High
}

// Switch changes the language for everything said from now on, and reports whether
// it is one we speak; if not, nothing changes.
func (s *Speaker) Switch(tag string) bool {
	i, ok := find(tag)
	if ok {
		s.voice.Store(newVoice(i))
	}
	return ok
}

func (s *Speaker) now() *voice {
	if s == nil {
		return english
	}
	return s.voice.Load()
}

// Say returns a sentence, written in English like a format of fmt, in the speaker's
// language. Ids go in as strings: numbers are grouped as people read them.
func (s *Speaker) Say(sentence string, args ...any) string {
	return s.now().printer.Sprintf(sentence, args...)
}

// Time returns a date and time of day as people read them.
func (s *Speaker) Time(t time.Time) string {
	return t.In(s.Zone()).Format(s.now().time)
}

// Moment returns a date, a time of day and the zone it is told in, as somebody reads them who
// may live in another zone.
func (s *Speaker) Moment(t time.Time, seconds bool) string {
	t = t.In(s.Zone())
	clock := ""
	if seconds {
		clock = t.Format(":05")
	}
	zone := t.Format("MST")
	if strings.Trim(zone, "+-0123456789") == "" { // not every zone has letters
		zone = t.Format("UTC-07:00")
	}
	return s.Time(t) + clock + " " + zone
}

// Zone returns the zone of the times.
func (s *Speaker) Zone() *time.Location {
	if s == nil {
		return time.UTC
	}
	return s.zone
}

// Tag returns the language as HTML names it.
func (s *Speaker) Tag() string { return s.now().tag.String() }

// Sentence marks a text that is said later, so that it is found and translated.
func Sentence(s string) string { return s }
