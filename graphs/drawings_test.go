package graphs

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the drawings in testdata and add the sums of new graphs")

// walks is one walk of every built-in graph, for the drawings of walked graphs.
var walks = map[string][]string{
	"confirm_decline":        {"initialized", "tentative", "confirmed", "rescheduled_by_customer"},
	"group_customer":         {"initialized", "confirmed"},
	"group_customer_payment": {"initialized", "tentative", "cancelled_by_owner"},
	"group_owner":            {"initialized", "tentative", "error"},
	"instant":                {"initialized", "confirmed", "completed"},
	"instant_payment":        {"initialized", "tentative", "paid"},
}

func TestDrawingsAreFrozen(t *testing.T) {
	t.Parallel()
	for _, g := range Published() {
		base := fmt.Sprintf("%s@%d", g.Name, g.Version)
		for file, drawing := range map[string]string{
			base + ".mmd":        g.Mermaid(),
			base + ".svg":        g.SVG(),
			base + ".walked.svg": g.SVGWalked(walks[g.Name]),
		} {
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				golden(t, filepath.Join("testdata", file), drawing)
			})
		}
	}
}

// TestDrawingOfArrowsThatSkipAndReturnIsFrozen freezes what no built-in graph has: arrows that skip states, go back or
// stay, several actions between two states, and an end with several ways to it.
func TestDrawingOfArrowsThatSkipAndReturnIsFrozen(t *testing.T) {
	t.Parallel()
	g := sample()
	g.States = append(g.States, State{Name: "waiting_for_somebody", Holds: HoldsNothing, Actions: []Action{
		{Name: "hold_again", To: "held", By: allActors, OnConflict: ConflictRefuse},
		{Name: "start_over", To: "requested", By: allActors},
		{Name: "remind", To: "waiting_for_somebody", By: allActors},
		{Name: "finish", To: "done", By: allActors},
	}})
	held(g).Actions = append(held(g).Actions,
		Action{Name: "release", To: "waiting_for_somebody", By: allActors},
		Action{Name: "give_way", To: "waiting_for_somebody", By: allActors})
	requested(g).Actions = append(requested(g).Actions,
		Action{Name: "wait", To: "waiting_for_somebody", By: allActors},
		Action{Name: "drop", To: "lapsed", By: allActors})
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	checkPicture(t, arrange(g))
	golden(t, "testdata/returning.svg", g.SVGWalked([]string{"requested", "held", "waiting_for_somebody", "held"}))
	golden(t, "testdata/returning.mmd", g.Mermaid())
}

func golden(t testing.TB, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./graphs -update draws it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at the new drawing, then run: go test ./graphs -update", file)
	}
}

// TestPublishedGraphsAreFrozen keeps the promise that a booking's rule book never changes: workflows in flight carry
// these files and customers bind to them.
func TestPublishedGraphsAreFrozen(t *testing.T) {
	t.Parallel()
	const sums = "testdata/frozen.sum"
	frozen := readSums(t, sums)
	files, err := data.ReadDir("data")
	if err != nil {
		t.Fatal(err)
	}
	added := false
	for _, file := range files {
		text, err := data.ReadFile("data/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		sum := fmt.Sprintf("%x", sha256.Sum256(text))
		known, ok := frozen[file.Name()]
		switch {
		case ok && known != sum:
			t.Errorf("data/%s was changed, but a published graph may never be edited: "+
				"restore it and publish the change as the next version, in a file of its own", file.Name())
		case !ok && *update:
			frozen[file.Name()], added = sum, true
		case !ok:
			t.Errorf("data/%s is new: run go test ./graphs -update to freeze it", file.Name())
		}
	}
	for name := range frozen {
		if _, err := data.Open("data/" + name); err != nil {
			t.Errorf("data/%s is gone, but a published graph may never be removed: bookings may still walk it", name)
		}
	}
	if added && !t.Failed() {
		writeSums(t, sums, frozen)
	}
}

// readSums reads lines of "<sum>  <file>", as sha256sum writes them.
func readSums(t testing.TB, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !(*update && os.IsNotExist(err)) {
		t.Fatal(err)
	}
	sums := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
		if sum, name, ok := strings.Cut(line, "  "); ok {
			sums[name] = sum
		}
	}
	return sums
}

func writeSums(t testing.TB, file string, sums map[string]string) {
	t.Helper()
	var lines []string
	for name, sum := range sums {
		lines = append(lines, sum+"  "+name+"\n")
	}
	sort.Slice(lines, func(i, j int) bool { return lines[i][66:] < lines[j][66:] })
	if err := os.WriteFile(file, []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
}
