package availability

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast/internal/policy"
)

// The oracle answers queries whose times are full minutes by looking at every minute by itself: it asks the standard
// library what a clock on the wall shows then, and shares nothing with the package but the types of a query.

// wallMinute is what a calendar and a clock on the wall show.
type wallMinute struct {
	unix    int64
	date    int // such as 20261224
	minute  int // of the day
	weekday time.Weekday
}

func wallMinutes(zone *time.Location, from time.Time, n int) []wallMinute {
	list := make([]wallMinute, n)
	for i := range list {
		t := from.Add(time.Duration(i) * time.Minute).In(zone)
		y, m, d := t.Date()
		hours, minutes, _ := t.Clock()
		list[i] = wallMinute{t.Unix(), y*10000 + int(m)*100 + d, hours*60 + minutes, t.Weekday()}
	}
	return list
}

// spec is a rule as a caller would write it.
type spec struct {
	name       string
	day        time.Weekday
	start, end int           // minutes of the day
	wall       [2]wallMinute // of a period in wall time
	unix       [2]int64      // of a period between instants
}

func (s spec) json() string {
	hours := fmt.Sprintf(`"start": "%02d:%02d", "end": "%02d:%02d"`, s.start/60, s.start%60, s.end/60, s.end%60)
	switch kind := s.name[len("allow_"):]; {
	case kind == "day":
		return fmt.Sprintf(`{%q: {"day": %q}}`, s.name, s.day)
	case kind == "hours":
		return fmt.Sprintf(`{%q: {%s}}`, s.name, hours)
	case kind == "day_and_time":
		return fmt.Sprintf(`{%q: {"day": %q, %s}}`, s.name, s.day, hours)
	case kind == "period" && s.unix[0] != 0:
		return fmt.Sprintf(`{%q: {"start": %q, "end": %q}}`, s.name,
			time.Unix(s.unix[0], 0).UTC().Format(time.RFC3339), time.Unix(s.unix[1], 0).UTC().Format(time.RFC3339))
	case kind == "period":
		return fmt.Sprintf(`{%q: {"start": %q, "end": %q}}`, s.name, s.wall[0].text(), s.wall[1].text())
	}
	return fmt.Sprintf(`{%q: {}}`, s.name)
}

func (m wallMinute) text() string {
	date := fmt.Sprintf("%04d-%02d-%02d", m.date/10000, m.date/100%100, m.date%100)
	if m.minute == 0 {
		return date
	}
	return fmt.Sprintf("%sT%02d:%02d", date, m.minute/60, m.minute%60)
}

func (m wallMinute) before(o wallMinute) bool {
	return m.date < o.date || m.date == o.date && m.minute < o.minute
}

// has reports whether the rule is about a minute.
func (s spec) has(m wallMinute) bool {
	weekend := m.weekday == time.Saturday || m.weekday == time.Sunday
	overnight := s.end <= s.start
	inHours := m.minute >= s.start && m.minute < s.end
	switch kind := s.name[len("allow_"):]; {
	case kind == "day":
		return m.weekday == s.day
	case kind == "weekdays":
		return !weekend
	case kind == "weekends":
		return weekend
	case kind == "hours" && overnight:
		return m.minute >= s.start || m.minute < s.end
	case kind == "hours":
		return inHours
	case kind == "day_and_time" && overnight:
		return m.weekday == s.day && m.minute >= s.start || m.weekday == (s.day+1)%7 && m.minute < s.end
	case kind == "day_and_time":
		return m.weekday == s.day && inHours
	case kind == "period" && s.unix[0] != 0:
		return m.unix >= s.unix[0] && m.unix < s.unix[1]
	}
	return !m.before(s.wall[0]) && m.before(s.wall[1])
}

func listOf(specs []spec) string {
	var items []string
	for _, s := range specs {
		items = append(items, s.json())
	}
	return "[" + strings.Join(items, ", ") + "]"
}

func allows(specs []spec, m wallMinute) bool {
	groups := [][]string{{"allow_day", "allow_weekdays", "allow_weekends"}, {"allow_hours"}, {"allow_day_and_time"}, {"allow_period"}}
	for _, names := range groups {
		asked, found := false, false
		for _, s := range specs {
			if slices.Contains(names, s.name) {
				asked, found = true, found || s.has(m)
			}
		}
		if asked && !found {
			return false
		}
	}
	return !slices.ContainsFunc(specs, func(s spec) bool { return strings.HasPrefix(s.name, "block_") && s.has(m) })
}

// oracle is a query, minute by minute.
type oracle struct {
	q      *Query
	zero   time.Time // the first minute
	lanes  []minutes
	length int
	days   int // of the length, by the calendar
	step   int
	before int // the buffers
	after  int
	common []spec
	own    [][]spec
}

// minutes are those of one resource.
type minutes struct {
	wall    []wallMinute
	allowed []bool
	free    []bool // a minute's slot would be free
	closed  []bool // no slot begins in the minute
	zone    *time.Location
}

