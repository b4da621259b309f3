// Package load sends webhooks to a server and has agents write, and plays as much of
// Rocket.Chat and Meta as takes what the server delivers. It measures from the first byte
// sent to what was read, and knows nothing of what serves.
package load
