package settings

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

const (
	shortestText     = 100 // UTF-16 units; less would cut an answer into crumbs
	shortestNewRoom  = time.Minute
	longestNewRoom   = 24 * time.Hour
	longestLine      = 80
	longestAddress   = 500
	longestText      = 2000
	longestFileTypes = 500
)

// Headings under which settings stand.
var (
	groupRooms   = language.Sentence("Rooms")
	groupTexts   = language.Sentence("Texts to customers")
	groupAnswers = language.Sentence("Answers")
	groupFiles   = language.Sentence("Files")
)

// Table is all settings, in the order in which they are shown.
var Table = []Setting{
	{Word: "department", Group: groupRooms, Connect: true, Kind: DepartmentKind, Longest: 64,
		Label: language.Sentence("Department"),
		Help:  language.Sentence("Its agents get the page's conversations, from the next room on."),
		get:   func(s bridge.Settings) string { return string(s.Department) },
		set:   func(s *bridge.Settings, v string) language.Phrase { s.Department = bridge.DepartmentID(v); return "" }},
	{Word: "name", Group: groupRooms, Connect: true, Kind: LineKind, Longest: longestLine,
		Label: language.Sentence("Name for agents"),
		Help:  language.Sentence("Agents see it instead of the page's own name."),
		get:   func(s bridge.Settings) string { return s.Name },
		set:   func(s *bridge.Settings, v string) language.Phrase { s.Name = v; return "" }},
	{Word: "new-room-after", Group: groupRooms, Kind: AmountKind, Longest: 12,
		Label: language.Sentence("New room after"),
		Help:  language.Sentence("A customer who was silent for so long starts a new room: off, or 1 min to 24 h."),
		get:   func(s bridge.Settings) string { return durationText(time.Duration(s.NewRoomAfter)) },
		set: func(s *bridge.Settings, v string) language.Phrase {
			d, ok := parseDuration(v)
			if !ok || d != 0 && (d < shortestNewRoom || d > longestNewRoom) {
				return language.Later("That is off, or a time from 1 min to 24 h; for example 90 min.")
			}
			s.NewRoomAfter = bridge.Duration(d)
			return ""
		}},
	onOff("history", false, groupRooms, language.Sentence("History"),
		language.Sentence("A customer's first room shows what was said before the page was connected."),
		func(s *bridge.Settings) *bool { return &s.History }),
	onOff("comments", false, groupRooms, language.Sentence("Comments"),
		language.Sentence("What people write on the page and below its posts gets rooms of its own: comments, posts, reviews. Facebook must allow that in addition."),
		func(s *bridge.Settings) *bool { return &s.Comments }),
	onOff("receipts", false, groupRooms, language.Sentence("Receipts"),
		language.Sentence("Agents see what was delivered (✔️) and read (👁️). That costs Rocket.Chat two calls for each message."),
		func(s *bridge.Settings) *bool { return &s.Receipts }),

	words("welcome", language.Sentence("Welcome"), language.Sentence("It is sent when a conversation begins."),
		func(s *bridge.Settings) *string { return &s.Welcome }),
	oneOf("welcome-every", groupTexts, language.Sentence("Welcome again"),
		language.Sentence("How often the same customer is welcomed."), []Choice{
			{"day", language.Sentence("once a day")}, {"room", language.Sentence("in every room")},
		},
		func(s bridge.Settings) string { return map[bool]string{true: "room", false: "day"}[s.WelcomeAlways] },
		func(s *bridge.Settings, v string) { s.WelcomeAlways = v == "room" }),
	words("offline", language.Sentence("Nobody there"), language.Sentence("It is sent once while no agent is online."),
		func(s *bridge.Settings) *string { return &s.Offline }),
	ofAgent(words("finished", language.Sentence("Goodbye"), language.Sentence("It is sent when the conversation is closed, but not by the customer."),
		func(s *bridge.Settings) *string { return &s.Finished })),
	onOff("survey", false, groupTexts, language.Sentence("Survey"),
		language.Sentence("Customers are asked how it was when the conversation was closed, but not by them."),
		func(s *bridge.Settings) *bool { return &s.Survey }),
	{Word: "privacy-url", Group: groupTexts, Kind: LineKind, Longest: longestAddress,
		Label: language.Sentence("Privacy notice"),
		Help:  language.Sentence("Its address, beginning with https://. In texts, {privacy} stands for it."),
		get:   func(s bridge.Settings) string { return s.PrivacyURL },
		set: func(s *bridge.Settings, v string) language.Phrase {
			if u, err := url.Parse(v); v != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Contains(v, " ")) {
				return language.Later("That is no address that begins with https://.")
			}
			s.PrivacyURL = v
			return ""
		}},

	oneOf("agent-name", groupAnswers, language.Sentence("Agent's name"),
		language.Sentence("What customers see of who answers."), []Choice{
			{"none", language.Sentence("nothing")}, {"name", language.Sentence("the agent's name")}, {"username", language.Sentence("the agent's username")},
		},
		func(s bridge.Settings) string {
			if s.AgentName == bridge.NoAgentName {
				return "none"
			}
			return string(s.AgentName)
		},
		func(s *bridge.Settings, v string) {
			if s.AgentName = bridge.AgentName(v); v == "none" {
				s.AgentName = bridge.NoAgentName
			}
		}),
	onOff("human-agent", false, groupAnswers, language.Sentence("Answer after 24 hours"),
		language.Sentence("Agents may answer between 24 hours and 7 days, with Facebook's human agent tag. Facebook must have approved the app for it."),
		func(s *bridge.Settings) *bool { return &s.HumanAgent }),
	{Word: "text-limit", Group: groupAnswers, Kind: AmountKind, Longest: 6,
		Label: language.Sentence("Longest message"),
		Help:  language.Sentence("Characters in one message to a customer, 100 to 2000. Longer answers are sent in parts."),
		get:   func(s bridge.Settings) string { return strconv.Itoa(s.Limit()) },
		set: func(s *bridge.Settings, v string) language.Phrase {
			n, err := strconv.Atoi(v)
			if v != "" && (err != nil || n < shortestText || n > bridge.DefaultTextLimit) {
				return language.Later("That is a number from 100 to 2000.")
			}
			if s.TextLimit = n; n == bridge.DefaultTextLimit {
				s.TextLimit = 0
			}
			return ""
		}},
	onOff("send-edits", true, groupAnswers, language.Sentence("Send corrections"),
		language.Sentence("An answer that an agent edits is sent again, marked as corrected."),
		func(s *bridge.Settings) *bool { return &s.KeepEdits }),
	oneOf("threads", groupAnswers, language.Sentence("Answers in threads"),
		language.Sentence("Whether customers get what agents answer in a thread."), sendOrKeep("send", "internal"),
		func(s bridge.Settings) string {
			return map[bool]string{true: "internal", false: "send"}[s.ThreadsInternal]
		},
		func(s *bridge.Settings, v string) { s.ThreadsInternal = v == "internal" }),
	oneOf("mentions", groupAnswers, language.Sentence("Messages to colleagues"),
		language.Sentence("Whether customers get messages that begin with a colleague's name, like “@ben can you look at this?”"), sendOrKeep("internal", "send"),
		func(s bridge.Settings) string {
			return map[bool]string{true: "send", false: "internal"}[s.MentionsSend]
		},
		func(s *bridge.Settings, v string) { s.MentionsSend = v == "send" }),

	onOff("files-in", true, groupFiles, language.Sentence("Files from customers"),
		language.Sentence("Agents see the files that customers send."),
		func(s *bridge.Settings) *bool { return &s.RefuseFilesIn }),
	onOff("files-out", true, groupFiles, language.Sentence("Files from agents"),
		language.Sentence("Customers get the files that agents send."),
		func(s *bridge.Settings) *bool { return &s.RefuseFilesOut }),
	{Word: "max-file-size", Group: groupFiles, Kind: AmountKind, Longest: 12,
		Label: language.Sentence("Largest file"),
		Help:  language.Sentence("In either direction, at most 25 MB."),
		get:   func(s bridge.Settings) string { return bridge.SizeText(s.FileLimit()) },
		set: func(s *bridge.Settings, v string) language.Phrase {
			n, ok := parseSize(v)
			if !ok || n > bridge.DefaultMaxFileSize {
				return language.Later("That is a number with KB or MB, at most 25 MB; for example 10 MB.")
			}
			if s.MaxFileSize = n; n == bridge.DefaultMaxFileSize {
				s.MaxFileSize = 0
			}
			return ""
		}},
	{Word: "file-types", Group: groupFiles, Kind: LineKind, Longest: longestFileTypes,
		Label: language.Sentence("Kinds of files"),
		Help:  language.Sentence("Only these are relayed, for example image/*, application/pdf, .docx. Empty: all."),
		get:   func(s bridge.Settings) string { return s.FileTypes },
		set:   setFileTypes},
}

