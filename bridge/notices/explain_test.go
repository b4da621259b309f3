package notices

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

func TestSentence_SaysWhatHappened(t *testing.T) {
	until, later := noon.Add(time.Hour), noon.Add(6*24*time.Hour)
	for _, test := range []struct {
		n    bridge.Notice
		want string
	}{
		{bridge.Notice{Kind: bridge.StillWaiting, Reason: bridge.MetaDown}, "Not delivered yet: the message is waiting and goes out by itself as soon as that is possible. You need not send it again."},
		{bridge.Notice{Kind: bridge.Corrected}, "Delivered: the message that was waiting has now gone out."},
		{bridge.Notice{Kind: bridge.Corrected, Newer: true}, "Changed before it went out: the customer gets what the message says now."},
		{bridge.Notice{Kind: bridge.Revised}, "Delivered: the message was tried again and has now gone out."},
		{bridge.Notice{Kind: bridge.Revised, Found: true}, "Delivered: the customer had received this message after all. It was not sent again."},
		{bridge.Notice{Kind: bridge.Revised, Newer: true, Found: true}, "Delivered: the message was changed, and the customer has what it says now."},
		{bridge.Notice{Kind: bridge.NotDelivered, Reason: bridge.EditsKept, Edit: 5}, "The correction of this message was not delivered: on this page, edits are not sent. The customer still sees what it said before."},
		{bridge.Notice{Kind: bridge.StillSeen}, "Deleted here only: the customer has already received this message, and still sees it."},
		{bridge.Notice{Kind: bridge.WindowEndsSoon, Until: until}, "Messenger accepts answers to this customer until 4 May 2026, 13:00 only, unless they write again."},
		{bridge.Notice{Kind: bridge.WindowEndsSoon, Until: until, Later: later}, "The customer last wrote almost 24 hours ago. After 4 May 2026, 13:00 automatic texts and bots no longer reach them; people can answer until 10 May 2026, 12:00."},
		{bridge.Notice{Kind: bridge.WindowHasEnded, Until: until}, "The customer last wrote more than 24 hours ago. Messenger accepts no answers any more until they write again."},
		{bridge.Notice{Kind: bridge.WindowHasEnded, Until: until, Later: later}, "The customer last wrote more than 24 hours ago. People can answer until 10 May 2026, 12:00."},
		{bridge.Notice{Kind: bridge.SurveySkipped, Reason: bridge.WroteAgain}, "The customer was not asked how satisfied they are: they have written again."},
		{bridge.Notice{Kind: bridge.SurveySkipped, Reason: bridge.WindowClosed}, "The customer was not asked how satisfied they are: they last wrote too long ago for Messenger to accept the question."},
		{bridge.Notice{Kind: bridge.SurveySkipped, Reason: bridge.Unclear}, "The customer may not have been asked how satisfied they are: the question was not delivered."},
		{bridge.Notice{Kind: bridge.Private, Reason: bridge.CommandText}, "Your message was not sent to the customer, because it looks like a command. Begin it with another character if the customer should read it."},
		{bridge.Notice{Kind: bridge.NotDelivered, Reason: bridge.Withdrawn}, "Not delivered: the message was deleted, or kept for colleagues, before it went out."},
		{bridge.Notice{Kind: bridge.NotDelivered, Reason: bridge.Withdrawn, Part: 1, Parts: 3}, "Not delivered completely (1 of 3 parts arrived): the message was deleted, or kept for colleagues, before it went out."},
		{bridge.Notice{Kind: bridge.NotDelivered, Reason: bridge.CommentFile, Edit: 5, Part: 1, Parts: 3}, "The correction of this message was not delivered: comments are answered with texts only. Send a link to the file."},
		{bridge.Notice{Kind: bridge.NotDelivered, Reason: bridge.Unclear, Part: 1, Parts: 3}, "Perhaps not delivered: the connection to Facebook broke off and it cannot be found out whether the message arrived. Look into the Page inbox before you send it again."},
		{bridge.Notice{Kind: bridge.FileLeft, Reason: bridge.FileGone, Text: "plan.pdf", Part: 1}, "The file plan.pdf was not delivered: the file is not in Rocket.Chat any more. Upload it again."},
		{bridge.Notice{Kind: bridge.NotDelivered, Reason: bridge.FileWithheld}, "Not delivered: Rocket.Chat does not hand the file out. Upload it again."},
		{bridge.Notice{Kind: bridge.FileLeft, Reason: bridge.FileWithheld, Status: 500, Text: "plan.pdf"}, "The file plan.pdf was not delivered: Rocket.Chat does not hand the file out (HTTP 500). Upload it again."},
		{bridge.Notice{Kind: bridge.NotDelivered, Reason: "of a later version"}, "Not delivered: it was refused. Please send it again."},
		{bridge.Notice{Kind: bridge.NotDelivered}, "Not delivered: it was refused. Please send it again."},
	} {
		if got := sentence(test.n, language.New("en", time.UTC)); got != test.want {
			t.Errorf("%s %s:\n%q, want\n%q", test.n.Kind, test.n.Reason, got, test.want)
		}
	}
}

