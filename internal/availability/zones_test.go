package availability

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"holdfast/internal/zones"
)

// oddZones change their clocks in ways that programs get wrong: at midnight, by half an hour, by two hours, into the day
// before, for Ramadan, at quarter hours, on the far side of the date line, for the last time.
var oddZones = strings.Fields(`UTC Europe/Berlin Europe/London Europe/Dublin Europe/Chisinau Europe/Moscow Australia/Lord_Howe
	Australia/Adelaide Asia/Kathmandu Pacific/Chatham Pacific/Apia Pacific/Easter Pacific/Norfolk Africa/Casablanca Africa/El_Aaiun
	Africa/Cairo Africa/Juba America/Santiago America/Asuncion America/Sao_Paulo America/Havana America/New_York America/St_Johns
	America/Nuuk America/Scoresbysund America/Mexico_City Antarctica/Troll Antarctica/Casey Asia/Tehran Asia/Gaza Asia/Beirut
	Asia/Amman Asia/Damascus Asia/Almaty`)

// changes are the moments from 2020 to 2035 at which clocks in the zone change.
func changes(zone *time.Location) []time.Time {
	var list []time.Time
	for t := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); ; {
		_, end := t.In(zone).ZoneBounds()
		if end.IsZero() || end.Year() > 2035 {
			return list
		}
		if !end.After(t) { // see segments
			end = t.Add(24 * time.Hour)
		}
		_, before := t.In(zone).Zone()
		if _, after := end.Zone(); before != after {
			list = append(list, end.UTC())
		}
		t = end
	}
}

func TestEveryChangeOfClocksAsMinuteByMinute(t *testing.T) {
	t.Parallel()
	for i, name := range oddZones {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, r := zoneNamed(t, name), rand.New(rand.NewPCG(1, uint64(i)))
			for _, change := range changes(zone) {
				from := change.Add(-time.Duration(r.IntN(50*60)) * time.Minute)
				someStory(t, r, from, zone).holds(t)
			}
		})
	}
}

func TestChangesOfClocksInAnyZoneAsMinuteByMinute(t *testing.T) {
	t.Parallel()
	r, names := rand.New(rand.NewPCG(3, 4)), zones.Names()
	for range rounds(120) {
		zone := zoneNamed(t, pick(r, names...))
		if list := changes(zone); len(list) > 0 {
			from := pick(r, list...).Add(-time.Duration(r.IntN(50*60)) * time.Minute)
			someStory(t, r, from, zone, zoneNamed(t, pick(r, oddZones...))).holds(t)
		}
	}
}

// TestOffsetsOfAllZones asks at and around every change of every zone what the segments say.
func TestOffsetsOfAllZones(t *testing.T) {
	t.Parallel()
	from, to := time.Date(2019, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2036, 6, 1, 0, 0, 0, 0, time.UTC)
	sum := 0
	for _, name := range zones.Names() {
		zone := zoneNamed(t, name)
		segs := segments(zone, instant(from), instant(to))
		for _, change := range changes(zone) {
			sum++
			for _, at := range []time.Time{change.Add(-time.Nanosecond), change, change.Add(40 * 24 * time.Hour)} {
				_, want := at.In(zone).Zone()
				if got := offsetAt(segs, instant(at)); got != int64(want)*int64(time.Second) {
					t.Fatalf("%s at %s: offset %d, want %d s", name, at, got, want)
				}
			}
		}
		if segs[0].from != instant(from) || segs[len(segs)-1].to != instant(to) {
			t.Fatalf("%s: segments are from %d to %d", name, segs[0].from, segs[len(segs)-1].to)
		}
	}
	if sum < 500 {
		t.Fatalf("only %d changes found", sum)
	}
}

func offsetAt(segs []segment, at int64) int64 {
	for _, s := range segs {
		if s.from <= at && at < s.to {
			return s.offset
		}
	}
	return -1
}

// TestDaysAndWallTimesAroundChanges compares the start of dates, and the instants of wall times, with a walk over minutes.
func TestDaysAndWallTimesAroundChanges(t *testing.T) {
	t.Parallel()
	for i, name := range oddZones {
		zone, r := zoneNamed(t, name), rand.New(rand.NewPCG(2, uint64(i)))
		for _, change := range changes(zone) {
			if r.IntN(2) == 0 {
				continue
			}
			firsts, seen := map[int64]int64{}, map[int64]int64{}
			for at := change.Add(-40 * time.Hour); at.Before(change.Add(40 * time.Hour)); at = at.Add(time.Minute) {
				y, m, d := at.In(zone).Date()
				date := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
				remember(firsts, date, instant(at))
				remember(seen, date*day+int64(at.In(zone).Hour()*60+at.In(zone).Minute())*minute, instant(at))
			}
			checkDays(t, zone, change, firsts)
			checkWallTimes(t, zone, change, seen)
		}
	}
}

func remember(first map[int64]int64, key, at int64) {
	if _, has := first[key]; !has {
		first[key] = at
	}
}

func checkDays(t *testing.T, zone *time.Location, change time.Time, firsts map[int64]int64) {
	t.Helper()
	for date := dateOf(instant(change), zone); date <= dateOf(instant(change), zone)+1; date++ {
		if got := firstOf(date, zone); got != firsts[date] {
			t.Fatalf("%s: day %d begins at %s, want %s", zone, date, moment(got), moment(firsts[date]))
		}
	}
}

func checkWallTimes(t *testing.T, zone *time.Location, change time.Time, seen map[int64]int64) {
	t.Helper()
	_, before := change.Add(-time.Second).In(zone).Zone()
	for wall := wallOf(instant(change), zone) - 4*hour; wall < wallOf(instant(change), zone)+4*hour; wall += minute {
		want, exists := seen[wall]
		if !exists {
			want = wall - int64(before)*int64(time.Second)
		}
		if got := instantOf(wall, zone); got != want {
			t.Fatalf("%s: wall time %s is at %s, want %s", zone, moment(wall), moment(got), moment(want))
		}
	}
}
