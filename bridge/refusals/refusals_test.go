package refusals

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
)

// desk is a Table with the setup channel as it reads.
type desk struct {
	*Table
	now    time.Time
	stands map[string]string
	told   []string
	kept   bridgetest.Cursors
	broken bool
}

func newDesk() *desk {
	d := &desk{now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC), stands: map[string]string{}, kept: bridgetest.Cursors{}}
	return d.again()
}

// again is the same after a restart of the bridge.
func (d *desk) again() *desk {
	show := func(_ context.Context, id, text string) error {
		if d.broken {
			return errors.New("there is no setup channel")
		}
		d.stands[id] = text
		return nil
	}
	d.Table = New(Config{Show: show, Cursors: d.kept, After: time.Minute, Every: time.Second, Now: func() time.Time { return d.now }, Log: slog.New(slog.DiscardHandler),
		Announce: func(_ context.Context, key, text string) error { d.told = append(d.told, key+": "+text); return nil }})
	return d
}

// look is what happens every now and then.
func (d *desk) look(t *testing.T) {
	for _, r := range d.Table.look() {
		d.tell(t.Context(), r)
	}
}

func (d *desk) reads() string {
	var all []string
	for _, text := range d.stands {
		all = append(all, text)
	}
	return strings.Join(all, "\n")
}

// TestTable_WhatLasts_StandsUntilItIsOver plays a firewall that refuses texts.
func TestTable_WhatLasts_StandsUntilItIsOver(t *testing.T) {
	d := newDesk()
	a := &bridge.Response{Route: "POST livechat/message", Status: 406, Others: bridge.OthersRefused}
	d.Refused(a)
	if d.look(t); d.reads() != "" || len(d.Lasting()) != 0 {
		t.Errorf("told at once: %q", d.reads())
	}
	d.now = d.now.Add(50 * time.Second)
	d.Refused(a)
	d.now = d.now.Add(10 * time.Second)
	d.broken = true
	d.look(t)
	d.broken = false
	d.look(t)
	if got := d.reads(); !strings.Contains(got, "Rocket.Chat refuses `POST livechat/message: HTTP 406`, for everybody") || !strings.Contains(got, "firewall") {
		t.Errorf("after a minute: %q", got)
	}
	if all := d.Lasting(); len(all) != 1 || all[0].Since != d.now.Add(-time.Minute) {
		t.Errorf("lasting: %+v", all)
	}
	d.Works("GET livechat/room")
	if d.look(t); strings.Contains(d.reads(), "no longer") {
		t.Error("another call works, and that counts")
	}
	d.Works(a.Route)
	d.look(t)
	if got := d.reads(); !strings.Contains(got, "no longer refuses `POST livechat/message: HTTP 406`") || len(d.stands) != 1 || len(d.Lasting()) != 0 {
		t.Errorf("when it is over: %q, %d messages", got, len(d.stands))
	}
	d.Refused(a)
	d.now = d.now.Add(time.Minute)
	if d.look(t); len(d.stands) != 2 {
		t.Errorf("a second time: %d messages", len(d.stands))
	}
}

// TestTable_RefusedAgainBeforeItWasToldThatItWorks_IsTheSame: what stands in the setup channel does not stay for ever.
func TestTable_RefusedAgainBeforeItWasToldThatItWorks_IsTheSame(t *testing.T) {
	d := newDesk()
	a := &bridge.Response{Route: "POST livechat/message", Status: 406, Others: bridge.OthersRefused}
	d.Refused(a)
	d.now = d.now.Add(time.Minute)
	d.Refused(a)
	d.look(t)
	d.Works(a.Route)
	d.now = d.now.Add(time.Second)
	d.Refused(a)
	if all := d.Lasting(); len(all) != 1 || !all[0].Since.Equal(d.now.Add(-time.Minute-time.Second)) {
		t.Errorf("lasting: %+v", all)
	}
	if d.look(t); strings.Contains(d.reads(), "no longer") {
		t.Errorf("while it is refused: %q", d.reads())
	}
	d.now = d.now.Add(2*time.Minute + 1)
	if d.look(t); len(d.stands) != 1 || !strings.Contains(d.reads(), "no longer") || len(d.causes) != 0 {
		t.Errorf("at the end: %q", d.reads())
	}
}