// unsaid are the reasons for which no agent reads that a message failed: it waits until
// the cause is gone, it is about what customers write, or another sentence says it.
var unsaid = map[bridge.Reason]bool{
	bridge.WorkspaceDown: true, bridge.WorkspaceError: true, bridge.NoAgent: true, bridge.OmnichannelOff: true, bridge.ContactBlocked: true,
	bridge.RoomClosed: true, bridge.VisitorUnknown: true, bridge.TooLong: true, bridge.DepartmentGone: true, bridge.RateLimited: true,
	bridge.MetaDown: true, bridge.PageLost: true, bridge.PageOffReason: true, bridge.PageRestricted: true,
	bridge.Deferred: true, bridge.WroteAgain: true, bridge.CodeRefused: true, bridge.StoreFailed: true,
	bridge.ThreadSent: true, bridge.MentionSent: true, bridge.ServerText: true, bridge.TypeUnknown: true, bridge.LeftOver: true, bridge.UploadTooBig: true, bridge.TooManyFiles: true, bridge.PartsLeft: true, bridge.WithNote: true,
}

// TestExplain_EveryReason_HasASentenceOrNeedsNone: a new reason gets one or the other.
func TestExplain_EveryReason_HasASentenceOrNeedsNone(t *testing.T) {
	all := reasons(t)
	if len(all) < 40 {
		t.Fatalf("only %d reasons were found", len(all))
	}
	for _, r := range all {
		why := explain[r]
		switch {
		case why == "" && !unsaid[r]:
			t.Errorf("nobody tells an agent what %q means", r)
		case why != "" && unsaid[r]:
			t.Errorf("%q is said although it need not be", r)
		case why == "":
		case !strings.HasSuffix(why, ".") || strings.Contains(why, "%") || strings.ToLower(why[:1]) != why[:1] && !strings.HasPrefix(why, "Facebook") && !strings.HasPrefix(why, "Rocket.Chat") && !strings.HasPrefix(why, "Messenger"):
			t.Errorf("%q does not end a sentence: %q", r, why)
		}
	}
}

// reasons reads all reasons out of the source.
func reasons(t *testing.T) (all []bridge.Reason) {
	f, err := parser.ParseFile(token.NewFileSet(), "../verdict.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		v, is := n.(*ast.ValueSpec)
		if !is || len(v.Values) != 1 {
			return true
		}
		of, isIdent := v.Type.(*ast.Ident)
		value, isText := v.Values[0].(*ast.BasicLit)
		if isIdent && isText && of.Name == "Reason" {
			r, err := strconv.Unquote(value.Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, bridge.Reason(r))
		}
		return true
	})
	return all
}
