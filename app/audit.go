package app

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"messenger-bridge/bridge"
)

// operatorsWait is how long what an operator asks for may take: it may need many calls of both platforms.
const operatorsWait = doctorsPatience + time.Minute

// operatorActs has whoever uses the control socket named as an operator, and answered however long it takes.
func operatorActs(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(operatorsWait)) // where there is no limit, none is set
		h.ServeHTTP(w, r.WithContext(bridge.ActedBy(r.Context(), bridge.AnOperator)))
	})
}

// AuditList is what `messenger-bridge audit` shows.
type AuditList struct {
	Changes []bridge.Change `json:"changes"`
	More    bool            `json:"more"` // older ones there are
}

// auditAtOnce is how many changes are shown at most.
const auditAtOnce = 1000

func (o *operators) serveAudit(w http.ResponseWriter, r *http.Request) {
	since, err := time.Parse(time.RFC3339, r.URL.Query().Get("since"))
	limit, numbered := strconv.Atoi(r.URL.Query().Get("limit"))
	if err = errors.Join(err, numbered); err != nil || limit < 1 || limit > auditAtOnce {
		http.Error(w, notUnderstood, http.StatusBadRequest)
		return
	}
	all, err := o.store.Journal().Changes(since, limit+1)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	list := AuditList{Changes: append([]bridge.Change{}, all[:min(len(all), limit)]...), More: len(all) > limit}
	answerJSON(w, list)
}
