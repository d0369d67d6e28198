package availability

import (
	"fmt"
	"math/bits"
	"time"
)

// Constraints are rules for time, as ParseConstraints reads them; none at all allow everything.
type Constraints []Constraint

// Constraint is one rule. It is comparable.
type Constraint struct {
	name  string    // as Timekit has it: allow_hours, block_period, …
	block bool      // takes time away, instead of allowing it
	dim   dimension // what the rule is about
	days  days      // on which its hours begin; not for periods
	hours [2]int64  // wall time since midnight, the end exclusive; an end not after the start is of the next day
	begin bound     // of a period
	end   bound
}

// dimension is what a rule is about. Rules that allow widen each other within one dimension; dimensions narrow each
// other.
type dimension int

const (
	byDay dimension = iota
	byHours
	byDayAndTime
	byPeriod
	dimensions
)

// days is a set of weekdays: bit 0 is Sunday.
type days uint8

const (
	weekends days = 1<<time.Saturday | 1<<time.Sunday
	anyDay   days = 1<<7 - 1
	weekdays days = anyDay &^ weekends
)

func (d days) has(w time.Weekday) bool { return d&(1<<w) != 0 }

// bound is one end of a period: an instant, or a wall time of whatever zone the rule is read in.
type bound struct {
	text string
	at   int64
	wall bool
}

// String writes the rule in one line, such as "allow_hours 09:00–17:00".
func (c Constraint) String() string {
	day := time.Weekday(bits.TrailingZeros8(uint8(c.days)))
	hours := clock(c.hours[0]) + "–" + clock(c.hours[1])
	switch {
	case c.dim == byPeriod:
		return c.name + " " + c.begin.text + " – " + c.end.text
	case c.dim == byHours:
		return c.name + " " + hours
	case c.dim == byDayAndTime:
		return c.name + " " + day.String() + " " + hours
	case bits.OnesCount8(uint8(c.days)) == 1:
		return c.name + " " + day.String()
	}
	return c.name
}

func clock(wall int64) string { return fmt.Sprintf("%02d:%02d", wall/hour, wall%hour/minute) }

// on appends what the rule covers of a weekday, in wall time since its midnight.
func (c Constraint) on(w time.Weekday, cover []stretch) []stretch {
	from, to := c.hours[0], c.hours[1]
	if from < to {
		if c.days.has(w) {
			cover = append(cover, stretch{from, to})
		}
		return cover
	}
	if c.days.has((w + 6) % 7) {
		cover = append(cover, stretch{0, to})
	}
	if c.days.has(w) {
		cover = append(cover, stretch{from, day})
	}
	return cover
}

// during is what a period covers of a segment, in instants; nothing if from is not before to.
func (c Constraint) during(s segment) stretch {
	return stretch{max(s.from, c.begin.instant(s)), min(s.to, c.end.instant(s))}
}

func (b bound) instant(s segment) int64 {
	if b.wall {
		return b.at - s.offset
	}
	return b.at
}
