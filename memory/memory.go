// Package memory tells the garbage collector how much memory there is, so that it works less
// often than it must where nobody said anything.
package memory

import (
	"io/fs"
	"math"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

const (
	// garbage is how much garbage there may be, in percent of what is in use, before it is
	// collected; Go's own is 100. Near the limit it is collected earlier.
	garbage = 400
	// ofContainer and ofMachine are the parts, in percent, that the heap may grow to: a
	// container is ours but for the store's file and what is not heap, a machine is not.
	ofContainer = 75
	ofMachine   = 25
)

// Plan is what the garbage collector is told.
type Plan struct {
	Limit   int64  // in bytes; 0: it is left as it is
	Garbage int    // in percent; 0: it is left as it is
	From    string // where the limit comes from, for the log
}

// Make returns a plan for a machine whose files are root's, / of them. What GOMEMLIMIT and
// GOGC say is left as it is. Where the memory cannot be found out, all is.
func Make(root fs.FS, getenv func(string) string) (p Plan) {
	if limit := getenv("GOMEMLIMIT"); limit != "" {
		p.From = "GOMEMLIMIT"
		if limit != "off" {
			p.Garbage = garbage
		}
	} else if container, known := containerLimit(root); known {
		p = Plan{Limit: container / 100 * ofContainer, Garbage: garbage, From: "the container"}
	} else if machine, known := total(root); known {
		p = Plan{Limit: machine / 100 * ofMachine, Garbage: garbage, From: "the machine"}
	}
	if getenv("GOGC") != "" {
		p.Garbage = 0
	}
	return p
}

// Apply carries a plan out.
func (p Plan) Apply() {
	if p.Limit > 0 {
		debug.SetMemoryLimit(p.Limit)
	}
	if p.Garbage > 0 {
		debug.SetGCPercent(p.Garbage)
	}
}

// containerLimit returns the least limit of the control groups we are in, of version 2 or 1;
// false if there is none, or it is more than the machine has.
func containerLimit(root fs.FS) (least int64, known bool) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0, false
	}
	least = math.MaxInt64
	if machine, known := total(root); known {
		least = machine
	}
	for line := range strings.Lines(string(groups)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, group, found := strings.Cut(rest, ":")
		if !found {
			continue
		}
		folder, file := "sys/fs/cgroup", "memory.max"
		if controllers != "" {
			folder, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		}
		if controllers != "" && !strings.Contains(","+controllers+",", ",memory,") {
			continue
		}
		// A container sees its own group at the top, whatever its name is outside.
		for at := path.Join("/", group); ; at = path.Dir(at) {
			if limit, is := number(root, path.Join(folder, at, file)); is && limit < least {
				least, known = limit, true
			}
			if at == "/" {
				break
			}
		}
	}
	return least, known
}

// number reads a file in which a number stands; false if there is none, as for "max".
func number(root fs.FS, name string) (n int64, is bool) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	n, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil && n > 0
}

// total returns how much memory the machine has.
func total(root fs.FS) (bytes int64, known bool) {
	text, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "MemTotal:" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 54)
			return kilobytes * 1024, err == nil && kilobytes > 0
		}
	}
	return 0, false
}
