package main

import (
	"fmt"
	"strings"
	"time"
)

// times are durations nobody configures; tests set shorter ones. Zero means the
// default of the package they are given to.
type times struct {
	echoWait, settleFor, tellAfter, noAgentRetry      time.Duration
	reconnect, lookEvery, silence, pingEvery, refused time.Duration
	restTimeout, graphTimeout, throttled              time.Duration
	setupEvery, setupQuiet, watchEvery                time.Duration
	appWaits                                          time.Duration
	fileStall, uploadTimeout, followEvery             time.Duration
	hearEvery, outage, threadEvery                    time.Duration
	revokeFor, revokeFirst, firstRetry, fileAgain     time.Duration
	absenceEvery, absentAfter                         time.Duration
}

// timesVariable holds times for tests of the whole program, such as
// "echoWait=250ms,reconnect=20ms". It is not for operators and in no manual.
const timesVariable = "BRIDGE_TEST_TIMES"

// named returns each duration under its name.
func (t *times) named() map[string]*time.Duration {
	return map[string]*time.Duration{
		"echoWait": &t.echoWait, "settleFor": &t.settleFor, "tellAfter": &t.tellAfter, "noAgentRetry": &t.noAgentRetry,
		"reconnect": &t.reconnect, "lookEvery": &t.lookEvery, "followEvery": &t.followEvery, "silence": &t.silence, "pingEvery": &t.pingEvery, "refused": &t.refused,
		"restTimeout": &t.restTimeout, "graphTimeout": &t.graphTimeout, "throttled": &t.throttled,
		"setupEvery": &t.setupEvery, "setupQuiet": &t.setupQuiet, "watchEvery": &t.watchEvery,
		"appWaits":  &t.appWaits,
		"fileStall": &t.fileStall, "uploadTimeout": &t.uploadTimeout,
		"hearEvery": &t.hearEvery, "outage": &t.outage, "threadEvery": &t.threadEvery,
		"revokeFor": &t.revokeFor, "revokeFirst": &t.revokeFirst, "firstRetry": &t.firstRetry, "fileAgain": &t.fileAgain,
		"absenceEvery": &t.absenceEvery, "absentAfter": &t.absentAfter,
	}
}

// UnmarshalText reads what String writes.
func (t *times) UnmarshalText(text []byte) error {
	named := t.named()
	for pair := range strings.FieldsFuncSeq(string(text), func(r rune) bool { return r == ',' }) {
		name, value, _ := strings.Cut(pair, "=")
		d, err := time.ParseDuration(value)
		if err != nil || named[name] == nil {
			return fmt.Errorf("%q is no time of a test", pair)
		}
		*named[name] = d
	}
	return nil
}

func (t times) String() string {
	var pairs []string
	for name, d := range t.named() {
		if *d != 0 {
			pairs = append(pairs, name+"="+d.String())
		}
	}
	return strings.Join(pairs, ",")
}

// fast are times short enough for tests and long enough for a busy machine.
var fast = times{
	echoWait: 250 * time.Millisecond, settleFor: 10 * time.Minute, tellAfter: time.Minute, noAgentRetry: 100 * time.Millisecond,
	reconnect: 20 * time.Millisecond, lookEvery: time.Hour, followEvery: 20 * time.Millisecond, silence: 5 * time.Second, pingEvery: time.Second,
	refused: 200 * time.Millisecond, restTimeout: 2 * time.Second, graphTimeout: 2 * time.Second,
	throttled: 100 * time.Millisecond, setupEvery: 100 * time.Millisecond, setupQuiet: 100 * time.Millisecond, watchEvery: time.Hour,
	fileStall: 500 * time.Millisecond, firstRetry: 25 * time.Millisecond, threadEvery: 5 * time.Millisecond, fileAgain: 25 * time.Millisecond,
	absenceEvery: 20 * time.Millisecond, absentAfter: time.Nanosecond,
}
