package relay

import (
	"reflect"
	"testing"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/outbound"
)

func TestTimes_ZeroOnes_GetTheirDefault(t *testing.T) {
	defaults := Times{
		Times: outbound.Times{EchoWait: 30 * time.Second, ResolveFor: 10 * time.Minute, TellAfter: time.Minute},
		Grace: 8 * time.Second, FirstRetry: 250 * time.Millisecond, AbsenceEvery: 10 * time.Second, AbsentAfter: 30 * time.Second,
		Patience: 45 * time.Second, TellRefused: time.Minute,
	}
	var got Times
	if got.setDefaults(); got != defaults {
		t.Errorf("the defaults are %+v, want %+v", got, defaults)
	}
	var all []reflect.Value // every time there is, also those that are added later
	chosen := Times{}
	for _, of := range []reflect.Value{reflect.ValueOf(&chosen).Elem(), reflect.ValueOf(&chosen.Times).Elem()} {
		for i := range of.NumField() {
			if of.Field(i).Kind() == reflect.Int64 {
				all = append(all, of.Field(i))
			}
		}
	}
	for i, v := range all {
		v.SetInt(int64(i + 1))
	}
	before := chosen
	if chosen.setDefaults(); chosen != before || len(all) != 10 {
		t.Errorf("of %d times, what was chosen became %+v", len(all), chosen)
	}
}

func TestConfig_WhatIsLeftOut_DoesNothing(t *testing.T) {
	var c Config
	c.setDefaults()
	if c.Workers != 64 || c.Now == nil || c.Store.States == nil {
		t.Errorf("%d workers, a clock: %v, states: %v", c.Workers, c.Now != nil, c.Store.States)
	}
	c.Hooks.Active("1", bridge.In)
	c.Hooks.Delivered(bridge.Out)
	if c.Store.States.State(bridge.Conversation{}) != (bridge.ConversationState{}) {
		t.Error("somebody is remembered")
	}
	called := 0
	c = Config{Workers: 2, Now: func() time.Time { return time.Unix(5, 0) }}
	c.Hooks.Active = func(bridge.PageID, bridge.Direction) { called++ }
	c.Hooks.Delivered = func(bridge.Direction) { called++ }
	c.setDefaults()
	c.Hooks.Active("1", bridge.In)
	c.Hooks.Delivered(bridge.Out)
	if c.Workers != 2 || c.Now().Unix() != 5 || called != 2 {
		t.Errorf("what was chosen is lost: %d workers, %s, %d calls", c.Workers, c.Now(), called)
	}
}
