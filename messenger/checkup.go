package messenger

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/webhook"
)

// Fields returns the fields that must be subscribed at both levels, for those who do
// it by hand; for comments there is one more.
func Fields(comments bool) []string {
	if comments {
		return append(slices.Clone(fields), bridge.FeedField)
	}
	return slices.Clone(fields)
}

// Checkup finds out whether Meta accepts the app, sends its events to publicURL, and
// lets it do with each page what it must. verified is when Meta last made the
// webhook's handshake; zero: never. It changes nothing; what can be repaired is in Fix.
func (c *Platform) Checkup(ctx context.Context, publicURL string, verified time.Time, pages []bridge.Page) []bridge.Finding {
	k := &checkup{c: c, comments: slices.ContainsFunc(pages, func(p bridge.Page) bool { return p.Settings.Comments })}
	if k.app(ctx, strings.TrimRight(publicURL, "/")+webhook.Path, verified) {
		k.found = append(k.found, k.pages(ctx, pages)...)
	} else if len(pages) > 0 {
		k.add("pages", bridge.Unknowable, fmt.Sprintf("%d not looked at, because Meta does not answer the app", len(pages)), "")
	}
	k.version()
	k.clock()
	return k.found
}

// checkup is a Checkup under way.
type checkup struct {
	c        *Platform
	comments bool // some page wants them
	found    []bridge.Finding
}

func (k *checkup) add(check string, level bridge.Level, found, do string) {
	k.found = append(k.found, bridge.Finding{Check: check, Level: level, Found: found, Do: do})
}

// app looks at what concerns the app as a whole; false: nothing else can be asked.
func (k *checkup) app(ctx context.Context, callback string, verified time.Time) bool {
	const check = "Meta"
	host := "the Graph API"
	if u, err := url.Parse(k.c.cfg.GraphURL); err == nil && u.Host != "" {
		host = u.Host
	}
	sub, err := k.c.App(ctx)
	r := bridge.RefusalOf(err)
	switch {
	case err == nil:
		k.add(check, bridge.Good, host+" answers", "")
		k.add("app", bridge.Good, "Meta accepts id and secret of app "+k.c.cfg.AppID, "")
		k.subscription(sub, callback)
	case r.Reason == bridge.MetaDown:
		k.add(check, bridge.Bad, fmt.Sprintf("%s cannot be reached: %v", host, r.Err),
			"Let this machine connect to it by https (FACEBOOK_GRAPH_URL, HTTPS_PROXY, firewall). Answers wait meanwhile; none is lost.")
	case r.Verdict == bridge.Never:
		k.add(check, bridge.Good, host+" answers", "")
		k.add("app", bridge.Bad, fmt.Sprintf("Meta does not accept id and secret of app %s (%v)", k.c.cfg.AppID, r.Err),
			"Compare FACEBOOK_APP_ID and FACEBOOK_APP_SECRET with App settings → Basic at developers.facebook.com.")
	default:
		k.add(check, bridge.Unknowable, fmt.Sprintf("%s does not answer as it should: %v", host, r.Err), "Ask again later.")
	}
	k.handshake(err == nil && sub.Callback == callback, callback, verified)
	return err == nil
}

// subscription looks at where Meta sends the app's events.
func (k *checkup) subscription(sub bridge.AppSubscription, callback string) {
	const check = "app subscription"
	if k.comments && !sub.Feed {
		sub.Missing = append(sub.Missing, bridge.FeedField)
	}
	f := bridge.Finding{Check: check, Level: bridge.Bad, Fix: k.subscribe(callback),
		Do: "By hand: in the app's dashboard, Messenger → Webhooks, with the address and the fields that `messenger-bridge doctor` prints."}
	switch {
	case sub.Callback == "":
		f.Found = "there is none: Meta sends the app's events nowhere"
		f.Do = "So does connecting the first page. " + f.Do
	case sub.Callback != callback:
		f.Found = "Meta sends the app's events elsewhere: " + printable(sub.Callback)
		f.Do = "Only if nobody needs them there. " + f.Do
		f.Agree = "replace"
	case !sub.Active:
		f.Found = "it is there, but not active: Meta sends nothing"
	case len(sub.Missing) > 0:
		f.Found = "these fields are not subscribed: " + strings.Join(sub.Missing, ", ")
	default:
		f = bridge.Finding{Check: check, Level: bridge.Good, Found: "Meta sends all fields to " + printable(callback)}
	}
	k.found = append(k.found, f)
}