// TestTable_AfterARestart_IsOverInTheSameMessage: what an earlier run told is over in this one, or goes on.
func TestTable_AfterARestart_IsOverInTheSameMessage(t *testing.T) {
	for _, goesOn := range []bool{false, true} {
		d := newDesk()
		a := &bridge.Response{Route: "POST livechat/message", Status: 406, Code: "x", Others: bridge.OthersRefused}
		d.Refused(a)
		d.now = d.now.Add(time.Minute)
		d.look(t)
		d.again()
		if goesOn { // it is refused before this run has remembered
			d.Refused(a)
		}
		d.load()
		if d.look(t); len(d.stands) != 1 || !strings.Contains(d.reads(), "for everybody") {
			t.Errorf("goes on: %v, after the start: %q", goesOn, d.reads())
		}
		d.now = d.now.Add(time.Minute)
		if goesOn {
			d.Refused(a)
		}
		d.Works(a.Route)
		if d.look(t); len(d.stands) != 1 || !strings.Contains(d.reads(), "no longer refuses `POST livechat/message: HTTP 406, x`") {
			t.Errorf("goes on: %v, when it is over: %q", goesOn, d.reads())
		}
		if d.again().load(); len(d.causes) > 0 {
			t.Errorf("goes on: %v, remembered for ever: %+v", goesOn, d.causes)
		}
	}
}

// TestTable_OfOneAlone_IsOverWhenItIsNotRefusedAnyMore: nobody says that it works.
func TestTable_OfOneAlone_IsOverWhenItIsNotRefusedAnyMore(t *testing.T) {
	d := newDesk()
	for range 8 {
		d.Refused(&bridge.Response{Route: "POST livechat/visitor", Status: 400, Code: "error-invalid-custom-field-value"})
		d.now = d.now.Add(9 * time.Second)
	}
	d.look(t)
	if got := d.reads(); !strings.Contains(got, "error-invalid-custom-field-value`. What waits is kept") || !strings.Contains(got, "custom field") {
		t.Errorf("it reads %q", got)
	}
	d.now = d.now.Add(2*time.Minute + 1)
	if d.look(t); !strings.Contains(d.reads(), "no longer") || len(d.causes) != 0 {
		t.Errorf("it reads %q, %d are remembered", d.reads(), len(d.causes))
	}
}

// TestTable_VeryManyCauses_AreBounded: codes come from elsewhere.
func TestTable_VeryManyCauses_AreBounded(t *testing.T) {
	d := newDesk()
	for n := range 10 * mostCauses {
		d.Refused(&bridge.Response{Route: "r", Status: n})
	}
	if len(d.causes) != mostCauses {
		t.Errorf("%d causes", len(d.causes))
	}
}

// TestGivenUp_IsToldByCause: the key makes it once, the text says what to do.
func TestGivenUp_IsToldByCause(t *testing.T) {
	d := newDesk()
	if err := d.GivenUp(t.Context(), &bridge.Response{Route: "POST livechat/upload", Status: 413, Others: bridge.OthersPass}); err != nil {
		t.Fatal(err)
	}
	if len(d.told) != 1 || !strings.HasPrefix(d.told[0], "given-up/POST livechat/upload: HTTP 413: ") || !strings.Contains(d.told[0], "client_max_body_size") {
		t.Errorf("told %q", d.told)
	}
}

// TestRemedy_EveryAnswer_HasOne: no answer leaves an administrator without a hint.
func TestRemedy_EveryAnswer_HasOne(t *testing.T) {
	for status := 0; status < 600; status++ {
		if Remedy(nil, bridge.Response{Status: status}) == "" {
			t.Errorf("HTTP %d has none", status)
		}
	}
	for code := range codes {
		if Remedy(nil, bridge.Response{Status: 400, Code: code}) == statuses[400] {
			t.Errorf("%s has none of its own", code)
		}
	}
}
