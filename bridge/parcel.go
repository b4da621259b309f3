package bridge

import (
	"io"
	"strconv"
	"strings"
)

// Part is one message of the Send API. An agent's message becomes one or more.
type Part struct {
	Text    string      `json:"text,omitempty"`
	File    *Attachment `json:"file,omitempty"`    // instead of text
	Buttons []Button    `json:"buttons,omitempty"` // below the text
	Quick   []string    `json:"quick,omitempty"`   // quick replies, below the text
	Answers []string    `json:"answers,omitempty"` // what taps on Quick come back with; empty: the titles
}

// Button opens an address, or answers with a payload when it is tapped.
type Button struct {
	Title   string `json:"title"`
	URL     string `json:"url,omitempty"`
	Payload string `json:"payload,omitempty"`
}

// OutboundPart is a part as it is handed to Messenger.
type OutboundPart struct {
	Part
	Tag     SendTag
	ReplyTo Mid      // the message it answers; empty: none
	Persona string   // who it is from, as Meta calls them; empty: the page
	Content *Content // of File
	Comment Mid      // what it answers, below that comment; empty: it is a message
	Private bool     // it answers Comment as a message all the same, the only one Meta takes
	Edits   Mid      // the earlier answer to Comment of which it is a newer version; empty: none
	Tagged  bool     // what a person wrote after the plain window (HUMAN_AGENT)
}

// Content is a file while it is read, once, from where it lies to where it goes.
// What reading it fails with may be a Refusal.
type Content struct {
	io.ReadCloser
	Size int64  // in bytes; -1: not known
	Type string // media type
}

// SendTag identifies one part of one version of an agent's message. It travels with
// what we send and comes back in Meta's echo, which proves that the customer has it.
type SendTag struct {
	Message MessageID `json:"message"`
	Part    int       `json:"part"`
	Edit    int64     `json:"edit,omitempty"` // when it was edited, in Unix milliseconds; 0: as first written
}

// VersionSign stands before the version: of a message where both are one word (Version), and of a
// text behind its fingerprint (Receipt.TextHash).
const VersionSign = "~"

// Version writes message and edit as one word.
func (m SendTag) Version() string {
	if m.Edit == 0 {
		return string(m.Message)
	}
	return string(m.Message) + VersionSign + strconv.FormatInt(m.Edit, 36)
}

// TagOfVersion returns the tag of a part of what Version wrote.
func TagOfVersion(version string, part int) SendTag {
	if at := strings.LastIndex(version, VersionSign); at > 0 {
		m := SendTag{Message: MessageID(version[:at]), Part: part}
		if edit, err := strconv.ParseInt(version[at+1:], 36, 64); err == nil && edit > 0 {
			if m.Edit = edit; m.Version() == version {
				return m
			}
		}
	}
	return SendTag{Message: MessageID(version), Part: part}
}

// ArrivedParts returns how many of a message's parts before m the customer has: files may have been left out.
func ArrivedParts(r Receipts, m SendTag) (n int) {
	for m.Part--; m.Part >= 0; m.Part-- {
		if r.MidOf(m) != "" {
			n++
		}
	}
	return n
}
