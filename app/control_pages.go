package app

import (
	"encoding/json"
	"errors"
	"net/http"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/pages"
)

// PageToAdd is how a page travels to a running bridge, over the socket only.
type PageToAdd struct {
	ID, Name, Token, Department string
}

func (a PageToAdd) ByHand() pages.ByHand {
	return pages.ByHand{ID: bridge.PageID(a.ID), Name: a.Name, Token: bridge.Secret(a.Token), Department: bridge.DepartmentID(a.Department)}
}

// PageAdded is what a running bridge answers.
type PageAdded struct {
	Name       string
	State      bridge.PageState
	Why, Token string
}

// notUnderstood answers a request that this program's command line does not make.
const notUnderstood = "not understood: the command and the running bridge may be of different versions (`messenger-bridge version`)"

// PageRemoved is what becomes of a page that an operator removes.
type PageRemoved struct {
	Name    string        `json:"name"`
	Revoked pages.Revoked `json:"revoked"`
}

func (o *operators) listPages(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, o.view.status().Pages)
}

func (o *operators) addPage(w http.ResponseWriter, r *http.Request) {
	var add PageToAdd
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&add); err != nil {
		http.Error(w, notUnderstood, http.StatusBadRequest)
		return
	}
	page, err := o.pages.Connections.AddByHand(r.Context(), add.ByHand())
	var refused *pages.TokenRefused
	if errors.As(err, &refused) {
		http.Error(w, refused.In(nil), http.StatusUnprocessableEntity)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	answerJSON(w, PageAdded{Name: page.DisplayName(), State: page.State, Why: page.Why.String(), Token: tokenText(page)})
}

func (o *operators) removePage(w http.ResponseWriter, r *http.Request) {
	page, revoked, err := o.pages.Revoker.Delete(r.Context(), bridge.PageID(r.PathValue("id")), bridge.Author{})
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	answerJSON(w, PageRemoved{page.DisplayName(), revoked})
}

// tokenText says what a page's token is.
func tokenText(p bridge.Page) string {
	of := map[bridge.TokenKind]string{
		bridge.PageToken: "is the page's own", bridge.SystemToken: "was made from a system user's", bridge.PersonToken: "was made from a person's",
	}[p.TokenKind]
	switch {
	case of == "":
		return "could not be looked at yet"
	case p.Expires.IsZero():
		return of + ", and never expires"
	}
	return of + ", and expires on " + p.Expires.UTC().Format("2 January 2006")
}
