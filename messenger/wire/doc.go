// Package wire is how Meta writes: values that come in more than one form, and
// notifications of webhooks, which become bridge.Incoming. It calls nobody.
package wire