// newOracle needs what the query's rules and each resource's rules were made of.
func newOracle(t testing.TB, q *Query, common []spec, own [][]spec) *oracle {
	t.Helper()
	o := &oracle{q: q, zero: q.From.AddDate(0, 0, -2), common: common, own: own} // before the day of From
	if !q.RoundToHour {
		o.zero = q.From.AddDate(0, 0, -3) // before the day before
	}
	o.length, o.days = int(q.Length/time.Minute), q.LengthDays
	o.before, o.after = int(q.BufferBefore/time.Minute), int(q.BufferAfter/time.Minute)
	if o.step = int(q.Step / time.Minute); o.step == 0 {
		o.step = min(o.length, 24*60)
	}
	n := o.index(q.To.Add(q.Length + 27*time.Hour))
	for i, r := range q.Resources {
		m := minutes{wallMinutes(r.Zone, o.zero, n), make([]bool, n), make([]bool, n), make([]bool, n), r.Zone}
		for k := range n {
			m.allowed[k] = allows(common, m.wall[k]) && allows(own[i], m.wall[k])
			m.free[k] = m.allowed[k]
			m.closed[k] = slices.ContainsFunc(r.Closed, func(c policy.Closed) bool { return c.Has(o.time(k)) })
		}
		for _, b := range r.Busy {
			if !o.counts(&r) {
				o.markBusy(m.free, b)
			}
		}
		if o.counts(&r) {
			o.markFull(m.free, &q.Resources[i], r.Busy)
		}
		o.lanes = append(o.lanes, m)
	}
	return o
}

// counts reports whether it takes more than a busy range to say whether a slot is free.
func (o *oracle) counts(r *Resource) bool { return r.Capacity > 1 || o.q.Units > 1 }

func (o *oracle) index(t time.Time) int { return int(t.Sub(o.zero) / time.Minute) }

func (o *oracle) time(k int) time.Time { return o.zero.Add(time.Duration(k) * time.Minute) }

func (o *oracle) markBusy(free []bool, b Busy) {
	if b.AllDay && o.q.IgnoreAllDay || !b.Start.Before(b.End) {
		return
	}
	from, to := o.index(b.Start), o.index(b.End)
	if !b.AllDay && (!b.Guard || b.Sums || o.q.SumBuffers) {
		from, to = from-o.after, to+o.before
	}
	for k := max(from, 0); k < min(to, len(free)); k++ {
		free[k] = false
	}
}

// crowd is what is taken of a resource of several units in each minute: by things, by all-day events, before things, and after them.
func (o *oracle) crowd(n int, r *Resource, busy []Busy) (all [4][]int) {
	for i := range all {
		all[i] = make([]int, n)
	}
	for _, b := range busy {
		units, kind := b.Units, map[BufferSide]int{BufferBefore: 2, BufferAfter: 3}[b.Side]
		if b.AllDay {
			kind = 1
		}
		if units == 0 {
			units = max(r.Capacity, 1)
		}
		for k := max(o.index(b.Start), 0); k < min(o.index(b.End), n) && !(b.AllDay && o.q.IgnoreAllDay); k++ {
			all[kind][k] += units
		}
	}
	return all
}

// markFull marks the minutes whose own slot, with the query's buffers, does not fit beside what is there.
func (o *oracle) markFull(free []bool, r *Resource, busy []Busy) {
	all, units := o.crowd(len(free), r, busy), max(o.q.Units, 1)
	for k := range free {
		for at := max(k-o.before, 0); at < min(k+1+o.after, len(free)); at++ {
			in, before, after := all[0][at], all[2][at], all[3][at]
			now := in + max(before, after)
			switch {
			case at == k:
				in += all[1][at] + units
			case o.q.SumBuffers:
				in += units
			case at < k:
				before += units
			default:
				after += units
			}
			if then := in + max(before, after); then > max(r.Capacity, 1) && then > now {
				free[k] = false
			}
		}
	}
}

// fits reports whether a range of minutes lies in what is marked.
func (o *oracle) fits(marked []bool, k, end int) bool {
	return end <= len(marked) && !slices.Contains(marked[k:end], false)
}

func (o *oracle) inWindow(k, end int) bool {
	return !o.time(k).Before(o.q.From) && !o.time(end).After(o.q.To)
}

// end is the minute at which the slot of a resource ends that begins at a minute.
func (o *oracle) end(i, k int) int {
	if o.q.Mode == Mutual {
		i = 0
	}
	return o.later(o.lanes[i].wall, k, o.days) + o.length - o.days*24*60
}

