//go:build !linux

package faults

import "os"

func newDisk(int64) (string, error) { return os.MkdirTemp("", "mbf") }

func ownDisk(string) bool { return false }

func removeDisk(dir string) { os.RemoveAll(dir) }

func fill(string) (free func()) { return nil }
