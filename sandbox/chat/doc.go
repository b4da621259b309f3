// Package chat plays a Rocket.Chat workspace well enough to fool the bridge: REST and the DDP
// stream on a real socket, and a control interface for what agents and the server do; see the
// type RocketChat. Like package meta it knows nothing of the bridge's code.
package chat
