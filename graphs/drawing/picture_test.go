package drawing

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
)

// mermaidLines is all that a drawing may consist of, whatever its graph says.
var mermaidLines = regexp.MustCompile(`^(stateDiagram-v2` +
	`|    accTitle: Booking graph [\w ?.,'@…-]+@-?\d+` +
	`|    accDescr: [\w ?.,'@-]+` +
	`|    direction LR` +
	`|    (S\d+|[a-z][a-z0-9_]*)(: [\w ?.,'@-]+)?` +
	`|    (\[\*\]|S\d+|[a-z][a-z0-9_]*) --> (\[\*\]|S\d+|[a-z][a-z0-9_]*)(: [\w ?.,'@-]+)?` +
	`|    classDef holds [\w:#,-]+` +
	`|    class (S\d+|[a-z][a-z0-9_]*) holds)$`)

func checkMermaid(t rapid.TB, text string) {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if !mermaidLines.MatchString(line) {
			t.Fatalf("line %q could be read as something else", line)
		}
	}
}

var svgElements = []string{"svg", "title", "desc", "style", "rect", "circle", "path", "g", "text", "tspan"}

var svgAttributes = []string{"xmlns", "class", "role", "viewBox", "width", "height", "x", "y", "rx", "cx", "cy", "r", "d", "fill", "stroke"}

// checkSVG reads the drawing as XML and sees that nothing but its own elements and attributes came of it.
func checkSVG(t rapid.TB, text string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	var open []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("no XML: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			open = append(open, token.Name.Local)
			if !slices.Contains(svgElements, token.Name.Local) {
				t.Fatalf("element %s", token.Name.Local)
			}
			for _, a := range token.Attr {
				if !slices.Contains(svgAttributes, a.Name.Local) || strings.ContainsAny(a.Value, `<>&"'();`) {
					t.Fatalf("attribute %s=%q", a.Name.Local, a.Value)
				}
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && open[len(open)-1] == "style" && string(token) != svgStyle {
				t.Fatalf("style %q", token)
			}
		default:
			t.Fatalf("%T", token)
		}
	}
}

// area is a rectangle, its right and lower edge not included.
type area struct {
	what           string
	x1, y1, x2, y2 int
}

func (a area) meets(b area) bool { return a.x1 < b.x2 && b.x1 < a.x2 && a.y1 < b.y2 && b.y1 < a.y2 }

// checkPicture sees that everything lies within the picture, that neither boxes nor labels meet, and that no arrow
// runs over a box or a label.
func checkPicture(t rapid.TB, p *picture) {
	t.Helper()
	var areas []area
	for _, b := range p.boxes {
		areas = append(areas, area{"state " + b.state.Name, b.x, b.y, b.right(), b.bottom()})
	}
	for _, a := range p.arrows {
		top := a.at.y - labelSize + 2
		areas = append(areas, area{"label " + a.labels[0].text(), a.at.x, top, a.at.x + a.labelWidth(), top + a.labelHeight()})
	}
	for i, a := range areas {
		if a.x1 < 1 || a.y1 < 1 || a.x2 >= p.w || a.y2 >= p.h {
			t.Fatalf("%v does not fit into %d x %d", a, p.w, p.h)
		}
		for _, b := range areas[i+1:] {
			if a.meets(b) {
				t.Fatalf("%v meets %v", a, b)
			}
		}
	}
	for _, a := range p.arrows {
		for i := 1; i < len(a.path); i++ {
			from, to := a.path[i-1], a.path[i]
			if from.x != to.x && from.y != to.y || from == to {
				t.Fatalf("arrow %v is neither upright nor level", a.path)
			}
			line := area{"arrow", min(from.x, to.x), min(from.y, to.y), max(from.x, to.x) + 1, max(from.y, to.y) + 1}
			if i == 1 { // it begins and ends at the edge of a box
				line = line.without(from)
			}
			if i == len(a.path)-1 {
				line = line.without(to)
			}
			for _, b := range areas {
				if line.meets(b) {
					t.Fatalf("arrow from %s to %s, %v, runs over %v", a.from.state.Name, a.to.state.Name, line, b)
				}
			}
		}
	}
}

// without takes one end off a line.
func (a area) without(end point) area {
	switch {
	case a.y2-a.y1 == 1 && end.x == a.x1:
		a.x1++
	case a.y2-a.y1 == 1:
		a.x2--
	case end.y == a.y1:
		a.y1++
	default:
		a.y2--
	}
	return a
}

func TestPicturesOfBuiltinGraphsAreTidyAndNarrow(t *testing.T) {
	t.Parallel()
	for _, g := range graphs.Published() {
		p := arrange(g)
		checkPicture(t, p)
		most := 540
		if slices.ContainsFunc(p.arrows, func(a *arrow) bool { return a.side == toLeft }) {
			most = 1040 // arrows that skip states need the room left of them as well
		}
		if p.w > most {
			t.Errorf("%s is %d wide: on a phone of 390 its letters would be too small", g.Name, p.w)
		}
	}
}