// later looks for the minute at which the wall shows the same time so many dates later: the first such; or, if the wall never
// shows it, as many minutes after the last one before the gap as the wall is behind there.
func (o *oracle) later(wall []wallMinute, k, days int) int {
	if days == 0 {
		return k
	}
	date := time.Date(wall[k].date/10000, time.Month(wall[k].date/100%100), wall[k].date%100+days, 0, 0, 0, 0, time.UTC)
	y, m, d := date.Date()
	want := wallMinute{date: y*10000 + int(m)*100 + d, minute: wall[k].minute}
	for j := k; j < len(wall); j++ {
		switch now := wall[j]; {
		case now.date == want.date && now.minute == want.minute:
			return j
		case j > k && wall[j-1].before(want) && want.before(now):
			return j - 1 + minutesBetween(wall[j-1], want)
		}
	}
	return len(wall) + 1
}

// minutesBetween counts by the calendar, as if no clock were ever changed.
func minutesBetween(from, to wallMinute) int {
	at := func(m wallMinute) time.Time {
		return time.Date(m.date/10000, time.Month(m.date/100%100), m.date%100, 0, m.minute, 0, 0, time.UTC)
	}
	return int(at(to).Sub(at(from)) / time.Minute)
}

// wallPoints marks the points on the wall clock.
func (o *oracle) wallPoints(m minutes, counts func(date int) bool) []bool {
	points, anchor := make([]bool, len(m.wall)), 0
	for k, now := range m.wall {
		if !m.allowed[k] {
			continue
		}
		if k == 0 || !m.allowed[k-1] || m.wall[k-1].date != now.date {
			anchor = (now.minute + 59) / 60 * 60
		}
		points[k] = now.minute >= anchor && (now.minute-anchor)%o.step == 0 && counts(now.date)
	}
	return points
}

// counting tells which dates have points: of a step in days every n-th, counted from the first date that the rules of some
// resources allow. It walks minute by minute, in the zone of the first of them.
func (o *oracle) counting(of ...int) func(date int) bool {
	n := o.step / (24 * 60)
	if n <= 1 {
		return func(int) bool { return true }
	}
	starts := []int{}
	zone := o.lanes[of[0]].zone
	for _, list := range append(o.ownOf(of), o.common) {
		for _, s := range list {
			switch {
			case s.name != "allow_period":
			case s.unix[0] != 0:
				starts = append(starts, wallMinutes(zone, time.Unix(s.unix[0], 0), 1)[0].date)
			default:
				starts = append(starts, s.wall[0].date)
			}
		}
	}
	if slices.Sort(starts); len(starts) == 0 {
		starts = []int{20240101}
	}
	anchor := starts[0]
	for _, start := range starts {
		if date := o.firstAllowed(start, of); date != 0 {
			anchor = date
			break
		}
	}
	return func(date int) bool {
		return minutesBetween(wallMinute{date: anchor}, wallMinute{date: date})/(24*60)%n == 0
	}
}

func (o *oracle) ownOf(of []int) (lists [][]spec) {
	for _, i := range of {
		lists = append(lists, o.own[i])
	}
	return lists
}

// firstAllowed is the first date within a week of which some resources have a minute in common; 0 for none.
func (o *oracle) firstAllowed(start int, of []int) int {
	noon := time.Date(start/10000, time.Month(start/100%100), start%100, 12, 0, 0, 0, time.UTC)
	last, _ := strconv.Atoi(noon.AddDate(0, 0, 7).Format("20060102"))
	from, n := noon.AddDate(0, 0, -2), 12*24*60
	var walls [][]wallMinute
	for _, i := range of {
		walls = append(walls, wallMinutes(o.lanes[i].zone, from, n))
	}
	for k := range n {
		date := walls[0][k].date
		if date < start || date > last {
			continue
		}
		all := true
		for j, i := range of {
			all = all && allows(withoutHolidays(o.common), walls[j][k]) && allows(withoutHolidays(o.own[i]), walls[j][k])
		}
		if all {
			return date
		}
	}
	return 0
}

func withoutHolidays(specs []spec) []spec {
	return slices.DeleteFunc(slices.Clone(specs), func(s spec) bool { return s.name == "block_period" })
}

// packedPoints marks the points that are counted from the start of free stretches.
func (o *oracle) packedPoints(free []bool, wall []wallMinute, counts func(date int) bool) []bool {
	today := wall[o.index(o.q.From)].date
	y, m, d := time.Date(today/10000, time.Month(today/100%100), today%100-1, 12, 0, 0, 0, time.UTC).Date()
	dawn := slices.IndexFunc(wall, func(now wallMinute) bool { return now.date >= y*10000+int(m)*100+d })
	morning := slices.IndexFunc(wall, func(now wallMinute) bool { return now.date >= today })
	points := make([]bool, len(wall))
	for k := range wall {
		if !free[k] || k > 0 && free[k-1] {
			continue
		}
		anchor := k
		if k < dawn {
			anchor = morning
		}
		for n, at := 0, anchor; at < len(wall) && !slices.Contains(free[k:at+1], false); n++ {
			points[at] = counts(wall[at].date)
			if at = anchor + (n+1)*o.step; o.step >= 24*60 {
				at = o.later(wall, anchor, n+1)
			}
		}
	}
	return points
}
