package wire

import (
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

func TestMark_WrittenAndRead_IsTheSame(t *testing.T) {
	for _, m := range []bridge.SendTag{
		{Message: "Xy12AbCdEfGhIjKlM", Part: 0},
		{Message: "Xy12", Part: 12},
		{Message: "Xy12", Part: 65535},
		{Message: "a:b:3", Part: 4},
		{Message: "mb1:", Part: 1},
	} {
		got, ours := parseMark(EncodeMark(m))
		if !ours || got != m {
			t.Errorf("%q became %v, %v", EncodeMark(m), got, ours)
		}
	}
}

func TestMark_ForeignMetadata_IsNotOurs(t *testing.T) {
	for _, metadata := range []string{
		"", "mb1:", "mb1::", "mb1::0", "mb1:Xy12", "mb1:Xy12:", "mb1:Xy12:x", "mb1:Xy12:-1", "mb1:Xy12:+1",
		"mb1:Xy12:01", "mb1:Xy12: 1", "mb2:Xy12:1", "MB1:Xy12:1", " mb1:Xy12:1", "rc:msg:Xy12", `{"source":"axon"}`,
		"mb1:Xy12:99999999999999999999", "mb1:X\x00y:1",
		"mb1:Xy12:65536", "mb1:" + strings.Repeat("x", 4097) + ":1", // no receipt can hold them
	} {
		if m, ours := parseMark(metadata); ours || m != (bridge.SendTag{}) {
			t.Errorf("%q was taken for %v", metadata, m)
		}
	}
}
