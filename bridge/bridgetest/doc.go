// Package bridgetest plays what stands around the flows of bridge/… in their unit tests:
// queues, receipts, states, pages and cursors that are gone with the test. It knows
// neither sockets nor files, and no program imports it.
package bridgetest
