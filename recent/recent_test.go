package recent

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"
)

func TestMap_Full_WhatWasUsedLongestAgoMakesRoom(t *testing.T) {
	m := New[string, int](2, 0)
	m.Set("a", 1)
	m.Set("b", 2)
	m.Get("a")
	m.Set("c", 3)
	if got := maps.Collect(m.All()); !maps.Equal(got, map[string]int{"a": 1, "c": 3}) || m.Len() != 2 {
		t.Errorf("remembered %v", got)
	}
	m.Delete("a")
	if _, ok := m.Get("a"); ok {
		t.Error("deleted, and remembered")
	}
	var order []string
	m.Set("d", 4)
	for key := range m.All() {
		order = append(order, key)
	}
	if len(order) != 2 || order[0] != "d" {
		t.Errorf("in the order %v", order)
	}
}

// In the bubble of a synctest, a goroutine of the map would be found.
func TestMap_AfterAWhile_ForgetsAndReadingRenewsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New[string, int](10, time.Minute)
		m.Set("a", 1)
		time.Sleep(40 * time.Second)
		if v, ok := m.Get("a"); !ok || v != 1 {
			t.Errorf("after 40 s: %v, %v", v, ok)
		}
		time.Sleep(20 * time.Second)
		if _, ok := m.Get("a"); ok {
			t.Error("remembered after a minute, because it was read")
		}
		for key := range m.All() {
			t.Errorf("shown after a minute: %s", key)
		}
		m.Set("a", 2)
		if v, ok := m.Get("a"); !ok || v != 2 {
			t.Errorf("set again: %v, %v", v, ok)
		}
	})
}

func TestMap_WithoutATime_LastsUntilItMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New[string, int](10, 0)
		m.Set("a", 1)
		time.Sleep(1000 * time.Hour)
		if _, ok := m.Get("a"); !ok {
			t.Error("forgotten")
		}
	})
}
