package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/assign"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

// pool is a project whose bookings are given to its resources by a strategy.
type pool struct {
	*bundle
	project *catalogue.Project
	how     assign.Assign
	members []catalogue.Member
}

func (b *bundle) newPool(how assign.Assign, n int) *pool {
	b.t.Helper()
	p := &pool{bundle: b, how: how, project: b.newProject(fmt.Sprintf("pool-%d", b.count(`SELECT count(*) FROM projects`)))}
	for range n {
		p.join()
	}
	return p
}

// join puts one more resource into the pool.
func (p *pool) join() {
	p.t.Helper()
	r, c := p.newResource(p.app)
	p.members = append(p.members, catalogue.Member{Resource: *r, Calendar: *c})
}

// asked is a booking from some hour ahead to another, whose resource is to be chosen.
func (p *pool) asked(from, to float64) *booking.Booking {
	p.t.Helper()
	v := p.coming("instant", from, to)
	v.Resource, v.Calendar = p.members[0].Resource, p.members[0].Calendar
	v.Related.Project = &p.project.ID
	v.Pool = &catalogue.Pool{Project: p.project.ID, Assign: p.how, Members: p.members}
	return v
}

// named is a booking of a member that was named.
func (p *pool) named(n int, from, to float64) *booking.Booking {
	p.t.Helper()
	v := p.asked(from, to)
	p.give(v, n, assign.Named)
	return v
}

func (p *pool) give(v *booking.Booking, n int, how assign.How) {
	v.Resource, v.Calendar, v.Pool.How = p.members[n].Resource, p.members[n].Calendar, how
	v.Assignment = &assign.Assignment{Strategy: p.how.Strategy, Picked: v.Resource.ID.String(), How: how, Considered: []assign.Considered{}}
}

// made books with whom is chosen, and returns the booking as the record has it.
func (p *pool) made(v *booking.Booking) *booking.Booking {
	p.t.Helper()
	out, err := p.Commit(p.ctx, commit(v, p.accepted(v)))
	check(p.t, err)
	wantEqual(p.t, "made", out.Result, booking.ResultApplied)
	return p.known(v)
}

// place is the position of a booking's resource in the pool, from 0; -1 for another one.
func (p *pool) place(v *booking.Booking) int {
	return slices.IndexFunc(p.members, func(m catalogue.Member) bool { return m.Resource.ID == v.Resource.ID })
}

// counts are what is counted for each member: of bookings, and of those it was skipped for.
func (p *pool) counts() string {
	p.t.Helper()
	text := []string{}
	for _, m := range p.members {
		text = append(text, first[string](p.bundle, `SELECT count(*) FILTER (WHERE NOT skipped) || COALESCE('+' || NULLIF(count(*) FILTER (WHERE skipped), 0), '')
			FROM assignments WHERE project_id = $1 AND resource_id = $2 AND booking_id IS NOT NULL`, p.project.ID, m.Resource.ID))
	}
	return strings.Join(text, " ")
}

func (p *pool) wantCounts(what, want string) {
	p.t.Helper()
	wantEqual(p.t, what, p.counts(), want)
}

func (p *pool) assignment(v *booking.Booking) *assign.Assignment {
	p.t.Helper()
	return must(p.Assignments(p.ctx, []uuid.UUID{v.ID}))[v.ID]
}

// whyNot is why members were not chosen, in the order of the pool; "+" for who was.
func (p *pool) whyNot(v *booking.Booking) string {
	p.t.Helper()
	a := p.assignment(v)
	text := []string{}
	for _, m := range p.members {
		at := slices.IndexFunc(a.Considered, func(c assign.Considered) bool { return c.Resource == m.Resource.ID.String() })
		switch {
		case at < 0:
			text = append(text, "?")
		case a.Considered[at].WhyNot == "":
			text = append(text, "+")
		default:
			text = append(text, a.Considered[at].WhyNot)
		}
	}
	return strings.Join(text, " ")
}

// TestHundredsLieWithinOne: through the record too everybody lies within one booking of their share.
func TestHundredsLieWithinOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPool(assign.Assign{Strategy: assign.Fair, Weights: map[string]int{}}, 4)
	weights := []int{1, 2, 3, 5}
	for i, m := range p.members {
		p.how.Weights[m.Resource.ID.String()] = weights[i]
	}
	got := make([]float64, 4)
	for n := 1; n <= 330; n++ {
		v := p.asked(float64(n), float64(n)+1)
		b.accepted(v)
		got[p.place(v)]++
		for i, w := range weights {
			if off := got[i] - float64(n*w)/11; off >= 1 || off <= -1 {
				t.Fatalf("after %d bookings member %d has %g", n, i, got[i])
			}
		}
	}
	p.wantCounts("in all", "30 60 90 150")
	wantEqual(t, "members", b.count(`SELECT count(*) FROM pool_members`), 4)
}

