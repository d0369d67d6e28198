package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/policy"
)

// refusedByLimit ends a transaction whose booking has no room in one of its buckets.
const refusedByLimit = "limit_buckets_full"

// entry is a booking that is to be counted in the buckets of its limits. Buckets are locked in the order of their keys, before the
// session and the time that the booking takes: so no two transactions wait for each other.
type entry struct {
	buckets []policy.Bucket
	args    namedArgs
}

// entryOf returns what a move enters; no buckets when the move takes nothing or the booking has no limits.
func entryOf(b *booking.Booking, move graphs.Move, lifted policy.Lifted) entry {
	if !move.Takes {
		return entry{}
	}
	buckets := b.Buckets()
	ours := []uuid.UUID{b.ID}
	if old := b.Related.Succeeds(); old != nil && b.Seq == 0 {
		ours = append(ours, old.Of)
	}
	names, firsts := keysOf(buckets)
	amounts, most := make([]int, len(buckets)), make([]int, len(buckets))
	for i, k := range buckets {
		amounts[i], most[i] = k.Amount, k.Limit.Max
	}
	return entry{buckets, namedArgs{
		"id": b.ID, "app": b.AppID, "ours": ours, "names": names, "firsts": firsts, "amounts": amounts, "most": most,
		"lifted": lifted.Has(policy.LimitOf),
	}}
}

// keysOf are the names and first days of buckets, each as a list.
func keysOf(buckets []policy.Bucket) (names []string, firsts []time.Time) {
	for _, k := range buckets {
		names, firsts = append(names, k.Name), append(firsts, k.First)
	}
	return names, firsts
}

// wantedBuckets are the buckets of an entry, as a table.
const wantedBuckets = `unnest(@names::text[], @firsts::date[], @amounts::integer[], @most::integer[]) AS w (name, first, amount, most)`

// openBuckets makes those buckets of an entry that there are not yet.
const openBuckets = `
	INSERT INTO limit_buckets (app_id, name, first) SELECT @app, w.name, w.first FROM unnest(@names::text[], @firsts::date[]) w (name, first)
	ORDER BY w.name COLLATE "C", w.first ON CONFLICT ON CONSTRAINT limit_buckets_pkey DO NOTHING`

// queueLock locks the buckets until the end of the transaction. A bucket without room ends it: refusedByLimit. What the booking
// itself, or the one whose place it takes, is counted for does not count against it.
func (e entry) queueLock(batch *pgx.Batch) {
	if len(e.buckets) == 0 {
		return
	}
	const lock = `
		WITH locked AS MATERIALIZED (
			SELECT k.name, k.first, k.taken, w.amount, w.most FROM ` + wantedBuckets + `
			JOIN limit_buckets k ON (k.app_id, k.name, k.first) = (@app, w.name, w.first)
			ORDER BY k.name COLLATE "C", k.first FOR NO KEY UPDATE OF k)
		SELECT holdfast_refuse('` + refusedByLimit + `') FROM locked k
		WHERE NOT @lifted AND k.most < k.amount + k.taken - COALESCE((SELECT sum(e.amount) FROM limit_entries e
			WHERE e.booking_id = ANY(@ours) AND (e.name, e.first) = (k.name, k.first)), 0)
		LIMIT 1`
	batch.Queue(openBuckets, e.args)
	batch.Queue(lock, e.args)
}

// queueCount counts the booking in its buckets, which are locked. A condition says whether it is to be counted.
func (e entry) queueCount(batch *pgx.Batch, claimed bool, action uuid.UUID, won string) {
	if len(e.buckets) == 0 {
		return
	}
	e.args["claimed"], e.args["action"] = claimed, action
	batch.Queue(`
		INSERT INTO limit_entries (booking_id, app_id, name, first, amount, claimed)
		SELECT @id, @app, w.name, w.first, w.amount, @claimed FROM `+wantedBuckets+`
		WHERE `+won+` ON CONFLICT ON CONSTRAINT limit_entries_pkey DO NOTHING`, e.args)
}

// leaveBuckets takes a booking out of its buckets.
const leaveBuckets = `SELECT holdfast_leave_buckets(@id, false)`

// leaves reports whether a move ends what a booking is counted for: it gives its place up, and did not take place.
func leaves(b *booking.Booking, move graphs.Move) bool {
	return b.Rules().Limits != nil && (move.Frees || move.Final) && !booking.TookPlace(move.To)
}

// lockLimits locks the buckets that a move enters and leaves, in one order, and returns why one that it enters has no room.
// What the booking has claimed is counted already.
func lockLimits(
	ctx context.Context, tx statements, b *booking.Booking, old *predecessor, in booking.CommitInput, found commitState,
) (*booking.Refusal, error) {
	enter := entry{}
	if !found.claimed {
		enter = entryOf(b, in.Move, found.lifted)
	}
	var leaving []uuid.UUID
	for _, one := range append([]*booking.Booking{b}, found.paidFor...) {
		if leaves(one, in.Move) {
			leaving = append(leaving, one.ID)
		}
		if one != b {
			enter = enter.with(entryOf(one, in.Move, nil))
		}
	}
	if old != nil && old.Rules().Limits != nil {
		leaving = append(leaving, old.ID)
	}
	if len(enter.buckets) == 0 && len(leaving) == 0 {
		return nil, nil
	}
	taken, err := lockBuckets(ctx, tx, b, enter, leaving)
	if err != nil || found.lifted.Has(policy.LimitOf) {
		return nil, err
	}
	asked := map[BucketKey]int{} // by those before, which enter it as well
	for i, k := range enter.buckets {
		key := BucketKey{k.Name, k.First}
		if why := k.Full(taken[i] + asked[key]); why != nil {
			return booking.RefusedBy(why, b.Resource.Zone()), nil
		}
		asked[key] += k.Amount
	}
	return nil, nil
}

