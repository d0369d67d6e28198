package availability

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Mode is how the free time of several resources becomes slots.
//
// Without a Length the offers are stretches: with Mutual those in which all are free, otherwise each longest stretch in
// which the resources to be named stay the same.
type Mode string

// The modes.
const (
	// Mutual offers what all resources have free. The points are those of the first resource, in its zone; without
	// Query.RoundToHour they are packed into the time that all have free.
	Mutual Mode = "mutual"
	// Exclusive offers what any resource has free and names all that have it. Any unknown mode is this one.
	Exclusive Mode = "exclusive"
	// RoundRobinRandom names one resource for each start: the first that is free, in an order that is shuffled once for
	// the whole answer.
	RoundRobinRandom Mode = "roundrobin_random"
	// RoundRobinPrioritized is the same in the order of the query.
	RoundRobinPrioritized Mode = "roundrobin_prioritized"
)

// Modes returns all modes.
func Modes() []Mode {
	return []Mode{Mutual, Exclusive, RoundRobinRandom, RoundRobinPrioritized}
}

// ParseMode returns the mode of that name; an error names all modes.
func ParseMode(text string) (Mode, error) {
	if mode := Mode(text); slices.Contains(Modes(), mode) {
		return mode, nil
	}
	return "", fmt.Errorf("must be one of %s, %s, %s, %s", Mutual, Exclusive, RoundRobinRandom, RoundRobinPrioritized)
}

// precedence is the order in which resources are tried for a slot.
func (q *Query) precedence() []int {
	if q.Mode == RoundRobinRandom {
		return rand.New(rand.NewPCG(q.Seed, 0)).Perm(len(q.Resources)) //nolint:gosec // it is fairness, not a secret
	}
	return q.inOrder()
}

func (q *Query) inOrder() []int {
	order := make([]int, len(q.Resources))
	for i := range order {
		order[i] = i
	}
	return order
}

// choose names, of the resources that have a slot, in order of precedence, those to be offered with it.
func (q *Query) choose(have []int) []int {
	have = q.enough(have)
	if len(have) > 1 && q.roundRobin() {
		return have[:1]
	}
	return have
}

// mutual reports whether slots are those that all resources have.
func (q *Query) mutual() bool { return q.Mode == Mutual && len(q.Needs) == 0 }

// roundRobin reports whether each start names one resource only.
func (q *Query) roundRobin() bool {
	return q.Mode == RoundRobinRandom || q.Mode == RoundRobinPrioritized
}

// enough returns the resources that have a slot if they are enough to offer it, else none.
func (q *Query) enough(have []int) []int {
	if q.mutual() && len(have) < len(q.Resources) {
		return nil
	}
	return have
}
