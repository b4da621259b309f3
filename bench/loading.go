package main

import (
	"encoding/json"
	"runtime/debug"

	"messenger-bridge/bench/load"
)

type loadHello struct{ Workspace string }

// startLoad plays the generator of load, with the workspace (package load).
func startLoad(json.RawMessage) (actor, error) {
	debug.SetGCPercent(400) // the server is being measured, and has only these processors
	l, err := load.Start()
	if err != nil {
		return actor{}, err
	}
	return actor{
		hello: loadHello{Workspace: l.Workspace()},
		calls: map[string]handler{
			"fire":   handle(l.Fire),
			"agents": handle(l.Agents),
			"mood":   handle(func(m load.Mood) (nothing, error) { l.Take(m); return nothing{}, nil }),
			"frames": handle(func(q load.Strangers) (nothing, error) { return nothing{}, l.Frames(q) }),
		},
		close: l.Close,
	}, nil
}
