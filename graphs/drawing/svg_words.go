package drawing

import (
	"fmt"
	"strings"

	"holdfast/graphs"
)

// svgStyle is the style sheet of a drawing. It has plain colours, since not every renderer supports variables. Every selector begins
// with the class of drawings, since the style of an inline SVG applies to the whole page.
const svgStyle = `
.hf-graph{max-width:100%;height:auto;font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;color:#64748b}
.hf-graph .paper{fill:#fff;stroke:none}
.hf-graph text{fill:#1e293b;stroke:none}
.hf-graph .arrow path{fill:none;stroke:#64748b;stroke-width:1.5}
.hf-graph .arrow .head{fill:#64748b;stroke:none}
.hf-graph .arrow text{font-size:13px}
.hf-graph .arrow .when{fill:#64748b}
.hf-graph .state rect{fill:#f8fafc;stroke:#64748b;stroke-width:1.5}
.hf-graph .state .inner{fill:none;stroke-width:1}
.hf-graph .state text{font-size:14px;font-weight:600;text-anchor:middle}
.hf-graph .state .note{font-size:11px;font-weight:400}
.hf-graph .holds rect{fill:#c9ece6;stroke:#0f766e;stroke-width:2}
.hf-graph .error rect{stroke-dasharray:4 3}
.hf-graph .error text{fill:#64748b}
.hf-graph .arrow.walked path{stroke:#1d4ed8;stroke-width:3}
.hf-graph .arrow.walked .head{fill:#1d4ed8;stroke:none}
.hf-graph .arrow.walked text{fill:#1d4ed8;font-weight:600}
.hf-graph .state.walked rect{stroke:#1d4ed8;stroke-width:3}
.hf-graph .state.walked .inner{stroke-width:1.5}
.hf-graph .state.current rect{fill:#1d4ed8;stroke-dasharray:none}
.hf-graph .state.current .inner{fill:none;stroke:#fff}
.hf-graph .state.current text{fill:#fff}
@media (prefers-color-scheme:dark){
.hf-graph{color:#8b9bb0}
.hf-graph .paper{fill:#0f172a}
.hf-graph text{fill:#e2e8f0}
.hf-graph .arrow path{stroke:#8b9bb0}
.hf-graph .arrow .head{fill:#8b9bb0}
.hf-graph .arrow .when{fill:#a3b3c7}
.hf-graph .state rect{fill:#1e293b;stroke:#8b9bb0}
.hf-graph .state .inner{fill:none}
.hf-graph .holds rect{fill:#134e4a;stroke:#2dd4bf}
.hf-graph .error text{fill:#a3b3c7}
.hf-graph .arrow.walked path{stroke:#7db1ff}
.hf-graph .arrow.walked .head{fill:#7db1ff}
.hf-graph .arrow.walked text{fill:#7db1ff}
.hf-graph .state.walked rect{stroke:#7db1ff}
.hf-graph .state.current rect{fill:#7db1ff}
.hf-graph .state.current .inner{fill:none;stroke:#0f172a}
.hf-graph .state.current text{fill:#0f172a}
}
`

func (d *svgWriter) title() string {
	return fmt.Sprintf("Booking graph %s, version %d", clip(d.g.Name, longestText), d.g.Version)
}

// description returns the drawing in words, for screen readers.
func (d *svgWriter) description() string {
	var text strings.Builder
	text.WriteString(clip(d.g.Description, graphs.MaxDescription))
	if d.initial != nil {
		fmt.Fprintf(&text, " It starts in %s.", clip(d.initial.state.Name, longestText))
	}
	for _, b := range d.boxes {
		fmt.Fprintf(&text, " %s.", d.describe(b))
	}
	if d.current != "" {
		fmt.Fprintf(&text, " This booking is now in %s.", clip(d.current, longestText))
	}
	return strings.TrimSpace(text.String())
}

func (d *svgWriter) describe(b *box) string {
	text := clip(b.state.Name, longestText)
	if b.state.Final {
		text += " is final"
	}
	if holds := holdsText(b.state); holds != "" {
		text += " " + holds
	}
	mark := ": "
	for _, a := range d.arrows { // in the graph's order
		if a.from != b {
			continue
		}
		for _, l := range a.labels {
			text += mark + l.text()
			mark = ", "
		}
		text += " leads to " + clip(a.to.state.Name, longestText)
		mark = "; "
	}
	if back := backText(b.state); back != "" {
		text += mark + back
	}
	return text
}
