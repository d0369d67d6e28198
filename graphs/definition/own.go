package definition

import (
	"fmt"
	"time"

	"holdfast/graphs"
)

// Bounds of a tenant's own graphs. They are narrower than those of package graphs.
const (
	MaxBytes  = 64 << 10
	maxStates = 40
	maxArrows = 200
	leastTime = graphs.Duration(time.Second)
	mostTime  = graphs.Duration(400 * 24 * time.Hour)
)

// CheckOwn reads a tenant's own graph as Parse does, and holds it to the bounds of such graphs. A text of more than MaxBytes is not
// read. A name that is reserved is a fault; reserved may be nil. The graph is nil if there are faults.
func CheckOwn(text []byte, reserved func(name string) bool) (*graphs.Graph, []graphs.Fault) {
	if len(text) > MaxBytes {
		return nil, []graphs.Fault{{Text: fmt.Sprintf("the text has %d bytes, at most %d are allowed", len(text), MaxBytes)}}
	}
	g, faults := read(text)
	if faults != nil {
		return nil, faults
	}
	o := own{faults: g.Faults()}
	if reserved != nil && reserved(g.Name) {
		o.fault("name", "graph name %q is reserved", g.Name)
	}
	o.checkSizes(g)
	o.checkTimes(g)
	if o.faults != nil {
		return nil, o.faults
	}
	return g, nil
}

// own collects the faults of a tenant's own graph.
type own struct{ faults []graphs.Fault }

func (o *own) fault(at, format string, args ...any) {
	o.faults = append(o.faults, graphs.Fault{Path: at, Text: fmt.Sprintf(format, args...)})
}

func (o *own) checkSizes(g *graphs.Graph) {
	if n := len(g.States); n > maxStates {
		o.fault("states", "a graph of one's own has at most %d states, not %d", maxStates, n)
	}
	arrows := 0
	for _, s := range g.States {
		arrows += len(s.Actions)
	}
	if arrows > maxArrows {
		o.fault("states", "a graph of one's own has at most %d actions, not %d", maxArrows, arrows)
	}
}

// checkTimes bounds every length of a graph. A timer that counts from entering its state takes a second at least, so that no booking
// moves by timers faster than that.
func (o *own) checkTimes(g *graphs.Graph) {
	for i, s := range g.States {
		for k, t := range s.Timers {
			at := fmt.Sprintf("states[%d].timers[%d]", i, k)
			if len(t.Any) == 0 {
				o.checkTime(at+".min", t.Min, t.From)
				o.checkTime(at+".after", t.After, t.From)
				o.checkTime(at+".max", t.Max, t.From)
			}
			o.checkMoments(at+".any", t.Any, true)
			o.checkMoments(at+".no_later_than", t.NoLaterThan, true)
		}
		for k, a := range s.Actions {
			at := fmt.Sprintf("states[%d].actions[%d]", i, k)
			o.checkMoments(at+".not_before", a.NotBefore, false)
			o.checkMoments(at+".until", a.Until, false)
			for n, guard := range a.When {
				for field, d := range map[string]*graphs.Duration{"before_start": guard.BeforeStart, "after_end": guard.AfterEnd} {
					if d != nil {
						o.checkTime(fmt.Sprintf("%s.when[%d].%s", at, n, field), *d, graphs.FromStart)
					}
				}
			}
		}
	}
}

// checkMoments bounds moments: those of timers, and those between which an action is open.
func (o *own) checkMoments(at string, moments []graphs.Moment, timers bool) {
	for i, m := range moments {
		from := m.From
		if !timers {
			from = graphs.FromStart
		}
		o.checkTime(fmt.Sprintf("%s[%d]", at, i), max(m.After, m.Before), from)
	}
}

func (o *own) checkTime(at string, d graphs.Duration, from graphs.From) {
	least := graphs.Duration(0)
	if from == graphs.FromEntered {
		least = leastTime
	}
	if d < least || d > mostTime {
		o.fault(at, "must lie between %s and %s in a graph of one's own", least, mostTime)
	}
}
