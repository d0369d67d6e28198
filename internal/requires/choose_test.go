package requires

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
)

func id(n int) uuid.UUID { return uuid.UUID{15: byte(n)} }

func parsed(t *testing.T, text string) *Requires {
	t.Helper()
	var r Requires
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

func TestCheck(t *testing.T) {
	t.Parallel()
	one := id(1).String()
	many := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, `"`+id(i+1).String()+`"`)
		}
		return strings.Join(all, ",")
	}
	for text, field := range map[string]string{
		`{"all_of":[{"resource":"` + one + `","role":"doctor"}]}`:                                                           "",
		`{"all_of":[{"pool":"` + one + `"},{"any_of":{"n":2,"from":[` + many(3) + `]},"offset":"-PT15M","length":"PT1H"}]}`: "",
		`{"all_of":[{"any_of":{"n":8,"from":[` + many(20) + `]}}]}`:                                                         "",
		`{"all_of":[{"any_of":{"n":3,"from":[` + many(3) + `]}}]}`:                                                          "",
		`{"all_of":[{"any_of":{"from":[` + many(1) + `]}}]}`:                                                                "",
		`{"all_of":[{"pool":"` + one + `","role":"` + strings.Repeat("ä", 60) + `"}]}`:                                      "",
		`{"all_of":[{"pool":"` + one + `"},{"pool":"` + one + `","length":"PT0M"}]}`:                                        "requires.all_of.1.length",
		`{"all_of":[{"resource":"` + id(99).String() + `"},{"any_of":{"from":[` + many(20) + `]}}]}`:                        "requires",
		`{}`:              "requires.all_of",
		`{"all_of":[{}]}`: "requires.all_of.0",
		`{"all_of":[{"resource":"` + one + `","pool":"` + one + `"}]}`:                    "requires.all_of.0",
		`{"all_of":[{"resource":"` + one + `","offset":"PT1M"}]}`:                         "requires.all_of.0",
		`{"all_of":[{"resource":"` + one + `","length":"PT1M"}]}`:                         "requires.all_of.0",
		`{"all_of":[{"resource":"r1"}]}`:                                                  "requires.all_of.0.resource",
		`{"all_of":[{"pool":"rooms"}]}`:                                                   "requires.all_of.0.pool",
		`{"all_of":[{"any_of":{"from":[]}}]}`:                                             "requires.all_of.0.any_of",
		`{"all_of":[{"any_of":{"n":4,"from":[` + many(3) + `]}}]}`:                        "requires.all_of.0.any_of",
		`{"all_of":[{"any_of":{"n":-1,"from":[` + many(3) + `]}}]}`:                       "requires.all_of.0.any_of",
		`{"all_of":[{"any_of":{"from":["` + one + `","` + one + `"]}}]}`:                  "requires.all_of.0.any_of.from",
		`{"all_of":[{"any_of":{"from":[` + many(21) + `]}}]}`:                             "requires",
		`{"all_of":[{"pool":"` + one + `"},{"any_of":{"n":8,"from":[` + many(8) + `]}}]}`: "requires",
		`{"all_of":[{"pool":"` + one + `","role":"` + strings.Repeat("ä", 61) + `"}]}`:    "requires.all_of.0.role",
	} {
		problems := fault.Problems{}
		parsed(t, text).Check("requires", problems)
		if _, found := problems[field]; found != (field != "") || field == "" && len(problems) > 0 {
			t.Errorf("%s: %v, want a problem with %q", text, problems, field)
		}
	}
}

