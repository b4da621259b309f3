package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/store"
)

const format1 = "../store/testdata/format1/"

// leftStore is what the fixture's manifest says of the outside world.
type leftStore struct {
	Links []struct {
		Lane         string `json:"lane"`
		Room         string `json:"room"`
		VisitorToken string `json:"visitorToken"`
	} `json:"links"`
	Waiting []struct {
		Kind string `json:"kind"`
		Body struct {
			Message string        `json:"message"`
			Room    string        `json:"room"`
			Author  bridge.Author `json:"author"`
			To      bridge.Author `json:"to"`
		} `json:"body"`
	} `json:"waiting"`
}

// outcome is what has to go out: texts by customer and by room.
type outcome struct {
	customers map[string][]string // by page and customer
	rooms     map[string][]string // by conversation
	told      []string            // room and message of which an agent is told
}

var (
	toCustomer = regexp.MustCompile(`^customer (\d+) of (\d+)$`)
	toRoom     = regexp.MustCompile(`^the room of (\d+/m/\d+)$`)
	partOfIt   = regexp.MustCompile(`^\t[^ ]+, part \d+: ("(?:[^"\\]|\\.)*")`)
	toldOfIt   = regexp.MustCompile(`^\t(?:not-delivered|waiting|still-seen|file-left-0)/([a-zA-Z0-9]+),`)
	textOfIt   = regexp.MustCompile(`^\ttext as [^",]*(?:, perhaps shown before)?: ("(?:[^"\\]|\\.)*")$`)
)

func format1Outcome(t *testing.T) outcome {
	t.Helper()
	content, err := os.ReadFile(format1 + "outcome.txt")
	if err != nil {
		t.Fatal(err)
	}
	o, customer, room, noticed := outcome{customers: map[string][]string{}, rooms: map[string][]string{}}, "", "", ""
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "\t") {
			customer, room, noticed = "", "", strings.TrimPrefix(line, "room ")
		}
		if told := toldOfIt.FindStringSubmatch(line); told != nil {
			o.told = append(o.told, noticed+" "+told[1])
		}
		if to := toCustomer.FindStringSubmatch(line); to != nil && to[1] < "3" { // others write comments
			customer = to[2] + "/" + to[1]
		}
		if to := toRoom.FindStringSubmatch(line); to != nil {
			room = to[1]
		}
		for into, found := range map[*string][]string{&customer: partOfIt.FindStringSubmatch(line), &room: textOfIt.FindStringSubmatch(line)} {
			if found == nil || *into == "" {
				continue
			}
			text, err := strconv.Unquote(found[1])
			if err != nil {
				t.Fatal(line, err)
			}
			all := map[*string]map[string][]string{&customer: o.customers, &room: o.rooms}[into]
			all[*into] = append(all[*into], text)
		}
	}
	return o
}

// unpackFormat1 puts the fixture where the bridge looks for its store.
func (w *world) unpackFormat1() {
	w.Helper()
	key, err := os.ReadFile(format1 + "key")
	if err != nil {
		w.Fatal(err)
	}
	packed, err := os.ReadFile(format1 + "bolt.db.gz")
	if err != nil {
		w.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		w.Fatal(err)
	}
	content, err := io.ReadAll(z)
	if err != nil {
		w.Fatal(err)
	}
	w.cfg.Store.SecretKey = bridge.Secret(key)
	if err := os.WriteFile(w.cfg.Store.Database, content, 0o600); err != nil {
		w.Fatal(err)
	}
}

