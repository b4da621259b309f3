// Package companion is the Rocket.Chat app that owns /facebook, and the bridge's side
// of it. In Rocket.Chat only apps can own a slash command; this one passes on what
// was typed and shows what the bridge answers (decisions/018).
//
// app holds the app's source and, beside it, the JavaScript made from it, so that
// nobody needs Node to build or install it; `go test ./conformance` makes it anew,
// compares, and runs the package in Rocket.Chat's own engine.
package companion