// TestTwoHundredForAPoolOfTen: ten get one resource each, the rest is sent away, and nobody deadlocks.
func TestTwoHundredForAPoolOfTen(t *testing.T) {
	t.Parallel()
	for _, buffer := range []int{0, 900} {
		b := setup(t)
		p := b.newPool(assign.Assign{Strategy: assign.Fair}, 10)
		db := b.crowd()
		all, actions, errs := make([]*booking.Booking, 200), make([]*booking.Action, 200), make([]error, 200)
		for i := range all {
			all[i] = p.asked(9, 10)
			all[i].Settings.BufferSeconds = buffer
		}
		together(len(all), func(i int) {
			actions[i], errs[i] = db.CreateBooking(b.ctx, all[i], action(all[i], "confirm"), takesSlot)
		})
		winners := map[int]bool{}
		for i, err := range errs {
			if err == nil {
				winners[p.place(all[i])] = true
				wantEqual(t, "made", must(b.Commit(b.ctx, commit(all[i], actions[i]))).Result, booking.ResultApplied)
				continue
			}
			wantCode(t, err, fault.SlotTaken)
		}
		wantEqual(t, "winners", len(winners), 10)
		wantEqual(t, "bookings", b.count(`SELECT count(*) FROM bookings`), 10)
		p.wantCounts("each", "1 1 1 1 1 1 1 1 1 1")
		b.wantNoDeadlock()
		b.sound()
	}
}

// TestWhatIsGivenBack: a cancel before the start, a refused creation and an erased booking give their count back; what took place, or
// was cancelled later, stays.
func TestWhatIsGivenBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPool(assign.Assign{Strategy: assign.Priority}, 2)
	v := p.made(p.asked(9, 10))
	wantEqual(t, "it is assigned", v.Assigned, true)
	p.wantCounts("booked", "1 0")
	b.played(v, "cancel")
	p.wantCounts("cancelled", "0 0")

	past := p.asked(9, 10)
	past.Start, past.End = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	late := p.made(past)
	b.played(late, "cancel")
	p.wantCounts("cancelled after the start", "1 0")
	over := p.asked(9, 10)
	over.Start, over.End = time.Now().Add(-5*time.Hour), time.Now().Add(-4*time.Hour)
	done := b.played(p.made(over), "complete")
	p.wantCounts("completed", "2 0")
	check(t, b.DeleteBooking(b.ctx, done.AppID, done.ID))
	p.wantCounts("erased", "1 0")
	b.wantCount(0, `SELECT count(*) FROM booking_assignments WHERE booking_id = $1`, done.ID)

	undone := p.asked(12, 13)
	first := b.accepted(undone)
	p.wantCounts("accepted", "2 0")
	wantEqual(t, "withdrawn", must(b.Withdraw(b.ctx, first)), true)
	p.wantCounts("withdrawn", "1 0")
	declined := p.asked(14, 15)
	declined.Graph, declined.State = "confirm_decline", graphOf(t, "confirm_decline").Initial
	b.played(p.made(declined), "decline")
	p.wantCounts("declined", "1 0")
	b.sound()
}

// TestWhoIsBusyIsPassedBy: the next one is chosen, and who was passed by catches up, or not; a cancel gives back what was counted for
// those who were skipped.
func TestWhoIsBusyIsPassedBy(t *testing.T) {
	t.Parallel()
	for _, catches := range []bool{true, false} {
		b := setup(t)
		p := b.newPool(assign.Assign{Strategy: assign.Fair, CatchUp: &catches}, 2)
		p.made(p.asked(30, 31)) // one each
		p.made(p.asked(31, 32))
		b.booked(p.elsewhere(0, 0, 24))
		for i := range 4 {
			v := p.made(p.asked(float64(i), float64(i)+1))
			wantEqual(t, "who is free", p.place(v), 1)
			wantEqual(t, "why", p.whyNot(v), "busy +")
		}
		want := map[bool]string{true: "1 5", false: "1+4 5"}[catches]
		p.wantCounts("then", want)
		got := ""
		for i := range 4 {
			got += fmt.Sprint(p.place(p.made(p.asked(40+float64(i), 41+float64(i)))))
		}
		wantEqual(t, fmt.Sprint("catching up ", catches), got, map[bool]string{true: "0000", false: "0101"}[catches])
		if !catches {
			wantEqual(t, "counted", p.counts(), "3+4 7")
			last := b.known(&booking.Booking{AppID: b.app.ID, ID: first[uuid.UUID](b, `SELECT booking_id FROM assignments WHERE skipped LIMIT 1`)})
			b.played(last, "cancel")
			p.wantCounts("cancelled", "3+3 6")
		}
	}
}

