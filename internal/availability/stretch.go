package availability

import (
	"cmp"
	"slices"
)

// stretch is a half-open range of instants, or of wall time. A list of stretches is in order, and its members neither
// overlap nor touch nor are empty; every function here takes and returns such lists, but for join, which makes one.
type stretch struct{ from, to int64 }

// join makes a list of stretches in any order; it reuses the memory.
func join(loose []stretch) []stretch {
	byFrom := func(a, b stretch) int { return cmp.Compare(a.from, b.from) }
	if !slices.IsSortedFunc(loose, byFrom) {
		slices.SortFunc(loose, byFrom)
	}
	list := loose[:0]
	for _, s := range loose {
		list = extend(list, s)
	}
	return list
}

// extend adds a stretch that begins no earlier than the last one of the list.
func extend(list []stretch, s stretch) []stretch {
	if s.from >= s.to {
		return list
	}
	if last := len(list) - 1; last >= 0 && s.from <= list[last].to {
		list[last].to = max(list[last].to, s.to)
		return list
	}
	return append(list, s)
}

// intersect returns what both lists have.
func intersect(a, b []stretch) []stretch {
	var both []stretch
	for len(a) > 0 && len(b) > 0 {
		both = extend(both, stretch{max(a[0].from, b[0].from), min(a[0].to, b[0].to)})
		if a[0].to < b[0].to {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return both
}

// subtract returns what the first list has and the second has not.
func subtract(a, b []stretch) []stretch {
	rest := make([]stretch, 0, len(a)+len(b))
	for _, s := range a {
		for len(b) > 0 && b[0].to <= s.from {
			b = b[1:]
		}
		for _, hole := range b {
			if hole.from >= s.to {
				break
			}
			rest = extend(rest, stretch{s.from, hole.from})
			s.from = hole.to
		}
		rest = extend(rest, s)
	}
	return rest
}

// covers reports whether the list contains a stretch that is not empty.
func covers(list []stretch, s stretch) bool {
	i, _ := slices.BinarySearchFunc(list, s.to, func(l stretch, to int64) int { return cmp.Compare(l.to, to) })
	return i < len(list) && list[i].from <= s.from
}
