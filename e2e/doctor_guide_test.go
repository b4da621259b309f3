package e2e

import (
	"context"
	"strings"
	"testing"

	"messenger-bridge/cmd/messenger-bridge/cli"
	"messenger-bridge/sandbox/chat"
)

// TestDoctorGuide_WalksThroughWhatIsMissing_AndTicksItOff: one thing at a time is asked for, is
// waited for, and ticked off when it works, over a restart of the bridge; what works is not asked
// for, and at the end the guide ends by itself.
func TestDoctorGuide_WalksThroughWhatIsMissing_AndTicksItOff(t *testing.T) {
	t.Parallel()
	w := newPatient(t, chat.Config{})
	w.run()
	w.eventually("the setup channel is there", func() bool { return w.rc.RoomID(w.cfg.Workspace.SetupChannel) != "" })
	all := w.meta.Subscribed(page)
	w.rc.SetSetting("Livechat_enabled", false)
	w.meta.SubscribePage(page, "messages")

	out, ended := &logBook{}, make(chan int, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		ended <- cli.Run(ctx, []string{"doctor", "--guide", "--every", "100ms"}, cli.Stdio{Environ: w.environ, In: strings.NewReader(""), Out: out, Err: out})
	}()
	says := func(part string) {
		t.Helper()
		w.eventually("the guide says: "+part, func() bool { return strings.Contains(out.String(), part) })
	}
	says("→ Omnichannel: ")
	if said := out.String(); strings.Contains(said, "→ Shop: fields") || !strings.Contains(said, "✓ login: ") || !strings.Contains(said, "(2 to do;") {
		t.Errorf("the guide says\n%s", said)
	}
	w.halt() // it is looked at without the bridge meanwhile
	says("→ bridge: ")
	w.run()
	w.rc.SetSetting("Livechat_enabled", true)
	says("✓ Omnichannel: ")
	says("→ Shop: fields: ")
	w.meta.SubscribePage(page, all...)
	says("✓ Shop: fields: ")
	select {
	case code := <-ended:
		if said := out.String(); code != 0 || !strings.HasSuffix(said, "Everything is in place.\n") || strings.Count(said, "✓ Omnichannel: ") != 1 {
			t.Errorf("exit code %d\n%s", code, said)
		}
	case <-w.Context().Done():
		t.Errorf("the guide does not end:\n%s", out)
	}
	for _, secret := range []string{w.token, w.meta.AppSecret(), botPassword} {
		if strings.Contains(out.String(), secret) {
			t.Error("the guide tells a secret")
		}
	}
}

// TestLog_Debug_NamesEachMessageInFieldsOfItsOwn: who has an id from Facebook or Rocket.Chat finds
// the lines of that message.
func TestLog_Debug_NamesEachMessageInFieldsOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	mid := w.meta.CustomerWrites(page, anna, "what nobody may read in a log")
	w.eventually("it is shown", func() bool { return len(w.texts()) == 1 })
	message := w.agent.Says(w.room(), "nor this in a log")
	w.eventually("it is answered", func() bool { return len(w.meta.CustomerSees(page, anna)) == 1 })
	for _, want := range [][]string{
		{`msg="delivery accepted"`, "direction=in", " mid=" + mid}, {`msg="delivery accepted"`, "direction=out", " message=" + message},
		{`msg="step of a delivery"`, "step=delivered", "direction=in", " mid=" + mid}, {`msg="step of a delivery"`, "step=delivered", "direction=out", " message=" + message},
	} {
		w.eventually(strings.Join(want, " ")+" is logged", func() bool {
			for line := range strings.Lines(w.log.String()) {
				found := 0
				for _, part := range want {
					if strings.Contains(line, part) {
						found++
					}
				}
				if found == len(want) {
					return true
				}
			}
			return false
		})
	}
	if strings.Contains(w.log.String(), "in a log") {
		t.Error("the log holds texts")
	}
}