// elsewhere is a booking of a member that has nothing to do with the pool.
func (p *pool) elsewhere(n int, from, to float64) *booking.Booking {
	p.t.Helper()
	v := p.coming("instant", from, to)
	v.Resource, v.Calendar = p.members[n].Resource, p.members[n].Calendar
	return v
}

// TestTakenMeanwhile: who looked free, and is taken before the claim, is passed by for the next one.
func TestTakenMeanwhile(t *testing.T) {
	t.Parallel()
	for _, buffer := range []int{0, 900} {
		b := setup(t)
		p := b.newPool(assign.Assign{Strategy: assign.Priority}, 3)
		tx := must(b.look.Begin(b.ctx))
		other := b.booked(p.elsewhere(2, 100, 101))
		must(tx.Exec(b.ctx, `INSERT INTO occupancies (id, app_id, resource_id, booking_id, during) VALUES (gen_random_uuid(), $1, $2, $3, tstzrange($4, $5))`,
			b.app.ID, p.members[0].Resource.ID, other.ID, p.asked(9, 10).Start, p.asked(9, 10).End))
		v := p.asked(9, 10)
		v.Settings.BufferSeconds = buffer
		ended := make(chan error)
		go func() { _, err := b.try(v); ended <- err }()
		b.until(fmt.Sprintf(waiting, 1))
		check(t, tx.Commit(b.ctx))
		check(t, <-ended)
		wantEqual(t, "the next one", p.place(v), 1)
		wantEqual(t, "why", p.whyNot(v), "busy + outranked")
		p.wantCounts("counted", "0 1 0")
	}
}

// TestLimitsOfMembers: who has reached a limit is passed by. When all have, the answer is the limit; when one is only busy, the time is taken.
func TestLimitsOfMembers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPool(assign.Assign{Strategy: assign.Priority}, 2)
	ask := func(hour float64) *booking.Booking {
		v := p.asked(hour, hour+1)
		v.Policy = policy.NewSnapshot(policy.Policy{Limits: &[]policy.Limit{oneADay}}, nil)
		return v
	}
	p.made(ask(9))
	second := p.made(ask(11))
	wantEqual(t, "why", p.whyNot(second), "limit_reached +")
	known := b.tried(ask(13))
	wantCode(t, known, fault.LimitReached)
	wantEqual(t, "the rule", known.(*fault.Error).Rule.Name, "limits") //nolint:errorlint // made here
	wantCode(t, b.tried(p.asked(9, 12)), fault.SlotTaken)              // both are busy
	b.booked(p.elsewhere(1, 36, 37))
	p.made(ask(34))
	wantCode(t, b.tried(ask(36)), fault.SlotTaken) // one has reached its limit, the other one is busy
	b.wantCounted()
	b.sound()
}

