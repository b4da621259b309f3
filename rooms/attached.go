package rooms

import (
	"strconv"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
	"messenger-bridge/textcut"
)

// said puts what is attached to a message into words, and knows what the message has said
// so far, so that nothing is said twice.
type said struct {
	*language.Speaker
	text  string
	links map[string]bool // keys of the links that were shown, or stand in the text; nil: nobody has asked
}

// saying begins with a message's text alone.
func (r *wording) saying(text string) *said {
	return &said{Speaker: r.Say, text: text}
}

// repeats reports whether a link was shown before, and notes that it is now. Most
// messages have no link, so the text is read for the first one only.
func (s *said) repeats(key string) bool {
	if s.links == nil {
		s.links = map[string]bool{}
		for _, word := range strings.Fields(s.text) {
			if key := linkKey(word); key != "" {
				s.links[key] = true
			}
		}
	}
	before := s.links[key]
	s.links[key] = true
	return before
}

// anew returns a line if it says something new; words of a template's may stand in the
// text, and mean something else.
func (s *said) anew(line string, template bool) string {
	if key := linkKey(line); key != "" && !strings.ContainsAny(strings.TrimSpace(line), " \n") {
		if s.repeats(key) {
			return ""
		}
		return line
	}
	if textcut.Blank(line) || template && strings.TrimSpace(line) == strings.TrimSpace(s.text) || !template && textcut.Says(s.text, line) {
		return ""
	}
	return line
}

// attached is how something attached reads, but for the file that it may be; holds
// reports whether there is anything in it, be it said before.
func (s *said) attached(a bridge.Attachment) (text string, holds bool) {
	file := isFile(a)
	switch {
	case thumbsUp[a.Sticker]:
		return "👍", true
	case a.Kind == bridge.MoreAttached:
		return "[" + s.Say("Much more is attached than can be shown here (%d). It can be seen in the Page inbox of Facebook.", a.Size) + "]", true
	case a.Place != nil:
		return s.place(a), true
	case a.Booking != nil:
		return strings.Join(append([]string{s.booking(a)}, s.lines(a)...), "\n"), true
	case a.Kind == "appointment_booking": // as it was stored before version 2 of the store
		return s.Say("Appointment (%s): %s", a.Title, a.Text), true
	case file && a.Title == bridge.NameIn(a.URL):
		a.Title = ""
	}
	holds = file || a.URL != "" || a.Title != "" || a.Text != "" || a.Type != "" || len(a.Buttons)+len(a.Facts) > 0
	return strings.Join(s.lines(a), "\n"), holds
}

// attachedLines are what is attached to a message that is told of, line by line; a file is
// named by its kind.
func (r *wording) attachedLines(in bridge.Incoming) (all []string) {
	s := r.saying(in.Text)
	for _, a := range in.Attachments {
		if isUpload(a) {
			all = append(all, "📎 "+fileKind(r.Say, a))
		}
		if text, _ := s.attached(a); text != "" {
			all = append(all, text)
		}
	}
	return all
}

// unreadable reports whether nothing is known of something attached.
func unreadable(a bridge.Attachment) bool {
	_, holds := (&said{}).attached(a)
	return !holds
}

// isUpload reports whether an attachment is shown as a file.
func isUpload(a bridge.Attachment) bool { return isFile(a) && !thumbsUp[a.Sticker] }

// lines are all words of something attached that are new.
func (s *said) lines(a bridge.Attachment) (all []string) {
	template := a.Kind == "template" || a.Kind == "order" || a.Kind == "form"
	add := func(line string) {
		if line = s.anew(line, template); line != "" {
			all = append(all, line)
		}
	}
	add(a.Title)
	add(a.Text)
	for _, f := range a.Facts {
		all = append(all, s.fact(f))
	}
	if !isFile(a) {
		if a.Type != "" { // the media of a template
			all = append(all, "📎 "+fileKind(s.Speaker, bridge.Attachment{Kind: a.Type}))
		}
		add(unwrapped(a.URL))
	}
	for _, button := range a.Buttons {
		all = append(all, "▸ "+button)
	}
	return all
}

// factNames are how the facts of templates are named to agents.
var factNames = map[string]string{
	bridge.FactCode:     language.Sentence("Code: %s"),
	bridge.FactOrder:    language.Sentence("Order: %s"),
	bridge.FactFor:      language.Sentence("For: %s"),
	bridge.FactAddress:  language.Sentence("Address: %s"),
	bridge.FactPayment:  language.Sentence("Payment: %s"),
	bridge.FactSubtotal: language.Sentence("Subtotal: %s"),
	bridge.FactShipping: language.Sentence("Shipping: %s"),
	bridge.FactTax:      language.Sentence("Tax: %s"),
	bridge.FactTotal:    language.Sentence("Total: %s"),
	bridge.FactNote:     language.Sentence("Note: %s"),
}

func (s *said) fact(f bridge.Fact) string {
	if sentence := factNames[f.Name]; sentence != "" {
		return s.Say(sentence, f.Value)
	}
	return strings.TrimPrefix(f.Name+": "+f.Value, ": ")
}

// place is a point on the map, and what it is called.
func (s *said) place(a bridge.Attachment) string {
	lat, long := strconv.FormatFloat(a.Place.Lat, 'f', -1, 64), strconv.FormatFloat(a.Place.Long, 'f', -1, 64)
	title := bridge.OneLine(a.Title)
	if title == "" {
		title = s.Say("Location")
	}
	a.Title, a.URL = "", "" // another map
	where := "📍 " + title + ": https://www.openstreetmap.org/?mlat=" + lat + "&mlon=" + long + "#map=16/" + lat + "/" + long
	return strings.Join(append([]string{where}, s.lines(a)...), "\n")
}

// bookings are what may become of an appointment, as Meta calls it.
var bookings = map[string]string{
	"requested": language.Sentence("Appointment requested: %s"),
	"confirmed": language.Sentence("Appointment confirmed: %s"),
	"declined":  language.Sentence("Appointment declined: %s"),
	"cancelled": language.Sentence("Appointment cancelled: %s"),
}

// booking is an appointment, with its times as people here read them.
func (s *said) booking(a bridge.Attachment) string {
	b := a.Booking
	when := s.Say("time not told")
	switch {
	case b.Start.IsZero() && a.Text != "":
		when = s.Say("see below")
	case b.Start.IsZero():
	case b.End.IsZero():
		when = s.Time(b.Start)
	default:
		when = s.Say("%s to %s", s.Time(b.Start), s.Time(b.End))
	}
	if sentence := bookings[strings.ToLower(b.Status)]; sentence != "" {
		return s.Say(sentence, when)
	}
	if b.Status == "" {
		return s.Say("Appointment: %s", when)
	}
	return s.Say("Appointment (%s): %s", bridge.OneLine(b.Status), when)
}
