package availability

import "time"

// allowed returns the time that the rules allow within the segments.
func (rules Constraints) allowed(segs []segment) []stretch {
	free := rules.weekdays().over(segs)
	for _, block := range []bool{false, true} {
		periods, some := rules.periods(segs, block)
		switch {
		case block:
			free = subtract(free, periods)
		case some:
			free = intersect(free, periods)
		}
	}
	return free
}

// periods returns what the periods of one sort cover within the segments, and whether there are such periods.
func (rules Constraints) periods(segs []segment, block bool) (list []stretch, some bool) {
	for i := range rules {
		if rules[i].dim != byPeriod || rules[i].block != block {
			continue
		}
		some = true
		for _, s := range segs {
			if part := rules[i].during(s); part.from < part.to {
				list = append(list, part)
			}
		}
	}
	return join(list), some
}

// week is the allowed wall time of each weekday, since its midnight: all that rules without a period have to say.
type week [7][]stretch

func (rules Constraints) weekdays() *week {
	var w week
	for d := range w {
		w[d] = rules.weekday(time.Weekday(d))
	}
	return &w
}

func (rules Constraints) weekday(w time.Weekday) []stretch {
	var allow [byPeriod][]stretch
	var asked [byPeriod]bool
	var blocked []stretch
	for i := range rules {
		switch c := &rules[i]; {
		case c.dim == byPeriod:
		case c.block:
			blocked = c.on(w, blocked)
		default:
			asked[c.dim] = true
			allow[c.dim] = c.on(w, allow[c.dim])
		}
	}
	free := []stretch{{0, day}}
	for dim := range allow {
		if asked[dim] {
			free = intersect(free, join(allow[dim]))
		}
	}
	return subtract(free, join(blocked))
}

// over lays the week over the segments: an instant is in if the wall time it has in its segment is.
func (w *week) over(segs []segment) []stretch {
	var list []stretch
	for _, s := range segs {
		for date := floor(s.from+s.offset, day); date*day < s.to+s.offset; date++ {
			midnight := date*day - s.offset
			for _, part := range w[weekdayOf(date)] {
				list = extend(list, stretch{max(s.from, midnight+part.from), min(s.to, midnight+part.to)})
			}
		}
	}
	return list
}

// weekdayOf counts from 1970-01-01, a Thursday.
func weekdayOf(date int64) time.Weekday {
	return time.Weekday(date + int64(time.Thursday) - 7*floor(date+int64(time.Thursday), 7))
}
