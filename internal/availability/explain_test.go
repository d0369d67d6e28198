package availability

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// against writes what Explain has against a start, one line for each resource.
func against(q *Query, start time.Time) []string {
	var list []string
	for _, v := range q.Explain(start) {
		line := fmt.Sprint(v.Resource, " ", v.Offered)
		for _, r := range v.Reasons {
			line += " " + string(r.Why)
			switch {
			case r.Why == Rule:
				line += fmt.Sprint(" of ", r.Side, r.Rules, " ", r.Text)
			case r.Why == Buffer && r.Busy.Guard:
				line += " guard"
				fallthrough
			case !r.Busy.Start.IsZero():
				line += fmt.Sprintf(" %s %s–%s", r.Busy.ID, r.Busy.Start.Format("15:04"), r.Busy.End.Format("15:04"))
			}
		}
		list = append(list, line)
	}
	return list
}

func TestExplainNamesEveryReason(t *testing.T) {
	t.Parallel()
	hold, event := booked("h", "10:30", "11:00"), booked("e", "10:00", "14:00")
	hold.Kind, event.Kind = KindHold, KindEvent
	q := monday("09:00", "16:00", time.Hour, []Busy{
		event, hold, booked("b", "11:00", "11:30"), guarded("b", "10:50", "11:40"), booked("c", "12:10", "13:00"), guarded("c", "12:05", "13:05"), guarded("d", "12:30", "13:00"),
	})
	q.BufferBefore, q.BufferAfter = 15*time.Minute, 15*time.Minute
	q.Rules = rulesOf(t, `[{"allow_hours":{"start":9,"end":"10:30"}},{"block_hours":{"start":"10:45","end":"15:30"}},{"allow_hours":{"start":13,"end":"15:30"}},{"allow_weekdays":[]}]`)
	q.Resources[0].Rules = rulesOf(t, `[{"block_day":{"day":"Monday"}},{"allow_weekends":{}},{"block_day":{"day":"Sunday"}},{"allow_period":{"start":"2026-03-01","end":"2026-03-03"}}]`)
	const own = " rule of resource[1] allow_weekends rule of resource[0] block_day Monday"
	equal(t, against(q, onMonday("10:00")), "0 false rule of query[0 2] allow_hours 09:00–10:30 or allow_hours 13:00–15:30"+
		" rule of query[1] block_hours 10:45–15:30"+own+" event e 10:00–14:00 hold h 10:30–11:00 buffer b 11:00–11:30")
	q.Rules, q.Resources[0].Rules = nil, nil
	equal(t, against(q, onMonday("10:45")), "0 false event e 10:00–14:00 hold h 10:30–11:00 booking b 11:00–11:30 off_grid")
	equal(t, against(q, onMonday("08:00")), "0 false before_window")
	equal(t, against(q, onMonday("15:01")), "0 false after_window off_grid")
	equal(t, against(q, onMonday("09:00")), "0 false buffer e 10:00–14:00")
	equal(t, against(q, onMonday("14:30")), "0 false off_grid")
	equal(t, against(q, onMonday("15:00")), "0 true")
}

func TestExplainNamesAThingOnce(t *testing.T) {
	t.Parallel()
	q := monday("09:00", "16:00", time.Hour, []Busy{guarded("a", "09:50", "11:10"), booked("a", "10:00", "11:00"), guarded("b", "09:55", "10:30")})
	q.BufferBefore, q.BufferAfter = 5*time.Minute, 5*time.Minute
	equal(t, against(q, onMonday("09:00")), "0 false buffer guard a 09:50–11:10 buffer guard b 09:55–10:30")
	equal(t, against(q, onMonday("10:00")), "0 false booking a 10:00–11:00 buffer guard b 09:55–10:30")
	q.Resources[0].Busy[2].ID, q.Resources[0].Busy[2].Kind = "a", KindHold
	equal(t, against(q, onMonday("10:00")), "0 false booking a 10:00–11:00 buffer guard a 09:55–10:30")
	q.BufferBefore, q.BufferAfter = 0, 0
	equal(t, against(q, onMonday("11:00")), "0 false buffer guard a 09:50–11:10")
}

