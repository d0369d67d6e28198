package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

// limited is an instant booking with limits, of a customer.
func (b *bundle) limited(from, to float64, address string, limits ...policy.Limit) *booking.Booking {
	b.t.Helper()
	v := b.at("instant", from, to)
	v.Policy = policy.NewSnapshot(policy.Policy{Limits: &limits}, nil)
	v.Customers[0].Email = address
	return v
}

// wantTaken asserts what is counted in all buckets, by subject, and that the entries say the same.
func (b *bundle) wantTaken(what string, want ...string) {
	b.t.Helper()
	wantSame(b.t, what, column[string](b, `SELECT split_part(name, '|', 2) || ' ' || first || ' ' || taken FROM limit_buckets WHERE taken <> 0
		ORDER BY name, first`), want)
	b.wantCounted()
}

func (b *bundle) wantCounted() {
	b.t.Helper()
	b.wantCount(0, `SELECT count(*) FROM limit_buckets k WHERE taken <> (SELECT COALESCE(sum(e.amount), 0) FROM limit_entries e
		WHERE (e.app_id, e.name, e.first) = (k.app_id, k.name, k.first))`)
}

var (
	oneADay       = policy.Limit{Per: policy.PerResource, Unit: policy.Day, Max: 1}
	twoACustomer  = policy.Limit{Per: policy.PerCustomer, Unit: policy.Week, Max: 2}
	hundredMinute = policy.Limit{Per: policy.PerApp, Unit: policy.Month, Max: 100, Count: policy.Minutes}
)

// TestLimitsAreCounted follows one booking through its life: counted at the door, kept by the commit, given back by a cancel.
func TestLimitsAreCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.limited(9, 10, "ann@example.com", oneADay, twoACustomer, hundredMinute)
	first := b.accepted(v)
	day := v.Start.In(v.Resource.Zone()).Format(time.DateOnly)
	b.wantCount(3, `SELECT count(*) FROM limit_entries WHERE claimed`)
	wantCode(t, b.tried(b.limited(11, 12, "bob@example.com", oneADay)), fault.LimitReached)
	out := must(b.Commit(b.ctx, commit(v, first)))
	wantEqual(t, "made", out.Result, booking.ResultApplied)
	b.wantCount(0, `SELECT count(*) FROM limit_entries WHERE claimed`)
	b.wantCount(1, `SELECT count(*) FROM limit_buckets WHERE name = $1 AND first = $2 AND taken = 1`, "|resource|"+v.Resource.ID.String()+"|day|bookings", day)
	b.wantCount(1, `SELECT count(*) FROM limit_buckets WHERE name = '|app||month|minutes' AND taken = 60`)

	err := b.tried(b.limited(11, 12, "bob@example.com", oneADay))
	wantCode(t, err, fault.LimitReached)
	known := err.(*fault.Error) //nolint:errorlint // made here
	if known.Rule == nil || known.Rule.Name != "limits" || known.Rule.Limit != "1 booking a day for each resource" || known.Rule.Ends.IsZero() {
		t.Errorf("the refusal says %+v", known.Rule)
	}
	wantCode(t, b.tried(b.limited(11, 12, "bob@example.com", hundredMinute)), fault.LimitReached)
	b.wantCount(1, `SELECT count(*) FROM bookings`)
	b.wantCount(0, `SELECT count(*) FROM occupancies WHERE claimed`)
	b.play(v, "cancel")
	b.wantTaken("after the cancel")
	b.booked(b.limited(11, 12, "bob@example.com", oneADay, hundredMinute))
	b.sound()
}

// TestCompletedStaysCounted: what took place counts, until it is erased.
func TestCompletedStaysCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.limited(9, 10, "ann@example.com", twoACustomer))
	b.play(v, "complete")
	b.wantCount(1, `SELECT count(*) FROM limit_buckets WHERE taken = 1`)
	check(t, b.DeleteBooking(b.ctx, v.AppID, v.ID))
	b.wantTaken("erased")
}

