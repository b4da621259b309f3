//go:build !linux

package main

import "time"

// Elsewhere the program compiles and refuses to measure.

func pauses(d time.Duration) func() { return func() { time.Sleep(d) } }

func processorTime() time.Duration { return 0 }

func familyTime() time.Duration { return 0 }

func machineTime() time.Duration { return 0 }

func written() (o output) { return o }
