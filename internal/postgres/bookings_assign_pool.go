package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/assign"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
)

// lockPool takes the advisory lock of a project's pool until the end of the transaction: choices from one pool are made one by one. It
// stands behind the rows of bookings and before the buckets of limits, the session and the time. What gives a count back takes it not:
// counts are sums of rows that go with their booking.
const lockPool = `SELECT pg_advisory_xact_lock(hashtextextended(@pool::uuid::text, 1))`

// poolState is what a choice finds counted in a pool.
type poolState struct {
	now  time.Time
	last uuid.UUID // whom the customer had last; the nil UUID for nobody
	all  map[uuid.UUID]counted
	left bool // resources that are not in the pool any more are on record as its members
}

// counted is what is counted for a resource.
type counted struct {
	bookings, minutes float64
	chosen            *time.Time // the last time
	since             *time.Time // in the pool; nil for a newcomer
}

// queue reads the state of a booking's pool. What the booking whose place is taken is counted for does not count.
func (s *poolState) queue(batch *pgx.Batch, b *booking.Booking) {
	const counts = `
		SELECT w.id, COALESCE(sum(a.bookings), 0), COALESCE(sum(a.minutes), 0),
			(SELECT max(x.at) FROM assignments x WHERE x.project_id = @pool AND x.resource_id = w.id AND x.booking_id IS NOT NULL
				AND x.booking_id IS DISTINCT FROM @old),
			(SELECT m.since FROM pool_members m WHERE m.project_id = @pool AND m.resource_id = w.id)
		FROM unnest(@members::uuid[]) w (id) LEFT JOIN assignments a ON a.project_id = @pool AND a.resource_id = w.id
			AND a.at > (SELECT holdfast_now(@app)) - make_interval(hours => @hours) AND a.booking_id IS DISTINCT FROM @old
		GROUP BY w.id`
	const beside = `
		SELECT holdfast_now(@app), (SELECT a.resource_id FROM assignments a
			WHERE a.project_id = @pool AND a.customer = @customer AND NOT a.skipped ORDER BY a.at DESC LIMIT 1),
			EXISTS (SELECT FROM pool_members WHERE project_id = @pool AND resource_id <> ALL(@members))`
	args := poolArgs(b)
	batch.Queue(counts, args).Query(func(rows pgx.Rows) error {
		s.all = map[uuid.UUID]counted{}
		var id uuid.UUID
		var c counted
		_, err := pgx.ForEachRow(rows, []any{&id, &c.bookings, &c.minutes, &c.chosen, &c.since}, func() error {
			s.all[id] = c
			return nil
		})
		return err
	})
	batch.Queue(beside, args).QueryRow(func(row pgx.Row) error {
		var last *uuid.UUID
		err := row.Scan(&s.now, &last, &s.left)
		if last != nil {
			s.last = *last
		}
		return err
	})
}

func poolArgs(b *booking.Booking) namedArgs {
	members := []uuid.UUID{}
	for _, m := range b.Pool.Members {
		members = append(members, m.Resource.ID)
	}
	old := b.ID // nothing is counted for it yet
	if how := b.Related.Succeeds(); how != nil {
		old = how.Of
	}
	return namedArgs{
		"pool": b.Pool.Project, "members": members, "old": old, "hours": 24 * b.Pool.Assign.WindowDays(), "customer": nullText(b.CustomerKey()),
		"id": b.ID, "minutes": b.Minutes(), "app": b.AppID,
	}
}