// TestLastOfFifty: of fifty at once for the last one, at different times of one day, one wins, and nobody deadlocks, whatever the
// order of the limits.
func TestLastOfFifty(t *testing.T) {
	t.Parallel()
	b := setup(t)
	db := b.crowd()
	limits := []policy.Limit{oneADay, {Per: policy.PerApp, Unit: policy.Week, Max: 3}, twoACustomer, {Per: policy.PerApp, Unit: policy.Year, Max: 500}}
	all, errs := make([]*booking.Booking, 50), make([]error, 50)
	for i := range all {
		mixed := slices.Clone(limits)
		rand.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		from := float64(i%40) / 4
		all[i] = b.limited(from, from+0.25, fmt.Sprintf("c%d@example.com", i%7), mixed...)
	}
	actions := make([]*booking.Action, len(all))
	together(len(all), func(i int) {
		actions[i], errs[i] = db.CreateBooking(b.ctx, all[i], action(all[i], "confirm"), takesSlot)
	})
	won := 0
	for i, err := range errs {
		if err != nil {
			if code := fault.CodeOf(err); code != fault.LimitReached && code != fault.SlotTaken {
				t.Error(err)
			}
			continue
		}
		won++
		wantEqual(t, "made", must(b.Commit(b.ctx, commit(all[i], actions[i]))).Result, booking.ResultApplied)
	}
	wantEqual(t, "winners", won, 1)
	b.wantNoDeadlock()
	b.wantCounted()
	b.sound()
}

// TestAMoveChangesBuckets leaves the old ones and enters the new ones in one transaction. Within a full day it can be moved.
func TestAMoveChangesBuckets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := b.booked(b.limited(9, 10, "ann@example.com", oneADay))
	next := b.booked(b.limited(9+24, 10+24, "bob@example.com", oneADay))
	move := func(from float64) *booking.Booking {
		v := b.limited(from, from+1, "ann@example.com", oneADay)
		v.Related.RescheduledFrom = &old.ID
		return v
	}
	wantCode(t, b.tried(move(11+24)), fault.LimitReached)
	b.wantCount(2, `SELECT count(*) FROM limit_entries`)
	old = b.booked(move(11)) // the same day
	b.wantCount(2, `SELECT count(*) FROM limit_entries`)
	b.play(next, "cancel")
	moved := b.booked(move(11 + 24))
	b.wantCount(1, `SELECT count(*) FROM limit_entries WHERE booking_id = $1`, moved.ID)
	b.wantCount(1, `SELECT count(*) FROM limit_entries`)
	b.wantCounted()
	b.sound()
}

// TestWhatIsLostIsNotCounted: a creation that loses its time, or is taken back, leaves no count.
func TestWhatIsLostIsNotCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.booked(b.at("instant", 9, 10))
	wantCode(t, b.tried(b.limited(9, 10, "ann@example.com", twoACustomer)), fault.SlotTaken)
	b.wantTaken("lost at the door")
	v := b.limited(11, 12, "ann@example.com", twoACustomer)
	b.withdraw(v, b.accepted(v))
	b.wantTaken("taken back")
}

// TestARefusedClaimIsNotCounted: a confirmation claims its place in the buckets and gives it back when it is refused, unless another one
// has been applied meanwhile.
func TestARefusedClaimIsNotCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.limited(9, 10, "ann@example.com", oneADay, hundredMinute)
	v.Graph = "confirm_decline"
	v = b.booked(v)
	b.wantTaken("asked for")
	refused := commit(v, must(b.ask(v, "confirm")))
	b.wantCount(2, `SELECT count(*) FROM limit_entries WHERE claimed`)
	refused.Refusal = &booking.Refusal{Code: fault.Stale, Message: "no"}
	must(b.Commit(b.ctx, refused))
	b.wantTaken("refused")

	first, second := must(b.ask(v, "confirm")), must(b.ask(v, "confirm"))
	wantEqual(t, "the first", must(b.Commit(b.ctx, commit(v, first))).Result, booking.ResultApplied)
	wantEqual(t, "the second", must(b.Commit(b.ctx, commit(b.known(v), second))).Result, booking.ResultRefused)
	b.wantCount(2, `SELECT count(*) FROM limit_entries WHERE NOT claimed`)
	b.wantCounted()
}

