// Package statuspage draws how the bridge is, on one page for operators.
package statuspage

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"
)

// View is what the page shows.
type View struct {
	Version string
	Running string // for how long
	Replica string // whether this one of several replicas leads; empty: there is one process
	Follows bool   // it does not lead: it knows nothing of what is below
	Trouble string // why webhooks are not stored; empty: they are
	Changed int    // records of the store that somebody else has changed
	Lamps   []Lamp
	Waiting []Waiting
	Pages   []Page
	Failed  int
	Reasons []Reason
	Refused []string // calls that Rocket.Chat refuses at the moment
	Spans   []Span
	Plots   []Plot
	Now     time.Time
}

// Lamp is a connection.
type Lamp struct {
	Name, Text string
	Good       bool
}

// Waiting is what waits in one direction.
type Waiting struct {
	Name  string
	Count int
	Since string // how long the oldest has waited; empty: nothing waits
}

// Page is a Facebook page.
type Page struct {
	ID, Name, State, Why string
	Good                 bool
	In, Out              int    // waiting
	Since                string // how long the oldest of them has waited
	Held                 string // why nothing is sent at the moment
	Failed               int
}

// Reason is why some of what failed did.
type Reason struct {
	Name  string
	Count int
}

// Span is a time whose plots can be chosen.
type Span struct {
	Name   string
	Chosen bool
}

// Plot is one picture: lines over the time of the chosen span.
type Plot struct {
	Title string
	Unit  string
	From  string // where the time axis begins; it ends now
	Lines []Line
}

// Line is one of a plot's.
type Line struct {
	Name   string
	Values []float64 // oldest first
}

//go:embed statuspage.html
var source string

var page = template.Must(template.New("status").Funcs(template.FuncMap{"draw": draw, "most": func(p Plot) string { return shown(p.most(), p.Unit) }, "sum": sum}).Parse(source))

// Write writes the page.
func Write(w io.Writer, v View) error {
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		return fmt.Errorf("draw the status page: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// sum is what a screen reader says of a line.
func sum(p Plot, l Line) string {
	if p.Unit != "" {
		return shown((Plot{Lines: []Line{l}}).most(), p.Unit) + " at most"
	}
	all := 0.0
	for _, v := range l.Values {
		all += v
	}
	return fmt.Sprintf("%.0f", all)
}

func (p Plot) most() (most float64) {
	for _, l := range p.Lines {
		for _, v := range l.Values {
			most = max(most, v)
		}
	}
	return most
}

func shown(v float64, unit string) string {
	if unit == "" {
		return fmt.Sprintf("%.0f", v)
	}
	return time.Duration(v * float64(time.Second)).Round(time.Millisecond).String()
}

const width, height = 240, 60

// draw returns the path of a line: steps from one value to the next, flat stretches in one go.
func draw(p Plot, l Line) string {
	most := p.most()
	if most == 0 {
		most = 1
	}
	var b bytes.Buffer
	last := -1
	for i, v := range l.Values {
		y := height - int(v/most*(height-2))
		if y == last {
			continue
		}
		x := i * width / len(l.Values)
		if last < 0 {
			fmt.Fprintf(&b, "M%d %d", x, y)
		} else {
			fmt.Fprintf(&b, "H%dV%d", x, y)
		}
		last = y
	}
	fmt.Fprintf(&b, "H%d", width)
	return b.String()
}
