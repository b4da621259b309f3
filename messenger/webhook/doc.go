// Package webhook takes what Meta sends: the handshake, notifications, and the
// callbacks about people who logged in. Nothing is read that Meta did not sign, and
// nothing is answered 200 that is not stored.
package webhook
