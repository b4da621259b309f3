// Package notices is what agents and administrators are told: of messages that did not
// reach the customer, of windows that end, of what runs and what does not, and the answers
// to commands. All of it is stored first, so that everybody reads it once.
package notices
