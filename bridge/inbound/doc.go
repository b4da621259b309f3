// Package inbound is the way of what customers do into rooms: it accepts the events of a
// webhook call, decides when each may be shown, has it shown, and says what follows.
package inbound
