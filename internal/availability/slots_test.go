package availability

import (
	"slices"
	"testing"
	"time"
)

// TestWhatABusyRangeKeeps puts one thing beside a slot of an hour, 10:00–11:00, that asks for ten minutes around it. A slot
// is kept if any range of the thing, its own or its guard, keeps it.
func TestWhatABusyRangeKeeps(t *testing.T) {
	t.Parallel()
	allDay := booked("b", "00:00", "23:59")
	allDay.AllDay = true
	for _, c := range []struct {
		name string
		busy Busy
		kept bool
	}{
		{"inside", booked("b", "10:20", "10:40"), true},
		{"around", booked("b", "09:00", "12:00"), true},
		{"over the start", booked("b", "09:00", "10:01"), true},
		{"over the end", booked("b", "10:59", "12:00"), true},
		{"as far before as the buffer asks", booked("b", "09:00", "09:50"), false},
		{"one second nearer", booked("b", "09:00", "09:50:01"), true},
		{"as far after", booked("b", "11:10", "12:00"), false},
		{"one second nearer again", booked("b", "11:09:59", "12:00"), true},
		{"a guard inside", guarded("b", "10:20", "10:40"), true},
		{"a guard that touches the start", guarded("b", "09:00", "10:00"), false},
		{"a guard one second over the start", guarded("b", "09:00", "10:00:01"), true},
		{"a guard that touches the end", guarded("b", "11:00", "12:00"), false},
		{"a guard one second over the end", guarded("b", "10:59:59", "12:00"), true},
		{"without length", booked("b", "10:30", "10:30"), false},
		{"the wrong way round", booked("b", "10:40", "10:20"), false},
		{"all day", allDay, true},
	} {
		q := monday("10:00", "11:00", time.Hour, []Busy{c.busy})
		q.BufferBefore, q.BufferAfter = 10*time.Minute, 10*time.Minute
		if kept := len(q.Slots()) == 0; kept != c.kept || len(q.Taken()) == 1 != c.kept {
			t.Errorf("%s: %v, %v", c.name, q.Slots(), q.Taken())
		}
	}
}

func TestTheGapIsTheLargerBuffer(t *testing.T) {
	t.Parallel()
	busy := []Busy{guarded("b", "09:40", "11:20"), booked("b", "10:00", "11:00")}
	for buffer, want := range map[time.Duration][]string{
		0:                {"Mon 08:40–09:40 [0]", "Mon 11:20–12:20 [0]"},
		10 * time.Minute: {"Mon 08:40–09:40 [0]", "Mon 11:20–12:20 [0]"},
		20 * time.Minute: {"Mon 08:40–09:40 [0]", "Mon 11:20–12:20 [0]"},
		30 * time.Minute: {"Mon 08:30–09:30 [0]", "Mon 11:30–12:30 [0]"},
	} {
		q := monday("08:00", "13:00", time.Hour, busy)
		q.BufferBefore, q.BufferAfter, q.Step = buffer, buffer, time.Minute
		got := shown(q.Slots(), time.UTC)
		last := slices.IndexFunc(got, func(line string) bool { return line > "Mon 10" }) - 1
		equal(t, []string{got[last], got[last+1]}, want...)
	}
}

func TestAllDayEventsCanBeIgnored(t *testing.T) {
	t.Parallel()
	event := Busy{Start: onMonday("00:00"), End: onMonday("00:00").AddDate(0, 0, 1), Kind: KindEvent, AllDay: true}
	q := monday("09:00", "11:00", time.Hour, []Busy{event, booked("b", "10:00", "11:00")})
	equal(t, shown(q.Slots(), time.UTC))
	equal(t, shown(q.Taken(), time.UTC), "Mon 09:00–10:00 [0]", "Mon 10:00–11:00 [0]")
	q.IgnoreAllDay = true
	equal(t, shown(q.Slots(), time.UTC), "Mon 09:00–10:00 [0]")
	equal(t, shown(q.Taken(), time.UTC), "Mon 10:00–11:00 [0]")
}

func TestBusyTimeInAnyOrderAndOverlapping(t *testing.T) {
	t.Parallel()
	q := monday("09:00", "15:00", time.Hour, []Busy{
		booked("c", "12:30", "13:00"), booked("a", "09:00", "12:00"), booked("b", "10:00", "10:30"), guarded("b", "09:30", "11:00"),
	})
	equal(t, shown(q.Slots(), time.UTC), "Mon 13:00–14:00 [0]", "Mon 14:00–15:00 [0]")
}

