package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var (
	formatOf = regexp.MustCompile(`(?m)^const format = (\d+)$`)
	steps    = "upgrades = map[uint64]upgradeStep{"
)

// nextFormat builds the program as it would be with the next format of the store, whose upgrade writes a note.
func nextFormat(ctx context.Context) (binary string, remove func(), err error) {
	folder, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", "messenger-bridge/store").Output()
	if err != nil {
		return "", nil, fmt.Errorf("find the store's source: %w", err)
	}
	source := filepath.Join(strings.TrimSpace(string(folder)), "format.go")
	text, err := os.ReadFile(source) // #nosec G304 -- of this tree
	if err != nil {
		return "", nil, err
	}
	now := formatOf.FindSubmatch(text)
	if now == nil || !strings.Contains(string(text), steps) {
		return "", nil, errors.New("the store's source does not say its format where it did")
	}
	n, err := strconv.Atoi(string(now[1]))
	if err != nil {
		return "", nil, err
	}
	changed := strings.Replace(string(text), string(now[0]), fmt.Sprint("const format = ", n+1), 1)
	changed = strings.Replace(changed, steps, steps+fmt.Sprintf(`%d: func(tx *bbolt.Tx, s *seal.Sealer) error {
	key, value := []byte("note/next"), []byte("next")
	return tx.Bucket(bucketMeta).Put(key, s.Tag(bytes.Clone(value), bucketMeta, key, value))
}, `, n), 1)
	dir, err := os.MkdirTemp("", "next")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	file, list := filepath.Join(dir, "format.go"), filepath.Join(dir, "overlay.json")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: file}})
	if err = errors.Join(err, os.WriteFile(file, []byte(changed), 0o600), os.WriteFile(list, overlay, 0o600)); err != nil {
		remove()
		return "", nil, err
	}
	binary = filepath.Join(dir, "messenger-bridge")
	if said, err := exec.CommandContext(ctx, "go", "build", "-overlay", list, "-o", binary, "messenger-bridge/cmd/messenger-bridge").CombinedOutput(); err != nil { // #nosec G204 -- our own files
		remove()
		return "", nil, fmt.Errorf("build the next version: %w\n%s", err, said)
	}
	return binary, remove, nil
}
