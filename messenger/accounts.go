package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
)

const (
	accountsAtOnce  = "100"
	maxAccountPages = 50 // far more than anybody manages
)

// tasks are what a person must be allowed on a page to connect it: to send, and to
// subscribe it. (messenger.md 6.4)
var tasks = []string{"MESSAGING", "MODERATE"}

// fullControl includes every task; pages of the new kind report it.
const (
	newPagesTask = "PROFILE_PLUS_"
	fullControl  = newPagesTask + "FULL_CONTROL"
)

type wireAccounts struct {
	Data   []wireAccount `json:"data"`
	Paging struct {
		Cursors struct {
			After wire.Text `json:"after"`
		} `json:"cursors"`
		Next wire.Text `json:"next"`
	} `json:"paging"`
}

type wireAccount struct {
	ID      wire.ID     `json:"id"`
	Name    wire.Text   `json:"name"`
	Token   wire.Text   `json:"access_token"`
	Tasks   []wire.Text `json:"tasks"` // nil: Meta does not say
	Picture struct {
		Data struct {
			URL wire.Text `json:"url"`
		} `json:"data"`
	} `json:"picture"`
}

// accounts lists the pages of a grant, all of them or none: a page that is not
// in the list counts as taken from us.
func (c Login) accounts(ctx context.Context, token bridge.Secret) ([]bridge.GrantedPage, error) {
	var pages []bridge.GrantedPage
	seen := map[wire.ID]bool{}
	after := ""
	for range maxAccountPages {
		list, err := c.accountsAfter(ctx, token, after)
		if err != nil {
			return nil, about("me/accounts", err)
		}
		for _, a := range list.Data {
			if a.ID == "" || seen[a.ID] { // the list may shift while it is read
				continue
			}
			seen[a.ID] = true
			pages = append(pages, a.granted())
		}
		// The link itself contains the token, and leads wherever it says.
		next := string(list.Paging.Cursors.After)
		switch {
		case list.Paging.Next == "":
			return pages, nil
		case next == "" || next == after:
			return nil, &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaError,
				Err: errors.New("me/accounts: graph says there is more, and not where")}
		}
		after = next
	}
	return nil, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.MetaError,
		Err: errors.New("me/accounts: graph does not come to an end")}
}

func (c Login) accountsAfter(ctx context.Context, token bridge.Secret, after string) (*wireAccounts, error) {
	query := map[string]string{"fields": "id,name,access_token,tasks,picture{url}", "limit": accountsAtOnce}
	if after != "" {
		query["after"] = after
	}
	body, err := c.ask(ctx, request{token: token, method: http.MethodGet, path: "me/accounts", query: query, setup: true})
	if err != nil {
		return nil, err
	}
	var list wireAccounts
	_ = json.Unmarshal(body, &list)
	if list.Data == nil {
		return nil, otherFormat("a list of pages")
	}
	return &list, nil
}

func (a *wireAccount) granted() bridge.GrantedPage {
	p := bridge.GrantedPage{ID: bridge.PageID(a.ID), Name: string(a.Name), Token: bridge.Secret(a.Token)}
	if u, err := url.Parse(string(a.Picture.Data.URL)); err == nil && u.Scheme == "https" && u.Host != "" {
		p.Picture = u.String()
	}
	if a.Tasks == nil {
		return p // subscribing will show
	}
	for _, task := range tasks {
		if !a.may(task) {
			p.Missing = append(p.Missing, task)
		}
	}
	return p
}

// may tells whether the person has a task. MANAGE does not include the others.
func (a *wireAccount) may(task string) bool {
	return slices.ContainsFunc(a.Tasks, func(t wire.Text) bool {
		return t == wire.Text(task) || t == wire.Text(newPagesTask+task) || t == fullControl
	})
}
