// Package disk makes small disks that can be filled, for tests and measurements of what happens
// where there is no room.
package disk

// Size is enough for the store of a test, and what the program wants to stay free.
const Size = 200 << 20 // bytes
