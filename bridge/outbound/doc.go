// Package outbound brings to customers what agents write, each message once.
//
// An agent's message is accepted (accept.go), cut into parts (compose.go, comments.go) and
// stored. When its turn comes, an attempt looks for changes that wait behind it (edits.go),
// and sends part by part (attempt.go), in the best form that Messenger takes (personas.go,
// files.go, humantag.go). What is on disk at each point says how far it is (progress.go);
// an unknown outcome is resolved before anything is sent again (resolve.go). What the
// author is told stands in reports.go, and how a message ends that does not arrive in
// endings.go. A person may have it tried again (retry.go).
package outbound