func TestDrawingsOfAnyGraphAreTidyAndSafe(t *testing.T) {
	t.Parallel()
	kinds := map[string]func(*rapid.T) *graphs.Graph{"valid": graphtest.ValidGraph, "spoiled": graphtest.SpoiledGraph, "any": graphtest.AnyGraph}
	for name, draw := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				g := draw(t)
				path := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"s0", "s1", "f0", "a", "error"})), 0, 5).Draw(t, "path")
				checkPicture(t, arrange(g))
				checkMermaid(t, Mermaid(g))
				checkSVG(t, SVG(g))
				checkSVG(t, SVGWalked(g, path))
				if SVGWalked(g, path) != SVGWalked(g, path) || Mermaid(g) != Mermaid(g) { //nolint:staticcheck // twice is the question
					t.Fatal("drawn twice, drawn differently")
				}
			})
		})
	}
}

func TestDrawingsOfHugeGraphsComeToAnEnd(t *testing.T) {
	t.Parallel()
	g := &graphs.Graph{Name: strings.Repeat("x", 1_000_000), Description: strings.Repeat("y", 1_000_000), Initial: "s0"}
	for i := range 5000 {
		s := graphs.State{Name: fmt.Sprintf("s%d", i)}
		for k := range 40 {
			s.Actions = append(s.Actions, graphs.Action{Name: strings.Repeat("z", 100), To: fmt.Sprintf("s%d", (i*7+k)%70)})
		}
		g.States = append(g.States, s)
	}
	checkMermaid(t, Mermaid(g))
	svg := SVG(g)
	checkSVG(t, svg)
	checkPicture(t, arrange(g))
	if len(svg) > 2_000_000 || len(Mermaid(g)) > 2_000_000 {
		t.Errorf("%d bytes of SVG, %d of Mermaid", len(svg), len(Mermaid(g)))
	}
}

func TestSVGSpeaksForThoseWhoDoNotSeeIt(t *testing.T) {
	t.Parallel()
	g, _ := graphs.Named("instant_payment", nil)
	svg := SVGWalked(g, []string{"initialized", "tentative", "paid"})
	for _, want := range []string{
		`role="img"`, `<title>Booking graph instant_payment, version 1</title>`,
		"It starts in initialized.", "tentative holds the slot: pay leads to paid; timeout after PT5M leads to unpaid.",
		"unpaid is final.", "This booking is now in paid.", "prefers-color-scheme:dark", "viewBox=",
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("does not say %s", want)
		}
	}
	for _, never := range []string{"<script", "http://www.w3.org/1999/xlink", " id=", "url(", "@import", "onload"} {
		if strings.Contains(svg, never) {
			t.Errorf("says %s", never)
		}
	}
}

func TestSVGWalkedMarksTheWay(t *testing.T) {
	t.Parallel()
	g, _ := graphs.Named("group_customer_payment", nil)
	for _, c := range []struct {
		name                     string
		path                     []string
		states, arrows, currents int
	}{
		{"nothing", nil, 0, 0, 0},
		{"the initial state", []string{"initialized"}, 1, 1, 1}, // the arrow is that from the dot
		{"two states", []string{"initialized", "tentative"}, 2, 2, 1},
		{"to an end", []string{"initialized", "tentative", "paid", "cancelled_by_owner"}, 4, 4, 1},
		{"a short cut to that end", []string{"initialized", "tentative", "cancelled_by_owner"}, 3, 3, 1},
		{"into the error state, where no arrow leads", []string{"initialized", "tentative", "error"}, 3, 2, 1},
		{"an unknown state at the end", []string{"initialized", "nowhere"}, 1, 1, 0},
		{"an unknown state", []string{"<b>"}, 0, 0, 0},
	} {
		svg := SVGWalked(g, c.path)
		states := len(regexp.MustCompile(`<g class="state[^"]* walked`).FindAllString(svg, -1))
		arrows := len(regexp.MustCompile(`<g class="arrow[^"]* walked"`).FindAllString(svg, -1))
		currents := len(regexp.MustCompile(`<g class="state[^"]* current"`).FindAllString(svg, -1))
		if states != c.states || arrows != c.arrows || currents != c.currents {
			t.Errorf("%s: %d states, %d arrows, %d current, want %d, %d, %d", c.name, states, arrows, currents, c.states, c.arrows, c.currents)
		}
	}
	if SVG(g) != SVGWalked(g, nil) {
		t.Error("a walk of nothing differs from no walk")
	}
}

func TestMermaidNamesWhatItMust(t *testing.T) {
	t.Parallel()
	g := graphtest.Sample()
	state(g, "done").Name, state(g, "held").Actions[0].To = "end", "end"
	text := Mermaid(g)
	for _, want := range []string{
		"[*] --> requested\n", "held --> S2: finish PT1H after end\n", "held --> lapsed: lapse after PT5M\n",
		"S2: end\n", "S2 --> [*]\n", "class held holds\n", "    error\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "error -->") || strings.Contains(text, "--> error") {
		t.Errorf("connects the error state:\n%s", text)
	}
}

// FuzzDrawings draws what a stranger could send as a custom graph. Fuzz with -fuzzminimizetime 5x: making inputs of this size
// smaller otherwise takes all the time.
func FuzzDrawings(f *testing.F) {
	graphtest.SeedJSON(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		var g graphs.Graph
		if json.Unmarshal(text, &g) != nil {
			return
		}
		path := []string{g.Initial}
		for _, s := range drawnStates(&g) {
			path = append(path, s.Name)
		}
		checkMermaid(t, Mermaid(&g))
		checkSVG(t, SVG(&g))
		checkSVG(t, SVGWalked(&g, path))
		checkPicture(t, arrange(&g))
	})
}
