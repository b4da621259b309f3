package web

import "net/http"

// showDeletion tells somebody who has asked at Facebook that data be deleted what
// became of it. It knows nothing about that person.
func (s *server) showDeletion(w http.ResponseWriter, r *http.Request) {
	at, ours := s.Deletion(r.PathValue("code"))
	if !ours {
		s.notice(w, http.StatusNotFound, "no-deletion", notice{})
		return
	}
	s.show(w, http.StatusOK, "deletion", s.Say.Time(at))
}
