// Package store is what must survive: one bbolt file that one goroutine writes.
//
// Everything durable is an op on that goroutine's channel. It takes what waits,
// runs one transaction, dispatches, answers all callers: a lone caller is stored
// at once, many share a sync. What a message touches on its way is durable by a log
// before the file has it (package ahead). Reading needs no channel: short View
// transactions, or memory; but for what is only in the log.
//
// A Store is a table for each port of package bridge, and the queues; they share the file
// and its writer. Package layout says how the bytes of a delivery lie, seal how texts are
// sealed, upgrade what older formats were like.
//
// What people wrote and page tokens are sealed before bbolt sees them, so that
// neither the file nor its free pages ever hold them in clear; ids are not, but nothing
// is left of those that were forgotten (package wipe). Every write goes through
// changes.Transaction, which notes it for the journal. The package knows neither
// Facebook nor Rocket.Chat, and bodies are bytes to it.
package store
