package assign

import (
	"slices"

	"github.com/google/uuid"
)

// Selection is a choice being made: the ranked pool, and why those cannot be chosen who cannot.
type Selection struct {
	assign Assign
	ranked []Ranked
	whyNot map[uuid.UUID]string
}

// Select ranks a pool. whyNot says of those who cannot be chosen why; it is changed by Exclude.
func (a Assign) Select(pool []Candidate, at At, whyNot map[uuid.UUID]string) *Selection {
	return &Selection{a, a.Rank(pool, at), whyNot}
}

// First returns who is chosen as things stand: the first who can be; false when nobody is left.
func (s *Selection) First() (uuid.UUID, bool) {
	for _, c := range s.ranked {
		if s.whyNot[c.ID] == "" {
			return c.ID, true
		}
	}
	return uuid.Nil, false
}

// Assignment returns the choice of a resource as it is kept with the booking. One that is not in the pool, which only a booking that keeps
// its resource can have, is not listed.
func (s *Selection) Assignment(picked uuid.UUID, how How) *Assignment {
	all := []Considered{}
	for _, c := range s.ranked {
		why := s.whyNot[c.ID]
		switch {
		case c.ID == picked:
			why = ""
		case why == "":
			why = Outranked
		}
		all = append(all, Considered{c.ID.String(), c.Score, why})
	}
	if at := slices.IndexFunc(all, func(c Considered) bool { return c.Resource == picked.String() }); at >= MaxConsidered {
		all[MaxConsidered-1] = all[at]
	}
	return &Assignment{s.assign.Strategy, picked.String(), how, all[:min(len(all), MaxConsidered)]}
}

// Skipped returns who is counted for the booking as if it were theirs: those who would have been chosen but could not be, where nobody
// is made up for that later.
func (s *Selection) Skipped(picked uuid.UUID) (all []uuid.UUID) {
	if s.assign.CatchesUp() {
		return nil
	}
	for _, c := range s.ranked {
		if c.ID == picked {
			break
		}
		all = append(all, c.ID)
	}
	return all
}