// TestAMoveKeepsThePerson: a booking that is moved keeps its resource if that is free, and what is counted goes along.
func TestAMoveKeepsThePerson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPool(assign.Assign{Strategy: assign.Fair}, 3)
	move := func(old *booking.Booking, from, to float64) *booking.Booking {
		t.Helper()
		v := p.asked(from, to)
		v.Related.RescheduledFrom = &old.ID
		v.Pool.Kept = &catalogue.Member{Resource: old.Resource, Calendar: old.Calendar}
		return p.made(v)
	}
	v := p.made(p.asked(9, 10))
	at := p.place(v)
	for i := range 3 {
		v = move(v, 9.5+float64(i), 11+float64(i))
		wantEqual(t, "kept", p.place(v), at)
		wantEqual(t, "how", p.assignment(v).How, assign.Kept)
		wantEqual(t, "counted once", b.count(`SELECT count(*) FROM assignments WHERE minutes = 90 AND booking_id = $1`, v.ID), 1)
		b.wantCount(1, `SELECT count(*) FROM assignments`)
	}
	b.booked(p.elsewhere(at, 20, 21))
	v = move(v, 20, 21)
	if p.place(v) == at {
		t.Error("who is busy was kept")
	}
	wantEqual(t, "why", p.assignment(v).How, assign.How(""))
	b.wantCount(1, `SELECT count(*) FROM assignments WHERE booking_id = $1`, v.ID)
	b.wantCount(1, `SELECT count(*) FROM assignments`)

	left := p.members[p.place(v)]
	p.members = slices.DeleteFunc(slices.Clone(p.members), func(m catalogue.Member) bool { return m.Resource.ID == left.Resource.ID })
	v = move(v, 23, 24)
	wantEqual(t, "who has left the pool is kept", v.Resource.ID, left.Resource.ID)
	b.wantCount(1, `SELECT count(*) FROM assignments WHERE booking_id = $1`, v.ID)
	b.played(v, "cancel")
	b.wantCount(0, `SELECT count(*) FROM assignments`)
	b.wantCount(1, `SELECT count(*) FROM bookings WHERE assigned AND NOT EXISTS (SELECT FROM booking_assignments WHERE booking_id = id) IS FALSE AND state = 'cancelled'`)
	b.sound()
}

// TestAMoveToNobody: a move that nobody can take refuses, and leaves the old booking counted.
func TestAMoveToNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPool(assign.Assign{Strategy: assign.Fair}, 2)
	old := p.made(p.asked(9, 10))
	for n := range p.members {
		b.booked(p.elsewhere(n, 20, 21))
	}
	v := p.asked(20, 21)
	v.Related.RescheduledFrom = &old.ID
	v.Pool.Kept = &catalogue.Member{Resource: old.Resource, Calendar: old.Calendar}
	wantCode(t, b.tried(v), fault.SlotTaken)
	b.wantCount(1, `SELECT count(*) FROM assignments WHERE booking_id = $1`, old.ID)
	wantEqual(t, "the old one", b.known(old).State, "confirmed")
}

// TestAHoldKeepsThePerson: a hold that becomes a booking is counted once, for its resource and for its customer.
func TestAHoldKeepsThePerson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPool(assign.Assign{Strategy: assign.SameAsLast}, 3)
	hold := p.asked(9, 10)
	hold.Graph, hold.State, hold.Customers = "reservation", graphOf(t, "reservation").Initial, nil
	hold = p.made(hold)
	v := p.asked(9, 10)
	v.Related.Reservation = &hold.ID
	p.give(v, p.place(hold), assign.Kept)
	v = p.made(v)
	wantEqual(t, "kept", v.Resource.ID, hold.Resource.ID)
	b.wantCount(1, `SELECT count(*) FROM assignments`)
	b.wantCount(1, `SELECT count(*) FROM assignments WHERE booking_id = $1 AND customer IS NOT NULL`, v.ID)
	next := p.asked(12, 13)
	next.Customers[0].Email = " Zadie.Quill+x@EXAMPLE.org"
	wantEqual(t, "the same as last", p.made(next).Resource.ID, hold.Resource.ID)
	other := p.asked(14, 15)
	other.Customers[0].Email = "ann@example.com"
	if p.made(other).Resource.ID == hold.Resource.ID {
		t.Error("another customer got the same one")
	}
	expired := p.asked(16, 17)
	expired.Graph, expired.State = "reservation", graphOf(t, "reservation").Initial
	b.played(p.made(expired), "release")
	b.wantCount(3, `SELECT count(*) FROM assignments`)
	b.sound()
}

// TestNamedIsCounted: who was named is taken, whatever the strategy says, and counted; who is no member is not.
func TestNamedIsCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPool(assign.Assign{Strategy: assign.Fair}, 2)
	for i := range 3 {
		v := p.made(p.named(0, float64(i), float64(i)+1))
		wantEqual(t, "named", p.assignment(v).How, assign.Named)
	}
	p.wantCounts("named", "3 0")
	got := ""
	for i := range 4 {
		got += fmt.Sprint(p.place(p.made(p.asked(10+float64(i), 11+float64(i)))))
	}
	wantEqual(t, "the other one catches up", got, "1110")
	stranger := p.asked(20, 21)
	p.give(stranger, 0, assign.Named)
	stranger.Resource, stranger.Calendar = *b.resource, *b.calendar
	p.made(stranger)
	p.wantCounts("a stranger", "4 3")
	b.wantCount(7, `SELECT count(*) FROM assignments`)
}

