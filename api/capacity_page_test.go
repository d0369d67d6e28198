package api

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"holdfast/internal/fault"
)

// TestCapacityPage runs the examples of docs/capacity.md.
func TestCapacityPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/capacity.md")
	check(t, err)
	blocks := strings.Split(string(text), "```capacity\n")[1:]
	if len(blocks) < 5 {
		t.Fatalf("only %d examples", len(blocks))
	}
	f := setup(t)
	for _, block := range blocks {
		body, _, _ := strings.Cut(block, "\n```")
		e := capacityExample{fixture: f}
		for line := range strings.SplitSeq(body, "\n") {
			e.run(line)
		}
	}
}

// capacityExample is a block of the page: a resource, and what is done with it.
type capacityExample struct {
	*fixture
	resource, calendar string
}

func (e *capacityExample) run(line string) {
	e.t.Helper()
	ask, want, _ := strings.Cut(line, ": ")
	words := strings.Fields(ask)
	switch words[0] {
	case "capacity":
		e.setCapacity(words[1])
	case "left":
		a := e.post(e.server, "/v2/availability", fmt.Sprintf(`{"resources":[%q],"from":%q,"to":%q,"length":%q}`, e.resource, at(words[1]), at(words[2]), length(words)))
		if got := strings.Contains(a.want(e.t, http.StatusOK).Body.String(), `"units_left":`+want); got != (want != "0") {
			e.t.Errorf("%s: %s", line, a.Body)
		}
	case "event":
		e.wants(line, want, e.post(e.server, "/v2/events", fmt.Sprintf(`{"calendar_id":%q,"what":"x","start":%q,"end":%q}`, e.calendar, at(words[1]), at(words[2]))))
	case "book":
		more := ""
		for i := 3; i+1 < len(words); i += 2 {
			more += map[string]string{"units": `,"units":` + words[i+1], "buffer": `,"buffer":"` + words[i+1] + ` minutes"`}[words[i]]
		}
		e.wants(line, want, e.post(e.server, "/v2/bookings", fmt.Sprintf(
			`{"graph":"instant","what":"x","customer":{"name":"A"},"resource_id":%q,"start":%q,"end":%q%s}`, e.resource, at(words[1]), at(words[2]), more)))
	default:
		e.t.Fatalf("unknown line %q", line)
	}
}

func (e *capacityExample) setCapacity(units string) {
	e.t.Helper()
	if e.resource != "" {
		e.put(e.server, "/v2/resources/"+e.resource, `{"capacity":`+units+`}`).want(e.t, http.StatusOK)
		return
	}
	e.resource = e.post(e.server, "/v2/resources", `{"name":"Desks","timezone":"UTC","capacity":`+units+`}`).id(e.t)
	e.calendar = value[string](e.fixture, `SELECT id::text FROM calendars WHERE resource_id = $1`, e.resource)
}

// wants is what the page says of a request: yes, a code, or the field that is wrong.
func (e *capacityExample) wants(line, want string, a answer) {
	e.t.Helper()
	e.t.Log(line)
	switch want {
	case "yes":
		a.want(e.t, http.StatusCreated)
	case string(fault.SlotTaken):
		a.refused(e.t, fault.SlotTaken, "")
	default:
		a.refused(e.t, fault.Invalid, want)
	}
}

// at is a clock time of the page, on the day of noon.
func at(clock string) string {
	return noon.Format(time.DateOnly) + "T" + clock + ":00Z"
}

func length(words []string) string {
	from, _ := time.Parse(time.RFC3339, at(words[1]))
	to, _ := time.Parse(time.RFC3339, at(words[2]))
	return fmt.Sprintf("%d minutes", int(to.Sub(from).Minutes()))
}
