package availability

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// busiest makes a query of as many resources and days, with 8,000 busy ranges among them and slots every half hour.
func busiest(b *testing.B, resources, days int) *Query {
	b.Helper()
	from := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	rules := rulesOf(b, `[{"allow_weekdays":{}},{"allow_hours":{"start":9,"end":17}},{"block_hours":{"start":"12:00","end":"12:30"}}]`)
	zones := []*time.Location{zoneNamed(b, "Europe/Berlin"), zoneNamed(b, "America/New_York")}
	random := rand.New(rand.NewPCG(1, 2))
	q := &Query{
		Mode: RoundRobinRandom, From: from, To: from.AddDate(0, 0, days), Rules: rules,
		Length: time.Hour, Step: 30 * time.Minute, BufferBefore: 10 * time.Minute, BufferAfter: 10 * time.Minute, RoundToHour: true,
	}
	for i := range resources {
		r := Resource{Zone: zones[i%2]}
		for k, n := 0, 8000/resources; k < n; k++ {
			start := from.Add(time.Duration(k) * q.To.Sub(from) / time.Duration(n)).Truncate(time.Minute)
			length := time.Duration(10+random.IntN(80)) * time.Minute
			r.Busy = append(r.Busy, Busy{Start: start, End: start.Add(length), Kind: KindBooking, ID: "b", Guard: k%2 == 1})
		}
		q.Resources = append(q.Resources, r)
	}
	return q
}

func BenchmarkSlots(b *testing.B) {
	for _, days := range []int{15, 30, 60} {
		for _, resources := range []int{10, 25, 50} {
			q := busiest(b, resources, days)
			for _, all := range []bool{false, true} {
				name := fmt.Sprintf("days=%d/resources=%d/office_hours", days, resources)
				if all {
					name, q.Rules = fmt.Sprintf("days=%d/resources=%d/always_and_all", days, resources), nil
					q.Mode = Exclusive
				}
				b.Run(name, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						q.Slots()
					}
				})
			}
		}
	}
}
