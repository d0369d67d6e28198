package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRequiresPage runs the blocks of docs/requires.md.
func TestRequiresPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/requires.md")
	check(t, err)
	blocks := strings.Split(string(text), "```requires\n")[1:]
	if len(blocks) < 2 {
		t.Fatal("the page has no examples")
	}
	for _, block := range blocks {
		body, _, _ := strings.Cut(block, "```")
		lines := strings.Split(strings.TrimSpace(body), "\n")
		p := newRequiresPage(t, lines[0])
		for _, line := range lines[1:] {
			p.run(line)
		}
	}
}

// requiresPage is what an example has: a project, and resources by name.
type requiresPage struct {
	*fixture

	ids     map[string]string
	project string
}

func newRequiresPage(t *testing.T, requires string) *requiresPage {
	t.Helper()
	p := &requiresPage{fixture: setup(t), ids: map[string]string{}}
	for _, name := range []string{"grau", "ida", "jon", "kim", "red", "blue"} {
		p.ids[name] = p.resource(`[]`)
	}
	p.ids["rooms"] = p.post(p.server, "/v2/projects", fmt.Sprintf(`{"name":"Rooms","resources":[%q,%q]}`, p.ids["red"], p.ids["blue"])).id(t)
	for name, id := range p.ids {
		requires = strings.ReplaceAll(requires, `"`+name+`"`, `"`+id+`"`)
	}
	p.project = p.post(p.server, "/v2/projects", `{"name":"Surgery","availability":{"length":"1 hour","timeslot_increments":"30 minutes"},"requires":`+requires+`}`).id(t)
	return p
}

// clock is a time of the day of the tests, as JSON.
func clock(t *testing.T, text string) string {
	t.Helper()
	at, err := time.Parse("15:04", text)
	check(t, err)
	day := noon.Truncate(24 * time.Hour)
	out, _ := json.Marshal(day.Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute))
	return string(out)
}

func (p *requiresPage) run(line string) {
	t := p.t
	t.Helper()
	said, want, _ := strings.Cut(line, " → ")
	words := strings.Fields(said)
	switch words[0] {
	case "busy":
		p.post(p.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant","resource_id":%q,"start":%s,"end":%s}`,
			p.ids[words[1]], clock(t, words[2]), clock(t, words[3]))).want(t, http.StatusCreated)
	case "book":
		a := p.post(p.widget, "/v2/bookings", fmt.Sprintf(`{"project_id":%q,"start":%s,"end":%s,"customer":{"name":"Ann","email":"ann@example.com"}}`,
			p.project, clock(t, words[1]), clock(t, words[2])))
		if got := p.outcome(a); got != want {
			t.Errorf("docs/requires.md: %s\ngot %s: %s", line, got, a.Body)
		}
	default:
		t.Errorf("docs/requires.md: what is %q?", line)
	}
}

// outcome is what became of a booking in the page's words. Those of one role are in the order of their names.
func (p *requiresPage) outcome(a answer) string {
	if a.Code != http.StatusCreated {
		var body struct{ Missing []string }
		_ = json.Unmarshal(a.Body.Bytes(), &body)
		return "missing " + strings.Join(body.Missing, ", ")
	}
	var all []string
	for _, part := range a.parts(p.t) {
		for name, id := range p.ids {
			if id == part.ID {
				all = append(all, fmt.Sprintf("%s %s %s–%s", part.Role, name, part.Start.Format("15:04"), part.End.Format("15:04")))
			}
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
