// Package rest makes the HTTP calls of the clients: once, over their own connections,
// with a body that may be read while it is sent. It knows nothing of whom it calls.
package rest