// pagesRun gives pages of the store tokens of the sandbox's, and has them run.
func (w *world) pagesRun(ids ...string) {
	w.Helper()
	s, err := store.Open(store.Options{Path: w.cfg.Store.Database, Key: w.cfg.Store.SecretKey, Now: w.cfg.Now})
	if err != nil {
		w.Fatal(err)
	}
	defer s.Close()
	for _, id := range ids {
		p, err := s.Page(bridge.PageID(id))
		if err == nil {
			p.Token, p.TokenKind, p.Checked, p.State, p.Why = bridge.Secret(w.meta.AddPage(id, p.Name)), bridge.PageToken, w.cfg.Now(), bridge.PageRunning, bridge.Trouble{}
			err = s.SavePage(w.Context(), p)
		}
		if err != nil {
			w.Fatal(err)
		}
	}
}

// restore makes the rooms, the people and what agents wrote, as the store knows them.
func (w *world) restore() {
	w.Helper()
	content, err := os.ReadFile(format1 + "manifest.json")
	if err != nil {
		w.Fatal(err)
	}
	var left leftStore
	if err := json.Unmarshal(content, &left); err != nil {
		w.Fatal(err)
	}
	for _, u := range []chat.User{{ID: "userBea0000000001", Username: "bea", Name: "Bea Example"}, {ID: "userCem0000000002", Username: "cem", Name: "Cem Example"},
		{ID: "userDia0000000003", Username: "dia", Name: "Dia Example"}, {ID: "userBot0000000004", Username: "shop.bot"}} {
		u.Roles, u.Online = []string{"user", "livechat-agent"}, true
		w.rc.AddUser(u)
	}
	for _, l := range left.Links {
		w.rc.RestoreRoom(l.Room, l.VisitorToken, "bea")
		page, rest, _ := strings.Cut(l.Lane, "/")
		if kind, customer, _ := strings.Cut(rest, "/"); kind == "m" {
			w.meta.RestoreMessage(page, customer, "m_hello"+page[len(page)-1:]+customer, "text of hello", false)
		}
	}
	known := map[string]bool{}
	for _, e := range left.Waiting {
		who := e.Body.Author.Username + e.Body.To.Username
		if id := e.Body.Message; who != "" && id != "" && strings.HasPrefix(e.Body.Room, "room") && !known[id] {
			known[id] = true
			w.rc.RestoreMessage(e.Body.Room, id, who, "what it was")
		}
	}
}

// arrivedBefore is what the last bridge had sent without knowing: the threads show it.
var arrivedBefore = []struct{ customer, mid, text string }{
	{"200000000000017", "m_cut17.0", "being sent when the power is cut; it arrived"},
	{"200000000000019", "m_unsure19.1", "two"},
	{"200000000000025", "m_ans25.0", "as it was"},
	{"200000000000037", "m_sent37.0", "between copy and use; it arrived"},
}

// reads compares what customers read with the outcome, but for the pages that do not run.
func (o outcome) reads(w *world, without ...string) (differences []string) {
	for _, to := range slices.Sorted(maps.Keys(o.customers)) {
		page, customer, _ := strings.Cut(to, "/")
		want := slices.DeleteFunc(slices.Clone(o.customers[to]), func(text string) bool { return text == "" }) // files: see below
		if slices.Contains(without, page) {
			want = nil
		}
		for _, before := range arrivedBefore {
			if before.customer == customer && page == "100000000000001" {
				want = append([]string{before.text}, want...)
			}
		}
		var got []string
		for _, b := range w.meta.CustomerSees(page, customer) {
			got = append(got, b.Text)
		}
		if !slices.Equal(got, want) {
			differences = append(differences, fmt.Sprintf("%s reads %q, want %q", to, got, want))
		}
	}
	return differences
}

