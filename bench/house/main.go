// The program house measures how the source is arranged, prints each bar and what was
// found, and fails where one is missed: `go run ./bench/house`. docs/architecture.md says
// what the bars are for.
package main

import (
	"fmt"
	"os"
	"strings"
)

// bar is something that must hold of the source.
type bar struct {
	name   string
	found  string
	missed []string // where it does not hold
}

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	h, err := read(root)
	if err != nil {
		fmt.Fprintln(os.Stderr, "house:", err)
		os.Exit(2)
	}
	if report(h.bars()) {
		os.Exit(1)
	}
}

// report prints the bars, and reports whether one is missed.
func report(bars []bar) (missed bool) {
	for _, b := range bars {
		mark := "ok    "
		if len(b.missed) > 0 {
			mark, missed = "MISSED", true
		}
		fmt.Printf("%s  %-58s %s\n", mark, b.name, b.found)
		for _, where := range b.missed {
			fmt.Println("          " + strings.TrimSpace(where))
		}
	}
	return missed
}
