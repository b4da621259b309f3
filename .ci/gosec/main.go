// Command gosec looks at the packages below the folder it is started in, as gosec's own program does with -quiet.
// That one also compiles the clients of four language models, 1.3 million lines for a thing that nobody
// here asks for; it took longer than all other checks together.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/securego/gosec/v2"
	"github.com/securego/gosec/v2/analyzers"
	"github.com/securego/gosec/v2/report"
	"github.com/securego/gosec/v2/rules"
)

// What plays the platforms and what measures is no part of the program.
var left = []string{"sandbox", "bench", "browsertest", "testdata"}

func main() {
	found, err := look()
	if err != nil {
		log.Fatalf("gosec: %v", err)
	}
	if found {
		os.Exit(1)
	}
}

// look prints what is found, and what could not be looked at.
func look() (bool, error) {
	here, err := filepath.Abs(".")
	if err != nil {
		return false, err
	}
	packages, err := gosec.PackagePaths("./...", gosec.ExcludedDirsRegExp(left))
	if err != nil {
		return false, err
	}
	if len(packages) == 0 {
		return false, fmt.Errorf("there are no packages in %s", here)
	}
	analyzer := gosec.NewAnalyzer(gosec.NewConfig(), false, false, false, 2, log.New(io.Discard, "", 0))
	analyzer.LoadRules(rules.Generate(false).RulesInfo())
	analyzer.LoadAnalyzers(analyzers.Generate(false).AnalyzersInfo())
	if err := analyzer.Process(nil, packages...); err != nil {
		return false, err
	}
	issues, metrics, failed := analyzer.Report()
	if metrics.NumFiles == 0 {
		return false, fmt.Errorf("no file of %d packages was looked at", len(packages))
	}
	if len(issues)+len(failed) == 0 {
		fmt.Printf("%d files, nothing found\n", metrics.NumFiles)
		return false, nil
	}
	return true, report.CreateReport(os.Stdout, "text", false, []string{here}, gosec.NewReportInfo(issues, metrics, failed))
}