// printable is an address without what may be secret in it.
func printable(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that cannot be read"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// subscribe has Meta send the app's events to us, which it first verifies.
func (k *checkup) subscribe(callback string) func(context.Context) error {
	return func(ctx context.Context) error {
		err := k.c.SubscribeApp(ctx, callback, bridge.FeedIf(k.comments))
		var cause *graphError
		if errors.As(err, &cause) && cause.Code == 2200 {
			return fmt.Errorf("%s did not answer Meta as it expects; the bridge must be running, and that address must lead to it from outside: %w", printable(callback), err)
		}
		return err
	}
}

// handshake tells whether Meta ever reached us.
func (k *checkup) handshake(subscribed bool, callback string, verified time.Time) {
	const check = bridge.HandshakeCheck
	if !verified.IsZero() {
		k.add(check, bridge.Good, "Meta last verified the webhook on "+verified.UTC().Format("2 January 2006, 15:04 MST"), "")
		return
	}
	f := bridge.Finding{Check: check, Level: bridge.Bad, Found: "Meta has never verified " + printable(callback) + ", so nobody knows whether it can reach it",
		Do: "It does so when the app is subscribed."}
	if subscribed {
		f.Do, f.Fix = "By hand: Verify and save in the app's dashboard, Messenger → Webhooks.", k.subscribe(callback)
	}
	k.found = append(k.found, f)
}

// clock compares Meta's with ours, by its last answer.
func (k *checkup) clock() {
	const (
		check = "clock (Meta)"
		do    = "Let this machine set its clock by NTP."
	)
	if !k.answered() {
		return
	}
	skew := k.c.skew.now()
	by, way := skew.Abs(), "behind"
	if skew < 0 {
		way = "ahead of"
	}
	found := fmt.Sprintf("our clock is %s %s Meta's", by, way)
	switch {
	case by > 5*time.Minute:
		k.add(check, bridge.Bad, found, do)
	case by > 30*time.Second:
		k.add(check, bridge.Notable, found, do)
	default:
		k.add(check, bridge.Good, "our clock agrees with Meta's", "")
	}
}

// answered tells whether Meta has been heard in this checkup.
func (k *checkup) answered() bool {
	return slices.ContainsFunc(k.found, func(f bridge.Finding) bool { return f.Check == "Meta" && f.Level == bridge.Good })
}

const again = "Connect the page again: `/facebook authorize`, or `messenger-bridge pages add` with a new token."

// pagesAtOnce are looked at: each needs a few calls, and whoever asks waits.
const pagesAtOnce = 8

// pages looks at all, and tells of them in their order.
func (k *checkup) pages(ctx context.Context, pages []bridge.Page) []bridge.Finding {
	found := make([][]bridge.Finding, len(pages))
	places := make(chan struct{}, pagesAtOnce)
	var all sync.WaitGroup
	for i, p := range pages {
		places <- struct{}{}
		all.Go(func() {
			own := checkup{c: k.c, comments: k.comments}
			own.page(ctx, p)
			found[i] = own.found
			<-places
		})
	}
	all.Wait()
	return slices.Concat(found...)
}

// page looks at one page.
func (k *checkup) page(ctx context.Context, p bridge.Page) {
	name := p.DisplayName()
	if p.State == bridge.PageOff { // nobody needs its token now
		k.add(name, bridge.Notable, "the page is switched off", fmt.Sprintf("`/facebook subscribe %s` switches it on.", p.ID))
		return
	}
	if p.Token == "" {
		k.add(name+": token", bridge.Bad, "there is none", again)
		return
	}
	t, err := k.c.examine(ctx, p.Token)
	if err != nil {
		k.add(name+": token", bridge.Unknowable, fmt.Sprintf("not found out: %v", bridge.RefusalOf(err).Err), "Ask again later.")
		return
	}
	if !k.token(name, p, t) {
		return
	}
	k.permissions(name, p, t)
	if _, err := k.c.PageName(ctx, p); err != nil {
		k.add(name+": name", bridge.Notable, fmt.Sprintf("it cannot be read: %v", bridge.RefusalOf(err).Err), "")
	}
	k.fields(ctx, name, p)
}

const soon = 14 * 24 * time.Hour

// token looks at the token itself; false: it does not work.
func (k *checkup) token(name string, p bridge.Page, t *examined) bool {
	check := name + ": token"
	now := k.c.skew.meta(k.c.cfg.Now())
	switch wrong := t.trouble(k.c.cfg.AppID, p.ID); {
	case wrong.Kind == "", wrong.Kind == bridge.NoPermission: // which is another check
	default:
		found := wrong.String()
		if !bool(t.Valid) && t.Error.Code != 0 {
			found += fmt.Sprintf(" (code %d/%d)", t.Error.Code, t.Error.Subcode)
		}
		k.add(check, bridge.Bad, found, wrong.Help(nil, p))
		return false
	}
	day := func(at time.Time) string { return at.UTC().Format("2 January 2006") }
	found, level, do := "it works and never expires", bridge.Good, ""
	if at := t.expires(); !at.IsZero() {
		found = "it works and expires on " + day(at)
		if at.Before(now.Add(soon)) {
			level, do = bridge.Notable, again
		}
	}
	if at := t.Data.Time(); !at.IsZero() && at.Before(now.Add(soon)) {
		// Of page tokens it is not established that this stops anything (6.5).
		verb := "ends"
		if at.Before(now) {
			verb = "ended"
		}
		found += fmt.Sprintf("; the consent to read data %s on %s", verb, day(at))
		level, do = bridge.Notable, again
	}
	k.add(check, level, found, do)
	return true
}

func (k *checkup) permissions(name string, p bridge.Page, t *examined) {
	check := name + ": permissions"
	whole := true
	needed := pageNeeds
	if p.Settings.Comments {
		needed = slices.Concat(pageNeeds, commentNeeds)
	}
	for _, n := range needed {
		do := "Connect the page again and allow it: `/facebook authorize`. The app needs it as well (App Review)."
		switch {
		case !t.granted(n.permission):
		case !t.grantedFor(n.permission, p.ID):
			do = "Connect the page again and tick it: `/facebook authorize`."
		default:
			continue
		}
		whole = false
		k.add(check, n.level, fmt.Sprintf("%s is missing, which is needed %s", n.permission, n.purpose), do)
	}
	if whole {
		k.add(check, bridge.Good, "none is missing", "")
	}
}

// fields looks at the page's own subscription.
func (k *checkup) fields(ctx context.Context, name string, p bridge.Page) {
	check := name + ": fields"
	missing, err := k.c.PageMissing(ctx, p)
	switch {
	case err != nil:
		k.add(check, bridge.Unknowable, fmt.Sprintf("not found out: %v", bridge.RefusalOf(err).Err), "Ask again later.")
	case len(missing) == 0:
		k.add(check, bridge.Good, "all are subscribed", "")
	default:
		found := "not subscribed: " + strings.Join(missing, ", ")
		if len(missing) >= len(fields) {
			found = "the page is not subscribed: Facebook sends nothing"
		}
		k.found = append(k.found, bridge.Finding{Check: check, Level: bridge.Bad, Found: found,
			Do:  fmt.Sprintf("Or type `/facebook subscribe %s`.", p.ID),
			Fix: func(ctx context.Context) error { return k.c.SubscribePage(ctx, p, bridge.FeedIf(p.Settings.Comments)) }})
	}
}