// TestBucketsAreLeftInOrder: who leaves several buckets locks them in the order of their keys, wherever their rows lie.
func TestBucketsAreLeftInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.limited(9, 10, "ann@example.com", oneADay, hundredMinute))
	for _, table := range []string{"limit_buckets", "limit_entries"} {
		b.exec(`CREATE TABLE kept AS TABLE ` + table)
		b.exec(`ALTER TABLE ` + table + ` DISABLE TRIGGER USER; DELETE FROM ` + table)
		b.exec(`INSERT INTO ` + table + ` (TABLE kept ORDER BY name COLLATE "C" DESC)`)
		b.exec(`DROP TABLE kept; ALTER TABLE ` + table + ` ENABLE TRIGGER USER`)
	}
	tx := must(b.look.Begin(b.ctx))
	defer func() { _ = tx.Rollback(b.ctx) }()
	must(tx.Exec(b.ctx, `SELECT FROM limit_buckets ORDER BY name COLLATE "C" LIMIT 1 FOR UPDATE`))
	left := make(chan error, 1)
	go func() {
		_, err := b.look.Exec(b.ctx, `BEGIN; SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_mergejoin = off;
			SELECT holdfast_leave_buckets('`+v.ID.String()+`', false); COMMIT`)
		left <- err
	}()
	b.until(fmt.Sprintf(waiting, 1))
	b.wantCount(1, `SELECT count(*) FROM (SELECT FROM limit_buckets FOR UPDATE SKIP LOCKED) free`)
	check(t, tx.Commit(b.ctx))
	check(t, <-left)
	b.wantTaken("left")
}

// TestLiftedLimits: a booking that is not held to its limits is counted all the same, and its history says so.
func TestLiftedLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.booked(b.limited(9, 10, "ann@example.com", oneADay))
	v := b.limited(11, 12, "ann@example.com", oneADay)
	a := action(v, graphOf(t, v.Graph).Start)
	a.Lifted = policy.Lifted{policy.LimitOf}
	a, err := b.CreateBooking(b.ctx, v, a, moveOf(t, v))
	check(t, err)
	must(b.Commit(b.ctx, commit(v, a)))
	b.wantCount(1, `SELECT count(*) FROM limit_buckets WHERE taken = 2`)
	wantSame(t, "history", b.transitions(v)[0].Override, policy.Lifted{policy.LimitOf})
	wantSame(t, "action", must(b.Action(b.ctx, a.ID)).Lifted, policy.Lifted{policy.LimitOf})
}

// TestDeadlinesHoldInTheCommit judges an action by the moment at which it was put on record, not by that of the commit.
func TestDeadlinesHoldInTheCommit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ruled := func(from float64) *booking.Booking {
		v := b.at("instant", from, from+1)
		v.Policy = policy.NewSnapshot(policy.Policy{Cancel: &policy.Cancel{Customer: &policy.Deadline{Until: policy.MustLead("PT1H")}}}, nil)
		return b.booked(v)
	}
	v := ruled(9)
	b.exec(`UPDATE bookings SET start_at = now() + interval '59 minutes', end_at = now() + interval '2 hours' WHERE id = $1`, v.ID)
	v = b.known(v)
	a := must(b.InsertAction(b.ctx, action(v, "cancel_by_customer"), ""))
	out := must(b.Commit(b.ctx, commit(v, a)))
	wantEqual(t, "late", words(out.Result, out.Code), "refused too_late")
	kept := must(b.Action(b.ctx, a.ID)).Err().(*fault.Error) //nolint:errorlint // made here
	if want := v.Start.Add(-time.Hour); kept.Rule == nil || kept.Rule.Name != "cancel" || kept.Rule.Limit != "PT1H" || !kept.Rule.Ends.Equal(want) {
		t.Errorf("the outcome on record says %+v, want the moment %s", kept.Rule, want)
	}
	b.exec(`UPDATE actions SET created_at = now() - interval '2 minutes' WHERE id = $1`, a.ID)
	again := must(b.InsertAction(b.ctx, action(v, "cancel_by_customer"), ""))
	b.exec(`UPDATE actions SET created_at = now() - interval '2 minutes' WHERE id = $1`, again.ID)
	out = must(b.Commit(b.ctx, commit(v, again)))
	wantEqual(t, "accepted in time, committed late", words(out.Result, out.State), "applied cancelled_by_customer")
	owner := ruled(11)
	b.exec(`UPDATE bookings SET start_at = now() + interval '1 minute', end_at = now() + interval '2 hours' WHERE id = $1`, owner.ID)
	owner = b.known(owner)
	_, out = b.play(owner, "cancel")
	wantEqual(t, "by its owner", out.Result, booking.ResultApplied)
	wantEqual(t, "state", out.State, "cancelled")
}

