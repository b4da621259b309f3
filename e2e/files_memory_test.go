package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// TestFiles_TwentyLargeOnesAtOnce_AreNeverHeldWhole sends 20 files of 25 MB at once, first
// to the room and then to the customer, and looks at how much memory the program needed
// more than before: less than 100 MB, so that no file was in memory as a whole.
func TestFiles_TwentyLargeOnesAtOnce_AreNeverHeldWhole(t *testing.T) {
	t.Parallel()
	const files, size, most = 20, 25_000_000, 100 << 10 // the last in kilobytes
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, bypassed)
	w.cfg.Times.RestTimeout, w.cfg.Times.GraphTimeout, w.cfg.Times.UploadTimeout, w.cfg.Times.FileStall = patience, patience, patience, patience
	w.rc.KeepContent(false)
	w.setPage(func(s *bridge.Settings) { s.MaxFileSize = size })
	p := w.launch(exec.Command(program, "serve"))
	w.eventually("the bridge is connected", func() bool { return w.rc.Subscribed() > 0 })
	customer := func(i int) string { return fmt.Sprint(8000 + i) }
	for i := range files {
		w.meta.CustomerWrites(page, customer(i), "Hello")
	}
	w.eventually("everybody has a room", func() bool { return len(w.texts()) == files })
	w.settled()

	before := p.memory(t, "VmRSS")
	for i := range files {
		address := w.meta.Host(meta.Media{Name: "film.pdf", Type: "application/pdf", Size: size})
		w.meta.CustomerSends(page, customer(i), "", meta.Attachment{Type: "file", URL: address})
	}
	shown := func() (n int) {
		for _, room := range w.rc.Rooms() {
			for _, f := range w.rc.FilesIn(room.ID) {
				if f.Size == size {
					n++
				}
			}
		}
		return n
	}
	w.eventually("all files are in their rooms", func() bool { return shown() == files })
	w.settled()
	if grown := p.memory(t, "VmHWM") - before; grown > most {
		t.Errorf("20 files of 25 MB from customers took %d KB", grown)
	} else {
		t.Logf("20 files of 25 MB from customers took %d KB more than the %d KB before", grown, before)
	}

	film := chat.File{Name: "film.pdf", Type: "application/pdf", Content: bytes.Repeat([]byte("%PDF-1.7 x"), size/10)}
	for _, room := range w.rc.Rooms() {
		w.agent.Uploads(room.ID, "", film)
	}
	w.eventually("all customers have the file", func() bool {
		for i := range files {
			if len(w.meta.CustomerSees(page, customer(i))) != 1 {
				return false
			}
		}
		return true
	})
	for i := range files {
		if got := w.meta.CustomerSees(page, customer(i))[0].File; got.Size != int64(len(film.Content)) {
			t.Errorf("customer %d has %+v", i, got)
		}
	}
	if grown := p.memory(t, "VmHWM") - before; grown > most {
		t.Errorf("20 files of 25 MB each way took %d KB", grown)
	} else {
		t.Logf("20 files of 25 MB each way took %d KB", grown)
	}
}

// memory reads a figure of a running process, in kilobytes.
func (p *process) memory(t *testing.T, figure string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if os.IsNotExist(err) {
		t.Skip("this system has no /proc")
	}
	m := regexp.MustCompile(figure + `:\s+(\d+) kB`).FindSubmatch(status)
	if err != nil || m == nil {
		t.Fatal(err, string(status))
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}
