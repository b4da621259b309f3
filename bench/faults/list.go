package faults

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/disk"
	"messenger-bridge/sandbox/meta"
)

// fault is one kind of trouble. strike begins it; what it returns ends it, nil if it
// ends by itself.
type fault struct {
	name   string
	strike func(*world, *rand.Rand) (lift func())
}

// all is every fault a round may draw.
var all = []fault{
	{"kill -9", func(w *world, _ *rand.Rand) func() { w.bot.kill(); return w.bot.again }},
	{"kill -9, started at once", func(w *world, _ *rand.Rand) func() { w.bot.kill(); w.bot.again(); return nil }},
	{"SIGTERM, started again", func(w *world, _ *rand.Rand) func() { w.bot.terminate(); w.bot.again(); return nil }},
	{"disk full", fillDisk},

	{"workspace down", func(w *world, _ *rand.Rand) func() { w.rc.Down(); return func() { _ = w.rc.Up() } }},
	{"workspace hangs", func(w *world, _ *rand.Rand) func() { w.rc.Hang(true); return func() { w.rc.Hang(false) } }},
	{"workspace's database fails", inject(chat.Fault{Status: 400, Body: `{"success":false,"error":"not primary and secondaryOk=false"}`,
		Match: func(r *http.Request, _ []byte) bool { return strings.HasPrefix(r.URL.Path, "/api/v1/") }})},
	{"workspace slow", inject(chat.Fault{Delay: 150 * time.Millisecond})},
	{"messages: 429", inject(chat.Fault{Route: "POST livechat/message", Status: 429, ContentType: "application/json",
		Body: `{"success":false,"error":"Error, too many requests. Please slow down. You must wait 1 seconds before trying this endpoint again. [error-too-many-requests]"}`})},
	{"messages: 500 HTML before", inject(chat.Fault{Route: "POST livechat/message", Times: 5, Status: 500})},
	{"messages: 500 HTML after", inject(chat.Fault{Route: "POST livechat/message", Times: 5, Status: 500, Effect: true})},
	{"messages: hang after", inject(chat.Fault{Route: "POST livechat/message", Times: 3, Hang: true, Effect: true})},
	{"messages: cut after", inject(chat.Fault{Route: "POST livechat/message", Times: 5, Cut: true, Effect: true})},
	{"uploads: 502 before", inject(chat.Fault{Route: "POST livechat/upload/:rid", Times: 3, Status: 502})},
	{"uploads: 500 HTML after", inject(chat.Fault{Route: "POST livechat/upload/:rid", Times: 2, Status: 500, Effect: true})},
	{"uploads: cut after", inject(chat.Fault{Route: "POST livechat/upload/:rid", Times: 3, Cut: true, Effect: true})},
	{"downloads: 502", inject(chat.Fault{Route: "GET file-upload/:id/:name", Times: 3, Status: 502})},
	{"downloads: cut", inject(chat.Fault{Route: "GET file-upload/:id/:name", Times: 3, Cut: true})},
	{"rooms: 502 before", inject(chat.Fault{Route: "GET livechat/room", Times: 3, Status: 502})},
	{"rooms: cut after", inject(chat.Fault{Route: "GET livechat/room", Times: 3, Cut: true, Effect: true})},
	{"rooms: another was first", inject(chat.Fault{Route: "GET livechat/room", Times: 3, Status: 400, Effect: true,
		Body: `{"success":false,"error":"E11000 duplicate key error collection: rocketchat.rocketchat_livechat_inquiry index: v.token_1"}`})},
	{"rooms: nobody was first", inject(chat.Fault{Route: "GET livechat/room", Times: 4, Status: 400,
		Body: `{"success":false,"error":"error-failed-to-start-conversation"}`})},
	{"visitors: cut after", inject(chat.Fault{Route: "POST livechat/visitor", Times: 3, Cut: true, Effect: true})},
	{"notices: cut after", inject(chat.Fault{Route: "POST chat.sendMessage", Times: 5, Cut: true, Effect: true})},
	{"websocket dropped", func(w *world, _ *rand.Rand) func() { w.rc.DropSockets(); return nil }},
	{"websocket half-open", func(w *world, _ *rand.Rand) func() { w.rc.MuteSockets(true); return nil }},
	{"subscriptions ended", func(w *world, _ *rand.Rand) func() { w.rc.EndSubscriptions(); return nil }},
	{"subscriptions refused", func(w *world, _ *rand.Rand) func() { w.rc.RefuseSubscriptions(2); w.rc.DropSockets(); return nil }},
	{"stream loses messages", func(w *world, _ *rand.Rand) func() {
		w.muddle(&w.late) // found when the bridge looks, after those that followed
		w.rc.LoseEvents(4)
		return nil
	}},
	{"stream repeats", func(w *world, _ *rand.Rand) func() {
		w.rc.RepeatEvents(true)
		return func() { w.rc.RepeatEvents(false) }
	}},
	{"stream swaps", func(w *world, _ *rand.Rand) func() {
		w.rc.ReorderEvents(true)
		return func() { w.rc.ReorderEvents(false) }
	}},
	{"stream swaps and repeats", func(w *world, _ *rand.Rand) func() {
		w.rc.ReorderEvents(true)
		w.rc.RepeatEvents(true)
		return func() { w.rc.ReorderEvents(false); w.rc.RepeatEvents(false) }
	}},
	{"stream lags once", func(w *world, r *rand.Rand) func() {
		w.rc.LagEvent(time.Duration(1+r.IntN(40)) * time.Millisecond)
		return nil
	}},
	{"stream late", func(w *world, _ *rand.Rand) func() {
		w.rc.DelayEvents(300 * time.Millisecond)
		return func() { w.rc.DelayEvents(0) }
	}},
	{"bot logged out", func(w *world, _ *rand.Rand) func() { w.rc.RevokeToken(w.rc.Bot()); return nil }},
	{"nobody online", func(w *world, _ *rand.Rand) func() { w.agent.GoesOffline(); return w.agent.GoesOnline }},
	{"room closed by the agent", inOpenRoom(func(w *world, rid string) { w.agent.Closes(rid, "done") })},
	{"room closed by inactivity", inOpenRoom(func(w *world, rid string) { w.rc.CloseByInactivity(rid) })},
	{"room closed while a message lands", inOpenRoom(func(w *world, rid string) { w.rc.LandInNewRoom(rid) })},

	{"refused: texts, 403", refusedTexts(webPage(403))},
	{"refused: texts, 406", refusedTexts(webPage(406))},
	{"refused: texts, 413", refusedTexts(webPage(413))},
	{"refused: texts, 500", refusedTexts(webPage(500))},
	{"refused: texts, by an app", refusedTexts(coded(400, "error-app-prevented"))},
	{"refused: files, 413", refusedFiles(webPage(413))},
	{"refused: files, 415", refusedFiles(webPage(415))},
	{"refused: files, 400", refusedFiles(uncoded(400))},
	{"refused: files, 403", refusedFiles(webPage(403))},
	{"refused: files, 500", refusedFiles(webPage(500))},
	{"refused: files, 504", refusedFiles(webPage(504))},
	{"refused: notes of a room, 403", refusedNotes(webPage(403))},
	{"refused: notes of a room, 500", refusedNotes(webPage(500))},
	{"refused: agents' files, 500", withheldFiles(webPage(500))},
	{"refused: agents' files, cut", withheldFiles(chat.Fault{Cut: true})},
	{"refused: agents' files, hang", withheldFiles(chat.Fault{Hang: true})},
	{"refused of all: texts, 403", refusedForAll("POST livechat/message", webPage(403))},
	{"refused of all: texts, 500", refusedForAll("POST livechat/message", webPage(500))},
	{"refused of all: texts, by an app", refusedForAll("POST livechat/message", coded(400, "error-app-prevented"))},
	{"refused of all: files, 500", refusedForAll("POST livechat/upload/:rid", webPage(500))},
	{"refused of all: files, a web page", refusedForAll("POST livechat/upload/:rid", webPage(200))},
	{"refused of all: files, by an app", saidOfAllFiles(coded(400, "error-app-prevented"))},
	{"refused of all: rooms, 403", refusedForAll("GET livechat/room", webPage(403))},
	{"refused of all: rooms, 500", refusedForAll("GET livechat/room", webPage(500))},
	{"refused of all: rooms, by an app", refusedForAll("GET livechat/room", coded(400, "error-app-prevented"))},

	{"sends: 500 before", sends(meta.Status500(false))},
	{"sends: 500 after", sends(meta.Status500(true))},
	{"sends: cut before", sends(meta.CutBefore())},
	{"sends: cut after", sends(meta.DeliveredThenCut())},
	{"sends: hang after", sends(meta.DeliveredThenHang(3 * time.Second))},
	{"sends: half an answer after", sends(meta.DeliveredHalfAnswered(3 * time.Second))},
	{"sends: HTML 502 before", sends(meta.HTML502(false))},
	{"sends: HTML 502 after", sends(meta.HTML502(true))},
	{"sends: code 1 after", sends(meta.Unknown1(true))},
	{"sends: empty body after", sends(meta.EmptyBody(true, 200))},
	{"sends: code -1 before", sends(meta.Internal2018012(false))},
	{"sends: customer unreachable", sends(meta.Blocked551())},
	{"Graph down", func(w *world, _ *rand.Rand) func() { w.meta.Down(); return func() { _ = w.meta.Up() } }},
	{"Graph hangs", func(w *world, _ *rand.Rand) func() { w.meta.Hang(true); return func() { w.meta.Hang(false) } }},
	{"Graph throttles", func(w *world, r *rand.Rand) func() {
		codes := []int{613, 32, 80001, 80006, 4}
		code, page := codes[r.IntN(len(codes))], w.anyPage(r)
		w.meta.Throttle(page, code, time.Hour, false)
		return func() { w.meta.Throttle(page, code, 0, false) }
	}},
	{"429 from Meta's edge", func(w *world, _ *rand.Rand) func() {
		w.meta.ThrottleEdge(time.Second, meta.RetryAfterSeconds)
		return func() { w.meta.ThrottleEdge(0, meta.RetryAfterSeconds) }
	}},
	{"token dead", func(w *world, r *rand.Rand) func() {
		subcodes := []int{458, 459, 460, 463, 464, 467, 468, 492, 0, meta.NoSuchPage}
		page := w.anyPage(r)
		w.meta.KillToken(page, subcodes[r.IntN(len(subcodes))])
		return func() { w.meta.RestoreToken(page) }
	}},
	{"window closed", func(w *world, r *rand.Rand) func() {
		i := r.IntN(w.customers)
		w.meta.CloseWindow(w.page(i), customer(i))
		return nil
	}},
	{"threads unreadable", func(w *world, _ *rand.Rand) func() { w.meta.FailReads(5, meta.ReduceData()); return nil }},

	{"webhooks twice", func(w *world, _ *rand.Rand) func() {
		w.meta.DuplicateWebhooks(2)
		return func() { w.meta.DuplicateWebhooks(0) }
	}},
	{"webhooks twice at a time", func(w *world, _ *rand.Rand) func() {
		w.meta.DuplicateTogether(2)
		return func() { w.meta.DuplicateWebhooks(0) }
	}},
	{"webhooks repeated later", func(w *world, _ *rand.Rand) func() { return w.meta.RepeatWebhooks }},
	{"webhooks late", func(w *world, _ *rand.Rand) func() {
		w.meta.HoldWebhooks(true)
		return func() { w.meta.HoldWebhooks(false) }
	}},
	{"webhooks batched", func(w *world, _ *rand.Rand) func() {
		w.meta.BatchWebhooks(50)
		return func() { w.meta.BatchWebhooks(1) }
	}},
	{"webhooks shuffled", func(w *world, r *rand.Rand) func() {
		w.muddle(&w.shuffled)
		w.meta.ShuffleWebhooks(1 + r.Int64N(1000))
		w.meta.HoldWebhooks(true)
		return func() { w.meta.HoldWebhooks(false); w.meta.ShuffleWebhooks(0) }
	}},
	{"echoes early", echoes(meta.EchoBefore)},
	{"echoes late", echoes(meta.EchoLate(700 * time.Millisecond))},
	{"echoes never", echoes(meta.EchoNever)},
	{"echoes twice", echoes(meta.EchoTwice)},
	{"echoes in standby", echoes(meta.EchoStandby)},
}

