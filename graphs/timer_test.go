package graphs_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
)

func TestDeadlines(t *testing.T) {
	t.Parallel()
	entered := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	start, end := entered.Add(48*time.Hour), entered.Add(49*time.Hour)
	times := graphs.Times{Entered: entered, Start: start, End: end}
	g := graphtest.Sample()
	held(g).Actions = append(held(g).Actions, graphs.Action{Name: "remind", To: "done", By: []graphs.Actor{graphs.ActorTimer}})
	lapseTimer(g).NoLaterThan = []graphs.Moment{{From: graphs.FromEnd, After: graphtest.Minutes(7 * 24 * 60)}}
	held(g).Timers = append(held(g).Timers, graphs.Timer{Action: "remind", From: graphs.FromStart, After: graphtest.Minutes(2), Max: graphtest.Minutes(99)})

	for _, c := range []struct {
		name      string
		state     string
		times     graphs.Times
		overrides graphs.Overrides
		want      []graphs.Deadline
	}{
		{"from entered, start and end, earliest first", "held", times, nil,
			[]graphs.Deadline{{"lapse", entered.Add(5 * time.Minute)}, {"remind", start.Add(2 * time.Minute)}, {"finish", end.Add(time.Hour)}}},
		{"an override", "held", times, graphs.Overrides{"lapse": "PT3S"},
			[]graphs.Deadline{{"lapse", entered.Add(3 * time.Second)}, {"remind", start.Add(2 * time.Minute)}, {"finish", end.Add(time.Hour)}}},
		{"an override changes the order", "held", times, graphs.Overrides{"lapse": "P3D"},
			[]graphs.Deadline{{"remind", start.Add(2 * time.Minute)}, {"finish", end.Add(time.Hour)}, {"lapse", entered.Add(72 * time.Hour)}}},
		{"one off", "held", times, graphs.Overrides{"finish": graphs.Off},
			[]graphs.Deadline{{"lapse", entered.Add(5 * time.Minute)}, {"remind", start.Add(2 * time.Minute)}}},
		{"all off", "held", times, graphs.Overrides{"finish": graphs.Off, "lapse": graphs.Off, "remind": graphs.Off}, nil},
		{"an override for another action", "held", times, graphs.Overrides{"fly": "PT1S"},
			[]graphs.Deadline{{"lapse", entered.Add(5 * time.Minute)}, {"remind", start.Add(2 * time.Minute)}, {"finish", end.Add(time.Hour)}}},
		{"an override that is no duration", "held", times, graphs.Overrides{"lapse": "soon"},
			[]graphs.Deadline{{"lapse", entered.Add(5 * time.Minute)}, {"remind", start.Add(2 * time.Minute)}, {"finish", end.Add(time.Hour)}}},
		{"one moment keeps the graph's order", "held", graphs.Times{Entered: entered, Start: entered, End: entered},
			graphs.Overrides{"lapse": "PT7M", "finish": "PT7M", "remind": "PT7M"},
			[]graphs.Deadline{{"lapse", entered.Add(7 * time.Minute)}, {"finish", entered.Add(7 * time.Minute)}, {"remind", entered.Add(7 * time.Minute)}}},
		{"a booking in the past", "held", graphs.Times{Entered: entered, Start: entered.Add(-2 * time.Hour), End: entered.Add(-time.Hour)}, graphs.Overrides{"remind": graphs.Off},
			[]graphs.Deadline{{"finish", entered}, {"lapse", entered.Add(5 * time.Minute)}}},
		{"no later than, although the override is longer", "held", graphs.Times{Entered: entered, Start: entered.Add(-7 * 24 * time.Hour), End: entered.Add(-7*24*time.Hour + 2*time.Minute)},
			graphs.Overrides{"lapse": "PT50M", "finish": "PT0S", "remind": graphs.Off},
			[]graphs.Deadline{{"finish", entered.Add(-7*24*time.Hour + 2*time.Minute)}, {"lapse", entered.Add(2 * time.Minute)}}},
		{"no timers", "requested", times, nil, nil},
		{"a final state", "done", times, nil, nil},
		{"an unknown state", "nowhere", times, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := g.Deadlines(c.state, c.times, c.overrides); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// TestDeadlinesOfSeveralMoments: the earliest counts, and a deadline that the booking does not have does not.
func TestDeadlinesOfSeveralMoments(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	g := graphtest.Sample()
	several(g)
	held(g).Timers = held(g).Timers[:1]
	fixed := *lapseTimer(g)
	for name, c := range map[string]struct {
		any       []graphs.Moment
		times     graphs.Times
		overrides graphs.Overrides
		want      time.Time // zero: none
	}{
		"no deadline":        {nil, graphs.Times{Start: start}, nil, start.Add(-5 * time.Minute)},
		"a deadline sooner":  {nil, graphs.Times{Start: start, CancelUntil: start.Add(-time.Hour)}, nil, start.Add(-time.Hour)},
		"a deadline later":   {nil, graphs.Times{Start: start, CancelUntil: start}, nil, start.Add(-5 * time.Minute)},
		"off":                {nil, graphs.Times{Start: start}, graphs.Overrides{"lapse": graphs.Off}, time.Time{}},
		"an override":        {nil, graphs.Times{Start: start}, graphs.Overrides{"lapse": "PT1S"}, start.Add(-5 * time.Minute)},
		"before a deadline":  {[]graphs.Moment{{From: graphs.FromMoveUntil, Before: graphtest.Minutes(1)}}, graphs.Times{MoveUntil: start}, nil, start.Add(-time.Minute)},
		"after a deadline":   {[]graphs.Moment{{From: graphs.FromMoveUntil, After: graphtest.Minutes(1)}}, graphs.Times{MoveUntil: start, CancelUntil: start}, nil, start.Add(time.Minute)},
		"no moment that has": {[]graphs.Moment{{From: graphs.FromMoveUntil}}, graphs.Times{Start: start, CancelUntil: start}, nil, time.Time{}},
	} {
		if c.any == nil {
			c.any = fixed.Any
		}
		lapseTimer(g).Any = c.any
		var want []graphs.Deadline
		if !c.want.IsZero() {
			want = []graphs.Deadline{{"lapse", c.want}}
		}
		if got := g.Deadlines("held", c.times, c.overrides); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestTimersInJSON: a timer has the fields of its form, those of zero too.
func TestTimersInJSON(t *testing.T) {
	t.Parallel()
	for want, timer := range map[string]graphs.Timer{
		`{"action":"x","after":"PT0S","from":"end","min":"PT0S","max":"PT0S"}`: {Action: "x", From: graphs.FromEnd},
		`{"action":"x","any":[{"from":"start","before":"PT1H"},{"from":"cancel_deadline"}],"switch":"y"}`: {
			Action: "x", Switch: "y", Any: []graphs.Moment{{From: graphs.FromStart, Before: graphtest.Minutes(60)}, {From: graphs.FromCancelUntil}},
		},
	} {
		var back graphs.Timer
		got, err := json.Marshal(timer)
		if err != nil || string(got) != want || json.Unmarshal(got, &back) != nil || !reflect.DeepEqual(back, timer) {
			t.Errorf("%s, want %s, %v", got, want, err)
		}
	}
}

// TestDeadlinesAcrossAClockChange: a day of a timer is 24 hours, whatever the clocks on the wall do.
func TestDeadlinesAcrossAClockChange(t *testing.T) {
	t.Parallel()
	berlin := time.FixedZone("CET", 3600)
	g := graphtest.Sample()
	entered := time.Date(2026, 3, 28, 12, 0, 0, 0, berlin)
	got := g.Deadlines("held", graphs.Times{Entered: entered}, graphs.Overrides{"lapse": "P1D", "finish": graphs.Off})
	if len(got) != 1 || got[0].At.Sub(entered) != 24*time.Hour {
		t.Errorf("%v", got)
	}
}

func TestCheckOverrides(t *testing.T) {
	t.Parallel()
	const noDuration = "must be an ISO 8601 duration such as PT5M"
	for _, c := range []struct {
		name      string
		overrides graphs.Overrides
		want      map[string]string
	}{
		{"none", nil, nil},
		{"empty", graphs.Overrides{}, nil},
		{"within bounds", graphs.Overrides{"lapse": "PT1M", "finish": "PT0S"}, nil},
		{"at the upper bound", graphs.Overrides{"lapse": "PT1H", "finish": "PT90M"}, nil},
		{"off with a switch", graphs.Overrides{"lapse": "off"}, nil},
		{"off without a switch", graphs.Overrides{"finish": "off"}, map[string]string{"finish": "cannot be turned off"}},
		{"too short", graphs.Overrides{"lapse": "PT59S"}, map[string]string{"lapse": "must lie between PT1M and PT1H"}},
		{"too long", graphs.Overrides{"finish": "PT5401S"}, map[string]string{"finish": "must lie between PT0S and PT1H30M"}},
		{"no duration", graphs.Overrides{"lapse": "5 minutes"}, map[string]string{"lapse": noDuration}},
		{"empty text", graphs.Overrides{"lapse": ""}, map[string]string{"lapse": noDuration}},
		{"off in capitals", graphs.Overrides{"lapse": "OFF"}, map[string]string{"lapse": noDuration}},
		{"longer than can be counted", graphs.Overrides{"lapse": "P99999DT999999H"}, map[string]string{"lapse": noDuration}},
		{"an action without a timer", graphs.Overrides{"hold": "PT1M"}, map[string]string{"hold": "graph sample has no timer for this action"}},
		{"an unknown action", graphs.Overrides{"fly": "off"}, map[string]string{"fly": "graph sample has no timer for this action"}},
		{"two faults", graphs.Overrides{"fly": "PT1M", "lapse": "x", "finish": "PT1M"},
			map[string]string{"fly": "graph sample has no timer for this action", "lapse": noDuration}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := graphtest.Sample().CheckOverrides(c.overrides); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// TestCheckOverridesOfSeveralMoments: such a timer can be turned off by its switch, and has no length.
func TestCheckOverridesOfSeveralMoments(t *testing.T) {
	t.Parallel()
	g := graphtest.Sample()
	several(g)
	for text, want := range map[string]string{"off": "", "PT5M": "has no length that a booking can set", "soon": "has no length that a booking can set"} {
		if got := g.CheckOverrides(graphs.Overrides{"lapse": text})["lapse"]; got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestCheckOverridesAsksEveryState: an override names an action, so it has to suit the timers of all its states.
func TestCheckOverridesAsksEveryState(t *testing.T) {
	t.Parallel()
	g := graphtest.Sample()
	requested(g).Actions = append(requested(g).Actions, graphs.Action{Name: "lapse", To: "lapsed", By: []graphs.Actor{graphs.ActorTimer}})
	requested(g).Timers = []graphs.Timer{{Action: "lapse", From: graphs.FromEntered, After: graphtest.Minutes(90), Min: graphtest.Minutes(30), Max: graphtest.Minutes(99), Switch: "lapses"}}
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"PT30M": "", "PT1H": "", "off": "",
		"PT29M": "must lie between PT30M and PT1H39M", "PT61M": "must lie between PT1M and PT1H",
	} {
		if got := g.CheckOverrides(graphs.Overrides{"lapse": text})["lapse"]; got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	if got := graphtest.Sample().Switches(); !maps.Equal(got, map[string]string{"lapse": "lapses"}) {
		t.Errorf("%v", got)
	}
	for _, g := range graphs.Published() {
		got := g.Switches()
		if g.Name == "reservation" {
			if len(got) != 0 {
				t.Errorf("a hold can be told not to end: %v", got)
			}
			continue
		}
		if !maps.Equal(got, map[string]string{"complete": "auto_complete_one_hour_after_booking_ends"}) {
			t.Errorf("%s: %v", g.Name, slices.Sorted(maps.Values(got)))
		}
	}
}
