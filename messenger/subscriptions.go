package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
)

// fields are what messages need of a page, at both levels (messenger.md 1.6). Comments need
// feed as well; subscribing is all or nothing, and feed needs a permission of its own.
var fields = []string{
	"messages", "message_echoes", "messaging_postbacks", "messaging_referrals", "message_reactions", "message_edits",
	"message_deliveries", "message_reads", "messaging_handovers", "standby", "messaging_policy_enforcement",
}

const subscribedApps = "subscribed_apps"

// wireField is a field's name, alone or in an object with its version.
type wireField wire.Text

func (f *wireField) UnmarshalJSON(b []byte) error {
	var object struct {
		Name wire.Text `json:"name"`
	}
	_ = json.Unmarshal(b, &object)
	*f = wireField(object.Name)
	if *f == "" {
		*f = wireField(wire.Scalar(b))
	}
	return nil
}

func missing(have []wireField) (lacking []string) {
	for _, f := range fields {
		if !slices.Contains(have, wireField(f)) {
			lacking = append(lacking, f)
		}
	}
	return lacking
}

// wanted returns the fields to subscribe, as a list replaces the one before: those we need,
// and those that are there besides.
func wanted(have []wireField, feed bridge.FeedWish) (all, needed []string) {
	needed = slices.Clone(fields)
	if feed == bridge.FeedWanted {
		needed = append(needed, bridge.FeedField)
	}
	all = slices.Clone(needed)
	for _, f := range have {
		name := string(f)
		if name != "" && !slices.Contains(all, name) && (name != bridge.FeedField || feed != bridge.FeedUnwanted) {
			all = append(all, name)
		}
	}
	return all, needed
}

// SubscribePage subscribes a page to all fields that we need. Meta refuses all of them if
// one needs a permission that the token lacks: PageLost, for authorising again may
// grant it, or NotApproved if it is the app that may not. What was there besides must not
// keep ours from being subscribed.
func (c Subscriptions) SubscribePage(ctx context.Context, p bridge.Page, feed bridge.FeedWish) error {
	have, err := c.pageFields(ctx, p)
	if err != nil {
		return err
	}
	return setFields(have, feed, func(list string) ([]byte, error) {
		return c.call(ctx, request{page: p, method: http.MethodPost, path: subscribedApps, setup: true,
			form: map[string]string{"subscribed_fields": list}})
	})
}

// setFields replaces a list of fields; if that is refused, what was there besides is left out.
func setFields(have []wireField, feed bridge.FeedWish, set func(list string) ([]byte, error)) error {
	all, needed := wanted(have, feed)
	err := done(set(strings.Join(all, ",")))
	r := bridge.RefusalOf(err)
	if err != nil && len(all) > len(needed) && (r.Reason == bridge.PageLost && r.Trouble == "" || r.Reason == bridge.NotApproved || r.Reason == bridge.Unexplained) {
		return done(set(strings.Join(needed, ",")))
	}
	return err
}

// UnsubscribePage ends a page's subscription by our app.
func (c Subscriptions) UnsubscribePage(ctx context.Context, p bridge.Page) error {
	body, err := c.call(ctx, request{page: p, method: http.MethodDelete, path: subscribedApps, setup: true})
	return done(body, err)
}

// EndGrant takes back everything a person has granted the app, in the app's own name:
// the person's token need not be kept for it (messenger.md 6.8).
func (c Subscriptions) EndGrant(ctx context.Context, user string) error {
	body, err := c.askAsApp(ctx, request{method: http.MethodDelete, path: url.PathEscape(user) + "/permissions"})
	return done(body, err)
}

// done says whether Meta confirms that something is set up.
func done(body []byte, err error) error {
	if err != nil {
		return err
	}
	var reply struct {
		Success  wire.Flag `json:"success"`
		Messages wire.Flag `json:"messaging_success"` // named in one SDK only
	}
	_ = json.Unmarshal(body, &reply)
	if !bool(reply.Success) && !bool(reply.Messages) && string(body) != "true" { // the reference of permissions shows no more
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaError, Err: errors.New("graph did not confirm")}
	}
	return nil
}

// PageMissing reads back what a page's subscription by our app lacks.
func (c Subscriptions) PageMissing(ctx context.Context, p bridge.Page) ([]string, error) {
	have, err := c.pageFields(ctx, p)
	if err != nil {
		return nil, err
	}
	lacking := missing(have)
	if p.Settings.Comments && !slices.Contains(have, bridge.FeedField) {
		lacking = append(lacking, bridge.FeedField)
	}
	return lacking, nil
}

// pageFields reads back what our app has subscribed of a page. Others may have subscribed the
// page, too.
func (c Subscriptions) pageFields(ctx context.Context, p bridge.Page) ([]wireField, error) {
	body, err := c.call(ctx, request{page: p, method: http.MethodGet, path: subscribedApps, setup: true})
	if err != nil {
		return nil, err
	}
	var reply struct {
		Data []struct {
			ID     wire.ID     `json:"id"`
			Fields []wireField `json:"subscribed_fields"`
		} `json:"data"`
	}
	_ = json.Unmarshal(body, &reply)
	if reply.Data == nil {
		return nil, otherFormat("a page's subscriptions")
	}
	for _, app := range reply.Data {
		if app.ID == wire.ID(c.cfg.AppID) {
			return app.Fields, nil
		}
	}
	return nil, nil
}

// appPath is where the app's own subscriptions live.
func (c Subscriptions) appPath() string { return url.PathEscape(c.cfg.AppID) + "/subscriptions" }

// wireSubscription is the app's subscription to one kind of object.
type wireSubscription struct {
	Object   wire.Text   `json:"object"`
	Callback wire.Text   `json:"callback_url"`
	Active   wire.Flag   `json:"active"`
	Fields   []wireField `json:"fields"`
}

// App reads the app's subscription to pages.
func (c Subscriptions) App(ctx context.Context) (bridge.AppSubscription, error) {
	s, err := c.appFields(ctx)
	if err != nil {
		return bridge.AppSubscription{}, err
	}
	return bridge.AppSubscription{
		Callback: string(s.Callback), Active: bool(s.Active), Missing: missing(s.Fields), Feed: slices.Contains(s.Fields, bridge.FeedField),
	}, nil
}

func (c Subscriptions) appFields(ctx context.Context) (wireSubscription, error) {
	body, err := c.askAsApp(ctx, request{method: http.MethodGet, path: c.appPath()})
	if err != nil {
		return wireSubscription{}, err
	}
	var reply struct {
		Data []wireSubscription `json:"data"`
	}
	_ = json.Unmarshal(body, &reply)
	if reply.Data == nil {
		return wireSubscription{}, otherFormat("the app's subscriptions")
	}
	for _, s := range reply.Data {
		if s.Object == "page" {
			return s, nil
		}
	}
	return wireSubscription{}, nil
}

// SubscribeApp has Meta send all fields of pages to callback, after it has called
// it with the verify token. If that fails Meta answers code 2200: Rejected.
func (c Subscriptions) SubscribeApp(ctx context.Context, callback string, feed bridge.FeedWish) error {
	there, err := c.appFields(ctx)
	if err != nil {
		return err
	}
	if string(there.Callback) != callback { // what others get there is theirs
		there.Fields = nil
	}
	_, token := c.cfg.Fresh()
	return setFields(there.Fields, feed, func(list string) ([]byte, error) {
		return c.askAsApp(ctx, request{method: http.MethodPost, path: c.appPath(), form: map[string]string{
			"object": "page", "callback_url": callback, "verify_token": token.Reveal(), "fields": list, "include_values": "true",
		}})
	})
}