func TestPointsOnTheWallClock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		rules        string
		from, to     string
		length, step time.Duration
		want         []string
	}{
		{"full hours", `[]`, "09:10", "12:00", time.Hour, 0, []string{"Mon 10:00–11:00", "Mon 11:00–12:00"}},
		{"the first full hour of the stretch", `[{"allow_hours":{"start":"09:20","end":"11:40"}}]`, "00:00", "23:00", 30 * time.Minute, 0, []string{"Mon 10:00–10:30", "Mon 10:30–11:00", "Mon 11:00–11:30"}},
		{"a full hour before it", `[{"allow_hours":{"start":"09:59","end":"10:30"}}]`, "00:00", "23:00", 30 * time.Minute, 0, []string{"Mon 10:00–10:30"}},
		{"no full hour", `[{"allow_hours":{"start":"09:01","end":"10:00"}}]`, "00:00", "23:00", 30 * time.Minute, 0, []string{}},
		{"steps from there", `[{"allow_hours":{"start":9,"end":12}}]`, "00:00", "23:00", time.Hour, 50 * time.Minute, []string{"Mon 09:00–10:00", "Mon 09:50–10:50", "Mon 10:40–11:40"}},
		{"each stretch for itself", `[{"allow_hours":{"start":9,"end":"10:30"}},{"allow_hours":{"start":"12:30","end":14}}]`, "00:00", "23:00", 40 * time.Minute, 0, []string{"Mon 09:00–09:40", "Mon 09:40–10:20", "Mon 13:00–13:40"}},
		{"From moves no point", `[{"allow_hours":{"start":9,"end":12}}]`, "09:41", "23:00", 40 * time.Minute, 0, []string{"Mon 10:20–11:00", "Mon 11:00–11:40"}},
		{"From is part of the window", `[{"allow_hours":{"start":9,"end":12}}]`, "09:40", "11:00", 40 * time.Minute, 0, []string{"Mon 09:40–10:20", "Mon 10:20–11:00"}},
		{"To is its end", `[{"allow_hours":{"start":9,"end":12}}]`, "09:40", "10:59:59", 40 * time.Minute, 0, []string{"Mon 09:40–10:20"}},
		{"a step of a day", `[{"allow_hours":{"start":9,"end":12}}]`, "00:00", "23:00", time.Hour, 24 * time.Hour, []string{"Mon 09:00–10:00"}},
		{"steps below a minute", `[{"allow_hours":{"start":9,"end":10}}]`, "00:00", "23:00", 58 * time.Minute, time.Nanosecond, []string{"Mon 09:00–09:58", "Mon 09:01–09:59", "Mon 09:02–10:00"}},
		{"steps below zero", `[{"allow_hours":{"start":9,"end":11}}]`, "00:00", "23:00", time.Hour, -time.Hour, []string{"Mon 09:00–10:00", "Mon 10:00–11:00"}},
	} {
		q := monday(c.from, c.to, c.length, nil)
		q.Step, q.Rules = c.step, rulesOf(t, c.rules)
		t.Log(c.name)
		equal(t, times(q.Slots(), time.UTC), c.want...)
	}
}

func TestPointsOfTheFirstDayThereIs(t *testing.T) {
	t.Parallel()
	q := &Query{From: time.Unix(0, 0), To: time.Unix(0, 0).Add(11 * time.Hour), Length: time.Hour, Step: 50 * time.Minute, RoundToHour: true, Resources: []Resource{{}}}
	q.Rules = rulesOf(t, `[{"allow_hours":{"start":"07:20","end":24}}]`)
	equal(t, times(q.Slots(), time.UTC), "Thu 08:00–09:00", "Thu 08:50–09:50", "Thu 09:40–10:40")
}

func TestPointsBeginAnewAtMidnight(t *testing.T) {
	t.Parallel()
	q := monday("20:00", "23:00", 90*time.Minute, nil)
	q.Step, q.To, q.Rules = 100*time.Minute, q.To.Add(5*time.Hour), rulesOf(t, `[{"allow_hours":{"start":"19:30","end":6}}]`)
	equal(t, times(q.Slots(), time.UTC), "Mon 20:00–21:30", "Mon 21:40–23:10", "Mon 23:20–Tue 00:50", "Tue 00:00–01:30", "Tue 01:40–03:10")
	q.Step, q.To = 24*time.Hour, q.To.AddDate(0, 0, 1)
	equal(t, times(q.Slots(), time.UTC), "Mon 20:00–21:30", "Tue 00:00–01:30", "Tue 20:00–21:30", "Wed 00:00–01:30")
}

