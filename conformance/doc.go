// Package conformance holds checks against Rocket.Chat's own published packages: its
// DDP client uses the sandbox, and its request validators look at every REST request
// the bridge makes. Both keep our reading of the API from agreeing only with itself.
// It has no code but tests; README.md says how to run them.
package conformance
