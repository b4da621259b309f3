// Package bridge is the vocabulary of messenger-bridge. What a customer wrote goes to an
// Omnichannel room (package inbound), what an agent wrote goes to the customer (package
// outbound). Both flows have the same shape: accept, store, answer; then deliver the
// oldest of each conversation, again and again until it is concluded (package queue).
//
// The package knows neither Facebook nor Rocket.Chat nor a database: it declares
// the small interfaces that the flows need, and adapters fulfil them. Read
// conversation.go, delivery.go and verdict.go first; docs/glossary.md has all words.
package bridge
