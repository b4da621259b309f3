package e2e

import (
	"strings"
	"testing"
)

// guides are what the bot has posted into a channel.
func (o *office) guides(rid string) (all []string) {
	for _, m := range o.rc.Messages(rid) {
		if m.Username == ourBot && m.System == "" {
			all = append(all, m.Text)
		}
	}
	return all
}

func TestAnnounce_PostsWhatAgentsNeedToKnow(t *testing.T) {
	t.Parallel()
	for tag, parts := range map[string][]string{
		"en": {"Facebook messages in short", "⌛ on your message", "`!note he is angry`", "`[Yes] [No]`", "24 hours", "`!private`"},
		"de": {"Facebook-Nachrichten in Kürze", "24 Stunden"},
		"es": {"Los mensajes de Facebook en breve", "24 horas"},
		"pt": {"As mensagens do Facebook em resumo", "24 horas"},
	} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t, bypassed)
			o.cfg.Speech.Language = tag
			support := o.rc.AddChannel("support", "ana", "maria")
			o.run()
			o.public("/facebook announce #support")
			o.eventually("it is posted once", func() bool { return len(o.guides(support)) == 1 })
			for _, part := range parts {
				if !strings.Contains(o.guides(support)[0], part) {
					t.Errorf("%q is not in %q", part, o.guides(support)[0])
				}
			}
			if tag != "en" && strings.Contains(o.guides(support)[0], "customer") {
				t.Errorf("a line is not translated: %q", o.guides(support)[0])
			}
		})
	}
}

func TestAnnounce_WhereTheBotMayNotWrite_IsSaidAndNothingIsPosted(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	board := o.rc.AddGroup("board", "maria")
	o.run()
	o.connect(bakery)
	customer := o.talks(bakery)
	read := len(o.guides(customer))
	for _, channel := range []string{"#board", "nowhere", "maria", customer} {
		if answer := o.public("/facebook announce " + channel); !strings.Contains(answer, "There is no channel") {
			t.Errorf("%s is answered %q", channel, answer)
		}
	}
	if len(o.guides(board)) != 0 || len(o.guides(customer)) != read {
		t.Errorf("board hears %q, the customer's room %q", o.guides(board), o.guides(customer))
	}
}