func nullText(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// queueLooks looks who of the pool cannot be chosen now: whose time is taken, or has a limit without room. Nothing is locked.
func (ch *choice) queueLooks(batch *pgx.Batch) {
	const look = `SELECT NOT @exclusive OR NOT (` + isTaken + `)`
	const room = `
		SELECT @lifted OR NOT EXISTS (SELECT FROM ` + wantedBuckets + `
			LEFT JOIN limit_buckets k ON (k.app_id, k.name, k.first) = (@app, w.name, w.first)
			WHERE w.most < w.amount + COALESCE(k.taken, 0) - COALESCE((SELECT sum(e.amount) FROM limit_entries e
				WHERE e.booking_id = ANY(@ours) AND (e.name, e.first) = (w.name, w.first)), 0))`
	exclude := func(id uuid.UUID, why string) func(pgx.Row) error {
		return func(row pgx.Row) error {
			var good bool
			if err := row.Scan(&good); err != nil || good || ch.whyNot[id] != "" {
				return err
			}
			ch.whyNot[id] = why
			return nil
		}
	}
	for _, m := range ch.booking.Pool.Candidates() {
		if m.WhyNot != "" {
			continue
		}
		one := ch.booking.With(m)
		batch.Queue(look, slotOf(one).args()).QueryRow(exclude(m.Resource.ID, assign.Busy))
		if ch.first == nil {
			continue
		}
		if e := entryOf(one, ch.move, ch.first.Lifted); len(e.buckets) > 0 {
			batch.Queue(room, e.args).QueryRow(exclude(m.Resource.ID, string(fault.LimitReached)))
		}
	}
}

// lift is a newcomer with what it begins with.
type lift struct {
	newcomer uuid.UUID
	like     uuid.UUID // the nil UUID for nothing
	times    float64
}

// choose chooses a resource and gives it to the booking. False when nobody can be chosen.
func (ch *choice) choose() bool {
	b, p := ch.booking, ch.booking.Pool
	pool := ch.candidates()
	at := assign.At{Now: ch.state.now, Minutes: b.Minutes(), Seed: b.ID, Last: ch.state.last}
	s := p.Assign.Select(pool, at, ch.whyNot)
	picked, how := uuid.Nil, assign.How("")
	if p.Kept != nil && ch.whyNot[p.Kept.Resource.ID] == "" {
		picked, how = p.Kept.Resource.ID, assign.Kept
	} else if first, ok := s.First(); ok {
		picked = first
	} else {
		return false
	}
	all := p.Candidates()
	m := all[slices.IndexFunc(all, func(m catalogue.Member) bool { return m.Resource.ID == picked })]
	b.Resource, b.Calendar = m.Resource, m.Calendar
	b.Assignment, ch.skipped = s.Assignment(picked, how), nil
	if how == "" {
		ch.skipped = s.Skipped(picked)
	}
	ch.claim = newClaim(b, ch.move)
	return true
}

// candidates are the members with their counts. A newcomer begins at the lowest share of those who were there before.
func (ch *choice) candidates() (pool []assign.Candidate) {
	var others []assign.Candidate
	var fresh []int
	for i, m := range ch.booking.Pool.Members {
		found := ch.state.all[m.Resource.ID]
		c := assign.Candidate{ID: m.Resource.ID, Position: i + 1, Bookings: found.bookings, Minutes: found.minutes, Since: ch.state.now}
		switch {
		case found.since == nil:
			fresh = append(fresh, i)
		case found.chosen != nil && found.chosen.After(*found.since):
			c.Since = *found.chosen
		default:
			c.Since = *found.since
		}
		if found.since != nil {
			others = append(others, c)
		}
		pool = append(pool, c)
	}
	for _, i := range fresh {
		l := lift{newcomer: pool[i].ID}
		l.like, l.times = ch.booking.Pool.Assign.Lift(pool[i], others)
		like := ch.state.all[l.like]
		pool[i].Bookings += l.times * like.bookings
		pool[i].Minutes += l.times * like.minutes
		ch.joins = append(ch.joins, l)
	}
	return pool
}

// queueJoins puts newcomers on record with what they begin with, on the days on which the other one has it, and takes out who has left.
func (ch *choice) queueJoins(batch *pgx.Batch) {
	const join = `
		WITH put AS (INSERT INTO pool_members (project_id, resource_id, since) VALUES (@pool, @newcomer, @now)
			ON CONFLICT ON CONSTRAINT pool_members_pkey DO NOTHING)
		DELETE FROM assignments WHERE project_id = @pool AND booking_id IS NULL AND at < @now::timestamptz - interval '367 days'`
	const begins = `
		INSERT INTO assignments (project_id, resource_id, at, bookings, minutes)
		SELECT @pool, @newcomer, max(a.at), sum(a.bookings) * @times, sum(a.minutes) * @times FROM assignments a
		WHERE a.project_id = @pool AND a.resource_id = @like AND a.at > @now::timestamptz - make_interval(hours => @hours)
			AND a.booking_id IS DISTINCT FROM @old AND a.booking_id IS DISTINCT FROM @id
		GROUP BY a.at::date`
	for _, l := range ch.joins {
		args := poolArgs(ch.booking)
		args["newcomer"], args["like"], args["times"], args["now"] = l.newcomer, l.like, l.times, ch.state.now
		batch.Queue(join, args)
		if l.times > 0 {
			batch.Queue(begins, args)
		}
	}
	if ch.state.left {
		batch.Queue(`DELETE FROM pool_members WHERE project_id = @pool AND resource_id <> ALL(@members)`, poolArgs(ch.booking))
	}
}

// queueAssignment counts a booking for its resource, if that is a member of its pool, and for who was skipped; and keeps how it was
// chosen. What the booking whose place it takes is counted for the same resource goes over to it in the commit: see settleAssignment.
func queueAssignment(batch *pgx.Batch, b *booking.Booking, first *booking.Action, skipped []uuid.UUID) {
	if b.Assignment == nil {
		return
	}
	const count = `
		INSERT INTO assignments (project_id, resource_id, booking_id, at, bookings, minutes, skipped, customer)
		SELECT @pool, w.id, @id, holdfast_now(@app), 1, @minutes, w.id <> @picked, @customer FROM unnest(@counted::uuid[]) w (id)
		WHERE ` + begun + ` AND NOT EXISTS (SELECT FROM assignments a
			WHERE a.booking_id = @old AND a.project_id = @pool AND a.resource_id = @picked AND NOT a.skipped)`
	const keep = `
		INSERT INTO booking_assignments (booking_id, assignment) SELECT @id, @assignment WHERE ` + begun
	args := poolArgs(b)
	args["action"], args["picked"], args["assignment"] = first.ID, b.Resource.ID, nullJSON(b.Assignment)
	args["counted"] = append([]uuid.UUID{b.Resource.ID}, skipped...)
	if b.Pool.Has(b.Resource.ID) {
		batch.Queue(count, args)
	}
	batch.Queue(keep, args)
}

// settleAssignment lets what is counted follow a move: to the booking that takes another one's place, and away with one that ends before
// its time has come. What took place, or was cancelled later, stays counted.
func settleAssignment(batch *pgx.Batch, b *booking.Booking, old *predecessor, in booking.CommitInput, now time.Time) {
	const moved = `
		DELETE FROM assignments WHERE booking_id = @old
		AND (NOT @assigned OR EXISTS (SELECT FROM assignments WHERE booking_id = @id) OR resource_id <> @picked AND NOT skipped)`
	const follow = `
		UPDATE assignments SET booking_id = @id, minutes = @minutes, customer = COALESCE(@customer, customer) WHERE booking_id = @old`
	if old != nil && old.Assigned {
		args := namedArgs{
			"id": b.ID, "old": old.ID, "assigned": b.Assigned, "picked": b.Resource.ID, "minutes": b.Minutes(),
			"customer": nullText(b.CustomerKey()),
		}
		batch.Queue(moved, args)
		batch.Queue(follow, args)
	}
	if b.Assigned && in.Move.Final && !booking.TookPlace(in.Move.To) && now.Before(b.Start) {
		batch.Queue(`DELETE FROM assignments WHERE booking_id = @id`, namedArgs{"id": b.ID})
	}
}

// Assignments returns how the resources of bookings were chosen, by booking; none for those whose was not.
func (db *Bookings) Assignments(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*assign.Assignment, error) {
	const q = `SELECT booking_id, assignment FROM booking_assignments WHERE booking_id = ANY(@ids)`
	rows, err := db.pool.Query(ctx, q, namedArgs{"ids": ids})
	if err != nil {
		return nil, err
	}
	all := map[uuid.UUID]*assign.Assignment{}
	var id uuid.UUID
	var one *assign.Assignment
	_, err = pgx.ForEachRow(rows, []any{&id, &one}, func() error {
		all[id], one = one, nil
		return nil
	})
	return all, err
}
