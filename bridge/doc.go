// Package bridge is the vocabulary of messenger-bridge and its two flows: what
// a customer wrote goes to an Omnichannel room, what an agent wrote goes to the
// customer. Both flows have the same shape: accept, store, answer; then deliver
// the oldest of each conversation, again and again until it is concluded.
//
// The package knows neither Facebook nor Rocket.Chat nor a database: it declares
// the small interfaces it needs, and adapters fulfil them. Read conversation.go,
// delivery.go and verdict.go first; they are the glossary of the whole program.
package bridge
