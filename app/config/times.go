package config

import (
	"fmt"
	"strings"
	"time"
)

// Times are durations nobody configures; tests set shorter ones. Zero means the
// default of the package they are given to.
type Times struct {
	deliveryTimes
	workspaceTimes
	facebookTimes
	pageTimes
	setupTimes
}

type deliveryTimes struct {
	Patience, TellRefused                   time.Duration
	EchoWait, SettleFor, TellAfter, FileFor time.Duration
	FirstRetry, FileAgain, NoAgentRetry     time.Duration
	AbsenceEvery, AbsentAfter               time.Duration
}

type workspaceTimes struct {
	Reconnect, LookEvery, FollowEvery, Silence, PingEvery, Refused time.Duration
	RestTimeout, UploadTimeout, AppWaits, InOrder                  time.Duration
}

type facebookTimes struct {
	GraphTimeout, Throttled, ThreadEvery, FileStall time.Duration
}

type pageTimes struct {
	WatchEvery, FirstStep, HearEvery, Outage, Calling, RevokeFor, RevokeFirst time.Duration
}

type setupTimes struct {
	SetupEvery, SetupQuiet, CommandEvery time.Duration
}

// TimesVariable holds times for tests of the whole program, such as
// "echoWait=250ms,reconnect=20ms". It is not for operators and in no manual.
const TimesVariable = "BRIDGE_TEST_TIMES"

// named returns each duration under its name.
func (t *Times) named() map[string]*time.Duration {
	return map[string]*time.Duration{
		"echoWait": &t.EchoWait, "settleFor": &t.SettleFor, "tellAfter": &t.TellAfter, "fileFor": &t.FileFor,
		"firstRetry": &t.FirstRetry, "fileAgain": &t.FileAgain, "noAgentRetry": &t.NoAgentRetry,
		"patience": &t.Patience, "tellRefused": &t.TellRefused,
		"absenceEvery": &t.AbsenceEvery, "absentAfter": &t.AbsentAfter,

		"reconnect": &t.Reconnect, "lookEvery": &t.LookEvery, "followEvery": &t.FollowEvery, "silence": &t.Silence,
		"pingEvery": &t.PingEvery, "refused": &t.Refused,
		"restTimeout": &t.RestTimeout, "uploadTimeout": &t.UploadTimeout, "appWaits": &t.AppWaits, "inOrder": &t.InOrder,

		"graphTimeout": &t.GraphTimeout, "throttled": &t.Throttled, "threadEvery": &t.ThreadEvery, "fileStall": &t.FileStall,

		"watchEvery": &t.WatchEvery, "firstStep": &t.FirstStep, "hearEvery": &t.HearEvery, "outage": &t.Outage, "calling": &t.Calling,
		"revokeFor": &t.RevokeFor, "revokeFirst": &t.RevokeFirst,

		"setupEvery": &t.SetupEvery, "setupQuiet": &t.SetupQuiet, "commandEvery": &t.CommandEvery,
	}
}

// UnmarshalText reads what String writes.
func (t *Times) UnmarshalText(text []byte) error {
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

func (t Times) String() string {
	var pairs []string
	for name, d := range t.named() {
		if *d != 0 {
			pairs = append(pairs, name+"="+d.String())
		}
	}
	return strings.Join(pairs, ",")
}

// Fast are times short enough for tests and long enough for a busy machine.
var Fast = Times{
	deliveryTimes{
		EchoWait: 250 * time.Millisecond, SettleFor: 10 * time.Minute, TellAfter: time.Minute, FileFor: 2 * time.Second,
		FirstRetry: 25 * time.Millisecond, FileAgain: 25 * time.Millisecond, NoAgentRetry: 100 * time.Millisecond,
		Patience: 2 * time.Second, TellRefused: time.Second,
		AbsenceEvery: 20 * time.Millisecond, AbsentAfter: time.Nanosecond,
	},
	workspaceTimes{
		Reconnect: 20 * time.Millisecond, LookEvery: time.Hour, FollowEvery: 20 * time.Millisecond, Silence: 5 * time.Second,
		PingEvery: time.Second, Refused: 200 * time.Millisecond, RestTimeout: 2 * time.Second,
	},
	facebookTimes{
		GraphTimeout: 2 * time.Second, Throttled: 100 * time.Millisecond, ThreadEvery: 5 * time.Millisecond, FileStall: 500 * time.Millisecond,
	},
	pageTimes{WatchEvery: time.Hour, FirstStep: time.Hour, Calling: 200 * time.Millisecond},
	setupTimes{SetupEvery: 100 * time.Millisecond, SetupQuiet: 100 * time.Millisecond, CommandEvery: time.Nanosecond},
}