// with returns an entry that another booking shares, to be locked and judged.
func (e entry) with(other entry) entry {
	if len(other.buckets) == 0 {
		return e
	}
	buckets := slices.Concat(e.buckets, other.buckets)
	ours, _ := e.args["ours"].([]uuid.UUID)
	theirs, _ := other.args["ours"].([]uuid.UUID)
	names, firsts := keysOf(buckets)
	return entry{buckets, namedArgs{"ours": slices.Concat(ours, theirs), "names": names, "firsts": firsts}}
}

// lockBuckets locks the buckets of an entry and those that bookings are counted in, and returns what is taken in the former beside
// those bookings.
func lockBuckets(ctx context.Context, tx statements, b *booking.Booking, enter entry, leaving []uuid.UUID) ([]int, error) {
	const lock = `
		WITH wanted AS (
			SELECT w.name, w.first FROM unnest(@names::text[], @firsts::date[]) w (name, first)
			UNION SELECT e.name, e.first FROM limit_entries e WHERE e.booking_id = ANY(@leaving))
		SELECT FROM wanted w JOIN limit_buckets k ON (k.app_id, k.name, k.first) = (@app, w.name, w.first)
		ORDER BY k.name COLLATE "C", k.first FOR NO KEY UPDATE OF k`
	const count = `
		SELECT k.taken - COALESCE((SELECT sum(e.amount) FROM limit_entries e
			WHERE e.booking_id = ANY(@ours) AND (e.name, e.first) = (k.name, k.first)), 0)
		FROM unnest(@names::text[], @firsts::date[]) WITH ORDINALITY w (name, first, nth)
		JOIN limit_buckets k ON (k.app_id, k.name, k.first) = (@app, w.name, w.first) ORDER BY w.nth`
	args := namedArgs{
		"app": b.AppID, "leaving": leaving, "names": enter.args["names"], "firsts": enter.args["firsts"], "ours": enter.args["ours"],
	}
	var taken []int
	batch := &pgx.Batch{}
	if len(enter.buckets) > 0 {
		batch.Queue(openBuckets, args)
	}
	batch.Queue(lock, args)
	batch.Queue(count, args).Query(func(rows pgx.Rows) (err error) {
		taken, err = pgx.CollectRows(rows, pgx.RowTo[int])
		return err
	})
	return taken, tx.SendBatch(ctx, batch).Close()
}

// settleLimits counts a booking that has moved, and no longer those that have left. The buckets are locked.
func settleLimits(batch *pgx.Batch, b *booking.Booking, old *predecessor, in booking.CommitInput) {
	if old != nil && old.Rules().Limits != nil {
		batch.Queue(leaveBuckets, namedArgs{"id": old.ID})
	}
	switch {
	case leaves(b, in.Move):
		batch.Queue(leaveBuckets, namedArgs{"id": b.ID})
	case in.Move.Takes && b.Rules().Limits != nil:
		entryOf(b, in.Move, nil).queueCount(batch, false, in.ActionID, `true`)
		batch.Queue(`UPDATE limit_entries SET claimed = false WHERE booking_id = @id AND claimed`, namedArgs{"id": b.ID})
	}
}

// full is why a booking has no room in one of its buckets, by a look after it was refused; nil when it has by now.
func (db *limits) full(ctx context.Context, b *booking.Booking, move graphs.Move) error {
	e := entryOf(b, move, nil)
	if len(e.buckets) == 0 {
		return nil
	}
	taken, err := db.Taken(ctx, b.AppID, e.buckets)
	if err != nil {
		return err
	}
	for i, k := range e.buckets {
		if why := k.Full(taken[i]); why != nil {
			return why.Err(b.Resource.Zone())
		}
	}
	return e.buckets[0].Full(e.buckets[0].Limit.Max + 1).Err(b.Resource.Zone())
}

// Taken returns what is taken in buckets of an app, in their order, without a lock.
func (db *limits) Taken(ctx context.Context, app uuid.UUID, buckets []policy.Bucket) ([]int, error) {
	const q = `
		SELECT COALESCE(k.taken, 0) FROM unnest(@names::text[], @firsts::date[]) WITH ORDINALITY w (name, first, nth)
		LEFT JOIN limit_buckets k ON (k.app_id, k.name, k.first) = (@app, w.name, w.first) ORDER BY w.nth`
	names, firsts := keysOf(buckets)
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": app, "names": names, "firsts": firsts})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int])
}

// BucketsTaken returns what is taken in those buckets of an app that have one of the names and begin within [from, to], by name and
// first day, without a lock. Empty buckets are left out.
func (db *limits) BucketsTaken(ctx context.Context, app uuid.UUID, names []string, from, to time.Time) (map[BucketKey]int, error) {
	const q = `
		SELECT name, first, taken FROM limit_buckets
		WHERE app_id = @app AND name = ANY(@names) AND first BETWEEN @from::date AND @to::date AND taken > 0`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": app, "names": names, "from": from, "to": to})
	if err != nil {
		return nil, err
	}
	all := map[BucketKey]int{}
	var key BucketKey
	var taken int
	_, err = pgx.ForEachRow(rows, []any{&key.Name, &key.First, &taken}, func() error {
		all[key] = taken
		return nil
	})
	return all, err
}

// BucketKey is a bucket's key within its app. First is a midnight in UTC.
type BucketKey struct {
	Name  string
	First time.Time
}
