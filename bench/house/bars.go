package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	medianFunction = 11   // lines
	longFunction   = 44   // nine tenths of the functions are no longer
	largestPackage = 3700 // lines without tests
	largestFile    = 400
	mostMethods    = 15
	mostFields     = 12
	mostOfPort     = 5 // methods of an interface
	fewestComments = 7 // per cent of the lines
	mostComments   = 18
)

// played are the two platforms, whose size the platforms decide.
func played(name string) bool { return strings.HasPrefix(name, "sandbox/") }

// bars compares the house with what must hold.
func (h *house) bars() []bar {
	slices.Sort(h.functions)
	return []bar{
		length("functions: half of them at most 11 lines", h.quantile(5), medianFunction),
		length("functions: nine tenths of them at most 44 lines", h.quantile(9), longFunction),
		most("packages: at most 3,700 lines, but for the sandbox's two", h.packages, largestPackage, played),
		most("files: at most 400 lines", h.files, largestFile, nil),
		most("types: at most 15 methods", h.methods, mostMethods, played),
		most("configuration: at most 12 fields in one struct", h.config, mostFields, nil),
		most("interfaces: at most 5 methods", h.interfaces, mostOfPort, nil),
		h.commentShare(),
		h.ownTests(),
		h.noPrometheus(),
	}
}

// quantile returns how long the shortest n tenths of the functions are at most.
func (h *house) quantile(tenths int) int { return h.functions[len(h.functions)*tenths/10] }

func length(name string, found, limit int) bar {
	b := bar{name: name, found: fmt.Sprint(found)}
	if found > limit {
		b.missed = []string{fmt.Sprintf("%d lines", found)}
	}
	return b
}

// most demands that nothing is larger than a limit, but for what is excepted.
func most(name string, sizes map[string]int, limit int, but func(string) bool) bar {
	b := bar{name: name}
	largest := ""
	for _, what := range slices.Sorted(maps.Keys(sizes)) {
		if but != nil && but(what) {
			continue
		}
		if largest == "" || sizes[what] > sizes[largest] {
			largest = what
		}
		if sizes[what] > limit {
			b.missed = append(b.missed, fmt.Sprintf("%s has %d", what, sizes[what]))
		}
	}
	b.found = fmt.Sprintf("%d (%s)", sizes[largest], largest)
	return b
}

func (h *house) commentShare() bar {
	share := 100 * float64(h.comments) / float64(h.lines)
	b := bar{name: "comments: 7 to 18 % of the lines", found: fmt.Sprintf("%.1f %%", share)}
	if share < fewestComments || share > mostComments {
		b.missed = []string{b.found}
	}
	return b
}

// ownTests demands that each package of bridge/… has tests that need no socket.
func (h *house) ownTests() bar {
	b := bar{name: "bridge/…: each package has tests that need no socket"}
	n := 0
	for _, folder := range slices.Sorted(maps.Keys(h.packages)) {
		if !strings.HasPrefix(folder, "bridge/") {
			continue
		}
		n++
		if !h.tested[folder] {
			b.missed = append(b.missed, folder+" has none")
		}
		for _, i := range h.tests[folder] {
			if i == "net" || strings.HasPrefix(i, "net/http") || strings.Contains(i, "/sandbox/") {
				b.missed = append(b.missed, folder+" tests with "+i)
			}
		}
	}
	b.found = fmt.Sprintf("%d packages", n)
	return b
}

// noPrometheus demands that nothing of bridge/… imports what counts.
func (h *house) noPrometheus() bar {
	b := bar{name: "bridge/…: nothing imports Prometheus or metrics", found: "nothing"}
	for _, folder := range slices.Sorted(maps.Keys(h.imports)) {
		if folder != "bridge" && !strings.HasPrefix(folder, "bridge/") {
			continue
		}
		for _, i := range h.imports[folder] {
			if strings.Contains(i, "prometheus") || i == "messenger-bridge/metrics" {
				b.missed = append(b.missed, folder+" imports "+i)
			}
		}
	}
	return b
}
