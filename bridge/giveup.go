package bridge

import (
	"context"

	"messenger-bridge/metrics"
)

// giveUpPart is giveUp for use between parts.
func (b *Bridge) giveUpPart(s *shipment, reason Reason, cause error) error {
	if err := b.giveUp(s, reason, cause); err != nil {
		return err
	}
	return errGivenUp
}

// dropOutlived ends a text that nobody wrote, and that came too late.
func (b *Bridge) dropOutlived(s *shipment) error {
	b.Log.Info("an automatic text came too late and is not sent", "page", s.out.Conversation.Page, "delivery", s.d.Seq)
	why := WindowClosed
	if b.inWindow(b.talk(s.out.Conversation), plainWindow) {
		why = WroteAgain
	}
	if err := b.tellAbout(s, NotDelivered, why); err != nil {
		return err
	}
	if err := b.Outbox.Conclude(s.d.Seq); err != nil {
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	b.forget(s.d.Seq)
	return errGivenUp
}

// giveUp tells the agent, then sets the message aside. Stopped between the two,
// the message is refused once more at the next start, and the agent is not told
// twice.
func (b *Bridge) giveUp(s *shipment, reason Reason, cause error) error {
	b.Log.Warn("not delivered", "page", s.out.Conversation.Page, "delivery", s.d.Seq,
		"message", s.out.Message, "reason", reason, "err", cause)
	if err := b.tellAbout(s, NotDelivered, reason); err != nil {
		return err
	}
	if err := b.fail(b.Outbox, s.d, metrics.Out, reason); err != nil {
		return err
	}
	b.forgetChange(s)
	b.forget(s.d.Seq)
	return nil
}

// tellAbout stores a notice about the message for its author, if it has one.
func (b *Bridge) tellAbout(s *shipment, kind NoticeKind, reason Reason) error {
	if s.out.Survey != "" && kind == NotDelivered {
		if err := b.surveySkipped(context.Background(), s.out.Survey, reason); err != nil {
			return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
		}
	}
	if s.out.Automatic {
		return nil
	}
	n := s.out.notice(kind, s.out.Round)
	n.Reason, n.Part, n.Parts = reason, s.d.Progress.Part, len(s.out.Parts)
	n.Waited = b.told(s.out, StillWaiting, s.out.Round)
	if kind == Revised {
		n.Found, n.Earlier = s.found, b.earlier(s.out)
	}
	if err := b.tell(context.Background(), n); err != nil {
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	return nil
}

// notice returns one about the message as it was in a round.
func (out Outgoing) notice(kind NoticeKind, round int) Notice {
	return Notice{Kind: kind, Room: out.Room, Message: out.Message, To: out.Author, Edit: out.Edit, Round: round}
}

// told reports whether the agent was told something about the message in a round.
func (b *Bridge) told(out Outgoing, kind NoticeKind, round int) bool {
	return b.Notices.Seen(out.notice(kind, round).Key())
}
