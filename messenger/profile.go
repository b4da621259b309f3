package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
)

type wireProfile struct {
	Name  wire.Text `json:"name"`
	First wire.Text `json:"first_name"`
	Last  wire.Text `json:"last_name"`
}

// CustomerName asks what a customer is called: their profile, and if that is not to be
// seen, the conversation (messenger.md 5.1). "" says that Meta does not tell; an error,
// that it could not be asked.
func (c Reader) CustomerName(ctx context.Context, p bridge.Page, customer bridge.CustomerID) (string, error) {
	if c.pacer.Busy(p.ID) {
		return "", &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.RateLimited, Err: errors.New("a name can wait until the page is far from its limit")}
	}
	body, err := c.ask(ctx, request{token: p.Token, method: http.MethodGet, path: url.PathEscape(string(customer)),
		query: map[string]string{"fields": "first_name,last_name,name"}})
	if err != nil && !aboutProfile(err) {
		return "", err
	}
	var profile wireProfile
	_ = json.Unmarshal(body, &profile) // nil after a refusal; what matters is what is there
	name := tidy(string(profile.First) + " " + string(profile.Last))
	if name == "" {
		name = tidy(string(profile.Name))
	}
	if name != "" {
		return name, nil
	}
	return c.participantName(ctx, p, customer)
}

// profileRefusals are the ways in which Meta says that it does not show a profile; as
// code, or as subcode of 100.
var profileRefusals = map[int]bool{10: true, 33: true, 2018218: true, 2018247: true}

func aboutProfile(err error) bool {
	var cause *graphError
	errors.As(err, &cause)
	return cause != nil && (profileRefusals[cause.Code] || cause.Code == 100 && profileRefusals[cause.Subcode])
}

// participantName is what the conversation calls a customer.
func (c Reader) participantName(ctx context.Context, p bridge.Page, customer bridge.CustomerID) (string, error) {
	body, err := c.readThreads(ctx, p, map[string]string{"platform": "messenger", "user_id": string(customer), "fields": "participants"})
	if err != nil {
		return "", err
	}
	var reply wireThreads
	_ = json.Unmarshal(body, &reply) // what matters is whether the name is there
	for _, thread := range reply.Data {
		for _, one := range thread.Participants.Data {
			if string(one.ID) == string(customer) {
				return tidy(string(one.Name)), nil
			}
		}
	}
	return "", nil
}

// longestCustomer is how long a name may be, in characters; Facebook's are shorter.
const longestCustomer = 120

// tidy makes a name fit on a line.
func tidy(name string) string {
	runes := []rune(strings.Join(strings.Fields(name), " "))
	return string(runes[:min(len(runes), longestCustomer)])
}
