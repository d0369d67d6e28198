package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// buffered is an instant booking that keeps some minutes around it free.
func (b *bundle) buffered(from, to float64, minutes int) *booking.Booking {
	b.t.Helper()
	v := b.at("instant", from, to)
	v.Settings.BufferSeconds = 60 * minutes
	return v
}

// busy puts busy time on the bundle's calendar, as an event that somebody made by hand. It takes nothing that is taken.
func (b *bundle) busy(from, to float64, allDay bool) (id uuid.UUID, fits bool) {
	b.t.Helper()
	v, id := b.at("instant", from, to), newID()
	b.exec(`INSERT INTO calendar_events (id, app_id, resource_id, calendar_id, start_at, end_at, all_day) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id, b.app.ID, b.resource.ID, b.calendar.ID, v.Start, v.End, allDay)
	b.exec(`INSERT INTO occupancies (id, app_id, resource_id, event_id, during, layer)
		SELECT gen_random_uuid(), $1, $2, $3, tstzrange($4, $5, '[)'), CASE WHEN $6 THEN int8range(-n, -n, '[]') ELSE '(,)' END
		FROM nextval('occupancies_layer') n ON CONFLICT DO NOTHING`, b.app.ID, b.resource.ID, id, v.Start, v.End, allDay)
	return id, b.count(`SELECT count(*) FROM occupancies WHERE event_id = $1`, id) == 1
}

// wantFits is wantRoom, and a winner has its rows.
func (b *bundle) wantFits(what string, v *booking.Booking, fits bool) *booking.Booking {
	b.t.Helper()
	known := b.wantRoom(what, v, fits)
	if fits {
		b.wantHeld(v)
	}
	return known
}

// wantHeld asserts the very rows that a booking with a slot has: its time, and its buffer around it.
func (b *bundle) wantHeld(v *booking.Booking) {
	b.t.Helper()
	want := 1
	if v.Settings.BufferSeconds > 0 {
		want = 2
		b.wantCount(1, `SELECT count(*) FROM occupancies WHERE booking_id = $1 AND resource_id = $2 AND app_id = $3 AND exclusive = $4
			AND during = tstzrange($5, $6, '[)') AND lower(layer) = upper(layer) - 1 AND lower(layer) > 0`, v.ID, v.Resource.ID, v.AppID,
			!v.Settings.AllowDoubleBookings, v.Start.Add(-v.Settings.Buffer()), v.End.Add(v.Settings.Buffer()))
	}
	b.wantCount(1, `SELECT count(*) FROM occupancies WHERE booking_id = $1 AND resource_id = $2 AND app_id = $3 AND exclusive = $4
		AND during = tstzrange($5, $6, '[)') AND upper_inf(layer)`, v.ID, v.Resource.ID, v.AppID,
		!v.Settings.AllowDoubleBookings, v.Start, v.End)
	b.wantCount(want, `SELECT count(*) FROM occupancies WHERE booking_id = $1`, v.ID)
}

// TestGapIsTheLargerBuffer books something before and after something else, at the very distance and a microsecond closer.
func TestGapIsTheLargerBuffer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, buffers := range [][2]int{{0, 0}, {0, 30}, {30, 0}, {30, 30}, {15, 45}, {45, 15}, {600, 1}} {
		gap := time.Duration(max(buffers[0], buffers[1])) * time.Minute
		for _, after := range []bool{true, false} {
			for _, off := range []time.Duration{0, -time.Microsecond, time.Hour, -gap - time.Microsecond} {
				b.resource, b.calendar = b.newResource(b.app)
				one, two := b.buffered(12, 13, buffers[0]), b.buffered(12, 13, buffers[1])
				shift := time.Hour + gap + off
				if !after {
					shift = -shift
				}
				two.Start, two.End = two.Start.Add(shift), two.End.Add(shift)
				b.wantFits("the first", one, true)
				b.wantFits(fmt.Sprintf("buffers %v, after %v, %s off", buffers, after, off), two, off >= 0)
			}
		}
	}
}

func TestBuffersGoWithTheirBooking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := b.wantFits("first", b.buffered(9, 10, 60), true)
	b.wantFits("in its buffer", b.at("instant", 10.5, 11), false)
	b.wantFits("next to its buffer", b.buffered(11, 12, 60), true)
	one = b.played(one, "cancel")
	b.wantCount(0, `SELECT count(*) FROM occupancies WHERE booking_id = $1`, one.ID)
	b.wantFits("in the next one's buffer", b.at("instant", 9, 10.25), false)
	again := b.wantFits("in its place", b.at("instant", 9, 10), true)
	b.played(again, "complete")
	b.wantCount(2, `SELECT count(*) FROM occupancies`)

	late := b.at("confirm_decline", 12.5, 13)
	late.Settings.BufferSeconds = 1800
	late = b.booked(late)
	b.wantCount(2, `SELECT count(*) FROM occupancies`)
	late, out := b.play(late, "confirm")
	wantEqual(t, "confirmed in a buffer", words(out.Result, out.Code, late.State), "refused slot_taken tentative")
	b.wantCount(2, `SELECT count(*) FROM occupancies`)
}

// TestLosersLeaveNothing lets a buffered booking lose by its time alone, by its buffer alone, and by both.
func TestLosersLeaveNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.wantFits("first", b.buffered(12, 13, 60), true)
	b.wantFits("alone", b.at("instant", 16, 17), true)
	for _, c := range []struct {
		name     string
		from, to float64
		minutes  int
		fits     bool
	}{
		{"its time in a buffer, its buffer clear of all times", 13.5, 14, 15, false},
		{"its buffer over a time", 15, 15.5, 60, false},
		{"its buffer over two times", 14, 15.5, 60 * 24, false},
		{"the very same", 12, 13, 60, false},
		{"around everything", 11, 18, 60, false},
		{"in the middle, exactly", 14, 15, 60, true},
	} {
		b.wantFits(c.name, b.buffered(c.from, c.to, c.minutes), c.fits)
	}
	b.wantCount(5, `SELECT count(*) FROM occupancies`)
}

func TestAllDayEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	day, free := b.busy(0, 24, true)
	_, freeToo := b.busy(0, 24, true)
	wantEqual(t, "all-day events may lie above each other", free && freeToo, true)
	b.busy(30, 31, false) // a meeting
	b.wantFits("a booking like any other", b.at("instant", 9, 10), false)
	b.wantFits("with a buffer", b.buffered(9, 10, 15), false)
	b.wantFits("its buffer alone reaches into the day", b.buffered(24, 25, 60), true)
	careless := func(from, to float64, minutes int) *booking.Booking {
		v := b.buffered(from, to, minutes)
		v.Settings.IgnoreAllDayEvents = true
		return v
	}
	one := b.wantFits("one that ignores them", careless(9, 10, 0), true)
	b.wantFits("over the other that ignores them", careless(9.5, 11, 0), false)
	b.wantFits("over a meeting", careless(30.5, 32, 0), false)
	b.wantFits("its buffer over a meeting", careless(28, 29.5, 45), false)
	b.wantFits("with a buffer up to the other", careless(11, 12, 60), true)
	b.wantFits("in that one's buffer", careless(12.5, 13, 0), false)
	b.wantFits("next to its buffer", careless(13, 14, 15), true)
	b.wantFits("over one that does not ignore them", careless(24.5, 26, 0), false)
	_, free = b.busy(10, 20, true)
	wantEqual(t, "an all-day event above those that ignore it", free, true)
	_, free = b.busy(20, 26, true)
	wantEqual(t, "an all-day event above one that does not", free, false)
	b.played(one, "cancel")
	b.exec(`DELETE FROM calendar_events WHERE id = $1`, day)
	b.wantFits("the other day is still there", b.at("instant", 8, 9), false)
	b.exec(`DELETE FROM calendar_events WHERE all_day`)
	b.wantFits("above nothing", b.at("instant", 9, 10), true)
	b.wantFits("one that ignores over one that does not", careless(9, 10, 0), false)
}

// TestSharedBuffers: what may overlap goes anywhere, and keeps its distance from those only that come after it.
func TestSharedBuffers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shared := func(from, to float64, minutes int) *booking.Booking {
		v := b.buffered(from, to, minutes)
		v.Settings.AllowDoubleBookings = true
		return v
	}
	b.wantFits("an ordinary one", b.buffered(9, 10, 30), true)
	b.busy(24, 48, true)
	b.wantFits("in an all-day event", shared(30, 31, 30), true)
	b.wantFits("and over that", shared(30, 31, 0), true)
	first := b.wantFits("over it", shared(9, 10, 30), true)
	b.wantFits("in both buffers", shared(10, 11, 30), true)
	b.wantFits("in its buffer", b.at("instant", 11, 12), false)
	b.wantFits("next to its buffer", b.at("instant", 11.5, 12), true)
	b.wantFits("its own buffer over a shared time", b.buffered(8, 8.5, 60), false)
	b.wantFits("far from all", b.buffered(7, 8, 60), true)
	b.wantFits("a shared one once more", shared(7, 12, 60*24), true)
	b.played(first, "cancel")
	b.wantCount(0, `SELECT count(*) FROM occupancies WHERE booking_id = $1`, first.ID)
}

// thing is what a naive model of a calendar knows of what stands in it.
type thing struct {
	id            uuid.UUID
	from, to      float64
	minutes       int
	shared        bool
	careless, day bool // ignores all-day events; is one
}

// obstructs is the whole rule, in the words of the contract.
func (one thing) obstructs(two thing) bool {
	gap := float64(max(one.minutes, two.minutes)) / 60
	switch {
	case one.day && two.day, one.day && two.careless, two.day && (one.careless || one.shared):
		return false
	case one.day || two.day:
		gap = 0
	}
	return one.from < two.to+gap && two.from < one.to+gap
}

// TestCalendarAgainstAModel books, cancels and blocks at random and foretells every answer.
func TestCalendarAgainstAModel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	var stands []thing
	fits, all := 0, 200
	for range all {
		if len(stands) > 0 && dice.IntN(4) == 0 {
			i := dice.IntN(len(stands))
			if gone := stands[i]; gone.day {
				b.exec(`DELETE FROM calendar_events WHERE id = $1`, gone.id)
			} else {
				b.played(&booking.Booking{ID: gone.id, AppID: b.app.ID}, "cancel")
			}
			stands = append(stands[:i], stands[i+1:]...)
		}
		n := thing{
			minutes: 15 * max(0, dice.IntN(8)-3), careless: dice.IntN(3) == 0, shared: dice.IntN(10) == 0, day: dice.IntN(10) == 0,
			from: float64(dice.IntN(4*24)) / 4,
		}
		n.to = n.from + float64(1+dice.IntN(6))/4
		v := b.buffered(n.from, n.to, n.minutes)
		v.Settings.IgnoreAllDayEvents, v.Settings.AllowDoubleBookings, n.id = n.careless, n.shared, v.ID
		free := true
		for _, other := range stands {
			free = free && ((n.shared && !n.day) || !other.obstructs(n))
		}
		if what := fmt.Sprintf("%+v among %+v", n, stands); n.day {
			id, fits := b.busy(n.from, n.to, true)
			wantEqual(t, what, fits, free)
			n.id = id
		} else {
			b.wantFits(what, v, free)
		}
		if free {
			stands = append(stands, n)
			fits++
		}
	}
	if fits < all/10 || fits > all*9/10 {
		t.Errorf("%d of %d fitted: that asks only one half of the question", fits, all)
	}
}

// insist commits as a workflow does, which tries again after a lock that it had to wait too long for.
func (b *bundle) insist(db *postgres.DB, in booking.CommitInput, again *atomic.Int64) (out booking.Outcome) {
	for range 30 {
		out, err := db.Commit(b.ctx, in)
		if !postgres.IsUnavailable(err) {
			if err != nil {
				b.t.Error(err)
			}
			return out
		}
		again.Add(1)
	}
	b.t.Error("no end of lock time-outs")
	return out
}

// crowd is the same record, with more connections than a process of production has.
func (b *bundle) crowd() *postgres.DB {
	b.t.Helper()
	db, err := postgres.Open(b.ctx, b.url, 24)
	check(b.t, err)
	b.t.Cleanup(db.Close)
	return db
}

// tooClose counts pairs of confirmed bookings that lie closer to each other than they may, by what they asked for.
const tooClose = `
	SELECT count(*) FROM bookings a JOIN bookings b ON a.resource_id = b.resource_id AND a.id < b.id,
		make_interval(secs => GREATEST(COALESCE((a.settings->>'buffer_seconds')::int, 0), COALESCE((b.settings->>'buffer_seconds')::int, 0))) gap
	WHERE a.state = 'confirmed' AND b.state = 'confirmed' AND a.start_at < b.end_at + gap AND b.start_at < a.end_at + gap`

// TestBuffersQueueUp stops two bookings that are too close to each other between their time and their buffer: one wins, and
// neither has to try twice.
func TestBuffersQueueUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.buffered(9, 10, 60), b.buffered(10.5, 11, 60)
	ins := []booking.CommitInput{commit(one, b.create(one)), commit(two, b.create(two))}
	release := b.gate(`BEFORE INSERT ON occupancies FOR EACH ROW
		WHEN (NOT upper_inf(NEW.layer) AND NEW.resource_id = '` + b.resource.ID.String() + `')`)
	var again atomic.Int64
	outs := make([]booking.Outcome, 2)
	var both sync.WaitGroup
	for i := range ins {
		both.Go(func() { outs[i] = b.insist(b.DB, ins[i], &again) })
		b.until(fmt.Sprintf(waiting, i+1))
	}
	other := b.buffered(9, 10, 60)
	elsewhere(b, other)
	out, err := b.Commit(b.ctx, commit(other, b.create(other)))
	if err != nil || out.Result != booking.ResultApplied {
		t.Errorf("another resource has a queue of its own: %+v %v", out, err)
	}
	release()
	both.Wait()
	wantEqual(t, "the first", outs[0].Result, booking.ResultApplied)
	wantEqual(t, "the second", words(outs[1].Result, outs[1].Code), "gone slot_taken")
	b.wantNoDeadlock()
	b.wantHeld(one)
	b.wantHeld(other)
	b.wantCount(4, `SELECT count(*) FROM occupancies`)
}

// TestBuffersRace: 64 sides book one day full. None comes too close to another, and none is refused for nothing. Then they
// cancel what stands and book again at the same time.
func TestBuffersRace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	db := b.crowd()
	var again atomic.Int64
	const sides, each = 64, 3
	standing := func() []uuid.UUID { return column[uuid.UUID](b, `SELECT id FROM bookings WHERE state = 'confirmed'`) }
	round := func(ins [][]booking.CommitInput) (wanted map[uuid.UUID]thing) {
		wanted = map[uuid.UUID]thing{}
		for side := range ins {
			for range each {
				n := thing{from: float64(rand.IntN(4*24)) / 4, minutes: []int{0, 0, 0, 15, 30, 45}[rand.IntN(6)]}
				n.to = n.from + float64(1+rand.IntN(4))/4
				v := b.buffered(n.from, n.to, n.minutes)
				ins[side], wanted[v.ID] = append(ins[side], commit(v, b.create(v))), n
			}
		}
		together(sides, func(side int) {
			for _, in := range ins[side] {
				if out := b.insist(db, in, &again); out.Result != booking.ResultApplied && out.Code != fault.SlotTaken {
					t.Errorf("outcome %+v", out)
				}
			}
		})
		b.wantCount(0, tooClose)
		b.wantCount(0, `SELECT count(*) FROM actions WHERE status = 'pending'`)
		b.wantCount(0, `SELECT count(*) FROM bookings b WHERE (SELECT count(*) FROM occupancies o WHERE o.booking_id = b.id)
			<> CASE WHEN state <> 'confirmed' THEN 0 WHEN settings->'buffer_seconds' IS NULL THEN 1 ELSE 2 END`)
		return wanted
	}
	wanted, cancels := round(make([][]booking.CommitInput, sides)), make([][]booking.CommitInput, sides)
	won := standing()
	for id, n := range wanted {
		stands, inTheWay := slices.Contains(won, id), false
		for _, winner := range won {
			inTheWay = inTheWay || winner != id && wanted[winner].obstructs(n)
		}
		if stands == inTheWay {
			t.Errorf("%+v: it stands %v, something is in its way %v", n, stands, inTheWay)
		}
	}
	for i, id := range won {
		v := b.known(&booking.Booking{ID: id, AppID: b.app.ID})
		b.wantHeld(v)
		cancels[i%sides] = append(cancels[i%sides], commit(v, must(b.InsertAction(b.ctx, action(v, "cancel"), ""))))
	}
	round(cancels)
	t.Logf("%d of %d won, then %d; %d tries were made again", len(won), len(wanted), len(standing()), again.Load())
	if len(won) < 10 || len(won) > len(wanted)/2 || len(standing()) < 5 {
		t.Error("this was no race")
	}
}
