package e2e

import (
	"slices"
	"testing"
)

func TestAppointment_HasTheTimesOfTheWorkspacesZone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Speech.Timezone = "America/Lima"
	w.run()
	p := &kindPlay{world: w, customer: anna, page: page}
	p.deliver(false, `{$D,"message":{"mid":"$1","attachments":[{"type":"appointment_booking","payload":{"status":"requested","start_time":"2026-09-21T16:13","end_time":1790003600,"timezone":"Europe/Berlin"}}]}}`)
	want := []string{"customer: Appointment requested: 21 Sep 2026, 09:13 to 21 Sep 2026, 10:13"}
	w.eventually("the appointment is shown", func() bool { return slices.Equal(p.seen(), want) })
}