// TestIDs are those that are named, of each kind; what is no UUID is left to Check.
func TestIDs(t *testing.T) {
	t.Parallel()
	r := parsed(t, `{"all_of":[{"resource":"`+id(1).String()+`"},{"any_of":{"from":["`+id(2).String()+`","no id"]}},{"pool":"`+id(3).String()+`"},{"pool":"none"}]}`)
	resources, pools := r.IDs()
	if !slices.Equal(resources, []uuid.UUID{id(1), id(2)}) || !slices.Equal(pools, []uuid.UUID{id(3)}) {
		t.Errorf("resources %v, pools %v", resources, pools)
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"PT15M"`: `"PT15M"`, `"-PT15M"`: `"-PT15M"`, `"PT75M"`: `"PT1H15M"`, `"-PT60M"`: `"-PT1H"`, `"PT24H"`: `"PT24H"`, `"PT0M"`: `"PT0M"`,
	} {
		var s Span
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if shown, _ := json.Marshal(s); string(shown) != want {
			t.Errorf("%s is shown as %s, want %s", text, shown, want)
		}
	}
	for _, text := range []string{`15`, `""`, `"-"`, `"--PT1M"`, `"P1D"`, `"PT30S"`, `"PT24H1M"`, `"P1M"`, `null1`} {
		var s Span
		if json.Unmarshal([]byte(text), &s) == nil {
			t.Errorf("%s was read as %v", text, time.Duration(s))
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	r := parsed(t, `{"all_of":[{"pool":"`+id(9).String()+`","role":"doctor"},
		{"any_of":{"n":2,"from":["`+id(3).String()+`","`+id(4).String()+`"]},"offset":"-PT15M","length":"PT1H"}]}`)
	all := r.Places([]Choice{{0, id(2), ""}, {0, id(1), ""}, {1, id(4), ""}, {1, id(3), ""}})
	if len(all) != 3 || all[1].Part != 1 || all[2].Part != 1 || !slices.Equal(all[0].From, []uuid.UUID{id(2), id(1)}) {
		t.Fatalf("places %+v", all)
	}
	if all[0].Name != "doctor" || all[2].Name != "part 3" {
		t.Errorf("names %q and %q", all[0].Name, all[2].Name)
	}
	start := time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)
	if from, to := all[0].Times(start, start.Add(2*time.Hour)); !from.Equal(start) || !to.Equal(start.Add(2*time.Hour)) {
		t.Errorf("the first place is taken from %s to %s", from, to)
	}
	if from, to := all[1].Times(start, start.Add(2*time.Hour)); !from.Equal(start.Add(-15*time.Minute)) || !to.Equal(start.Add(45*time.Minute)) {
		t.Errorf("the second place is taken from %s to %s", from, to)
	}
}

// TestResourcesAreNamedOnce, in the order of the places, although several places can have them.
func TestResourcesAreNamedOnce(t *testing.T) {
	t.Parallel()
	got := Resources([]Place{{From: []uuid.UUID{id(2), id(1)}}, {From: []uuid.UUID{id(1), id(3), id(2)}}, {}})
	if want := []uuid.UUID{id(2), id(1), id(3)}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestChooseAgainstAllAssignments compares the choice with a walk through every assignment.
func TestChooseAgainstAllAssignments(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 7))
	for round := range 3000 {
		places := make([]Place, 1+random.IntN(4))
		for i := range places {
			places[i].Name = fmt.Sprint(i)
			for _, n := range random.Perm(5)[:random.IntN(6)] {
				places[i].From = append(places[i].From, id(n))
			}
		}
		busy := map[[2]int]bool{}
		for range random.IntN(8) {
			busy[[2]int{random.IntN(len(places)), random.IntN(5)}] = true
		}
		free := func(place int, who uuid.UUID) bool { return !busy[[2]int{place, int(who[15])}] }
		turned := Rotated(places, random.Uint64(), nil)
		picks, missing := Choose(turned, free)
		if possible := assignable(places, free, 0, map[uuid.UUID]bool{}); possible != (picks != nil) || possible == (len(missing) > 0) {
			t.Fatalf("round %d: %v with %v busy: chosen %v, missing %v, possible %v", round, places, busy, picks, missing, possible)
		}
		seen := map[uuid.UUID]bool{}
		for i, who := range picks {
			if seen[who] || !free(i, who) || !slices.Contains(places[i].From, who) {
				t.Fatalf("round %d: %v cannot have place %d of %v", round, who, i, places)
			}
			seen[who] = true
		}
	}
}

func assignable(places []Place, free func(int, uuid.UUID) bool, at int, used map[uuid.UUID]bool) bool {
	if at == len(places) {
		return true
	}
	for _, who := range places[at].From {
		if used[who] || !free(at, who) {
			continue
		}
		used[who] = true
		if assignable(places, free, at+1, used) {
			return true
		}
		delete(used, who)
	}
	return false
}

func TestPreferredAreKept(t *testing.T) {
	t.Parallel()
	places := []Place{{Name: "a", From: []uuid.UUID{id(1), id(2), id(3)}}, {Name: "b", From: []uuid.UUID{id(1), id(2), id(3)}}}
	for by := range uint64(6) {
		picks, _ := Choose(Rotated(places, by, []uuid.UUID{id(3), id(2)}), func(int, uuid.UUID) bool { return true })
		if !slices.Equal(picks, []uuid.UUID{id(3), id(2)}) {
			t.Errorf("turned by %d: %v", by, picks)
		}
		picks, _ = Choose(Rotated(places, by, []uuid.UUID{id(3), id(2)}), func(_ int, who uuid.UUID) bool { return who != id(3) })
		if len(picks) != 2 || picks[1] != id(2) {
			t.Errorf("turned by %d, with one of them busy: %v", by, picks)
		}
	}
}

func TestACrowdSpreads(t *testing.T) {
	t.Parallel()
	places := []Place{{From: []uuid.UUID{id(1), id(2), id(3), id(4)}}}
	seen := map[uuid.UUID]int{}
	for by := range uint64(400) {
		picks, _ := Choose(Rotated(places, by, nil), func(int, uuid.UUID) bool { return true })
		seen[picks[0]]++
	}
	for _, who := range places[0].From {
		if seen[who] != 100 {
			t.Errorf("%v was chosen %d times of 400", who, seen[who])
		}
	}
}
