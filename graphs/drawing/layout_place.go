package drawing

import "slices"

// sortArrows sorts arrows by rank and keeps the order of those with the same one.
func sortArrows(arrows []*arrow, rank func(*arrow) int) {
	slices.SortStableFunc(arrows, func(a, b *arrow) int { return rank(a) - rank(b) })
}

// columns computes the horizontal positions: of columns and lanes.
func (p *picture) columns() {
	spineW, endW, leftW, rightW := 0, 0, 0, 0
	for _, b := range p.boxes {
		if b.keeper == nil && !slices.Contains(p.ends, b) {
			spineW = max(spineW, b.w)
		} else {
			endW = max(endW, b.w)
		}
	}
	var leftLanes, rightLanes int
	for _, a := range p.arrows {
		switch a.side {
		case toNext:
			rightW = max(rightW, a.labelWidth()-spineW/2-stub)
		case toRight:
			rightW = max(rightW, a.labelWidth())
			if a.from != a.to.keeper {
				rightLanes += a.to.takeLane(rightLanes)
			}
		case toLeft:
			leftW = max(leftW, a.labelWidth())
			leftLanes += a.to.takeLane(leftLanes)
		}
	}
	x := margin
	if leftLanes > 0 {
		p.leftLaneX = x
		p.leftX = x + leftLanes*laneWidth + beside
		p.trunk = p.leftX + leftW + beside
		x = p.trunk + stub
	}
	p.labelX = x + spineW + stub + beside
	p.laneX = p.labelX + rightW + beside
	p.endX = p.laneX + rightLanes*laneWidth + tip
	p.w = p.endX + endW + margin
	if len(p.ends) == 0 {
		p.w = p.laneX + margin
	}
	for _, b := range p.boxes {
		b.x, b.w = x, spineW
	}
	for _, b := range p.ends {
		b.x, b.w = p.endX, endW
	}
}

// takeLane assigns the next free lane to a box without one. It returns how many lanes it assigned, 0 or 1.
func (b *box) takeLane(next int) int {
	if b.lead != 0 {
		return 0
	}
	b.lead = next + 1
	return 1
}

// rows computes the vertical positions.
func (p *picture) rows() {
	y, below := margin, margin
	if p.initial != nil && len(p.spine) > 0 {
		y += dotGap
	}
	for i, b := range p.spine {
		if i > 0 {
			y = below + p.spine[i-1].gap(below)
		}
		below = p.placeState(b, y)
	}
	for _, b := range p.ends {
		if b.keeper == nil {
			b.y = below + rowGap
			below = b.bottom()
		}
	}
	p.h = below + margin
	p.placeError(below)
}

// gap returns the distance between the rows of a state and the next state. It centers the label of the arrow that runs down there.
func (b *box) gap(below int) int {
	for _, a := range b.out {
		if a.side == toNext {
			room := max(stateGap, a.labelHeight()+2*rowGap)
			a.row = below + (room-a.labelHeight())/2 + labelSize
			return room
		}
	}
	return stateGap
}

// placeState sets the positions of a state, of the rows of its arrows and of the final states beside it, all below y. It returns
// their lower end.
func (p *picture) placeState(b *box, y int) int {
	up, first := b.h/2, true
	for _, a := range b.out {
		if a.side == toRight && first {
			up, first = max(up, a.above()), false
		}
	}
	b.y = y + up - b.h/2
	b.enter = b.midY()
	if b.lead != 0 {
		b.enter -= entryUp
	}
	right, left := b.midY(), b.midY()+exitDown
	below := b.bottom()
	first = true
	for _, a := range b.out {
		switch a.side {
		case toRight:
			if !first {
				right += rowGap + a.above()
			}
			a.row, first = right, false
			if a.to.keeper == b {
				a.to.y = right - a.to.h/2
				a.to.enter = right
				right = a.to.bottom()
			}
			below = max(below, right)
		case toLeft:
			left += a.labelHeight() + rowGap
			a.row = left
			below = max(below, left)
		case toNext: // has no row: it runs down
		}
	}
	return below
}

// above returns the height that an arrow to a final state needs above its row.
func (a *arrow) above() int {
	room := a.labelHeight() + labelUp
	if a.to.keeper == a.from {
		room = max(room, a.to.h/2)
	}
	return room
}

// placeError places the error state below the left column, right above the picture's lower end if there is room.
func (p *picture) placeError(below int) {
	b := p.apart
	if b == nil {
		return
	}
	b.y = max(below-b.h, margin)
	if n := len(p.spine); n > 0 {
		last := p.spine[n-1]
		free := last.bottom()
		for _, a := range last.out {
			if a.side == toLeft {
				free = max(free, a.row)
			}
		}
		b.y = max(b.y, free+stateGap/2)
	}
	p.h = max(p.h, b.bottom()+margin)
}

// routes computes the paths of the arrows and the positions of their labels.
func (p *picture) routes() {
	for _, a := range p.arrows {
		from, to := a.from, a.to
		switch a.side {
		case toNext:
			x := from.midX()
			a.path = []point{{x, from.bottom()}, {x, to.y}}
			a.at = point{x + beside, a.row}
		case toRight:
			trunk := from.right() + stub
			a.path = []point{{from.right(), from.midY()}, {trunk, from.midY()}, {trunk, a.row}}
			if to.keeper != from {
				lane := p.laneX + (to.lead-1)*laneWidth
				a.path = append(a.path, point{lane, a.row}, point{lane, to.enter})
			}
			a.path = append(a.path, point{to.x, to.enter})
			a.at = a.aboveRow(p.labelX)
		case toLeft:
			lane := p.leftLaneX + (to.lead-1)*laneWidth
			exit := from.midY() + exitDown
			a.path = []point{{from.x, exit}, {p.trunk, exit}, {p.trunk, a.row}, {lane, a.row}, {lane, to.enter}, {to.x, to.enter}}
			a.at = a.aboveRow(p.leftX)
		}
		a.path = straighten(a.path)
	}
}

// aboveRow returns where the first label of an arrow starts, for labels that end above its row.
func (a *arrow) aboveRow(x int) point {
	return point{x, a.row - labelUp - (len(a.labels)-1)*labelLine}
}

// straighten removes the points at which a path does not turn.
func straighten(path []point) []point {
	kept := path[:1]
	for i := 1; i < len(path); i++ {
		last := kept[len(kept)-1]
		if path[i] == last {
			continue
		}
		if i+1 < len(path) {
			next := path[i+1]
			if (last.x == path[i].x && next.x == last.x) || (last.y == path[i].y && next.y == last.y) {
				continue
			}
		}
		kept = append(kept, path[i])
	}
	return kept
}