// words is a text that customers read.
func words(word, label, help string, field func(*bridge.Settings) *string) Setting {
	return Setting{Word: word, Group: groupTexts, Connect: true, Kind: TextKind, Longest: longestText, Label: label, Help: help,
		get: func(s bridge.Settings) string { return *field(&s) },
		set: func(s *bridge.Settings, v string) language.Phrase {
			if wrong := misplaced(v); wrong != "" && v != *field(s) { // what is set stays
				return wrong
			}
			*field(s) = v
			return ""
		}}
}

// ofAgent is a text that is sent about an agent, who may be named in it.
func ofAgent(d Setting) Setting {
	d.ofAgent = true
	return d
}

// sendOrKeep are the choices for what is written in a room and may be meant for colleagues,
// in the order of words.
func sendOrKeep(words ...string) (choices []Choice) {
	labels := map[string]string{"send": language.Sentence("they are sent"), "internal": language.Sentence("they stay among colleagues")}
	for _, word := range words {
		choices = append(choices, Choice{word, labels[word]})
	}
	return choices
}

// onOff is a switch. byDefault says what the zero value of its field stands for.
func onOff(word string, byDefault bool, group, label, help string, field func(*bridge.Settings) *bool) Setting {
	return Setting{Word: word, Group: group, Kind: SwitchKind, Longest: 10, Label: label, Help: help,
		get: func(s bridge.Settings) string {
			if *field(&s) != byDefault {
				return "on"
			}
			return "off"
		},
		set: func(s *bridge.Settings, v string) language.Phrase {
			switch strings.ToLower(v) {
			case "on", "yes", "true":
				*field(s) = !byDefault
			case "off", "no", "false":
				*field(s) = byDefault
			case "":
				*field(s) = false
			default:
				return language.Later("That is `on` or `off`.")
			}
			return ""
		}}
}

