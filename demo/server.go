package demo

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"time"
)

//go:embed page
var files embed.FS

// routes serve the page at address, until ctx ends.
func (p *play) routes(ctx context.Context, address string) http.Handler {
	files, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // it is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /tulips.png", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(picture()) // whoever does not read it does not see it
	})
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) { p.stream(ctx, w, r) })
	mux.HandleFunc("POST /do", p.do)
	return guard(mux, address)
}

// guard keeps other sites out, which a browser on this machine may have open:
// the name in the request must be ours, and actions must come from our page.
func guard(next http.Handler, address string) http.Handler {
	_, port, _ := net.SplitHostPort(address)
	hosts := []string{address, "localhost:" + port}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data: 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		switch {
		case !slices.Contains(hosts, r.Host):
			http.Error(w, "this is not our name", http.StatusMisdirectedRequest)
		case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get("Origin") != "http://"+r.Host:
			http.Error(w, "only the page itself may do that", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// perView is the least time between two views.
const perView = 100 * time.Millisecond

// stream sends a view whenever something has changed (server-sent events).
func (p *play) stream(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	rc := http.NewResponseController(w)
	if rc.SetReadDeadline(time.Time{}) != nil { // reading would end with the server's limit, and the request with it
		return
	}
	var shown []byte
	for {
		room, meta, own := p.rc.Changed(), p.meta.Changed(), p.changed.next()
		view, err := json.Marshal(p.screen.view())
		if err != nil {
			panic(err) // it is made of strings and numbers
		}
		if !bytes.Equal(view, shown) {
			shown = view
			if rc.SetWriteDeadline(time.Now().Add(10*time.Second)) != nil {
				return
			}
			if _, err := fmt.Fprintf(w, "data: %s\n\n", view); err != nil || rc.Flush() != nil {
				return // the page was closed
			}
		}
		pause := time.NewTimer(perView)
		select {
		case <-pause.C:
		case <-r.Context().Done():
			return
		case <-ctx.Done():
			return
		}
		select {
		case <-room:
		case <-meta:
		case <-own:
		case <-r.Context().Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

func (p *play) do(w http.ResponseWriter, r *http.Request) {
	var a action
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&a)
	if err != nil {
		http.Error(w, "not understood", http.StatusBadRequest)
		return
	}
	if a.Do != "read" && a.Do != "play" {
		p.director.stops() // whoever does something goes on alone
	}
	switch a.Do {
	case "play":
		err = p.director.plays()
	case "stop":
	case "read":
		p.phones.reads(a.As)
	case "press":
		err = p.panel.press(a.ID, a.Room)
	case "tap":
		err = p.actors.tapped(a)
	case "deed":
		err = p.actors.done(a)
	default:
		err = p.actors.write(a)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