// TestNewcomersBeginLevel: who joins a pool, or comes back to it, begins at the lowest share of the others, day by day as they have it.
func TestNewcomersBeginLevel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPool(assign.Assign{Strategy: assign.Fair}, 2)
	hour := 0.0
	next := func() *booking.Booking { hour++; return p.made(p.asked(hour, hour+1)) }
	for range 20 {
		next()
	}
	b.exec(`UPDATE assignments SET at = at - interval '20 days' WHERE id IN (
		SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY resource_id ORDER BY at) n FROM assignments) x WHERE n <= 8)`)
	p.join()
	got := map[int]int{}
	for range 6 {
		got[p.place(next())]++
	}
	wantEqual(t, "shared equally", fmt.Sprint(got), "map[0:2 1:2 2:2]")
	wantSame(t, "what it begins with", column[string](b, `SELECT bookings || ' ' || minutes || ' ' || (now()::date - at::date) FROM assignments
		WHERE booking_id IS NULL ORDER BY at`), []string{"8 480 20", "2 120 0"})
	b.exec(`UPDATE assignments SET at = at - interval '15 days'`) // what is older than the window is not counted any more, of nobody
	got = map[int]int{}
	for range 6 {
		got[p.place(next())]++
	}
	wantEqual(t, "the oldest day has ended for all", fmt.Sprint(got), "map[0:2 1:2 2:2]")

	all := p.members
	p.members = all[:2]
	next()
	b.wantCount(2, `SELECT count(*) FROM pool_members`)
	for range 7 {
		next()
	}
	p.members = all
	got = map[int]int{}
	for range 6 {
		got[p.place(next())]++
	}
	wantEqual(t, "who comes back", fmt.Sprint(got), "map[0:2 1:2 2:2]")
	b.exec(`UPDATE assignments SET at = at - interval '400 days'`)
	p.join()
	next()
	b.wantCount(0, `SELECT count(*) FROM assignments WHERE booking_id IS NULL`)
}

// TestWindowsEnd: what was chosen longer ago than the window is not counted; who has waited longest is still known.
func TestWindowsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPool(assign.Assign{Strategy: assign.LeastBusy, Window: "P1W"}, 2)
	for i := range 3 {
		p.made(p.named(0, float64(i), float64(i)+1))
	}
	p.made(p.named(1, 3, 4))
	b.exec(`UPDATE assignments SET at = at - interval '169 hours' WHERE resource_id = $1`, p.members[0].Resource.ID)
	wantEqual(t, "least busy", p.place(p.made(p.asked(5, 6))), 0)
	p.how = assign.Assign{Strategy: assign.LongestIdle}
	b.exec(`UPDATE pool_members SET since = now() - interval '90 days'`)
	b.exec(`UPDATE assignments SET at = now() - interval '60 days'`)
	b.exec(`UPDATE assignments SET at = now() - interval '80 days' WHERE resource_id = $1`, p.members[1].Resource.ID)
	wantEqual(t, "longest idle", p.place(p.made(p.asked(7, 8))), 1)
	wantEqual(t, "then", p.place(p.made(p.asked(8, 9))), 0)
}

// TestARepeatChoosesNobodyElse: the second try of a creation finds the first one, with whom it chose.
func TestARepeatChoosesNobodyElse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPool(assign.Assign{Strategy: assign.Fair}, 3)
	p.made(p.asked(6, 7))
	v := p.asked(9, 10)
	first := b.accepted(v)
	again := p.asked(9, 10)
	again.ID = v.ID
	known := b.accepted(again)
	wantEqual(t, "the action", known.ID, first.ID)
	wantEqual(t, "the resource", again.Resource.ID, v.Resource.ID)
	b.wantCount(2, `SELECT count(*) FROM assignments`)
	for range 2 {
		p.made(p.asked(9, 10))
	}
	again = p.asked(9, 10) // the pool is full, and others were just sent away
	wantCode(t, b.tried(again), fault.SlotTaken)
	again.ID = v.ID
	wantEqual(t, "the action", b.accepted(again).ID, first.ID)
	thief := b.newApp("thief")
	again.AppID = thief.ID
	wantCode(t, b.tried(again), fault.NotFound)
}

