package rooms

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// remembered is what the store knows: one message that is shown, and no name.
type remembered struct{ *desk }

func (remembered) ShownAs(bridge.PageID, bridge.Mid) (bridge.RoomID, []bridge.MessageID) {
	return "r1", []bridge.MessageID{"earlier"}
}

func (remembered) Name(bridge.Conversation) (string, time.Time) { return "", time.Time{} }

func (remembered) SaveName(context.Context, bridge.Conversation, string) error { return nil }

// noting is Changes that takes what the bot says, and does nothing else.
type noting struct{ Changes }

func (noting) Note(context.Context, bridge.RoomID, bridge.Post) error { return nil }

// refusedWith is an answer of the workspace's that may concern what was asked alone.
func refusedWith(reason bridge.Reason, status int) error {
	return &bridge.Refusal{Verdict: bridge.Again, Reason: reason, Answer: &bridge.Response{Route: "GET something", Status: status, Others: bridge.OthersPass}}
}

// TestDeliver_WhatStandsBesideAMessage_DoesNotHoldItUp: a message is shown although the
// workspace keeps refusing a call that it is not shown by.
func TestDeliver_WhatStandsBesideAMessage_DoesNotHoldItUp(t *testing.T) {
	always := slices.Repeat([]error{refusedWith(bridge.WorkspaceError, 500)}, 20)
	for name, c := range map[string]struct {
		call   string
		change func(d *desk, in *bridge.Incoming)
		want   string
	}{
		"what it answers cannot be looked up": {"has", func(_ *desk, in *bridge.Incoming) { in.ReplyTo = "m_1" }, "r1:" + bridge.CiteMark + "[In reply to an earlier message]\nhello"},
		"the room before cannot be closed":    {"close", func(_ *desk, in *bridge.Incoming) { in.ForceNewRoom = true }, "r1:hello"},
		"its author's name is refused": {"register", func(_ *desk, in *bridge.Incoming) {
			in.Comment = &bridge.Comment{Name: "Anna", Link: "https://facebook.test/1"}
		}, "r1:" + bridge.CiteMark + "[Comment below a post: https://facebook.test/1]\nhello"},
		"nobody tells whether an agent is there": {"online", func(d *desk, _ *bridge.Incoming) {
			d.open, d.links[anna] = "", bridge.Link{Conversation: anna, Visitor: "visitor", Department: "sales"}
			d.fail["open"] = []error{refusal(bridge.NoAgent)}
		}, "r2:hello"},
	} {
		d := newDesk(t)
		d.talking()
		d.fail[c.call] = always
		in := event("k", "hello")
		in.Refusals = bridge.Refusals{Count: 9, For: time.Hour}
		c.change(d, &in)
		r := d.made()
		r.Changes = noting{}
		r.Known, r.Names = remembered{d}, remembered{d}
		became, err := r.Deliver(t.Context(), in, opens)
		if reasonOf(err) == bridge.NoAgent { // the next try asks first
			d.now = d.now.Add(time.Minute)
			became, err = r.Deliver(t.Context(), in, opens)
		}
		if got := d.texts(); err != nil || became.Left != nil || len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: agents read %q, given up: %v, %v", name, got, became.Left, err)
		}
	}
}

// TestDeliver_VisitorWhoIsUnknownRightAfterRegistering_IsAnItemsRefusal: who is registered and
// still unknown is registered again and again for nothing.
func TestDeliver_VisitorWhoIsUnknownRightAfterRegistering_IsAnItemsRefusal(t *testing.T) {
	d := newDesk(t)
	d.talking()
	d.fail["post"] = slices.Repeat([]error{refusedWith(bridge.VisitorUnknown, 400)}, 20)
	_, err := d.made().Deliver(t.Context(), event("k", "hello"), opens)
	if r := bridge.RefusalOf(err); !r.OfItem() {
		t.Errorf("refused with %v", err)
	}
}

// shelf is Files and Uploads: a file is there, and is taken when the test says so.
type shelf struct {
	*desk
	answers []error // of uploads, before they are taken
}

func (s *shelf) Open(context.Context, bridge.Page, bridge.Mid, int, bridge.Attachment, int64) (*bridge.File, error) {
	return &bridge.File{Name: "x.png", Content: &bridge.Content{ReadCloser: io.NopCloser(strings.NewReader("x")), Type: "image/png", Size: 1}}, nil
}

func (s *shelf) Upload(_ context.Context, _ bridge.Secret, r bridge.RoomID, f *bridge.File, _ string) (bridge.MessageID, bridge.RoomID, error) {
	if len(s.answers) > 0 {
		err := s.answers[0]
		s.answers = s.answers[1:]
		return "", "", err
	}
	s.shown = append(s.shown, shown{r, "file", f.Name})
	return "file", r, nil
}

func (s *shelf) Uploaded(context.Context, bridge.Secret, bridge.RoomID) ([]bridge.Uploaded, error) {
	return nil, nil
}

