package assign

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Candidate is a resource of a pool with what is counted for it within the window.
type Candidate struct {
	ID       uuid.UUID
	Position int // in the order of priority, from 1
	Bookings float64
	Minutes  float64
	Since    time.Time // when it was chosen the last time, or joined the pool
}

// Ranked is a candidate with its score.
type Ranked struct {
	Candidate

	Score float64
}

// Rank returns the pool in the order in which the strategy would choose if all of it were free. Scores are, by strategy:
//
//   - fair, same_as_last: how many bookings (of this one's length) it is behind its share, this one included;
//   - least_busy: what is counted for it;
//   - longest_idle: for how many seconds it has waited;
//   - priority: its position;
//   - random: its lot; the lowest wins.
func (a Assign) Rank(pool []Candidate, at At) []Ranked {
	keys := a.keys(pool, at)
	all := make([]int, len(pool))
	for i := range all {
		all[i] = i
	}
	slices.SortFunc(all, func(i, j int) int {
		return cmp.Or(
			slices.Compare(keys[i].order[:], keys[j].order[:]), pool[i].Since.Compare(pool[j].Since), compareIDs(pool[i].ID, pool[j].ID),
		)
	})
	ranked := make([]Ranked, 0, len(all))
	for _, i := range all {
		ranked = append(ranked, Ranked{pool[i], math.Round(keys[i].score*1000) / 1000})
	}
	return ranked
}

// key is what a candidate is sorted by, the lower first.
type key struct {
	order [3]float64
	score float64
}

func (a Assign) keys(pool []Candidate, at At) []key {
	switch a.Strategy {
	case Fair, SameAsLast:
		return a.fair(pool, at)
	case LeastBusy, LongestIdle, Priority, Random:
	}
	keys := make([]key, len(pool))
	for i, c := range pool {
		var by float64
		switch a.Strategy { //nolint:exhaustive // the two others are above
		case LeastBusy:
			by = a.counted(c)
		case Priority:
			by = float64(c.Position)
		case Random:
			by = lot(at.Seed, c.ID) / a.weight(c.ID)
		}
		keys[i] = key{[3]float64{by}, by}
		if a.Strategy == LongestIdle {
			keys[i].score = at.Now.Sub(c.Since).Seconds() // ties are broken by Since
		}
	}
	return keys
}

// counted is what counts of a candidate.
func (a Assign) counted(c Candidate) float64 {
	if a.Count == Minutes {
		return c.Minutes
	}
	return c.Bookings
}

// precision is what scores are rounded to before they are compared: two sums of the same numbers are equal in any order.
const precision = 1e-9

func rounded(x float64) float64 { return math.Round(x/precision) * precision }

// fair orders a pool by Tijdeman's rule for the chairman assignment problem (Discrete Mathematics 32, 1980), which keeps everybody within
// one booking of their share at every moment, whatever the weights. Of those whose turn may come, it takes the one whose latest moment
// comes first. The rule that takes who has the lowest count by weight does not: at first it passes by who has a large weight.
func (a Assign) fair(pool []Candidate, at At) []key {
	amount, total, weights := 1.0, 0.0, 0.0
	if a.Count == Minutes {
		amount = float64(max(at.Minutes, 1))
	}
	for _, c := range pool {
		total += a.counted(c)
		weights += a.weight(c.ID)
	}
	margin := 0.0
	if len(pool) > 1 {
		margin = 1 / float64(2*len(pool)-2)
	}
	keys := make([]key, len(pool))
	for i, c := range pool {
		share := a.weight(c.ID) / weights
		behind := (share*(total+amount) - a.counted(c)) / amount
		k := key{[3]float64{1, 1, rounded(-behind)}, behind}
		if behind >= margin-precision {
			k.order = [3]float64{1, 0, rounded((1 - margin - behind) / share)}
		}
		if a.Strategy == SameAsLast && c.ID == at.Last {
			k.order[0] = 0
		}
		keys[i] = k
	}
	return keys
}

// lot draws a number greater than 0 for a candidate, from an exponential distribution: who divides it by the weights and takes the lowest
// chooses with the weights as chances.
func lot(seed, id uuid.UUID) float64 {
	sum := sha256.Sum256(append(seed[:], id[:]...))
	return -math.Log((float64(binary.BigEndian.Uint64(sum[:8])>>11) + 0.5) / (1 << 53))
}

// Lift says how a newcomer begins at the lowest share of the others: it is counted for so many times what the candidate like has, in
// bookings and in minutes, on the same days. 0 when it has that already, or there are no others.
func (a Assign) Lift(newcomer Candidate, others []Candidate) (like uuid.UUID, times float64) {
	lowest := -1
	share := func(c Candidate) float64 { return rounded(a.counted(c) / a.weight(c.ID)) }
	for i, c := range others {
		if lowest < 0 || cmp.Or(cmp.Compare(share(c), share(others[lowest])), compareIDs(c.ID, others[lowest].ID)) < 0 {
			lowest = i
		}
	}
	if lowest < 0 || share(others[lowest]) <= share(newcomer) {
		return uuid.Nil, 0
	}
	own := a.counted(others[lowest])
	return others[lowest].ID, (own/a.weight(others[lowest].ID)*a.weight(newcomer.ID) - a.counted(newcomer)) / own
}
