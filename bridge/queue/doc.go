// Package queue is the delivery engine: it says which of many waiting deliveries is next,
// keeps each lane in order, shuts gates that nothing passes, and waits longer after each
// failure. It knows when something is tried, never what.
//
// Lanes is one direction: a stored queue, and the Schedule of what waits in it. Workers
// take turns; whoever delivers answers nil or a bridge.Refusal.
package queue
