package queue

import (
	"container/heap"
	"time"
)

// Due is what waits for a time, earliest first. The zero value is empty.
type Due[T any] struct{ items dueHeap[T] }

// Item is one of them.
type Item[T any] struct {
	At    time.Time
	Value T
	index int // in the heap; -1: not there
}

// Add has a value wait for a time.
func (d *Due[T]) Add(at time.Time, value T) *Item[T] {
	i := &Item[T]{At: at, Value: value}
	heap.Push(&d.items, i)
	return i
}

// Move has an item that waits do so for another time.
func (d *Due[T]) Move(i *Item[T], at time.Time) {
	i.At = at
	heap.Fix(&d.items, i.index)
}

// Remove takes an item out; one that is not there stays so.
func (d *Due[T]) Remove(i *Item[T]) {
	if i != nil && i.index >= 0 {
		heap.Remove(&d.items, i.index)
	}
}

// First returns the earliest; nil if there is none.
func (d *Due[T]) First() *Item[T] {
	if len(d.items) == 0 {
		return nil
	}
	return d.items[0]
}

// Take takes out the earliest, if its time has come; else it returns nil.
func (d *Due[T]) Take(now time.Time) *Item[T] {
	if i := d.First(); i != nil && !i.At.After(now) {
		return heap.Pop(&d.items).(*Item[T])
	}
	return nil
}

// Len returns how many wait.
func (d *Due[T]) Len() int { return len(d.items) }

// dueHeap is ordered by time, earliest first (container/heap).
type dueHeap[T any] []*Item[T]

func (h dueHeap[T]) Len() int           { return len(h) }
func (h dueHeap[T]) Less(i, j int) bool { return h[i].At.Before(h[j].At) }

func (h dueHeap[T]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *dueHeap[T]) Push(x any) {
	i := x.(*Item[T])
	i.index = len(*h)
	*h = append(*h, i)
}

func (h *dueHeap[T]) Pop() any {
	last := len(*h) - 1
	i := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	i.index = -1
	return i
}
