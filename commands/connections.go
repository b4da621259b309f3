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
	return answer(c.say.Say("*%s*: %s.", p.PlainName(), stateText(c.say, p))), nil
}

func (c connectionCommands) unsubscribe(ctx context.Context, in call) (bridge.Reply, error) {
	p, err := c.power.SwitchOff(ctx, pageID(in))
	if err != nil {
		return bridge.Reply{}, err
	}
	return answer(c.say.Say("*%s* is off: its messages no longer arrive here, and answers wait. `/facebook subscribe %s` switches it on again.", p.PlainName(), p.ID)), nil
}

// pageID returns the page a command names. Without one, the only page is meant.
func pageID(in call) bridge.PageID {
	word, _ := cutWord(in.rest)
	return bridge.PageID(word)
}

func (c connectionCommands) unauthorize(ctx context.Context, in call) (bridge.Reply, error) {
	words, yes := confirmed(strings.Fields(in.rest))
	var chosen []bridge.Page
	if len(words) > 0 {
		p, err := c.pages.Page(bridge.PageID(words[0]))
		if err != nil {
			return bridge.Reply{}, err
		}
		chosen = []bridge.Page{p}
	} else {
		for _, p := range c.pages.Pages() {
			if p.By == in.From.ID && p.Token != "" {
				chosen = append(chosen, p)
			}
		}
	}
	if len(chosen) == 0 {
		return answer(c.say.Say("You have connected no page. `/facebook unauthorize <pageId>` disconnects one that somebody else connected; `/facebook pages` shows them.")), nil
	}
	if !yes {
		command := confirming(append([]string{"unauthorize"}, words...)...)
		return with(answer(c.say.Say("This disconnects %s: messages no longer arrive, the tokens are deleted, settings and rooms stay. To do it, type\n`%s`",
			names(chosen), "/facebook "+command)), button(c.say.Say("Disconnect"), command)), nil
	}
	var done []string
	for _, p := range chosen {
		p, revoked, err := c.revoker.Disconnect(ctx, p.ID, in.From)
		if err != nil {
			return bridge.Reply{}, err
		}
		done = append(done, c.say.Say("*%s* is disconnected.", p.PlainName())+" "+revoked.In(c.say))
	}
	return bridge.Reply{Text: strings.Join(done, "\n")}, nil
}

func names(pages []bridge.Page) string {
	var all []string
	for _, p := range pages {
		all = append(all, "*"+p.PlainName()+"*")
	}
	return strings.Join(all, ", ")
}

func (c connectionCommands) remove(ctx context.Context, in call) (bridge.Reply, error) {
	words, yes := confirmed(strings.Fields(in.rest))
	p, err := c.pages.Page(bridge.PageID(first(words)))
	if err != nil {
		return bridge.Reply{}, err
	}
	name := p.PlainName()
	if !yes {
		text := c.say.Say("This deletes *%s* and its settings here, and ends what Facebook was allowed to send. Its rooms stay readable.", name)
		if _, out := c.waiting(p.ID); out > 0 {
			text += " " + c.say.Say("Answers that still wait for its customers: %d. They are not sent, and their authors are told.", out)
		}
		return answer(text + " " + c.say.Say("To do it, type\n`%s`", "/facebook "+confirming("delete", string(p.ID)))), nil
	}
	_, revoked, err := c.revoker.Delete(ctx, p.ID, in.From)
	if err != nil {
		return bridge.Reply{}, err
	}
	return answer(c.say.Say("*%s* is deleted.", name) + " " + revoked.In(c.say)), nil
}
