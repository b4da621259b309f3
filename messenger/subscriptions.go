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

// fields are what we need of a page, at both levels (messenger.md 1.6). Not feed:
// subscribing is all or nothing, and feed needs a permission of its own.
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

// SubscribePage subscribes a page to all fields. Meta refuses all of them if one
// needs a permission that the token lacks: PageLost, for authorising again may
// grant it, or NotApproved if it is the app that may not.
func (c Subscriptions) SubscribePage(ctx context.Context, p bridge.Page) error {
	body, err := c.call(ctx, request{page: p, method: http.MethodPost, path: subscribedApps, setup: true,
		form: map[string]string{"subscribed_fields": strings.Join(fields, ",")}})
	return done(body, err)
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

// PageMissing reads back what a page's subscription by our app lacks. Others may
// have subscribed the page, too.
func (c Subscriptions) PageMissing(ctx context.Context, p bridge.Page) ([]string, error) {
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
			return missing(app.Fields), nil
		}
	}
	return missing(nil), nil
}

// appPath is where the app's own subscriptions live.
func (c Subscriptions) appPath() string { return url.PathEscape(c.cfg.AppID) + "/subscriptions" }

// App reads the app's subscription to pages.
func (c Subscriptions) App(ctx context.Context) (bridge.AppSubscription, error) {
	body, err := c.askAsApp(ctx, request{method: http.MethodGet, path: c.appPath()})
	if err != nil {
		return bridge.AppSubscription{}, err
	}
	var reply struct {
		Data []struct {
			Object   wire.Text   `json:"object"`
			Callback wire.Text   `json:"callback_url"`
			Active   wire.Flag   `json:"active"`
			Fields   []wireField `json:"fields"`
		} `json:"data"`
	}
	_ = json.Unmarshal(body, &reply)
	if reply.Data == nil {
		return bridge.AppSubscription{}, otherFormat("the app's subscriptions")
	}
	for _, s := range reply.Data {
		if s.Object == "page" {
			return bridge.AppSubscription{Callback: string(s.Callback), Active: bool(s.Active), Missing: missing(s.Fields)}, nil
		}
	}
	return bridge.AppSubscription{Missing: missing(nil)}, nil
}

// SubscribeApp has Meta send all fields of pages to callback, after it has called
// it with the verify token. If that fails Meta answers code 2200: Rejected.
func (c Subscriptions) SubscribeApp(ctx context.Context, callback string) error {
	body, err := c.askAsApp(ctx, request{method: http.MethodPost, path: c.appPath(), form: map[string]string{
		"object":         "page",
		"callback_url":   callback,
		"verify_token":   c.cfg.VerifyToken.Reveal(),
		"fields":         strings.Join(fields, ","),
		"include_values": "true",
	}})
	return done(body, err)
}