// TestFile_RefusedForLong_IsReplaced_UnlessItIsTakenNow: as of a text, an outage may end between
// the last try of a file and its line.
func TestFile_RefusedForLong_IsReplaced_UnlessItIsTakenNow(t *testing.T) {
	for name, c := range map[string]struct {
		others bridge.Others
		tries  int // that are refused
		left   bool
	}{
		"others pass":                        {bridge.OthersPass, 1, true},
		"the outage ended before the line":   {bridge.OthersRefused, 1, false},
		"nobody else, and it is still wrong": {bridge.OthersSilent, 2, true},
	} {
		d := newDesk(t)
		d.talking()
		a := &bridge.Response{Route: "POST livechat/upload", Status: 403, File: true, Others: c.others}
		refused := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceError, Answer: a}
		s := &shelf{desk: d, answers: slices.Repeat([]error{refused}, c.tries)}
		r := d.made()
		e := &eraser{}
		r.Changes, r.Files, r.Uploads = e, s, s
		in := event("k", "")
		in.Kind, in.Attachments, in.Refusals = bridge.MediaEvent, []bridge.Attachment{{Kind: "image", URL: "https://cdn.test/x.png"}}, bridge.Refusals{Count: 9, For: time.Hour, Part: 1}
		became, err := r.Deliver(t.Context(), in, opens)
		files := slices.ContainsFunc(d.shown, func(s shown) bool { return s.ID == "file" })
		if err != nil || (became.Left != nil) != c.left || files == c.left || (len(e.gone) == 0) != c.left || len(became.Refused) > 0 != c.left {
			t.Errorf("%s: given up: %v, the file is shown: %v, taken away: %v, the customer is told %q, %v", name, became.Left, files, e.gone, became.Refused, err)
		}
	}
}

// late is Files that Facebook does not hand out at the first try.
type late struct {
	*shelf
	err error
}

func (l *late) Open(ctx context.Context, p bridge.Page, mid bridge.Mid, n int, a bridge.Attachment, limit int64) (*bridge.File, error) {
	if err := l.err; err != nil {
		l.err = nil
		return nil, err
	}
	return l.shelf.Open(ctx, p, mid, n, a, limit)
}

// TestFile_WaitedForAnAgent_FirstDownloadFails_IsTriedAgain: a picture waited for an agent for a night, tried now and then; that its very first download fails for a moment does not
// have it given up.
func TestFile_WaitedForAnAgent_FirstDownloadFails_IsTriedAgain(t *testing.T) {
	for _, why := range []bridge.Reason{bridge.MetaDown, bridge.FileGone} {
		d := newDesk(t)
		r := d.made()
		s := &late{&shelf{desk: d}, refusal(why)}
		r.Changes, r.Files, r.Uploads = changes{d}, s, s
		in := event("k", "")
		in.Kind, in.At, in.Attachments = bridge.MediaEvent, d.now, []bridge.Attachment{{Kind: "image", URL: "https://cdn.test/x.png"}}
		d.fail["open"] = slices.Repeat([]error{refusal(bridge.NoAgent)}, 8)
		d.online = true
		for n := range 40 {
			in.Tries = n // as inbound.begun counts
			d.now = d.now.Add(10 * time.Second)
			became, err := r.Deliver(t.Context(), in, opens)
			if err == nil {
				if all := strings.Join(d.texts(), "\n"); len(became.Refused) > 0 || !strings.Contains(all, "x-") {
					t.Errorf("%s: at try %d agents read %q, the customer is told %q", why, n, all, became.Refused)
				}
				break
			}
		}
	}
}

// nowhere is Files of which Meta does not tell where they are now.
type nowhere struct {
	*shelf
	why bridge.Refusal
}

func (u *nowhere) Open(context.Context, bridge.Page, bridge.Mid, int, bridge.Attachment, int64) (*bridge.File, error) {
	why := u.why
	return nil, &why
}

// TestFile_MetaDoesNotTellWhere_IsWaitedForAWhile: that Meta throttles or fails says nothing about a file; but what the
// customer wrote after it is not to wait for long, however many files there are.
func TestFile_MetaDoesNotTellWhere_IsWaitedForAWhile(t *testing.T) {
	for _, after := range []time.Duration{0, 30 * time.Second, 5 * time.Hour} {
		d := newDesk(t)
		r := d.made()
		s := &nowhere{&shelf{desk: d}, bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaError, After: after}}
		r.Changes, r.Files, r.Uploads = changes{d}, s, s
		in := event("k", "")
		in.Kind, in.At = bridge.MediaEvent, d.now
		in.Attachments = slices.Repeat([]bridge.Attachment{{Kind: "image", URL: "https://cdn.test/x.png"}}, 10)
		begun, given := d.now, false
		for n := 0; n < 50 && !given; n++ {
			in.Tries = n
			_, err := r.Deliver(t.Context(), in, opens)
			if given = err == nil; !given {
				d.now = d.now.Add(max(bridge.RefusalOf(err).After, time.Second))
			}
		}
		waited := d.now.Sub(begun)
		if all := strings.Join(d.texts(), "\n"); !given || waited < 15*time.Minute || waited > time.Hour || strings.Count(all, "could not be fetched from Facebook") != 10 {
			t.Errorf("after %s: given up %v after %s; agents read %q", after, given, waited, all)
		}
	}
}
