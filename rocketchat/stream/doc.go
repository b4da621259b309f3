// Package stream brings what agents write, and what people tell the bot: over a DDP
// connection as it is written, and over REST what was missed. Within a conversation
// the order is that of writing, and nothing is brought to agents or customers twice
// that the bridge knows.
package stream
