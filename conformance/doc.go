// Package conformance holds what Rocket.Chat's own tests and source say of it, as data (facts/),
// and a runner that asks a workspace each of these facts: the sandbox, or a real one by
// address and credentials. Its tests also put the sandbox and the bridge beside Rocket.Chat's
// own published packages; README.md says how to run all of it.
package conformance
