// Package intake bounds what strangers take up before anybody knows who they are:
// memory for the bodies that they send (bodies.go), and connections (door.go). Where a
// bound is reached, who is slowest and has proven nothing gives way, never the newcomer.
package intake
