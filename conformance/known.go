package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// Known are the facts in which the sandbox differs in a profile such as "8.7", and why.
func Known(profile string) (map[string]string, error) {
	text, err := files.ReadFile("facts/known")
	if err != nil {
		return nil, err
	}
	known := map[string]string{}
	for line := range strings.SplitSeq(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		parts := strings.SplitN(line, "|", 3)
		if len(parts) != 3 {
			return nil, fmt.Errorf("%q has no three fields", line)
		}
		versions := strings.Fields(parts[1])
		if slices.Contains(versions, profile) || slices.Contains(versions, "all") {
			known[strings.TrimSpace(parts[0])] = strings.TrimSpace(parts[2])
		}
	}
	return known, nil
}
