package store_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
)

func TestKeepCursor_IsDurableAtOnceWithThoseBefore_AndZeroForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		s := open(t, options(path))
		defer s.Close()
		at := time.Unix(1_790_000_000, 7)
		if err := errors.Join(s.SaveCursor("gap/1", at), s.SaveCursor("other", at), s.KeepCursor(t.Context(), "gap/2", at)); err != nil {
			t.Fatal(err)
		}
		check := func(want time.Time, names ...string) {
			t.Helper()
			for _, name := range []string{"gap/1", "gap/2"} {
				here, _ := s.Cursor(name)
				there, _ := openCopy(t, path).Cursor(name)
				if !here.Equal(want) || !there.Equal(want) {
					t.Errorf("%s is %s, in the file %s", name, here, there)
				}
			}
			got := s.CursorsUnder("gap/")
			if slices.Sort(got); !slices.Equal(got, names) {
				t.Errorf("there are %q", got)
			}
		}
		check(at, "gap/1", "gap/2")
		if err := errors.Join(s.SaveCursor("gap/2", time.Time{}), s.KeepCursor(t.Context(), "gap/1", time.Time{})); err != nil {
			t.Fatal(err)
		}
		check(time.Time{})
	})
}

// TestDeletePage_ForgetsWhenItWasActive, also what was not in the file yet.
func TestDeletePage_ForgetsWhenItWasActive(t *testing.T) {
	path := newPath(t)
	s := open(t, options(path))
	page := bridge.Page{ID: "1", State: bridge.PageRunning}
	if err := s.SavePage(t.Context(), page); err != nil {
		t.Fatal(err)
	}
	s.SaveActivity("1", bridge.In)
	if err := s.DeletePage(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	if at := open(t, options(path)).LastActivity("1", bridge.In); !at.IsZero() {
		t.Errorf("last active at %s", at)
	}
}
