package conformance

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/sandbox/chat"
)

// TestConformance_OverTheNetwork starts the documented command against the sandbox as if it were
// a real workspace: nothing differs, the report holds no secret, and afterwards the workspace is
// as it was before.
func TestConformance_OverTheNetwork(t *testing.T) {
	t.Parallel()
	rc := sandbox(t, chat.V8)
	ana := rc.AddAgent("ana")
	rc.AddDepartment("Sales", "ana")
	group := rc.AddGroup("ours", "ana")
	ana.Says(group, "ours")
	before := rc.Inventory()

	program := filepath.Join(t.TempDir(), "messenger-bridge")
	if out, err := exec.Command("go", "build", "-o", program, "messenger-bridge/cmd/messenger-bridge").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	command := exec.CommandContext(t.Context(), program, "conformance")
	command.Env = append(os.Environ(), "CONFORMANCE_URL="+rc.URL(), "CONFORMANCE_USER=root", "CONFORMANCE_PASSWORD=root's")
	var report, wrong bytes.Buffer
	command.Stdout, command.Stderr = &report, &wrong
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, report.String(), wrong.String())
	}
	if !strings.Contains(report.String(), ", 0 differ, ") || strings.Contains(report.String(), "root's") {
		t.Errorf("report:\n%s", report.String())
	}
	t.Logf("%s", strings.SplitN(report.String(), "\n", 2)[0])
	if after := rc.Inventory(); !slices.Equal(before, after) {
		t.Errorf("before: %q\nafter:  %q", before, after)
	}
}

// TestConformance_FactThatDiffers_IsReportedWithoutTexts asks a workspace that refuses edits: the
// report names fact, step and place, and nothing that came.
func TestConformance_FactThatDiffers_IsReportedWithoutTexts(t *testing.T) {
	t.Parallel()
	rc := sandbox(t, chat.V8)
	rc.SetSetting("Message_AllowEditing", false)
	all, err := Facts()
	if err != nil {
		t.Fatal(err)
	}
	facts := slices.DeleteFunc(all, func(f Fact) bool { return f.ID != "X20" && f.ID != "X06" })
	before := rc.Inventory()
	version, verdicts, err := Run(t.Context(), Target{URL: rc.URL(), User: "root", Password: "root's"}, facts)
	if err != nil {
		t.Fatal(err)
	}
	var report bytes.Buffer
	if n := Report(&report, version, verdicts); n != 1 {
		t.Errorf("%d differ, want 1", n)
	}
	if text := report.String(); !strings.Contains(text, "differs   X20") || !strings.Contains(text, "the status is not 200") || strings.Contains(text, "Message editing") {
		t.Errorf("report:\n%s", text)
	}
	if after := rc.Inventory(); !slices.Equal(before, after) {
		t.Errorf("before: %q\nafter:  %q", before, after)
	}
}
