package policy_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"holdfast/internal/availability"
)

// buffered is a booking with buffers as the model has it: minutes of the walk, and lengths in minutes.
type buffered struct {
	start, length, before, after int
	sums                         bool
}

// someBuffered is a booking that begins near a minute. Steps of five minutes let bookings touch each other often.
func someBuffered(r *rand.Rand, near int) buffered {
	step := pickOne(r, 1, 5, 15)
	some := func(most int) int { return step * r.IntN(most/step+1) }
	b := buffered{start: near - 120 + some(240), length: max(some(60), step), sums: r.IntN(3) == 0}
	if r.IntN(4) > 0 {
		b.before = some(60)
	}
	if r.IntN(4) > 0 {
		b.after = some(60)
	}
	return b
}

// json is the policy of the booking.
func (b buffered) json(r *rand.Rand) string {
	rule := pickOne(r, "", `,"rule":"max"`)
	if b.sums {
		rule = `,"rule":"sum"`
	}
	return fmt.Sprintf(`{"buffer":{"before":"PT%dM","after":"PT%dM"%s}}`, b.before, b.after, rule)
}

// fits says whether a booking can lie beside others, minute by minute: no minute of its own time is one of another's time or buffer, no minute
// of its buffer one of another's time, and where one of the two adds buffers up, no minute of its buffer one of the other's buffer.
func fits(b buffered, others []buffered) bool {
	within := func(at, from, to int) bool { return at >= from && at < to }
	for at := b.start - b.before; at < b.start+b.length+b.after; at++ {
		own, near := within(at, b.start, b.start+b.length), within(at, b.start-b.before, b.start+b.length+b.after)
		for _, o := range others {
			theirs, nearThem := within(at, o.start, o.start+o.length), within(at, o.start-o.before, o.start+o.length+o.after)
			if own && nearThem || near && theirs || near && nearThem && (b.sums || o.sums) {
				return false
			}
		}
	}
	return true
}

// compareBuffers puts some bookings on a resource, as policies say how they keep time, and compares whether one more is offered.
func (w *walk) compareBuffers(t *testing.T, r *rand.Rand, z *time.Location, start int, differ func(string, bool, bool)) {
	t.Helper()
	one := someBuffered(r, start)
	var others []buffered
	var busy []availability.Busy
	text := ""
	for range 1 + r.IntN(2) {
		o := someBuffered(r, start)
		policy := o.json(r)
		others, text = append(others, o), text+fmt.Sprintf(" beside %d for %d by %s", o.start-start, o.length, policy)
		from, to := w.at(o.start), w.at(o.start+o.length)
		busy = append(busy, availability.Busy{Start: from, End: to, Kind: availability.KindBooking})
		if before, after := read(t, policy).Around(); before+after > 0 {
			busy = append(busy, availability.Busy{
				Start: from.Add(-before), End: to.Add(after), Kind: availability.KindBooking, Guard: true, Sums: read(t, policy).Sums(),
			})
		}
	}
	policy := one.json(r)
	before, after := read(t, policy).Around()
	q := availability.Query{
		Resources: []availability.Resource{{Zone: z, Busy: busy}}, From: w.at(one.start), To: w.at(one.start + one.length),
		Length: time.Duration(one.length) * time.Minute, Step: time.Minute, BufferBefore: before, BufferAfter: after, SumBuffers: read(t, policy).Sums(),
	}
	what := fmt.Sprintf("buffers: %d for %d by %s%s", one.start-start, one.length, policy, text)
	differ(what, len(q.Slots()) == 1, fits(one, others))
}
