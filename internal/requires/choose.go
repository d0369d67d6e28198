package requires

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Choice is a resource that there is and that can have a part.
type Choice struct {
	Part int       `json:"part"` // the position in AllOf
	ID   uuid.UUID `json:"id"`
	Zone string    `json:"zone"` // the IANA name of its time zone
}

// Place is what one resource takes in a booking. A part of n resources has n places.
type Place struct {
	Part   int
	Role   string
	Name   string // its role, or its number from 1 on
	Offset time.Duration
	Length time.Duration // 0 until the booking's end
	From   []uuid.UUID   // who can have it, in the order of preference
}

// Times are when the place is taken, in a booking of a time.
func (p Place) Times(start, end time.Time) (from, to time.Time) {
	from, to = start.Add(p.Offset), end
	if p.Length > 0 {
		to = from.Add(p.Length)
	}
	return from, to
}

// Places returns the places of all parts, in order, with the choices that there are.
func (r *Requires) Places(choices []Choice) (all []Place) {
	for i := range r.AllOf {
		p := &r.AllOf[i]
		place := Place{Part: i, Role: p.Role, Offset: p.Offset.Of(), Length: p.Length.Of()}
		for _, c := range choices {
			if c.Part == i && !slices.Contains(place.From, c.ID) {
				place.From = append(place.From, c.ID)
			}
		}
		for range p.count() {
			place.Name = cmp.Or(p.Role, fmt.Sprintf("part %d", len(all)+1))
			all = append(all, place)
		}
	}
	return all
}

// Resources returns all that can have one of the places, each once.
func Resources(places []Place) (all []uuid.UUID) {
	for _, p := range places {
		for _, id := range p.From {
			if !slices.Contains(all, id) {
				all = append(all, id)
			}
		}
	}
	return all
}

// Match gives every place somebody who can have it, nobody two places, and returns them in the order of the places. from lists who is asked
// for each place; who comes first is preferred, where that leaves the other places theirs. lacking are the places that go without; with
// some, there is no way to give all of them.
func Match[ID comparable](from [][]ID, free func(place int, id ID) bool) (picks []ID, lacking []int) {
	m := matching[ID]{from: from, free: free, has: map[ID]int{}}
	for i := range from {
		if !m.seat(i, map[ID]bool{}) {
			lacking = append(lacking, i)
		}
	}
	picks = make([]ID, len(from))
	for id, i := range m.has {
		picks[i] = id
	}
	return picks, lacking
}

// Choose gives every place a resource that can have it, no resource two places, and returns them in the order of the places. Who comes
// first in a place's list is preferred, where that leaves the other places theirs. When it is not possible it returns nil and the names
// of parts that go without, each once. free says who can have a place.
func Choose(places []Place, free func(place int, id uuid.UUID) bool) (picks []uuid.UUID, missing []string) {
	from := make([][]uuid.UUID, len(places))
	for i := range places {
		from[i] = places[i].From
	}
	picks, lacking := Match(from, free)
	for _, i := range lacking {
		if !slices.Contains(missing, places[i].Name) {
			missing = append(missing, places[i].Name)
		}
	}
	if len(missing) > 0 {
		return nil, missing
	}
	return picks, nil
}

// matching gives places to resources by augmenting paths: who has a place gives it to another one where there is one.
type matching[ID comparable] struct {
	from [][]ID
	free func(place int, id ID) bool
	has  map[ID]int
}

func (m *matching[ID]) seat(place int, asked map[ID]bool) bool {
	for _, vacant := range []bool{true, false} { // nobody is moved while somebody is idle
		for _, id := range m.from[place] {
			other, taken := m.has[id]
			if taken == vacant || asked[id] || !m.free(place, id) {
				continue
			}
			if asked[id] = true; vacant || m.seat(other, asked) {
				m.has[id] = place
				return true
			}
		}
	}
	return false
}

// Rotated begins each place's list elsewhere, so that a crowd spreads. Who is preferred for a place stays in front of its list, and those
// who are preferred for other places come last: so each keeps its place as far as it can. preferred is by place; nil for nobody.
func Rotated(places []Place, by uint64, preferred []uuid.UUID) []Place {
	all := slices.Clone(places)
	for i := range all {
		from := all[i].From
		if len(from) == 0 {
			continue
		}
		at := int(by % uint64(len(from))) //nolint:gosec // less than a length
		from = slices.Concat(from[at:], from[:at])
		slices.SortStableFunc(from, func(a, b uuid.UUID) int { return rank(i, a, preferred) - rank(i, b, preferred) })
		all[i].From = from
	}
	return all
}

func rank(place int, id uuid.UUID, preferred []uuid.UUID) int {
	switch slices.Index(preferred, id) {
	case -1:
		return 1
	case place:
		return 0
	}
	return 2
}
