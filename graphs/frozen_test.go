package graphs

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "add the sums of new graphs")

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
