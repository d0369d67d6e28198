package availability

import (
	"testing"
	"time"
)

// withOffset writes slots with the offset at their start, because on these days a wall time may come twice.
func withOffset(slots []Slot, zone *time.Location) []string {
	var list []string
	for _, s := range slots {
		list = append(list, s.Start.In(zone).Format("Mon 15:04 -07:00")+" "+s.End.Sub(s.Start).String())
	}
	return list
}

// TestWindowsWhenClocksChange shows what is left of a window, and how long it is.
func TestWindowsWhenClocksChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, day, rule string
		want            []string
	}{
		{"Europe/Berlin", "2026-03-29", `{"allow_hours":{"start":"02:15","end":"02:45"}}`, nil}, // 2:00 becomes 3:00
		{"Europe/Berlin", "2026-03-29", `{"allow_hours":{"start":"02:15","end":5}}`, []string{"Sun 03:00 +02:00 2h0m0s"}},
		{"Europe/Berlin", "2026-03-29", `{"allow_hours":{"start":1,"end":"02:45"}}`, []string{"Sun 01:00 +01:00 1h0m0s"}},
		{"Europe/Berlin", "2026-03-29", `{"allow_hours":{"start":1,"end":4}}`, []string{"Sun 01:00 +01:00 2h0m0s"}},
		{"Europe/Berlin", "2026-03-29", `{"block_hours":{"start":2,"end":3}}`, []string{"Sun 00:00 +01:00 23h0m0s"}},
		{"Europe/Berlin", "2026-03-29", `{"allow_period":{"start":"2026-03-29T02:30:00","end":"2026-03-29T03:30:00"}}`, []string{"Sun 03:00 +02:00 30m0s"}},
		{"Europe/Berlin", "2026-10-25", `{"allow_hours":{"start":"02:15","end":"02:45"}}`, []string{"Sun 02:15 +02:00 30m0s", "Sun 02:15 +01:00 30m0s"}}, // 3:00 becomes 2:00
		{"Europe/Berlin", "2026-10-25", `{"allow_hours":{"start":2,"end":3}}`, []string{"Sun 02:00 +02:00 2h0m0s"}},
		{"Europe/Berlin", "2026-10-25", `{"allow_hours":{"start":"02:30","end":4}}`, []string{"Sun 02:30 +02:00 30m0s", "Sun 02:30 +01:00 1h30m0s"}},
		{"Europe/Berlin", "2026-10-25", `{"allow_period":{"start":"2026-10-25T02:30:00+02:00","end":"2026-10-25T02:30:00+01:00"}}`, []string{"Sun 02:30 +02:00 1h0m0s"}},
		{"Europe/Berlin", "2026-10-25", `{"allow_period":{"start":"2026-10-25T02:30:00+02:00","end":"2026-10-25T02:30:00"}}`, []string{"Sun 02:00 +01:00 30m0s"}},
		{"America/Santiago", "2026-09-06", `{"allow_day":{"day":"Sunday"}}`, []string{"Sun 01:00 -03:00 23h0m0s"}}, // no midnight
		{"America/Santiago", "2026-09-06", `{"allow_hours":{"start":0,"end":2}}`, []string{"Sun 01:00 -03:00 1h0m0s"}},
		{"America/Santiago", "2026-04-04", `{"allow_day":{"day":"Saturday"}}`, []string{"Sat 00:00 -03:00 25h0m0s"}}, // 24:00 becomes 23:00
		{"America/Havana", "2026-11-01", `{"allow_day":{"day":"Sunday"}}`, []string{"Sun 00:00 -04:00 25h0m0s"}},     // 1:00 becomes 0:00
		{"America/Havana", "2026-11-01", `{"allow_hours":{"start":0,"end":1}}`, []string{"Sun 00:00 -04:00 2h0m0s"}},
		{"Australia/Lord_Howe", "2026-04-05", `{"allow_hours":{"start":"01:15","end":2}}`, []string{"Sun 01:15 +11:00 1h15m0s"}},
		{"Australia/Lord_Howe", "2026-10-04", `{"allow_hours":{"start":2,"end":3}}`, []string{"Sun 02:30 +11:00 30m0s"}},
		{"Antarctica/Troll", "2026-03-29", `{"allow_hours":{"start":0,"end":4}}`, []string{"Sun 00:00 +00:00 2h0m0s"}}, // 1:00 becomes 3:00
		{"Africa/Casablanca", "2026-02-15", `{"allow_hours":{"start":2,"end":3}}`, []string{"Sun 02:00 +01:00 2h0m0s"}},
		{"Asia/Kathmandu", "2026-03-29", `{"allow_hours":{"start":9,"end":17}}`, []string{"Sun 09:00 +05:45 8h0m0s"}},
	} {
		zone := zoneNamed(t, c.zone)
		date := dateOf(instant(at(t, c.day, zone)), zone)
		q := &Query{From: moment(firstOf(date, zone)), To: moment(firstOf(date+1, zone)), Rules: rulesOf(t, "["+c.rule+"]"), Resources: []Resource{{Zone: zone}}}
		t.Log(c.zone, c.rule)
		equal(t, withOffset(q.Slots(), zone), c.want...)
	}
}

func TestPointsWhenClocksChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, from, rule string
		hours            int
		length, step     int
		want             []string
	}{
		{"Europe/Berlin", "2026-03-29T00:00:00", ``, 5, 90, 90, []string{"Sun 00:00 +01:00", "Sun 01:30 +01:00", "Sun 03:00 +02:00", "Sun 04:30 +02:00"}},
		{"Europe/Berlin", "2026-03-29T00:00:00", `{"block_hours":{"start":3,"end":"03:30"}}`, 4, 30, 30, []string{"Sun 00:00 +01:00", "Sun 00:30 +01:00", "Sun 01:00 +01:00", "Sun 01:30 +01:00", "Sun 04:00 +02:00", "Sun 04:30 +02:00"}},
		{"Europe/Berlin", "2026-10-25T01:30:00", ``, 4, 30, 30, []string{"Sun 01:30 +02:00", "Sun 02:00 +02:00", "Sun 02:30 +02:00", "Sun 02:00 +01:00", "Sun 02:30 +01:00", "Sun 03:00 +01:00", "Sun 03:30 +01:00", "Sun 04:00 +01:00"}},
		{"Europe/Berlin", "2026-10-25T01:30:00", `{"block_hours":{"start":2,"end":"02:10"}}`, 3, 20, 20, []string{"Sun 01:40 +02:00", "Sun 03:00 +01:00"}},
		{"America/Santiago", "2026-09-05T22:00:00", ``, 5, 60, 90, []string{"Sat 22:30 -04:00", "Sun 01:00 -03:00", "Sun 02:30 -03:00"}},
		{"America/Santiago", "2026-04-04T22:00:00", ``, 4, 60, 60, []string{"Sat 22:00 -03:00", "Sat 23:00 -03:00", "Sat 23:00 -04:00", "Sun 00:00 -04:00"}},
		{"America/Havana", "2026-10-31T23:00:00", ``, 4, 60, 60, []string{"Sat 23:00 -04:00", "Sun 00:00 -04:00", "Sun 00:00 -05:00", "Sun 01:00 -05:00"}},
		{"Australia/Lord_Howe", "2026-10-04T01:00:00", ``, 3, 30, 60, []string{"Sun 01:00 +10:30", "Sun 03:00 +11:00", "Sun 04:00 +11:00"}},
	} {
		zone := zoneNamed(t, c.zone)
		from := at(t, c.from, zone)
		q := &Query{From: from, To: from.Add(time.Duration(c.hours) * time.Hour), Rules: rulesOf(t, "["+c.rule+"]"), Resources: []Resource{{Zone: zone}}}
		q.Length, q.Step, q.RoundToHour = time.Duration(c.length)*time.Minute, time.Duration(c.step)*time.Minute, true
		var got []string
		for _, line := range withOffset(q.Slots(), zone) {
			got = append(got, line[:len("Sun 00:00 +01:00")])
		}
		t.Log(c.zone, c.rule)
		equal(t, got, c.want...)
	}
}
