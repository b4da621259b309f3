package seal

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/store/compact"
)

const keyLen = 32

// ErrNoKey says that there is a store and no key to it.
var ErrNoKey = errors.New("the store's secret key is missing")

// SecretKey returns the key that was given, or else the one of the key file. The
// file is made only if there is no store yet: a new key for an old store would
// hide a loss.
func SecretKey(given bridge.Secret, path string, stored bool, log *slog.Logger) ([]byte, error) {
	if given != "" {
		key, err := parseKey(given.Reveal())
		if err != nil {
			return nil, fmt.Errorf("SECRET_KEY: %w", err)
		}
		return key, nil
	}
	file := path + ".key"
	text, err := os.ReadFile(file) // #nosec G304 -- beside the store, which the operator names
	switch {
	case errors.Is(err, fs.ErrNotExist) && stored:
		return nil, fmt.Errorf("%w: %s exists, %s does not; put the key file back or set SECRET_KEY "+
			"(to begin anew, move the store away)", ErrNoKey, path, file)
	case errors.Is(err, fs.ErrNotExist):
		return createKey(file)
	case err != nil:
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o077 != 0 {
		log.Warn("the key file can be read by others; make it mode 0600", "file", file)
	}
	key, err := parseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", file, err)
	}
	return key, nil
}

// ByKeyOf returns what seals with the key of a store; see SecretKey and New.
func ByKeyOf(given bridge.Secret, path string, stored bool, nonce func([]byte), log *slog.Logger) (*Sealer, error) {
	key, err := SecretKey(given, path, stored, log)
	if err != nil {
		return nil, err
	}
	return New(key, nonce)
}

// KeyThatIsThere returns the key that was given, or what the key file holds; it makes none.
func KeyThatIsThere(given bridge.Secret, path string) (bridge.Secret, error) {
	if given != "" {
		return given, nil
	}
	text, err := os.ReadFile(path + ".key") // #nosec G304 -- beside the store, which the operator names
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: put the key file of the copy at %s.key, or set SECRET_KEY", ErrNoKey, path)
	}
	if err != nil {
		return "", fmt.Errorf("read the key file: %w", err)
	}
	return bridge.Secret(text), nil
}

// parseKey takes every usual form of base64. Its error does not contain the text.
func parseKey(text string) ([]byte, error) {
	text = strings.TrimRight(strings.TrimSpace(strings.TrimPrefix(text, "\ufeff")), "=")
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	key, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(key) != keyLen {
		return nil, fmt.Errorf("is not %d bytes in base64 (make one with: openssl rand -base64 %d)", keyLen, keyLen)
	}
	return key, nil
}

// createKey makes a key file and returns the key when it is durable.
func createKey(file string) ([]byte, error) {
	key := make([]byte, keyLen)
	rand.Read(key)                                                        // never fails
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- beside the store, which the operator names
	if err != nil {
		return nil, fmt.Errorf("create the key file: %w", err)
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	err = errors.Join(err, f.Sync(), f.Close(), compact.GiveToOwner(file, file), compact.SyncDir(file))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write the key file: %w", err), os.Remove(file))
	}
	return key, nil
}