// TestAssignedWithoutATime: a graph that takes no time at first is given to who is free, and claims nothing.
func TestAssignedWithoutATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPool(assign.Assign{Strategy: assign.Priority}, 2)
	b.booked(p.elsewhere(0, 9, 10))
	v := p.asked(9, 10)
	v.Graph, v.State = "confirm_decline", graphOf(t, "confirm_decline").Initial
	v = p.made(v)
	wantEqual(t, "who is free", p.place(v), 1)
	b.wantCount(0, `SELECT count(*) FROM occupancies WHERE booking_id = $1`, v.ID)
	double := p.asked(9, 10)
	double.Settings.AllowDoubleBookings = true
	wantEqual(t, "a double booking", p.place(p.made(double)), 0)
	b.sound()
}

// TestRuledOut: who cannot be chosen by the rules of its calendar is listed with why, and not chosen though free.
func TestRuledOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPool(assign.Assign{Strategy: assign.Priority}, 2)
	v := p.asked(9, 10)
	v.Pool.Members = slices.Clone(p.members)
	v.Pool.Members[0].WhyNot = assign.NotOffered
	v = p.made(v)
	wantEqual(t, "why", p.whyNot(v), "not_offered +")
	v = p.asked(9, 10)
	v.Pool.Members = slices.Clone(p.members)
	v.Pool.Members[0].WhyNot = assign.NotOffered
	wantCode(t, b.tried(v), fault.SlotTaken)
	check(t, b.DeleteResource(b.ctx, b.app.ID, p.members[0].Resource.ID)) // after the pool was loaded
	gone := p.asked(12, 13)
	wantEqual(t, "who was deleted is passed by", p.place(p.made(gone)), 1)
}

// TestChoicesCross: choices, moves and cancels of two pools that share their resources cross, with limits, and nobody deadlocks; in the
// end counted is what stands.
func TestChoicesCross(t *testing.T) {
	t.Parallel()
	b := setup(t)
	db := b.crowd()
	one := b.newPool(assign.Assign{Strategy: assign.Fair}, 6)
	two := b.newPool(assign.Assign{Strategy: assign.LongestIdle}, 0)
	two.members = slices.Clone(one.members)
	slices.Reverse(two.members)
	limits := policy.Policy{Limits: &[]policy.Limit{{Per: policy.PerResource, Unit: policy.Day, Max: 8}, {Per: policy.PerApp, Unit: policy.Year, Max: 5000}}}
	ask := func(p *pool, i int) *booking.Booking {
		v := p.asked(float64(i%12), float64(i%12)+1)
		v.Policy, v.Settings.BufferSeconds = policy.NewSnapshot(limits, nil), 300*(i%2)
		return v
	}
	create := func(v *booking.Booking) *booking.Booking {
		a, err := db.CreateBooking(b.ctx, v, action(v, must(v.LoadGraph()).Start), moveOf(t, v))
		if code := fault.CodeOf(err); err != nil && code != fault.SlotTaken && code != fault.LimitReached {
			t.Error(err)
		}
		if err != nil {
			return nil
		}
		if _, err := db.Commit(b.ctx, commit(v, a)); err != nil {
			t.Error(err)
		}
		found, err := db.Booking(b.ctx, v.AppID, v.ID)
		if err != nil {
			t.Error(err)
		}
		return found
	}
	together(60, func(i int) {
		p := []*pool{one, two}[i%2]
		v := create(ask(p, i))
		if v == nil {
			return
		}
		switch i % 3 {
		case 0:
			next := ask(p, i*7)
			next.Related.RescheduledFrom = &v.ID
			next.Pool.Kept = &catalogue.Member{Resource: v.Resource, Calendar: v.Calendar}
			create(next)
		case 1:
			a := action(v, "cancel")
			if _, err := db.InsertAction(b.ctx, a, ""); err != nil {
				t.Error(err)
			}
			if _, err := db.Commit(b.ctx, commit(v, a)); err != nil {
				t.Error(err)
			}
		}
	})
	b.wantNoDeadlock()
	b.wantCounted()
	b.wantCount(0, `SELECT count(*) FROM bookings WHERE assigned AND (state = 'confirmed') <> (1 = (SELECT count(*) FROM assignments a
		WHERE a.booking_id = bookings.id AND a.resource_id = bookings.resource_id AND NOT skipped))`)
	b.sound()
}
