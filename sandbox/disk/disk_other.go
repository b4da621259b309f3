//go:build !linux

package disk

import "os"

// New makes an ordinary folder.
func New(int64) (string, error) { return os.MkdirTemp("", "mbf") }

// Own says that it has no disk of its own.
func Own(string) bool { return false }

// Remove removes the folder.
func Remove(dir string) { os.RemoveAll(dir) }

// Fill does nothing.
func Fill(string) (free func()) { return nil }
