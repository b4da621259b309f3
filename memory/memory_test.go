package memory

import (
	"math"
	"runtime/debug"
	"testing"
	"testing/fstest"
)

const gigabyte = 1 << 30

func TestMake_TakesThePartOfWhatThereIs(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	machine := file("MemTotal:       16777216 kB\nMemFree:        1 kB\n")
	for name, c := range map[string]struct {
		files fstest.MapFS
		env   map[string]string
		want  Plan
	}{
		"container, version 2": {
			files: fstest.MapFS{"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("1073741824\n")},
			want:  Plan{gigabyte / 100 * 75, 400, "the container"},
		},
		"service whose slice is bounded": {
			files: fstest.MapFS{"proc/self/cgroup": file("0::/system.slice/bridge.service\n"),
				"sys/fs/cgroup/system.slice/bridge.service/memory.max": file("max\n"), "sys/fs/cgroup/system.slice/memory.max": file("2147483648\n")},
			want: Plan{2 * gigabyte / 100 * 75, 400, "the container"},
		},
		"container, version 1, its name outside is not seen": {
			files: fstest.MapFS{"proc/self/cgroup": file("5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/docker/abc\n"),
				"sys/fs/cgroup/memory/memory.limit_in_bytes": file("1073741824\n")},
			want: Plan{gigabyte / 100 * 75, 400, "the container"},
		},
		"container, version 1, without a limit": {
			files: fstest.MapFS{"proc/self/cgroup": file("4:memory:/\n"), "proc/meminfo": machine,
				"sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n")},
			want: Plan{16 * gigabyte / 100 * 25, 400, "the machine"},
		},
		"machine": {files: fstest.MapFS{"proc/meminfo": machine}, want: Plan{16 * gigabyte / 100 * 25, 400, "the machine"}},
		"GOMEMLIMIT": {
			files: fstest.MapFS{"proc/meminfo": machine}, env: map[string]string{"GOMEMLIMIT": "1GiB"},
			want: Plan{0, 400, "GOMEMLIMIT"},
		},
		"GOMEMLIMIT off": {
			files: fstest.MapFS{"proc/meminfo": machine}, env: map[string]string{"GOMEMLIMIT": "off"},
			want: Plan{0, 0, "GOMEMLIMIT"},
		},
		"GOGC": {
			files: fstest.MapFS{"proc/meminfo": machine}, env: map[string]string{"GOGC": "50"},
			want: Plan{16 * gigabyte / 100 * 25, 0, "the machine"},
		},
		"nothing known": {},
		"not numbers":   {files: fstest.MapFS{"proc/self/cgroup": file("x\n0::/\n"), "sys/fs/cgroup/memory.max": file("many"), "proc/meminfo": file("MemTotal: some kB")}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Make(c.files, func(name string) string { return c.env[name] }); got != c.want {
				t.Errorf("%+v, not %+v", got, c.want)
			}
		})
	}
}

func TestApply_TellsTheCollector(t *testing.T) {
	limit, percent := debug.SetMemoryLimit(-1), debug.SetGCPercent(100)
	defer func() { debug.SetMemoryLimit(limit); debug.SetGCPercent(percent) }()
	Plan{}.Apply()
	if debug.SetMemoryLimit(-1) != limit || debug.SetGCPercent(100) != 100 {
		t.Error("an empty plan changes something")
	}
	Plan{Limit: gigabyte, Garbage: 400}.Apply()
	if got, percent := debug.SetMemoryLimit(math.MaxInt64), debug.SetGCPercent(100); got != gigabyte || percent != 400 {
		t.Errorf("the limit is %d, the garbage goal %d %%", got, percent)
	}
}