// shows compares what agents see with the outcome: each text once, in whatever room.
func (o outcome) shows(w *world) (differences []string) {
	shown := map[string]int{}
	for _, r := range w.rc.Rooms() {
		for _, text := range w.rc.CustomerTexts(r.ID) {
			if strings.HasPrefix(text, "> [Written on ") {
				_, text, _ = strings.Cut(text, "\n")
			}
			if edited, is := strings.CutSuffix(text, ", edited"); is { // what stands before the words stays
				text = edited[strings.LastIndex(edited, "\n")+1:]
			}
			shown[text]++
		}
	}
	for to, texts := range o.rooms {
		for _, text := range texts {
			if shown[text] != 1 {
				differences = append(differences, fmt.Sprintf("%q of %s is shown %d times", text, to, shown[text]))
			}
		}
	}
	said := strings.Join(w.said(), "\n")
	for _, told := range o.told {
		if n := strings.Count(said, told+": "); n != 1 {
			differences = append(differences, fmt.Sprintf("of %s the agent is told %d times", told, n))
		}
	}
	return differences
}

// said is all that the bot said, in rooms and to whom.
func (w *world) said() (all []string) {
	for _, r := range w.rc.Rooms() {
		for _, m := range w.rc.Messages(r.ID) {
			if m.Username == "bridge.bot" {
				all = append(all, r.ID+" "+m.Quoted+": "+m.Text)
			}
		}
	}
	for _, who := range []string{"bea", "cem", "dia"} {
		for _, m := range w.rc.DirectMessages(who) {
			all = append(all, who+": "+m.Text)
		}
	}
	return all
}

// TestFormat1_WholeProgram_EverythingGoesOutOnce starts the program on a store that the last
// version with format 1 left. What waited in it arrives once, at customers and in rooms,
// over restarts, and what waits for pages when these run again. The files that wait lie at
// a server that is none of the sandbox's, and the comments are not at Meta: their agents
// are told.
func TestFormat1_WholeProgram_EverythingGoesOutOnce(t *testing.T) {
	t.Parallel()
	start, left := time.Now(), time.Date(2026, 6, 1, 12, 2, 0, 0, time.UTC)
	w := newWorldAt(t, bypassed, func() time.Time { return left.Add(time.Since(start)) })
	w.unpackFormat1()
	w.pagesRun("100000000000001", "100000000000005")
	w.restore()
	w.meta.ApproveHumanAgent(true)
	for _, m := range arrivedBefore {
		w.meta.RestoreMessage("100000000000001", m.customer, m.mid, m.text, true)
	}
	want := format1Outcome(t)
	if len(want.customers) < 25 || len(want.rooms) < 8 {
		t.Fatalf("only %d customers and %d rooms are known", len(want.customers), len(want.rooms))
	}
	w.run()
	w.eventually("customers read what waited", func() bool { return len(want.reads(w, "100000000000002", "100000000000003")) == 0 })
	w.eventually("agents see what waited", func() bool { return len(want.shows(w)) == 0 })
	w.halt()
	w.pagesRun("100000000000002", "100000000000003")
	w.run()
	w.eventually("customers read what waited for their pages", func() bool { return len(want.reads(w)) == 0 })
	w.settled()
	said := w.said()
	w.halt()
	w.run()
	w.settled()
	for _, difference := range append(want.reads(w), want.shows(w)...) {
		t.Error(difference)
	}
	const command, again = "looks like a command", "was tried again and has now gone out"
	for who, texts := range map[string][]string{
		"bea": {command, command, command, again, again, "These pages: …"}, // what cannot stand where it belongs comes to her
		"cem": {"/facebook"}, "dia": {"That came too late"},
	} {
		got := w.rc.DirectMessages(who)
		for _, text := range texts {
			at := slices.IndexFunc(got, func(m chat.Message) bool { return strings.Contains(m.Text, text) })
			if at < 0 {
				t.Errorf("%s is not told %q", who, text)
				continue
			}
			got = slices.Delete(got, at, at+1)
		}
		for _, m := range got {
			t.Errorf("%s is also told %q", who, m.Text)
		}
	}
	if n := strings.Count(w.announced(), "Something happened"); n != 1 {
		t.Errorf("the setup channel hears %d times that something happened", n)
	}
	if again := w.said(); !slices.Equal(again, said) {
		t.Errorf("after another start the bot says %q, before %q", again, said)
	}
}