// TestBuffersDiffer: before and after count by themselves, in both orders, over midnight, and sums keep both buffers clear.
func TestBuffersDiffer(t *testing.T) {
	t.Parallel()
	around := func(b *bundle, from, to float64, before, after int, rule policy.BufferRule) *booking.Booking {
		v := b.at("instant", from, to)
		first, second := policy.Length(time.Duration(before)*time.Minute), policy.Length(time.Duration(after)*time.Minute)
		v.Policy = policy.NewSnapshot(policy.Policy{Buffer: &policy.Buffer{Before: &first, After: &second, Rule: rule}}, nil)
		return v
	}
	for _, c := range []struct {
		what                  string
		rule, other           policy.BufferRule
		before, after, b2, a2 int
		from                  float64 // of the second; the first is from 9 to 10
		fits                  bool
	}{
		{"after, touching", "", "", 0, 30, 0, 0, 10.5, true}, {"after, too close", "", "", 0, 30, 0, 0, 10.25, false},
		{"before, touching", "", "", 30, 0, 0, 0, 7.5, true}, {"before, too close", "", "", 30, 0, 0, 0, 7.75, false},
		{"after only: nothing before", "", "", 0, 30, 0, 0, 8, true}, {"before only: nothing after", "", "", 30, 0, 0, 0, 10, true},
		{"the longer counts", "", "", 0, 30, 60, 0, 11, true}, {"the longer does count", "", "", 0, 30, 60, 0, 10.75, false},
		{"the sum", "sum", "sum", 0, 30, 60, 0, 11.5, true}, {"less than the sum", "sum", "sum", 0, 30, 60, 0, 11.25, false},
		{"one that sums is enough", "", "sum", 0, 30, 60, 0, 11.25, false}, {"one that sums is enough, at first", "sum", "", 0, 30, 60, 0, 11.25, false},
		{"one that sums, apart", "", "sum", 0, 30, 60, 0, 11.5, true}, {"sums of one", "sum", "", 0, 30, 0, 0, 10.5, true},
		{"over midnight", "", "", 0, 16 * 60, 0, 0, 25.75, false}, {"behind midnight", "", "", 0, 16 * 60, 0, 0, 26, true},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.booked(around(b, 9, 10, c.before, c.after, c.rule))
			v := around(b, c.from, c.from+1, c.b2, c.a2, c.other)
			a, err := b.CreateBooking(b.ctx, v, action(v, "confirm"), takesSlot)
			if (err == nil) != c.fits || err != nil && fault.CodeOf(err) != fault.SlotTaken {
				t.Fatalf("at the door: %v", err)
			}
			if err == nil {
				b.withdraw(v, a)
			}
			v = around(b, c.from, c.from+1, c.b2, c.a2, c.other)
			if err := b.HasRoom(b.ctx, v, takesSlot); (err == nil) != c.fits {
				t.Errorf("a look: %v", err)
			}
			b.sound()
		})
	}
}

// TestTheRecordKeepsPolicies: of projects, services and bookings, with the start before all moves.
func TestTheRecordKeepsPolicies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.limited(9, 10, "ann@example.com", twoACustomer)
	v.FirstStart, v.Moves = v.Start.Add(-time.Hour).UTC(), 3
	got := b.booked(v)
	wantEqual(t, "hash", got.Policy.Hash, v.Policy.Hash)
	wantEqual(t, "hash of what was read", got.Policy.Resolved.Hash(), v.Policy.Hash)
	wantEqual(t, "moves", got.Moves, 3)
	wantEqual(t, "first start", got.FirstStart.Equal(v.FirstStart), true)
	wantEqual(t, "another has none", b.booked(b.at("instant", 11, 12)).Policy, nil)
}

// TestBucketsTaken: what availability reads is what the commit counts.
func TestBucketsTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.limited(9, 10, "ann@example.com", oneADay, hundredMinute))
	buckets := v.Buckets()
	wantSame(t, "taken", must(b.Taken(b.ctx, b.app.ID, buckets)), []int{60, 1})
	names := []string{buckets[0].Name, buckets[1].Name, "none"}
	all := must(b.BucketsTaken(b.ctx, b.app.ID, names, v.Start.AddDate(0, -1, 0), v.Start.AddDate(0, 1, 0)))
	wantEqual(t, "buckets", len(all), 2)
	for key, taken := range all {
		at := slices.IndexFunc(buckets, func(k policy.Bucket) bool { return k.Name == key.Name && k.First.Equal(key.First) })
		if at < 0 || taken != buckets[at].Amount {
			t.Errorf("%+v: %d", key, taken)
		}
	}
	other := b.newApp("other")
	wantEqual(t, "another app's", len(must(b.BucketsTaken(b.ctx, other.ID, names, v.Start.AddDate(0, -1, 0), v.Start.AddDate(0, 1, 0)))), 0)
}
