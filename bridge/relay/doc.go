// Package relay ties the flows together: it makes inbound, outbound, notices and what is
// automatic of the same queues, runs them, and does what concerns all of them: the
// backlog, dead letters, erasing a customer.
package relay
