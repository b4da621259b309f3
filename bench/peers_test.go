package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"messenger-bridge/bench/load"
	"messenger-bridge/bench/peers"
)

// playPeer is a peer that checks the older signature, posts, and answers with a body.
func playPeer() {
	getenv := os.Getenv
	deliver := func(body []byte) error {
		var call struct {
			Entry []struct {
				Messaging []struct {
					Sender  struct{ ID string }
					Message struct{ Mid, Text string }
				}
			}
		}
		if err := json.Unmarshal(body, &call); err != nil {
			return err
		}
		m := call.Entry[0].Messaging[0]
		post, err := json.Marshal(map[string]string{"_id": m.Message.Mid, "token": m.Sender.ID, "rid": "r" + m.Sender.ID, "msg": m.Message.Text})
		if err != nil {
			return err
		}
		r, err := http.NewRequest(http.MethodPost, getenv("WORKSPACE")+"/api/v1/livechat/message", bytes.NewReader(post))
		if err != nil {
			return err
		}
		r.Header.Set("X-User-Id", getenv("USER_ID"))
		r.Header.Set("X-Auth-Token", getenv("AUTH_TOKEN"))
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		return res.Body.Close()
	}
	err := http.ListenAndServe("127.0.0.1:"+getenv("PORT"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mac := hmac.New(sha1.New, []byte(getenv("APP_SECRET")))
		mac.Write(body)
		if err != nil || r.Header.Get("X-Hub-Signature") != "sha1="+hex.EncodeToString(mac.Sum(nil)) || deliver(body) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, "EVENT_RECEIVED")
	}))
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func install(t *testing.T, dir, name, script string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name, "run"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// One peer works in a process that its program starts, one fails, one is not there.
func TestPeers_OneWorksOneFailsOneIsAbsent_AllAreNamed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("measured on Linux only")
	}
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	install(t, dir, peers.Botkit, "PLAY_PEER=1 '"+self+"' &\nwait")
	install(t, dir, peers.Bottender, "echo 'no such module' >&2; exit 1")
	var out bytes.Buffer
	b := &bench{ctx: t.Context(), rounds: 1, seconds: 0.05, lanes: 20, dir: t.TempDir(), progress: io.Discard}
	if err := b.besidePeers(dir, "", &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| botkit | 32 connections | ", "| botkit | 64 connections | ", "| floor | 64 connections | ", "delivered / the best peer's (botkit), 32 connections",
		"bottender failed: bottender ended before it listened; it said \"no such module", "absent: matterbridge;",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "matterbridge's") {
		t.Errorf("compared with who is absent:\n%s", &out)
	}
}

func TestPeers_NobodyIsInstalled_FloorIsMeasured(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("measured on Linux only")
	}
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	var out bytes.Buffer
	b := &bench{ctx: t.Context(), rounds: 1, seconds: 0.02, lanes: 20, dir: t.TempDir(), progress: io.Discard}
	if err := b.besidePeers("", "", &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"absent: botkit, bottender, matterbridge;", "| P7 | delivered / the floor, 32 connections |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}

// What is used is that of the whole tree of processes: here the program only waits.
func TestPeers_ProcessorTime_IsThatOfAllItsProcesses(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("read from /proc")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	install(t, dir, peers.Botkit, "PLAY_PEER=1 '"+self+"' &\nwait")
	l, err := load.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p, err := peers.Start(t.Context(), dir, peers.Botkit, peers.Surroundings{Workspace: l.Workspace(), UserID: load.BotID, AuthToken: load.BotToken, AppSecret: load.AppSecret})
	if err != nil {
		t.Fatal(err)
	}
	v := load.Volley{Target: p.Address, Conns: 2, Seconds: 60, Most: 100, Lanes: 1, Form: load.Doubly, Await: true}
	for used := int64(0); used == 0; { // until it is more than a tick of the clock
		if o, err := l.Fire(v); err != nil || o.Acked != v.Most || o.Delivered != v.Most {
			t.Fatalf("%+v, %v", o, err)
		}
		spent, err := p.Processor()
		if err != nil {
			t.Fatal(err)
		}
		used = int64(spent)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := p.Processor(); err == nil {
		t.Error("who has ended still uses something")
	}
}
