package peers

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// tick is how /proc counts processor time on every Linux there is (USER_HZ).
const tick = 10 * time.Millisecond

// Processor returns what the peer used so far, with all processes that it started.
func (p *Peer) Processor() (time.Duration, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	used, children := map[int]time.Duration{}, map[int][]int{}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // has ended meanwhile
		}
		if pid, parent, spent, ok := readStat(text); ok {
			used[pid], children[parent] = spent, append(children[parent], pid)
		}
	}
	root := p.process.Process.Pid
	if _, there := used[root]; !there {
		return 0, fmt.Errorf("%s has ended; it said %v", p.Name, &p.said)
	}
	var sum func(pid int) time.Duration
	sum = func(pid int) time.Duration {
		all := used[pid]
		for _, c := range children[pid] {
			all += sum(c)
		}
		return all
	}
	return sum(root), nil
}

// readStat reads a process's own time and that of its children that have ended (proc(5)).
func readStat(text []byte) (pid, parent int, used time.Duration, ok bool) {
	number, _, _ := bytes.Cut(text, []byte(" "))
	end := bytes.LastIndexByte(text, ')') // of the name, which may hold anything
	fields := bytes.Fields(text[end+1:])
	if end < 0 || len(fields) < 15 {
		return 0, 0, 0, false
	}
	pid, err := strconv.Atoi(string(number))
	parent, _ = strconv.Atoi(string(fields[1]))
	for _, f := range fields[11:15] { // utime stime cutime cstime
		n, _ := strconv.Atoi(string(f))
		used += time.Duration(n) * tick
	}
	return pid, parent, used, err == nil
}
