package calendar

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// visitorCall is a request with a widget key.
func visitorCall() *edge.Call {
	return &edge.Call{Caller: booking.Caller{Kind: tenant.WidgetKey, App: &tenant.App{}}}
}

// TestVisitorsAskWithinTheProject: a visitor's question is the project's, narrowed by what the request asks by itself.
func TestVisitorsAskWithinTheProject(t *testing.T) {
	t.Parallel()
	anna, bob := uuid.New(), uuid.New()
	p := &catalogue.Project{ID: uuid.New(), Resources: []uuid.UUID{anna, bob}, Constraints: json.RawMessage(`[{"allow_hours":{"start":9,"end":17}}]`),
		Availability: json.RawMessage(`{"mode":"exclusive","length":"1 hour","timeslot_increments":"30 minutes","buffer":"10 minutes","from":"2030-12-02","to":"2030-12-09"}`)}
	ask := func(body string) (*slotQuery, rules.AvailabilityInput) {
		t.Helper()
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(body), &fields); err != nil {
			t.Fatal(err)
		}
		problems := fault.Problems{}
		w, in, err := slotQueryFor(visitorCall(), p, fields, problems)
		if err != nil || len(problems) > 0 {
			t.Fatal(err, problems)
		}
		return w, in
	}
	asItIs, in := ask(`{}`)
	if len(in.Resources) != 2 || asItIs.Length != time.Hour || asItIs.Step != 30*time.Minute || asItIs.BufferBefore != 10*time.Minute {
		t.Fatalf("%+v", asItIs.Query)
	}
	for name, body := range map[string]string{
		"its own words":   `{"mode":"mutual","length":"8 hours","timeslot_increments":"1 minute","buffer":"0 minutes","round_to_nearest_hour":false,"ignore_all_day_events":true}`,
		"a wider window":  `{"from":"2030-11-30","to":"2031-03-01"}`,
		"the same window": `{"from":"2030-12-02","to":"2030-12-09"}`,
		"the same rules":  `{"constraints":[{"allow_hours":{"start":9,"end":17}}]}`,
		"no rules":        `{"constraints":[]}`,
	} {
		w, _ := ask(body)
		w.Seed = asItIs.Seed
		if got, want := fmt.Sprintf("%+v %v", w.Query, w.narrow), fmt.Sprintf("%+v %v", asItIs.Query, asItIs.narrow); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
	if w, _ := ask(`{"from":"2030-12-04","to":"2030-12-05"}`); w.From.Format(time.DateOnly) != "2030-12-04" || w.To.Format(time.DateOnly) != "2030-12-05" {
		t.Errorf("%s – %s", w.From, w.To)
	}
	if _, in := ask(fmt.Sprintf(`{"resources":[%q,%q]}`, bob, uuid.New())); !slices.Equal(in.Resources, []string{bob.String()}) {
		t.Errorf("%v", in.Resources)
	}
	w, _ := ask(`{"constraints":[{"allow_hours":{"start":"09:30","end":12}}],"from":"2030-12-03","to":"2030-12-04"}`)
	w.Ask([]*catalogue.Resource{{ID: uuid.New(), Timezone: "UTC"}})
	var starts []string
	for _, slot := range w.Slots() {
		starts = append(starts, slot.Start.Format("15:04"))
	}
	if got := fmt.Sprint(starts); got != "[09:30 10:00 10:30 11:00]" {
		t.Errorf("mornings are %s", got)
	}
}

// TestVisitorsAskForWhatIsToCome: for a visitor every window begins now at the earliest; a season that is over is empty.
func TestVisitorsAskForWhatIsToCome(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, season := range []string{`"from":"2020-01-01","to":"2035-01-01"`, `"to":"2020-01-01"`, `"from":"2020-01-01","to":"2020-02-01"`} {
		p := &catalogue.Project{ID: uuid.New(), Resources: []uuid.UUID{uuid.New()}, Availability: json.RawMessage(`{"length":"1 hour",` + season + `}`)}
		for _, project := range []*catalogue.Project{p, nil} {
			body := map[string]json.RawMessage{}
			if project == nil {
				_ = json.Unmarshal(p.Availability, &body)
			}
			w, _, err := slotQueryFor(visitorCall(), project, body, fault.Problems{})
			if err != nil || w.From.Before(now) || w.To.Before(w.From) {
				t.Errorf("%s: %s – %s, %v", season, w.From, w.To, err)
			}
		}
	}
}
