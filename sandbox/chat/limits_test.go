package chat_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"messenger-bridge/sandbox/chat"
)

func TestRocketChat_RESTLimiter(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	for _, c := range []struct {
		what    string
		profile chat.Profile
		asBot   bool
		route   string
		allowed int // 0 = not limited
	}{
		{"config, anonymous", chat.V8, false, "GET livechat/config", 10},
		{"config, bot", chat.V8, true, "GET livechat/config", 0},
		{"config, bot, V7", chat.V7, true, "GET livechat/config", 10},
		{"login route, bot, V7", chat.V7, true, "GET livechat/rooms", 0},
		{"register", chat.V8, false, "POST livechat/visitor", 5},
		{"room", chat.V8, false, "GET livechat/room", 5},
		{"one bucket for all parameters", chat.V8, false, "GET livechat/messages.history/%d", 10},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := startRC(t, chat.Config{Profile: c.profile, Now: clock})
			for i := range 12 {
				route := c.route
				if strings.Contains(route, "%d") {
					route = fmt.Sprintf(route, i)
				}
				a := w.call(c.asBot, route, nil)
				limited := c.allowed > 0 && i >= c.allowed
				if (a.status == 429) != limited {
					t.Fatalf("call %d: %d %s", i+1, a.status, a.raw)
				}
				if c.allowed == 0 {
					if a.header.Get("X-RateLimit-Limit") != "" {
						t.Fatal("limit headers in spite of the bypass")
					}
					continue
				}
				reset, _ := strconv.ParseInt(a.header.Get("X-RateLimit-Reset"), 10, 64)
				if a.header.Get("X-RateLimit-Limit") != strconv.Itoa(c.allowed) || reset != now.Add(time.Minute).UnixMilli() {
					t.Fatalf("headers %v", a.header)
				}
				if limited && !strings.Contains(a.text("error"), "You must wait 60 seconds before trying this endpoint again. [error-too-many-requests]") {
					t.Fatal(a.raw)
				}
			}
			mu.Lock()
			now = now.Add(time.Minute)
			mu.Unlock()
			if a := w.call(c.asBot, strings.ReplaceAll(c.route, "%d", "1"), nil); a.status == 429 {
				t.Error("still limited in the next window")
			}
		})
	}
}
