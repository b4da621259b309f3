// Package recent remembers what was used lately, within bounds.
package recent

import (
	"iter"
	"time"

	"github.com/jellydator/ttlcache/v3"
)

// Map holds at most so many entries. What was used longest ago makes room for a new
// one. Safe for concurrent use; no goroutine belongs to it.
type Map[K comparable, V any] struct{ cache *ttlcache.Cache[K, V] }

// New returns an empty Map of at most most entries, each of which lasts so long after
// it was set; 0: until it makes room.
func New[K comparable, V any](most int, lasts time.Duration) *Map[K, V] {
	return &Map[K, V]{ttlcache.New(
		ttlcache.WithCapacity[K, V](uint64(max(most, 1))), ttlcache.WithTTL[K, V](lasts), ttlcache.WithDisableTouchOnHit[K, V](),
	)}
}

// Get returns what was set for a key, and whether it is still remembered.
func (m *Map[K, V]) Get(key K) (value V, ok bool) {
	item := m.cache.Get(key)
	if item == nil || over(item) {
		return value, false
	}
	return item.Value(), true
}

// Set remembers a value in place of the one before.
func (m *Map[K, V]) Set(key K, value V) { m.cache.Set(key, value, ttlcache.DefaultTTL) }

// Delete forgets a key.
func (m *Map[K, V]) Delete(key K) { m.cache.Delete(key) }

// Len returns how many entries take room.
func (m *Map[K, V]) Len() int { return m.cache.Len() }

// All returns what is remembered, what was used last first. It uses nothing.
func (m *Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		m.cache.Range(func(item *ttlcache.Item[K, V]) bool {
			return over(item) || yield(item.Key(), item.Value())
		})
	}
}

// over reports whether an entry's time is up; the library counts the last instant in.
func over[K comparable, V any](item *ttlcache.Item[K, V]) bool {
	ends := item.ExpiresAt()
	return !ends.IsZero() && !time.Now().Before(ends)
}