func TestExplainOfSeveralResources(t *testing.T) {
	t.Parallel()
	for mode, want := range map[Mode][]string{
		Mutual:                {"0 false another_resource", "1 false booking b 10:00–12:00", "2 false another_resource"},
		Exclusive:             {"0 true", "1 false booking b 10:00–12:00", "2 true"},
		RoundRobinPrioritized: {"0 true", "1 false booking b 10:00–12:00", "2 false not_chosen"},
	} {
		equal(t, against(three(mode, time.Hour), onMonday("11:00")), want...)
		equal(t, against(three(mode, 0), onMonday("11:30")), want...)
	}
	q := three(Mutual, time.Hour)
	equal(t, against(q, onMonday("12:00")), "0 true", "1 true", "2 true")
	q.To = q.To.Add(time.Hour)
	equal(t, against(q, onMonday("12:30")), "0 false off_grid", "1 false off_grid", "2 false off_grid")
	q.Resources[0].Rules = rulesOf(t, `[{"block_hours":{"start":12,"end":14}}]`)
	equal(t, against(q, onMonday("12:30")), "0 false rule of resource[0] block_hours 12:00–14:00", "1 false another_resource", "2 false another_resource")
}

// TestUnknownZoneOffersNothing: a resource whose zone nobody knows has no time, in any mode, and explain says so and nothing else. The
// others are offered as ever, but where all have to be free.
func TestUnknownZoneOffersNothing(t *testing.T) {
	t.Parallel()
	for _, length := range []time.Duration{time.Hour, 0} {
		for _, round := range []bool{true, false} {
			for mode, want := range map[Mode][]string{
				Mutual:                {"0 false unknown_zone", "1 false another_resource", "2 false another_resource"},
				Exclusive:             {"0 false unknown_zone", "1 true", "2 true"},
				RoundRobinPrioritized: {"0 false unknown_zone", "1 true", "2 false not_chosen"},
			} {
				q := three(mode, length)
				q.RoundToHour = round
				for i := range q.Resources {
					q.Resources[i].Busy = nil
				}
				q.Resources[0].UnknownZone = true
				equal(t, against(q, onMonday("11:00")), want...)
				for _, s := range append(q.Slots(), q.Taken()...) {
					if mode == Mutual || slices.Contains(s.Resources, 0) {
						t.Errorf("%v offers %v", mode, s)
					}
				}
				if mode != Mutual && len(q.Slots()) == 0 {
					t.Errorf("%v offers nothing at all", mode)
				}
				q.Resources = q.Resources[:1]
				if q.Allowed() || len(q.Slots()) > 0 {
					t.Errorf("%v offers the resource alone", mode)
				}
			}
		}
	}
}

func TestExplainPackedPoints(t *testing.T) {
	t.Parallel()
	q := monday("09:00", "16:00", time.Hour, []Busy{booked("a", "10:00", "10:20")})
	q.RoundToHour = false
	equal(t, against(q, onMonday("10:20")), "0 true")
	equal(t, against(q, onMonday("11:00")), "0 false off_grid")
	equal(t, against(q, onMonday("09:30")), "0 false booking a 10:00–10:20 off_grid")
	equal(t, against(q, onMonday("10:10")), "0 false booking a 10:00–10:20")
	equal(t, against(q, onMonday("08:30")), "0 false before_window")
}

func TestExplainMomentsOfStretches(t *testing.T) {
	t.Parallel()
	q := monday("09:00", "16:00", 0, []Busy{booked("a", "10:00", "10:20")})
	equal(t, against(q, onMonday("09:00")), "0 true")
	equal(t, against(q, onMonday("09:59:59")), "0 true")
	equal(t, against(q, onMonday("10:00")), "0 false booking a 10:00–10:20")
	equal(t, against(q, onMonday("10:20")), "0 true")
	equal(t, against(q, onMonday("16:00")), "0 false after_window")
	equal(t, against(q, onMonday("08:59:59")), "0 false before_window")
}
