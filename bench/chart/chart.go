// Package chart draws lines over logarithmic axes.
package chart

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// Chart has a few lines over logarithmic axes.
type Chart struct {
	Title, X, Y string
	Lines       []Curve
}

// Curve is a line of it.
type Curve struct {
	Name   string
	Points []Point // what is not above zero, or not finite, has no place on a logarithmic axis and is left out
}

// Point is a point of a line.
type Point struct{ X, Y float64 }

// shown are the points that have a place.
func (c Curve) shown() (points []Point) {
	for _, p := range c.Points {
		if hasPlace(p.X) && hasPlace(p.Y) {
			points = append(points, p)
		}
	}
	return points
}

func hasPlace(v float64) bool { return v > 0 && !math.IsInf(v, 0) }

// Of the drawing, in pixels.
const (
	chartWidth, chartHeight           = 720.0, 420.0
	chartLeft, chartRight             = 64.0, 190.0
	chartTop, chartBottom             = 36.0, 48.0
	plotWidth                         = chartWidth - chartLeft - chartRight
	plotHeight                        = chartHeight - chartTop - chartBottom
	chartInk, chartGrid, chartSurface = "#333", "#ddd", "#fff"
)

// chartColours can be told apart by those who see few colours, too.
var chartColours = []string{"#7f7f7f", "#e69f00", "#0072b2", "#009e73", "#cc79a7"}

// axis maps values to pixels.
type axis struct {
	least, most float64 // powers of ten, above zero
	from, to    float64 // pixels
}

func newAxis(values []float64, from, to float64) axis {
	least, most := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		least, most = min(least, v), max(most, v)
	}
	if len(values) == 0 {
		least, most = 1, 10
	}
	a := axis{math.Pow(10, math.Floor(math.Log10(least))), math.Pow(10, math.Ceil(math.Log10(most))), from, to}
	if a.least == a.most {
		a.most *= 10
	}
	return a
}

func (a axis) at(v float64) float64 {
	return a.from + (a.to-a.from)*math.Log(v/a.least)/math.Log(a.most/a.least)
}

// ticks are the ones, twos and fives.
func (a axis) ticks() (all []float64) {
	for decade := a.least; decade <= a.most*1.001; decade *= 10 {
		for _, n := range []float64{1, 2, 5} {
			if v := n * decade; v <= a.most*1.001 {
				all = append(all, v)
			}
		}
	}
	return all
}

// SVG draws it.
func (c Chart) SVG() string {
	var xs, ys []float64
	for _, l := range c.Lines {
		for _, p := range l.shown() {
			xs, ys = append(xs, p.X), append(ys, p.Y)
		}
	}
	x := newAxis(xs, chartLeft, chartLeft+plotWidth)
	y := newAxis(ys, chartTop+plotHeight, chartTop)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="12" fill="%s">`, chartWidth, chartHeight, chartInk)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="%s"/><text x="%g" y="20" font-size="14">%s</text>`, chartSurface, chartLeft, html.EscapeString(c.Title))
	for _, v := range x.ticks() {
		fmt.Fprintf(&b, `<path d="M%.1f %g V%g" stroke="%s"/><text x="%.1f" y="%g" text-anchor="middle">%s</text>`,
			x.at(v), chartTop, chartTop+plotHeight, chartGrid, x.at(v), chartTop+plotHeight+16, tick(v))
	}
	for _, v := range y.ticks() {
		fmt.Fprintf(&b, `<path d="M%g %.1f H%g" stroke="%s"/><text x="%g" y="%.1f" text-anchor="end">%s</text>`,
			chartLeft, y.at(v), chartLeft+plotWidth, chartGrid, chartLeft-6, y.at(v)+4, tick(v))
	}
	fmt.Fprintf(&b, `<text x="%g" y="%g" text-anchor="middle">%s</text><text x="16" y="%g" text-anchor="middle" transform="rotate(-90 16 %g)">%s</text>`,
		chartLeft+plotWidth/2, chartHeight-10, html.EscapeString(c.X), chartTop+plotHeight/2, chartTop+plotHeight/2, html.EscapeString(c.Y))
	for i, l := range c.Lines {
		colour := chartColours[i%len(chartColours)]
		var path strings.Builder
		for n, p := range l.shown() {
			command := "L"
			if n == 0 {
				command = "M"
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", command, x.at(p.X), y.at(p.Y))
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>`, x.at(p.X), y.at(p.Y), colour)
		}
		key := chartTop + 14 + 20*float64(i)
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`, path.String(), colour)
		fmt.Fprintf(&b, `<path d="M%g %g h22" stroke="%s" stroke-width="2"/><text x="%g" y="%g">%s</text>`,
			chartLeft+plotWidth+14, key-4, colour, chartLeft+plotWidth+42, key, html.EscapeString(l.Name))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// tick writes a round number.
func tick(v float64) string {
	if v >= 1000 {
		return strconv.FormatFloat(v/1000, 'g', 4, 64) + "k"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