// oneOf is one of a few words, the default first.
func oneOf(word, group, label, help string, choices []Choice, get func(bridge.Settings) string, set func(*bridge.Settings, string)) Setting {
	var known []string
	for _, c := range choices {
		known = append(known, c.Word)
	}
	return Setting{Word: word, Group: group, Kind: ChoiceKind, Choices: choices, Longest: 20, Label: label, Help: help, get: get,
		set: func(s *bridge.Settings, v string) language.Phrase {
			if v = strings.ToLower(v); v == "" {
				v = known[0]
			}
			if !slices.Contains(known, v) {
				return language.Later("That is one of: %s.", strings.Join(known, ", "))
			}
			set(s, v)
			return ""
		}}
}

func setFileTypes(s *bridge.Settings, v string) language.Phrase {
	if strings.EqualFold(v, "all") {
		v = ""
	}
	var types []string
	for _, t := range strings.FieldsFunc(strings.ToLower(v), func(r rune) bool { return r == ',' || r == ' ' || r == ';' }) {
		ending := strings.HasPrefix(t, ".") && len(t) > 1 && !strings.Contains(t, "/")
		kind, sub, media := strings.Cut(t, "/")
		if t == "*" || t == "*/*" { // all
			s.FileTypes = ""
			return ""
		}
		if !ending && (!media || kind == "" || sub == "" || strings.Contains(sub, "/")) {
			return language.Later("“%s” is no kind of file. A kind is written like image/*, application/pdf or .docx.", t)
		}
		if !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	s.FileTypes = strings.Join(types, ", ")
	return ""
}
