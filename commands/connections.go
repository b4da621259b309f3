package commands

import (
	"context"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/language"
)

// connectionCommands connect pages, switch them on and off, and take them away.
type connectionCommands struct {
	login   Login
	power   Switch
	revoker Revoker
	pages   bridge.Pages
	waiting func(bridge.PageID) (in, out int)
	ask     questions
	say     *language.Speaker
}

func (c connectionCommands) authorize(ctx context.Context, in call) (bridge.Reply, error) {
	link, err := c.login.LoginLink(ctx, in.From)
	if err != nil {
		return bridge.Reply{}, err
	}
	text := c.say.Say("Open this link to connect Facebook pages: %s\nIt works once, for 10 minutes, and only for you.", link)
	if len(c.pages.Pages()) > 0 {
		text += "\n" + c.say.Say("At Facebook, keep the pages ticked that are connected already: what you untick there loses its connection.")
	}
	return bridge.Reply{Text: text, Private: true}, nil
}

func (c connectionCommands) subscribe(ctx context.Context, in call) (bridge.Reply, error) {
	p, err := c.power.SwitchOn(ctx, pageID(in))
	if err != nil {
		return bridge.Reply{}, err
	}
	reply := answer(c.say.Say("*%s*: %s.", p.PlainName(), stateText(c.say, p)))
	if p.Token != "" {
		reply.Changed = c.say.Say("*%s*: @%s has switched it on. It is: %s.", p.PlainName(), bridge.PlainWords(in.From.Username), stateText(c.say, p))
	}
	return reply, nil
}

func (c connectionCommands) unsubscribe(ctx context.Context, in call) (bridge.Reply, error) {
	p, err := c.power.SwitchOff(ctx, pageID(in))
	switch {
	case err != nil:
		return bridge.Reply{}, err
	case p.State != bridge.PageOff: // nothing of it is shown anyway
		return answer(c.say.Say("*%s*: %s.", p.PlainName(), stateText(c.say, p))), nil
	}
	reply := answer(c.say.Say("*%s* is off: its messages no longer arrive here, and answers wait. `/facebook subscribe %s` switches it on again.", p.PlainName(), p.ID))
	reply.Changed = c.say.Say("*%s*: @%s has switched it off. Its messages no longer arrive here, and answers wait.", p.PlainName(), bridge.PlainWords(in.From.Username))
	return reply, nil
}

// pageID returns the page a command names. Without one, the only page is meant.
func pageID(in call) bridge.PageID {
	word, _ := cutWord(in.rest)
	return bridge.PageID(word)
}

func (c connectionCommands) unauthorize(ctx context.Context, in call) (bridge.Reply, error) {
	words, confirms, code := confirmed(strings.Fields(in.rest))
	var chosen []bridge.Page
	for _, word := range words {
		p, err := c.pages.Page(bridge.PageID(word))
		if err != nil {
			return bridge.Reply{}, err
		}
		chosen = append(chosen, p)
	}
	if len(words) == 0 {
		chosen = c.connectedBy(in.From.ID)
	}
	if len(chosen) == 0 {
		return answer(c.say.Say("You have connected no page. `/facebook unauthorize <pageId>` disconnects one that somebody else connected; `/facebook pages` shows them.")), nil
	}
	return c.ask.settle(ctx, in, confirms, code, deed{
		command:  append([]string{"unauthorize"}, ids(chosen)...),
		question: c.say.Say("This disconnects %s: messages no longer arrive, the tokens are deleted, settings and rooms stay.", names(chosen)),
		label:    c.say.Say("Disconnect"),
		do: func(ctx context.Context) (bridge.Reply, bool, error) {
			reply, err := c.disconnect(ctx, chosen, in.From)
			return reply, true, err
		},
	})
}

func (c connectionCommands) connectedBy(who bridge.UserID) (all []bridge.Page) {
	for _, p := range c.pages.Pages() {
		if p.By == who && p.Token != "" {
			all = append(all, p)
		}
	}
	return all
}

func (c connectionCommands) disconnect(ctx context.Context, chosen []bridge.Page, by bridge.Author) (bridge.Reply, error) {
	var done []string
	for _, p := range chosen {
		p, revoked, err := c.revoker.Disconnect(ctx, p.ID, by)
		if err != nil {
			return bridge.Reply{}, err
		}
		done = append(done, c.say.Say("*%s* is disconnected.", p.PlainName())+" "+revoked.In(c.say))
	}
	return bridge.Reply{Text: strings.Join(done, "\n")}, nil
}

func ids(pages []bridge.Page) (all []string) {
	for _, p := range pages {
		all = append(all, string(p.ID))
	}
	return all
}

func names(pages []bridge.Page) string {
	var all []string
	for _, p := range pages {
		all = append(all, "*"+p.PlainName()+"*")
	}
	return strings.Join(all, ", ")
}

func (c connectionCommands) remove(ctx context.Context, in call) (bridge.Reply, error) {
	words, confirms, code := confirmed(strings.Fields(in.rest))
	p, err := c.pages.Page(bridge.PageID(first(words)))
	if err != nil {
		if c.ask.done(ctx, in, code, "delete", first(words)) {
			return answer(c.say.Say("It is done: the page `%s` is deleted.", quoted(first(words)))), nil
		}
		return bridge.Reply{}, err
	}
	name := p.PlainName()
	text := c.say.Say("This deletes *%s* and its settings here, and ends what Facebook was allowed to send. Its rooms stay readable.", name)
	if _, out := c.waiting(p.ID); out > 0 {
		text += " " + c.say.Say("Answers that still wait for its customers: %d. They are not sent, and their authors are told.", out)
	}
	return c.ask.settle(ctx, in, confirms, code, deed{
		command: []string{"delete", string(p.ID)}, question: text,
		do: func(ctx context.Context) (bridge.Reply, bool, error) {
			_, revoked, err := c.revoker.Delete(ctx, p.ID, in.From)
			if err != nil {
				return bridge.Reply{}, true, err
			}
			return answer(c.say.Say("*%s* is deleted.", name) + " " + revoked.In(c.say)), true, nil
		},
	})
}
