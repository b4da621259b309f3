package wire

import (
	"encoding/json"
	"testing"
)

// decoded is the same as Succeeds, by decoding.
func decoded(answer []byte) bool {
	var short struct {
		Success bool `json:"success"`
	}
	return json.Unmarshal(answer, &short) == nil && short.Success
}

var answers = map[string]bool{
	`{"message":{"_id":"a","msg":"success"},"success":true}`: true,
	` { "success" : true , "room" : {"success":false} } `:    true,
	`{"success":false}`:                                         false,
	`{"message":{"success":true}}`:                              false,
	`{"message":"\"success\":true","a":["success",{"b":true}]}`: false,
	`{"a":"}","b":"\\","success":true}`:                         true,
	`{"Success":true}`:                                          true,
	`{"succe\u0073s":true}`:                                     true,
	`{"success":true,"success":false}`:                          false,
	`{"success":false,"success":true}`:                          true,
	`{"success":true,"SUCCESS":null}`:                           true,
	`{"success":"true"}`:                                        false,
	`{"success":1}`:                                             false,
	`["success",true]`:                                          false,
	`true`:                                                      false,
	`{"success":true`:                                           false,
	`<html>`:                                                    false,
	``:                                                          false,
}

func TestSucceeds(t *testing.T) {
	for answer, want := range answers {
		if got := Succeeds([]byte(answer)); got != want || decoded([]byte(answer)) != want {
			t.Errorf("%s: %v, decoded %v, want %v", answer, got, decoded([]byte(answer)), want)
		}
	}
}

func FuzzSucceeds(f *testing.F) {
	for answer := range answers {
		f.Add([]byte(answer))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		if got := Succeeds(answer); got != decoded(answer) {
			t.Errorf("%q: %v", answer, got)
		}
	})
}
