package strictjson

import "strings"

// Closest is the known name that an unknown one is likely to be a misspelling of; "" for none. It counts letters that are
// missing, too many, wrong or swapped: one in a short name, two in others. A name that is a whole part of a known one
// ("constraints" of "availability_constraints"), and one that is written without its underscores, count too.
func Closest(name string, known []string) string {
	best, least := "", 3
	for _, other := range known {
		allowed := 2
		if min(len(name), len(other)) <= 5 {
			allowed = 1
		}
		if n := distance(name, other); n <= allowed && n < least {
			best, least = other, n
		}
	}
	if best != "" {
		return best
	}
	for _, other := range known {
		if joined(name) == joined(other) || len(name) > 5 && strings.HasSuffix(other, "_"+name) {
			return other
		}
	}
	return ""
}

// joined is a name without case and underscores.
func joined(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

// distance counts the single letters to change between two names; two neighbours that are swapped count once.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
