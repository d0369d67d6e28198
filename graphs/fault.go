package graphs

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// shown is how many bytes of a text a fault repeats.
const shown = 80

// Fault is one thing that is wrong with a graph.
type Fault struct {
	Path string // where in the JSON it stands, such as states[3].actions[1].when[0]; empty for the graph as a whole
	Text string
}

// Error returns the place and the text.
func (f Fault) Error() string {
	if f.Path == "" {
		return f.Text
	}
	return f.Path + ": " + f.Text
}

// Validate returns the Faults of a graph as one joined error; nil for a valid graph.
func (g *Graph) Validate() error {
	var all []error
	for _, fault := range g.Faults() {
		all = append(all, fault)
	}
	return errors.Join(all...)
}

// Faults returns all that is wrong with a graph, part by part; nil for a valid graph. Of a graph that exceeds a size, it returns the
// faults of size only. In a valid graph names are unique, every state but ErrorState can be reached from the initial state, a final
// state can be reached from every state, every timer has its action and a moment that every booking has, timers and effects alone form
// no cycle, what an effect plays is an action of the state that it follows, payments that are opened can move the booking, what they hold
// can be captured or voided, the actions of final states end at some moment, and ErrorState has no actions in or out.
func (g *Graph) Faults() []Fault {
	v := &validator{g: g}
	if v.checkSizes(); v.faults == nil {
		v.checkHead()
		v.checkError()
		v.checkStates()
		v.checkSwitches()
		v.checkPaths()
		checkPayments(v)
	}
	return v.faults
}

type validator struct {
	g      *Graph
	faults []Fault
}

// fault records one fault at a place. Arguments that are texts are truncated to 80 bytes.
func (v *validator) fault(at, format string, args ...any) {
	for i, arg := range args {
		if text, ok := arg.(string); ok && len(text) > shown {
			args[i] = strings.ToValidUTF8(text[:shown], "") + "…"
		}
	}
	v.faults = append(v.faults, Fault{at, fmt.Sprintf(format, args...)})
}

// stateAt returns the place of a state.
func stateAt(i int) string { return entry("states", i) }

// entry returns the place of an entry of a list.
func entry(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }
