package assign_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/assign"
)

// letter is the id of a resource that the page calls by a letter.
func letter(name string) uuid.UUID { return id(int(name[0]-'a') + 1) }

// TestAssignmentPage runs the examples of docs/assignment.md.
func TestAssignmentPage(t *testing.T) {
	t.Parallel()
	const file = "../../docs/assignment.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	used := map[assign.Strategy]bool{}
	for _, block := range strings.Split(string(text), "```assign\n")[1:] {
		body, _, _ := strings.Cut(block, "```")
		used[runExample(t, strings.Split(strings.TrimSpace(body), "\n"))] = true
	}
	for _, s := range assign.Strategies {
		if !used[s] {
			t.Errorf("%s has no example of %s", file, s)
		}
		if !strings.Contains(string(text), "- `"+string(s)+"`: ") {
			t.Errorf("%s does not say what %s is", file, s)
		}
	}
}

func runExample(t *testing.T, lines []string) assign.Strategy {
	t.Helper()
	var how assign.Assign
	if err := json.Unmarshal([]byte(lines[0]), &how); err != nil {
		t.Fatal(err)
	}
	named := how.Weights
	how.Weights = map[string]int{}
	for name, weight := range named {
		how.Weights[letter(name).String()] = weight
	}
	at, pool, want := assign.At{Now: noon, Minutes: 60}, []assign.Candidate{}, ""
	for _, line := range lines[1:] {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "last":
			at.Last = letter(rest)
		case "seed":
			at.Seed = id(int(rest[0] - '0'))
		case "order":
			want = rest
		default:
			c, ago := assign.Candidate{ID: letter(word), Position: len(pool) + 1}, 0
			if _, err := fmt.Sscanf(rest, "%g bookings, %d minutes ago", &c.Bookings, &ago); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			c.Since = noon.Add(-time.Duration(ago) * time.Minute)
			pool = append(pool, c)
		}
	}
	got := []string{}
	for _, r := range how.Rank(pool, at) {
		got = append(got, string(rune('a'-1+r.ID[15])))
	}
	if strings.Join(got, " ") != want {
		t.Errorf("%s: %v, the page says %s", lines[0], got, want)
	}
	return how.Strategy
}
