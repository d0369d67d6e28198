package policy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"holdfast/internal/policy"
)

// TestPoliciesPage runs the examples of docs/policies.md: blocks of a policy, a zone, and what becomes of requests.
func TestPoliciesPage(t *testing.T) {
	t.Parallel()
	const file = "../../docs/policies.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```policy\n")[1:]
	used := map[string]bool{}
	for _, block := range blocks {
		body, _, ok := strings.Cut(block, "```")
		if !ok {
			t.Fatal("a block does not end")
		}
		example(t, strings.Split(strings.TrimSpace(body), "\n"), used)
	}
	for _, rule := range policy.Rules {
		if !used[string(rule)] {
			t.Errorf("%s has no example of the rule %s", file, rule)
		}
	}
}

// example runs one block.
func example(t *testing.T, lines []string, used map[string]bool) {
	t.Helper()
	var p policy.Policy
	if err := json.Unmarshal([]byte(lines[0]), &p); err != nil {
		t.Fatalf("%s: %v", lines[0], err)
	}
	z, now, taken := time.UTC, time.Time{}, 0
	for _, line := range lines[1:] {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "zone":
			z = zone(t, rest)
			continue
		case "now":
			now = at(t, rest)
			continue
		case "taken":
			if _, err := fmt.Sscan(rest, &taken); err != nil {
				t.Fatal(err)
			}
			continue
		}
		ask, want, _ := strings.Cut(line, ": ")
		start := at(t, ask[strings.LastIndex(ask, " ")+1:])
		why := judge(t, p, ask, start, now, taken, z)
		got := "yes"
		if why != nil {
			used[string(why.Rule)] = true
			got = fmt.Sprintf("%s, %s", why.Code, why.Rule)
			if !why.Ends.IsZero() {
				got += ", " + why.Ends.In(z).Format(time.RFC3339)
			}
		}
		if got != want {
			t.Errorf("%s\n%s: %s, the page says %s", lines[0], ask, got, want)
		}
	}
}

func judge(t *testing.T, p policy.Policy, ask string, start, now time.Time, taken int, z *time.Location) *policy.Refusal {
	t.Helper()
	h := policy.Held{Start: start}
	switch {
	case strings.HasPrefix(ask, "book"):
		return p.JudgeStart(start, now, z, nil)
	case strings.HasPrefix(ask, "cancel by the owner"):
		return p.JudgeCancel(policy.Owner, h, now, z, nil)
	case strings.HasPrefix(ask, "cancel"):
		return p.JudgeCancel(policy.Customer, h, now, z, nil)
	case strings.HasPrefix(ask, "move again"):
		h.Moves = 1
		return p.JudgeMove(h, now, z, nil)
	case strings.HasPrefix(ask, "move"):
		return p.JudgeMove(h, now, z, nil)
	case strings.HasPrefix(ask, "limit"):
		return p.Buckets(policy.Subjects{Customers: []string{"ann"}}, start, start.Add(time.Hour), z)[0].Full(taken)
	}
	t.Fatalf("the page says %q", ask)
	return nil
}
