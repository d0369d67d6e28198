package drawing

import (
	"slices"

	"holdfast/graphs"
)

// A picture has two columns. The left one has the states that are not final, in topological order as far as there is one. The right
// one has the final states, each beside a state that leads to it. Every arrow to a final state has a row of its own between the
// columns, with its labels above it. Right of the rows are the lanes: vertical lines of arrows that end in another row. Arrows that
// skip states, go back or stay have rows and lanes left of the left column. An action that leads to the state before has no arrow: a line
// in its state's box names it. So labels overlap neither boxes nor one another. Without
// arrows on the left a picture is about 500 units wide, which is legible on a phone.

// The measures of a picture, in the units of its view box.
const (
	margin    = 18
	stub      = 16 // from a box to the trunk from which its arrows branch off
	beside    = 10 // between a trunk or a lane and a label
	laneWidth = 12
	tip       = 22 // from the last lane to the boxes: room for the arrow's tip
	rowGap    = 14 // between the rows of one state
	stateGap  = 40 // between the rows of one state and the next state, at least
	dotGap    = 34 // from the dot that starts the picture to the first box
	entryUp   = 9  // arrows from the left enter above a box's middle
	exitDown  = 9  // and leave below it
)

type point struct{ x, y int }

// label is one line of text at an arrow: an action, and when a timer plays it.
type label struct{ action, when string }

// box is a state in the picture.
type box struct {
	state       *graphs.State
	lines       []string
	x, y, w, h  int
	lead, enter int  // the lane, from 1 on, and the row of arrows that come from other rows
	keeper      *box // of a final state: the state beside which it is placed
	out         []*arrow
}

func (b *box) midX() int   { return b.x + b.w/2 }
func (b *box) midY() int   { return b.y + b.h/2 }
func (b *box) right() int  { return b.x + b.w }
func (b *box) bottom() int { return b.y + b.h }

// side is the direction in which an arrow leaves its box.
type side int

const (
	toRight side = iota // to a final state
	toNext              // straight down to the next state
	toLeft              // to any other state, or back to its own
)

// arrow stands for all actions that lead from one state to another.
type arrow struct {
	from, to *box
	side     side
	labels   []label
	row      int // the y of its horizontal part; of an arrow that runs down, of its label
	path     []point
	at       point // the start of its first label's base line
}

func (a *arrow) labelHeight() int { return labelLine * len(a.labels) }

func (a *arrow) labelWidth() int {
	widest := 0
	for _, l := range a.labels {
		widest = max(widest, textWidth(l.text(), labelSize))
	}
	return widest
}

// picture is a graph with the position of every part.
type picture struct {
	w, h    int
	initial *box
	boxes   []*box // in the graph's order
	arrows  []*arrow
	spine   []*box // the left column, from the top
	ends    []*box // the right column
	apart   *box   // the error state, unless an action leads to it

	labelX, laneX, endX     int // the right side: where labels, lanes and boxes begin
	leftLaneX, leftX, trunk int // the left side: lanes, labels, trunk
}

// arrange computes the positions of all parts. It terminates for every graph, valid or not.
func arrange(g *graphs.Graph) *picture {
	p := &picture{}
	p.collect(g)
	p.order()
	p.sides()
	p.columns()
	p.rows()
	p.routes()
	return p
}

// collect makes a box for every state, and one arrow for all actions between the same two states.
func (p *picture) collect(g *graphs.Graph) {
	byName := map[string]*box{}
	for _, s := range drawnStates(g) {
		b := &box{state: s, lines: wrap(s.Name)}
		b.w, b.h = b.size()
		byName[s.Name] = b
		p.boxes = append(p.boxes, b)
	}
	p.initial = byName[g.Initial]
	between := map[[2]*box]*arrow{}
	for _, from := range p.boxes {
		for _, action := range drawnActions(from.state) {
			join := func(target string, labels ...label) {
				to, ok := byName[target]
				if !ok {
					return
				}
				a := between[[2]*box{from, to}]
				if a == nil {
					a = &arrow{from: from, to: to}
					between[[2]*box{from, to}] = a
					from.out = append(from.out, a)
					p.arrows = append(p.arrows, a)
				}
				a.labels = append(a.labels, labels...)
			}
			join(action.To, labelsOf(from.state, action)...)
			if other := action.Otherwise(); other != "" {
				join(other, label{action: clip(action.Name, longestText), when: ifTaken})
			}
		}
	}
}

// labelsOf returns the lines at the arrow of an action: its name, with a timer's moment behind it, and one line for every other bound,
// guard and effect.
func labelsOf(s *graphs.State, action graphs.Action) []label {
	when := whenText(s, action)
	first := label{action: clip(action.Name, longestText)}
	if len(when) > 0 && len(action.NotBefore)+len(action.Until) == 0 {
		first.when, when = when[0], when[1:]
	}
	all := []label{first}
	for _, line := range append(when, conditionText(action)...) {
		all = append(all, label{when: line})
	}
	return all
}

// order fills the columns. The left one is sorted topologically, as far as cycles allow.
func (p *picture) order() {
	target := map[*box]bool{}
	for _, a := range p.arrows {
		target[a.to] = true
	}
	seen := map[*box]bool{}
	for _, b := range p.boxes {
		switch {
		case isolated(b.state) && !target[b]:
			p.apart, seen[b] = b, true
		case b.state.Final && len(b.out) == 0:
			p.ends, seen[b] = append(p.ends, b), true
		}
	}
	if p.initial != nil {
		p.spine = descend(p.initial, seen)
	}
	for _, b := range p.boxes {
		p.spine = append(p.spine, descend(b, seen)...)
	}
}

// descend returns the unseen boxes that can be reached from a box, each before those that it leads to, and marks them as seen.
func descend(b *box, seen map[*box]bool) []*box {
	if seen[b] {
		return nil
	}
	seen[b] = true
	var below []*box
	for _, a := range slices.Backward(b.out) {
		below = append(descend(a.to, seen), below...)
	}
	return append([]*box{b}, below...)
}

// sides sets the side of every arrow, and the keeper of every final state: the last state that leads to it. It sorts the arrows of a
// box: first those to final states that other arrows join, last those to final states beside another box. So both stay short.
func (p *picture) sides() {
	place := map[*box]int{}
	for i, b := range p.spine {
		place[b] = i + 1
	}
	joined := map[*box]int{}
	for _, b := range p.spine {
		for _, a := range b.out {
			switch i := place[a.to]; {
			case i == 0:
				a.side, a.to.keeper = toRight, b
				joined[a.to]++
			case i == place[b]+1:
				a.side = toNext
			default:
				a.side = toLeft
			}
		}
	}
	rank := func(a *arrow) int {
		switch {
		case a.to.keeper != a.from:
			return 2
		case joined[a.to] > 1:
			return 0
		default:
			return 1
		}
	}
	for _, b := range p.spine {
		sortArrows(b.out, rank)
	}
}
