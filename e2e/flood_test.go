package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestAttack10_FloodOfDirectMessages_IsBounded: a script that types to the bot costs some
// calls and some places in the store, not one of each for each message; whoever else types is
// answered as ever.
func TestAttack10_FloodOfDirectMessages_IsBounded(t *testing.T) {
	o := openOffice(t, bypassed)
	o.cfg.Times.SetupEvery = time.Hour // the checklist calls the workspace as well
	o.cfg.Times.CommandEvery = 0       // as it is in earnest
	o.run()
	flood, hers := o.rc.DirectRoom("paul", ourBot), o.rc.DirectRoom("maria", ourBot)
	o.private("maria", hers, "help")
	calls, began := len(o.rc.Calls()), time.Now()
	const typed = 600
	for n := range typed {
		o.rc.UserSays("paul", flood, fmt.Sprint("help ", n))
	}
	if told := o.private("maria", hers, "pages"); !strings.Contains(told, "No page is connected yet") {
		t.Errorf("maria is told %q", told)
	}
	o.settled()
	answers := len(o.rc.DirectMessages("paul"))
	more := int(time.Since(began)/(3*time.Second)) + 1
	if answers < 20 || answers > 21+more {
		t.Errorf("paul is answered %d times", answers)
	}
	if polite := containing(texts(o.rc.DirectMessages("paul")), "You type faster than I can follow"); len(polite) != 1 {
		t.Errorf("paul is told %d times that it is too much", len(polite))
	}
	if made := len(o.rc.Calls()) - calls; made > 10*(answers+5) {
		t.Errorf("%d calls are made for %d answers", made, answers)
	}
}

// TestAttack10_FloodThroughTheApp_IsBounded: so is what comes by the companion app.
func TestAttack10_FloodThroughTheApp_IsBounded(t *testing.T) {
	o := openOfficeWithApp(t)
	o.halt()
	o.cfg.Times.SetupEvery = time.Hour // the checklist calls the workspace as well
	o.cfg.Times.CommandEvery = 0
	o.run()
	o.asked("maria", "GENERAL", "help")
	calls, began := len(o.rc.Calls()), time.Now()
	const typed = 200
	polite := 0
	for range typed {
		if n := o.asked("paul", "GENERAL", "pages"); strings.Contains(n.Text, "You type faster than I can follow") {
			polite++
		}
	}
	more := int(time.Since(began)/(3*time.Second)) + 1
	if polite < typed-20-more {
		t.Errorf("%d of %d are carried out", typed-polite, typed)
	}
	if made := len(o.rc.Calls()) - calls; made > 10*(20+more+5) {
		t.Errorf("%d calls are made", made)
	}
	if n := o.asked("maria", "GENERAL", "pages"); !strings.Contains(n.Text, "No page is connected yet") {
		t.Errorf("maria is shown %q", n.Text)
	}
}
