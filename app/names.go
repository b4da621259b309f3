package app

import (
	"messenger-bridge/app/config"
	"messenger-bridge/bridge"
)

// The configuration stands in package config; these are its words that others use as well.
type (
	Config  = config.Config
	Times   = config.Times
	Problem = config.Problem
)

// TimesVariable holds times for tests of the whole program.
const TimesVariable = config.TimesVariable

// Fast are times for tests.
var Fast = config.Fast

// ReadConfig reads the environment. The error names every problem at once.
func ReadConfig(environ []string) (Config, error) { return config.Read(environ) }

// SecretsFromFiles replaces each <NAME>_FILE by <NAME> with the file's content.
func SecretsFromFiles(vars map[string]string) []error { return config.SecretsFromFiles(vars) }

// Environment describes every variable for --help.
func Environment() string { return config.Environment() }

// Secrets splits a value that may hold two while it is rotated.
func Secrets(s bridge.Secret) []bridge.Secret { return config.Secrets(s) }

// IsBaseURL reports whether a value can be the base of addresses.
func IsBaseURL(s string) bool { return config.IsBaseURL(s) }

// IsLoopback reports whether a host is this machine.
func IsLoopback(host string) bool { return config.IsLoopback(host) }
