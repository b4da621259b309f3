package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"messenger-bridge/app"
	"messenger-bridge/bridge"
)

// TestGuide_AsksForOneStepAtATimeAndTicksItOff, says each once, and again what broke meanwhile.
func TestGuide_AsksForOneStepAtATimeAndTicksItOff(t *testing.T) {
	good := func(check string) app.Finding {
		return app.Finding{Finding: bridge.Finding{Check: check, Level: bridge.Good, Found: "fine"}}
	}
	bad := func(check string) app.Finding {
		return app.Finding{Finding: bridge.Finding{Check: check, Level: bridge.Bad, Found: "missing", Do: "add\x1b it"}}
	}
	none := app.Finding{Finding: bridge.Finding{Check: "pages", Level: bridge.Notable, Found: "missing", Do: "add\x1b it"}}
	looks := [][]app.Finding{
		{good("app"), bad("webhook"), bad("page")},
		{good("app"), bad("webhook"), bad("page")},
		{good("app"), good("webhook"), bad("page")},
		{bad("app"), good("webhook"), good("page")},
		{good("app"), good("webhook"), good("page"), none},
		{good("app"), good("webhook"), good("page"), {Finding: bridge.Finding{Check: "seen", Level: bridge.Unknowable, Found: "?"}},
			{Finding: bridge.Finding{Check: "slash", Level: bridge.Notable, Found: "off"}}},
	}
	var out strings.Builder
	g := newGuide(&out, time.Second, func(context.Context) (d app.Diagnosis, err error) {
		d.Findings, looks = looks[0], looks[1:]
		for _, f := range d.Findings {
			if f.Level == bridge.Bad { // the first page is no fault, but a step
				d.Bad++
			}
		}
		return d, nil
	})
	g.wait = func(context.Context) error { return nil }
	if err := g.run(t.Context()); err != nil || len(looks) != 0 {
		t.Fatal(err, len(looks))
	}
	const end = "\n  add  it\n  (%d to do; this looks again by itself, Ctrl-C ends it)\n\n"
	ask := func(check, left string) string {
		return "\n→ " + check + ": missing" + strings.Replace(end, "%d", left, 1)
	}
	want := "✓ app: fine\n" + ask("webhook", "2") + "✓ webhook: fine\n" + ask("page", "1") + "✓ page: fine\n" + ask("app", "1") + "✓ app: fine\n" + ask("pages", "1") + "! slash: off\nNothing is left to do, but not all could be looked at: seen. `messenger-bridge doctor` says why.\n"
	if out.String() != want {
		t.Errorf("says\n%s\nwant\n%s", out.String(), want)
	}
}

// One check finds several things; a bridge that is started again answers nothing for a moment.
func TestGuide_CheckOfSeveralFindingsAndLooksInVain_SaysEachOnce(t *testing.T) {
	of := func(level bridge.Level, found string) app.Finding {
		return app.Finding{Finding: bridge.Finding{Check: "permissions", Level: level, Found: found, Do: "give it"}}
	}
	half := []app.Finding{of(bridge.Bad, "no rooms"), of(bridge.Notable, "no avatars")}
	looks := [][]app.Finding{half, nil, half, nil, nil, nil, half, {of(bridge.Notable, "no avatars"), of(bridge.Good, "rooms")}}
	var out strings.Builder
	g := newGuide(&out, time.Second, func(context.Context) (d app.Diagnosis, err error) {
		if d.Findings, looks = looks[0], looks[1:]; d.Findings == nil {
			err = io.ErrUnexpectedEOF
		}
		return d, err
	})
	g.wait = func(context.Context) error { return nil }
	err := g.run(t.Context())
	const want = "\n→ permissions: no rooms\n  give it\n  (1 to do; this looks again by itself, Ctrl-C ends it)\n\n! permissions: no avatars\n✓ permissions: rooms\nEverything is in place.\n"
	if out.String() != want || err != nil {
		t.Errorf("error %v, says\n%s\nwant\n%s", err, out.String(), want)
	}
	looks = make([][]app.Finding, 10)
	if err := g.run(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) || len(looks) != 6 {
		t.Errorf("ends with %v, %d looks left", err, len(looks))
	}
}

func TestGuide_EndsWhenItIsStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	g := newGuide(&strings.Builder{}, time.Second, func(context.Context) (app.Diagnosis, error) {
		stop()
		return app.Diagnosis{Bad: 1, Findings: []app.Finding{{Finding: bridge.Finding{Check: "x", Level: bridge.Bad}}}}, nil
	})
	if err := g.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("ends with %v", err)
	}
}