func inject(f chat.Fault) func(*world, *rand.Rand) func() {
	return func(w *world, _ *rand.Rand) func() { return w.rc.Inject(f) }
}

// sends has a few of the next sends end in the same way.
func sends(o *meta.SendOutcome) func(*world, *rand.Rand) func() {
	return func(w *world, r *rand.Rand) func() {
		var next []*meta.SendOutcome
		for range 1 + r.IntN(3) {
			next = append(next, o)
		}
		w.meta.NextSends(next...)
		return nil
	}
}

func echoes(mode meta.EchoMode) func(*world, *rand.Rand) func() {
	return func(w *world, _ *rand.Rand) func() {
		w.meta.Echoes(mode)
		return func() { w.meta.Echoes(meta.EchoAfter) }
	}
}

// inOpenRoom does something in the open room of somebody, if there is one.
func inOpenRoom(do func(w *world, rid string)) func(*world, *rand.Rand) func() {
	return func(w *world, r *rand.Rand) func() {
		if rid := w.openRoom(r.IntN(w.customers)); rid != "" {
			do(w, rid)
		}
		return nil
	}
}

// fillDisk leaves no room beside the store, where it has a disk of its own.
func fillDisk(w *world, _ *rand.Rand) func() {
	if !disk.Own(w.disk) {
		return nil
	}
	return disk.Fill(w.disk)
}
