// Package assign chooses whose time a booking takes, of those in a pool: the resources of a project. The functions are pure: the clock, the
// counts and the seed are arguments, so the same choice comes out whenever it is repeated.
package assign

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
)

// Assign says how the resource of a booking is chosen.
type Assign struct {
	Strategy Strategy       `json:"strategy"`           // "" = nobody is chosen: a booking names its resource
	Weights  map[string]int `json:"weights,omitempty"`  // by the id of the resource; 1 for one that is not listed
	Window   string         `json:"window,omitempty"`   // how far back is counted, such as "P30D"; "" = UsualWindow
	Count    Count          `json:"count,omitempty"`    // "" = bookings
	CatchUp  *bool          `json:"catch_up,omitempty"` // whether who could not be chosen is made up for it later; nil = true
}

// Strategy is a way to choose.
type Strategy string

// The strategies. Ties go to who has waited longest, then to the lower id.
const (
	Fair        Strategy = "fair"         // the furthest behind its share by weight
	LeastBusy   Strategy = "least_busy"   // the fewest bookings or minutes in the window
	LongestIdle Strategy = "longest_idle" // who was chosen the longest time ago
	Priority    Strategy = "priority"     // the first in the project's order
	Random      Strategy = "random"       // by lot, drawn from the id of the booking; the chances are the weights
	SameAsLast  Strategy = "same_as_last" // whom the customer had last in this pool, else as Fair
)

// Strategies are all of them.
var Strategies = []Strategy{Fair, LeastBusy, LongestIdle, Priority, Random, SameAsLast}

// Count is what counts.
type Count string

// What is counted.
const (
	Bookings Count = "bookings"
	Minutes  Count = "minutes"
)

// The bounds of what can be set, and what holds where nothing is.
const (
	UsualWindow = "P30D"
	maxDays     = 366
	maxWeight   = 1000
	maxWeights  = 1000
)

// Chooses reports whether somebody is chosen: with a strategy. A nil Assign chooses nobody.
func Chooses(a *Assign) bool { return a != nil && a.Strategy != "" }

// CatchesUp reports whether who could not be chosen is made up for it later.
func (a Assign) CatchesUp() bool { return a.CatchUp == nil || *a.CatchUp }

// WindowDays returns how many times 24 hours are counted back.
func (a Assign) WindowDays() int {
	text := a.Window
	if text == "" {
		text = UsualWindow
	}
	days, _ := parseDays(text) // checked when it was written
	return days
}

// parseDays reads "P30D" or "P2W".
func parseDays(text string) (days int, ok bool) {
	for unit, length := range map[string]int{"D": 1, "W": 7} {
		digits, found := strings.CutSuffix(strings.TrimPrefix(text, "P"), unit)
		if n, err := strconv.Atoi(digits); found && err == nil && n > 0 && n*length <= maxDays && "P"+strconv.Itoa(n)+unit == text {
			return n * length, true
		}
	}
	return 0, false
}

// Check adds a problem for every field that makes no sense, or has no meaning for the strategy, by its name under the prefix. An empty
// Assign is good: it ends the choosing.
func (a Assign) Check(prefix string, problems fault.Problems) {
	unused := func(field string, set bool, with ...Strategy) {
		if set && !slices.Contains(with, a.Strategy) {
			problems.Add(prefix+"."+field, "has no meaning with this strategy, only with %v", with)
		}
	}
	switch {
	case a.Strategy != "" && !slices.Contains(Strategies, a.Strategy):
		problems.Add(prefix+".strategy", "must be one of %v", Strategies)
		return
	case a.Strategy == "" && (a.Weights != nil || a.Window != "" || a.Count != "" || a.CatchUp != nil):
		problems.Add(prefix+".strategy", "is required: one of %v", Strategies)
		return
	}
	unused("weights", a.Weights != nil, Fair, SameAsLast, Random)
	unused("window", a.Window != "", Fair, SameAsLast, LeastBusy)
	unused("count", a.Count != "", Fair, SameAsLast, LeastBusy)
	unused("catch_up", a.CatchUp != nil, Fair, SameAsLast, LeastBusy, LongestIdle)
	if _, ok := parseDays(a.Window); a.Window != "" && !ok {
		problems.Add(prefix+".window", "must be a number of days from P1D to P%dD, or of weeks such as P2W", maxDays)
	}
	if a.Count != "" && a.Count != Bookings && a.Count != Minutes {
		problems.Add(prefix+".count", "must be %s or %s", Bookings, Minutes)
	}
	a.checkWeights(prefix+".weights", problems)
}

func (a Assign) checkWeights(prefix string, problems fault.Problems) {
	if len(a.Weights) > maxWeights {
		problems.Add(prefix, "must be at most %d", maxWeights)
		return
	}
	for id, weight := range a.Weights {
		if known, err := uuid.Parse(id); err != nil || known.String() != id {
			problems.Add(prefix, "must be listed by the ids of resources, as they are written in answers; %.40q is none", id)
		}
		if weight < 1 || weight > maxWeight {
			problems.Add(prefix+"."+id, "must be a number from 1 to %d", maxWeight)
		}
	}
}

// Weighed returns the ids of the resources that have a weight of their own, in order. Texts that are no ids are left out.
func (a Assign) Weighed() (ids []uuid.UUID) {
	for text := range a.Weights {
		if id, err := uuid.Parse(text); err == nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// weight is that of a resource; 1 where the strategy has no weights.
func (a Assign) weight(id uuid.UUID) float64 {
	weighs := a.Strategy == Fair || a.Strategy == SameAsLast || a.Strategy == Random
	if weight := a.Weights[id.String()]; weighs && weight > 0 {
		return float64(weight)
	}
	return 1
}

// Assignment is who was chosen for a booking, how, and who was considered. It is kept with the booking.
type Assignment struct {
	Strategy Strategy `json:"strategy"`
	Picked   string   `json:"picked"` // the id of a resource
	// How is why nobody had to be chosen: Named or Kept; "" when the strategy chose.
	How        How          `json:"how,omitempty"`
	Considered []Considered `json:"considered"` // in the order of the strategy, at most MaxConsidered
}

// How says who decided, where it was not the strategy.
type How string

// The ways around the strategy.
const (
	Named How = "named" // the request named the resource
	Kept  How = "kept"  // the booking was moved, or was a hold, and keeps its resource
)

// MaxConsidered is how many resources an Assignment lists.
const MaxConsidered = 50

// Considered is a resource that could have been chosen.
type Considered struct {
	Resource string  `json:"resource_id"`
	Score    float64 `json:"score"` // by the strategy: see Rank
	WhyNot   string  `json:"why_not,omitempty"`
}

// Why a resource was not chosen. The codes of faults stand for themselves, such as limit_reached.
const (
	Busy       = "busy"        // its time is taken
	NotOffered = "not_offered" // it is not offered then
	Outranked  = "outranked"   // one that comes before it could be chosen
)

// At is a moment as the choice sees it, and what is to be booked.
type At struct {
	Now     time.Time
	Minutes int       // how long it is; one that has begun counts
	Seed    uuid.UUID // the id of the booking
	Last    uuid.UUID // whom the customer had last in this pool; the nil UUID for nobody
}
