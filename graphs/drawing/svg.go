package drawing

import (
	"encoding/xml"
	"fmt"
	"strings"

	"holdfast/graphs"
)

// SVG returns the graph as an SVG image. The image is self-contained: it has no script, no font and no reference to another file. It
// has no ids, so a page may contain several.
func SVG(g *graphs.Graph) string { return SVGWalked(g, nil) }

// SVGWalked returns the graph as SVG does, with the path of a booking marked. The path is the names of the states that the booking
// has entered, the current one last. These states and the arrows between them have the class "walked", the last state also
// "current". Names of no state are ignored.
func SVGWalked(g *graphs.Graph, path []string) string {
	w := svgWriter{g: g, picture: arrange(g), walked: map[string]bool{}, steps: map[[2]string]bool{}}
	for i, state := range path {
		w.walked[state] = true
		if i > 0 {
			w.steps[[2]string{path[i-1], state}] = true //nolint:gosec // i is above 0
		}
		w.current = state
	}
	return w.svg()
}

// svgWriter writes a picture as SVG.
type svgWriter struct {
	*picture
	g       *graphs.Graph
	out     strings.Builder
	walked  map[string]bool
	steps   map[[2]string]bool
	current string
}

// line appends one line. Arguments for %s must be escaped or constants.
func (d *svgWriter) line(format string, args ...any) { fmt.Fprintf(&d.out, format+"\n", args...) }

func (d *svgWriter) svg() string {
	d.line(`<svg xmlns="http://www.w3.org/2000/svg" class="hf-graph" role="img" viewBox="0 0 %d %d" width="%d" height="%d">`,
		d.w, d.h, d.w, d.h)
	d.line(`<title>%s</title>`, escape(d.title()))
	d.line(`<desc>%s</desc>`, escape(d.description()))
	d.line(`<style>%s</style>`, svgStyle)
	d.line(`<rect class="paper" width="%d" height="%d" rx="12" fill="none"/>`, d.w, d.h)
	d.line(`<g class="arrows" fill="none" stroke="currentColor">`)
	d.start()
	d.eachArrow(false)
	d.eachArrow(true)
	d.line(`</g>`)
	d.line(`<g class="states" fill="none" stroke="currentColor">`)
	for _, b := range d.boxes {
		d.drawBox(b)
	}
	d.line(`</g>`)
	d.line(`</svg>`)
	return d.out.String()
}

// start draws the dot above the initial state, and its arrow.
func (d *svgWriter) start() {
	if d.initial == nil || len(d.spine) == 0 || d.spine[0] != d.initial {
		return
	}
	x, y := d.initial.midX(), d.initial.y
	d.line(`<g class="arrow start%s">`, d.mark(d.walked[d.initial.state.Name]))
	d.line(`<circle class="head" cx="%d" cy="%d" r="6"/>`, x, margin+4)
	d.trace([]point{{x, margin + 10}, {x, y}})
	d.line(`</g>`)
}

// eachArrow draws the walked arrows, or the others. Walked arrows are drawn last, and so on top.
func (d *svgWriter) eachArrow(walked bool) {
	for _, a := range d.arrows {
		if d.steps[[2]string{a.from.state.Name, a.to.state.Name}] == walked {
			d.drawArrow(a, walked)
		}
	}
}

func (d *svgWriter) drawArrow(a *arrow, walked bool) {
	d.line(`<g class="arrow%s">`, d.mark(walked))
	d.trace(a.path)
	for i, l := range a.labels {
		when := ""
		if l.when != "" {
			when = fmt.Sprintf(` <tspan class="when">%s</tspan>`, escape(l.when))
		}
		d.line(`<text x="%d" y="%d">%s%s</text>`, a.at.x, a.at.y+i*labelLine, escape(l.action), when)
	}
	d.line(`</g>`)
}

// trace draws a path with rounded corners and an arrowhead.
func (d *svgWriter) trace(path []point) {
	const corner, tipLong, tipHalf = 8, 9, 4
	n := len(path) - 1
	dx, dy := toward(path[n], path[n-1])
	var b strings.Builder
	fmt.Fprintf(&b, "M%d %d", path[0].x, path[0].y)
	for i := 1; i < n; i++ {
		r := min(corner, distance(path[i-1], path[i])/2, distance(path[i], path[i+1])/2)
		ax, ay := toward(path[i], path[i-1])
		bx, by := toward(path[i], path[i+1])
		fmt.Fprintf(&b, "L%d %dQ%d %d %d %d", path[i].x+ax*r, path[i].y+ay*r, path[i].x, path[i].y, path[i].x+bx*r, path[i].y+by*r)
	}
	end := path[n]
	base := point{end.x + dx*tipLong, end.y + dy*tipLong}
	fmt.Fprintf(&b, "L%d %d", base.x, base.y)
	d.line(`<path d="%s"/>`, b.String())
	d.line(`<path class="head" d="M%d %dL%d %dL%d %dZ"/>`, end.x, end.y,
		base.x+dy*tipHalf, base.y+dx*tipHalf, base.x-dy*tipHalf, base.y-dx*tipHalf)
}

func (d *svgWriter) drawBox(b *box) {
	s := b.state
	class := "state"
	if holdsText(s) != "" {
		class += " holds"
	}
	if s.Final {
		class += " final"
	}
	if b == d.apart {
		class += " error"
	}
	class += d.mark(d.walked[s.Name])
	if s.Name == d.current {
		class += " current"
	}
	d.line(`<g class="%s">`, class)
	d.line(`<rect x="%d" y="%d" width="%d" height="%d" rx="10"/>`, b.x, b.y, b.w, b.h)
	if s.Final {
		d.line(`<rect class="inner" x="%d" y="%d" width="%d" height="%d" rx="7"/>`, b.x+4, b.y+4, b.w-8, b.h-8)
	}
	d.boxText(b)
	d.line(`</g>`)
}

func (d *svgWriter) boxText(b *box) {
	_, h := b.size()
	y := b.y + (b.h-h)/2 + padY + nameSize - 1
	for i, line := range b.lines {
		d.line(`<text x="%d" y="%d">%s</text>`, b.midX(), y+i*nameLine, escape(line))
	}
	if note := b.note(); note != "" {
		d.line(`<text class="note" x="%d" y="%d">%s</text>`, b.midX(), y+len(b.lines)*nameLine-1, escape(note))
	}
}

// mark returns the class of walked elements, with a space before it; empty for others.
func (d *svgWriter) mark(walked bool) string {
	if walked {
		return " walked"
	}
	return ""
}

// escape returns a text escaped for XML. Characters that XML forbids are replaced.
func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder never fails
	return b.String()
}

// toward returns the unit step from one point to another in the same row or column.
func toward(from, to point) (dx, dy int) { return sign(to.x - from.x), sign(to.y - from.y) }

func sign(n int) int { return min(1, max(-1, n)) }

// distance returns how far two points in the same row or column are apart.
func distance(a, b point) int { return max(a.x-b.x, b.x-a.x) + max(a.y-b.y, b.y-a.y) }