func TestPackedPoints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		rules        string
		from, to     string
		length, step time.Duration
		busy         []Busy
		want         []string
	}{
		{"from the start of the day", `[]`, "09:10", "12:00", time.Hour, 0, nil, []string{"Mon 10:00–11:00", "Mon 11:00–12:00"}},
		{"from the start of the stretch", `[{"allow_hours":{"start":"09:20","end":"11:40"}}]`, "00:00", "23:00", time.Hour, 0, nil, []string{"Mon 09:20–10:20", "Mon 10:20–11:20"}},
		{"after what is busy", `[{"allow_hours":{"start":9,"end":12}}]`, "00:00", "23:00", 40 * time.Minute, 0, []Busy{booked("b", "09:50", "10:15")}, []string{"Mon 09:00–09:40", "Mon 10:15–10:55", "Mon 10:55–11:35"}},
		{"after its guard", `[{"allow_hours":{"start":9,"end":12}}]`, "00:00", "23:00", 40 * time.Minute, 0, []Busy{guarded("b", "09:40", "10:25")}, []string{"Mon 09:00–09:40", "Mon 10:25–11:05", "Mon 11:05–11:45"}},
		{"at full minutes", `[{"allow_hours":{"start":9,"end":12}}]`, "00:00", "23:00", time.Hour, 0, []Busy{booked("b", "09:00", "10:00:01")}, []string{"Mon 10:01–11:01"}},
		{"From moves no point", `[]`, "10:30", "12:00", 30 * time.Minute, 0, []Busy{booked("b", "09:00", "10:20")}, []string{"Mon 10:50–11:20", "Mon 11:20–11:50"}},
		{"nor over midnight", `[{"allow_hours":{"start":"22:10","end":6}}]`, "00:05", "01:30", 30 * time.Minute, 0, nil, []string{"Mon 00:10–00:40", "Mon 00:40–01:10"}},
		{"a stretch from before yesterday", `[{"allow_period":{"start":"2026-02-28T23:50","end":"2026-03-04"}}]`, "00:05", "01:30", 30 * time.Minute, 0, nil, []string{"Mon 00:30–01:00", "Mon 01:00–01:30"}},
		{"a stretch from the start of yesterday", `[{"allow_period":{"start":"2026-03-01","end":"2026-03-04"}}]`, "00:05", "01:30", 50 * time.Minute, 0, nil, []string{"Mon 00:10–01:00"}},
		{"a stretch from yesterday", `[{"allow_period":{"start":"2026-03-01T00:10","end":"2026-03-04"}}]`, "00:05", "01:30", 30 * time.Minute, 0, nil, []string{"Mon 00:10–00:40", "Mon 00:40–01:10"}},
	} {
		q := monday(c.from, c.to, c.length, c.busy)
		q.Step, q.Rules, q.RoundToHour = c.step, rulesOf(t, c.rules), false
		t.Log(c.name)
		equal(t, times(q.Slots(), time.UTC), c.want...)
	}
}

func TestPackedSlotsKeepTheirBuffer(t *testing.T) {
	t.Parallel()
	q := monday("09:00", "12:00", 30*time.Minute, []Busy{booked("b", "10:00", "10:15")})
	q.RoundToHour, q.BufferBefore, q.BufferAfter, q.Rules = false, 10*time.Minute, 10*time.Minute, rulesOf(t, `[{"allow_hours":{"start":9,"end":12}}]`)
	equal(t, times(q.Slots(), time.UTC), "Mon 09:00–09:30", "Mon 10:25–10:55", "Mon 10:55–11:25", "Mon 11:25–11:55")
	equal(t, times(q.Taken(), time.UTC), "Mon 09:30–10:00", "Mon 10:00–10:30")
}

func TestQueriesWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	never := time.Time{}
	for name, q := range map[string]*Query{
		"nothing":           {},
		"no resources":      {Mode: Mutual, From: onMonday("09:00"), To: onMonday("12:00"), Length: time.Hour, RoundToHour: true},
		"an empty window":   monday("09:00", "09:00", 0, nil),
		"a window reversed": monday("12:00", "09:00", 0, nil),
		"reversed, slots":   monday("12:00", "09:00", time.Hour, nil),
		"slots too long":    monday("09:00", "12:00", 4*time.Hour, nil),
		"absurdly long":     monday("09:00", "12:00", 1<<63-1, nil),
		"before all time":   {From: never, To: never.AddDate(0, 1, 0), Length: time.Hour, Resources: []Resource{{}}},
		"after all time":    {From: never.AddDate(9990, 0, 0), To: never.AddDate(9990, 1, 0), Length: time.Hour, Resources: []Resource{{Zone: zoneNamed(t, "Europe/Berlin")}}},
		"absurd buffer":     {From: onMonday("09:00"), To: onMonday("12:00"), BufferBefore: 1<<63 - 1, BufferAfter: 1<<63 - 1, Resources: []Resource{{Busy: []Busy{booked("b", "01:00", "02:00")}}}},
	} {
		if got := q.Slots(); len(got) != 0 {
			t.Errorf("%s: %v", name, got)
		}
		q.Taken()
		for _, v := range q.Explain(onMonday("10:30")) {
			if v.Offered || len(v.Reasons) == 0 {
				t.Errorf("%s: %+v", name, v)
			}
		}
	}
}
