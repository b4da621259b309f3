package notices

import (
	"context"
	"time"

	"messenger-bridge/bridge"
)

// tooLate is how old a command may be before it is no longer carried out: whoever
// typed it has given up or typed it again.
const tooLate = 5 * time.Minute

// FromPeople stores commands, once per message, and leaves out what it has seen, and what one
// person types beyond the pace, who is told. When it returns nil, everything is durable.
func (o *Notices) FromPeople(ctx context.Context, commands []bridge.Command) (err error) {
	if o.Pace != nil {
		before := o.Pace.snapshot(commands)
		defer func() {
			if err != nil {
				o.Pace.restore(before)
			}
		}()
	}
	var entries []bridge.Entry
	for _, c := range commands {
		n := bridge.Notice{Kind: bridge.CommandReceived, Room: c.Room, To: c.From, Message: c.ID, Command: &c}
		if ok, tell := o.Pace.Take(c.From.ID, c.At); !ok && !tell {
			o.Lanes.Meter.Count(bridge.Ignored, bridge.ToAgents, "too-fast", 1)
			continue
		} else if tell {
			n = bridge.Notice{Kind: bridge.Answer, To: c.From, Message: c.ID, Text: o.Say.Say(TooFast)}
		}
		e, err := entry(bridge.CommandLane(c.From.ID), n, o.Now())
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	_, err = o.Lanes.Append(ctx, entries, nil)
	return err
}

// runCommand carries a command out and stores the answer, which is told like any other
// notice. Stopped between the two, the command is carried out again: commands are
// made for that.
func (o *Notices) runCommand(ctx context.Context, n bridge.Notice) error {
	reply := bridge.Reply{Text: o.Say.Say("That came too late: I was away when you typed it. Please type it again.")}
	if o.Now().Sub(n.Command.At) < tooLate {
		var err error
		switch reply, err = o.Commands.Handle(ctx, *n.Command); {
		case err == nil:
		case bridge.RefusalOf(err).Verdict != bridge.Never: // it is carried out again
			return err
		default:
			o.Log.Error("a command failed", "err", err)
			reply = bridge.Reply{Text: o.Say.Say("That did not work. The bridge's log says why.")}
		}
	}
	if reply.Text == "" {
		return nil
	}
	if reply.Changed != "" && !n.Command.Setup { // in a lane of its own: while there is no setup channel, answers do not wait
		if err := o.Announce(ctx, ChangedKey(n.Message), reply.Changed); err != nil {
			return bridge.StoreRefusal(err)
		}
	}
	return bridge.StoreRefusal(o.store(ctx, bridge.CommandLane(n.To.ID), told(n, reply)...))
}

// told is what people are told after a command: the answer; in the room where it was typed, that
// the answer came by direct message.
func told(n bridge.Notice, reply bridge.Reply) []bridge.Notice {
	answer := bridge.Notice{Kind: bridge.Answer, Message: n.Message, To: n.To, Text: reply.Text, Shortcuts: reply.Shortcuts}
	if n.Command.Setup && !reply.Private {
		answer.Room = n.Room
		return []bridge.Notice{answer}
	}
	all := []bridge.Notice{answer}
	alone := n.Command.Trusted && !n.Command.Setup // a direct message is answered by one
	if n.Room != "" && !alone {
		all = append(all, bridge.Notice{Kind: bridge.AnsweredAside, Room: n.Room, Message: n.Message, To: n.To})
	}
	return all
}

// ChangedKey is under which the setup channel is told what a command has changed.
func ChangedKey(command bridge.MessageID) string { return "changed/" + string(command) }
