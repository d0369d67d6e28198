package postgres

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// acquireInPlaceOf releases the predecessor's slot, with claims in it, where it excludes the new one, and acquires the new one, within a
// savepoint. It returns a refusal, with the savepoint rolled back, if the new slot is taken. What the booking has claimed itself is not
// acquired again: see reserveClaimed.
func acquireInPlaceOf(
	ctx context.Context, tx statements, b *booking.Booking, old *predecessor, move graphs.Move, claimed bool,
) (taken []uuid.UUID, why *booking.Refusal, err error) {
	if old == nil {
		return acquire(ctx, tx, b, move, claimed)
	}
	batch := &pgx.Batch{}
	batch.Queue(`SAVEPOINT place`)
	for _, resource := range resourcesOf(b, old.Booking) { // before a newcomer can wait for the rows that go
		batch.Queue(lockSlots+`true)`, namedArgs{"resource": resource})
	}
	batch.Queue(releaseExcluding, namedArgs{"old": old.ID})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, nil, err
	}
	if taken, why, err = acquire(ctx, tx, b, move, false); why != nil {
		_, err = tx.Exec(ctx, `ROLLBACK TO SAVEPOINT place`)
	}
	return taken, why, err
}

// releaseExcluding releases what excludes the new slot. Where units are counted nothing does, and what is held lets the new slot have as
// much: it is released with the predecessor's end.
const (
	releaseExcluding = releaseOld + ` AND NOT EXISTS (SELECT FROM resources r WHERE r.id = resource_id AND (r.capacity > 1 OR units > 1))`
	releaseOld       = `DELETE FROM occupancies WHERE booking_id = @old`
)

func acquire(
	ctx context.Context, tx statements, b *booking.Booking, move graphs.Move, claimed bool,
) ([]uuid.UUID, *booking.Refusal, error) {
	switch {
	case !move.Takes || claimed:
		return nil, nil, nil
	case move.Holds == graphs.HoldsSlot:
		ids, err := acquireSlots(ctx, tx, slotsOf(b))
		if err != nil || len(ids) > 0 {
			return ids, nil, err
		}
		return nil, &booking.Refusal{Code: fault.SlotTaken, Message: slotTaken(nil).Error()}, nil
	case move.Holds == graphs.HoldsSeat && b.Related.OwnerBooking == nil: // the session was deleted
		return nil, (&booking.Session{}).Refuses(&booking.Booking{}, move, false, time.Time{}), nil
	case move.Holds == graphs.HoldsSeat:
		return nil, nil, acquireSeat(ctx, tx, b)
	}
	return nil, nil, fmt.Errorf("booking %s: no way to take a %s", b.ID, move.Holds)
}

// reserveClaimed turns the slot or seat that a booking has claimed into a reservation.
func reserveClaimed(batch *pgx.Batch, b *booking.Booking, move graphs.Move) {
	args := namedArgs{"id": b.ID}
	if move.Holds == graphs.HoldsSeat {
		batch.Queue(`UPDATE seats SET claimed = false WHERE booking_id = @id AND claimed`, args)
		return
	}
	batch.Queue(`UPDATE occupancies SET claimed = false WHERE booking_id = @id AND claimed AND claimant IS NULL`, args)
}

// slot is a stretch of a resource's calendar, wanted by a holder.
type slot struct {
	holder
	app, resource uuid.UUID
	start, end    time.Time
	before, after time.Duration // the buffers
	sums          bool          // the buffers keep clear of others' buffers too
	ours          []uuid.UUID   // holders that do not stand in its way
	units         int           // of the resource; an event takes all
	shared        bool          // may overlap others
	several       bool          // its holder takes slots of other resources with it
	layer         string        // the layers it lies in, as a range
}

// holder is who holds time: a booking or an event, and the other one is nil.
type holder struct{ booking, event *uuid.UUID }

const (
	allLayers     = "(,)"
	withoutAllDay = "[0,)" // all-day events lie below

	// A buffer that keeps clear of others' buffers lies in allGuards. No other buffer lies in topGuard.
	allGuards = "[1,9223372036854775807)"
	topGuard  = "[9223372036854775806,9223372036854775807)"
)

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

func slotOf(b *booking.Booking) slot {
	ours := []uuid.UUID{b.ID}
	if old := b.Related.Succeeds(); old != nil && b.Seq == 0 {
		ours = append(ours, old.Of)
	}
	layer := allLayers
	if b.Settings.IgnoreAllDayEvents {
		layer = withoutAllDay
	}
	before, after := b.Buffers()
	return slot{
		ours: ours, holder: holder{booking: &b.ID}, layer: layer,
		app: b.AppID, resource: b.Resource.ID, start: b.Start, end: b.End, before: before, after: after, sums: b.Rules().Sums(),
		shared: b.Settings.AllowDoubleBookings, units: b.Takes(),
	}
}

// guards are the layers of buffers that the slot's own buffer keeps clear of: all of them, or those that keep clear of all themselves.
func (s slot) guards() string {
	if s.sums {
		return allGuards
	}
	return topGuard
}

func (s slot) buffered() bool { return s.before > 0 || s.after > 0 }

// locks reports whether its rows are taken under the resource's advisory lock: where it is not the only row of its transaction.
func (s slot) locks() bool { return s.buffered() || s.several }

// rows is how many rows the slot takes.
func (s slot) rows() int {
	if s.buffered() {
		return 2
	}
	return 1
}

// rowsOf is how many rows slots take together.
func rowsOf(slots []slot) (n int) {
	for _, s := range slots {
		n += s.rows()
	}
	return n
}

func (s slot) args() namedArgs {
	return namedArgs{
		"app": s.app, "resource": s.resource, "booking": s.booking, "event": s.event, "start": s.start, "end": s.end,
		"from": s.start.Add(-s.before), "to": s.end.Add(s.after), "buffered": s.buffered(), "layer": s.layer,
		"sums": s.sums, "guards": s.guards(), "locks": s.locks(),
		"exclusive": !s.shared, "ours": s.ours, "units": s.units,
	}
}

// obstructs is what the constraint judges by, as a condition on rows of occupancies: what lies above the slot, and things
// within its buffer.
const obstructs = `
	resource_id = @resource AND holder_id <> ALL(@ours) AND during && tstzrange(@from, @to, '[)')
	AND (@buffered AND (upper_inf(layer) OR layer && @guards::int8range)
		OR layer && @layer::int8range AND during && tstzrange(@start, @end, '[)'))`

// Units of resources. A resource of one unit is kept by the exclusion constraint. Of one with more, the rows of bookings are counted
// instead: under the resource's slots lock, by functions of the schema, since their plans would be made anew with each statement
// here. An event takes all units. Rows stay as they were written when the capacity changes.

// isCounted is true of a booking's slot in a resource of more than one unit, or that takes more than one. A resource that does not
// exist is refused by its key.
const isCounted = `(@event::uuid IS NULL AND COALESCE((SELECT capacity > 1 OR @units > 1 FROM resources WHERE id = @resource), false))`

// fits is true when a slot's units are free in its resource all the time.
const fits = `(SELECT holdfast_fits(@resource, r.capacity, @ours, @units, @start, @end, @from, @to, @sums, @layer = '[0,)'::int8range)
	FROM resources r WHERE r.id = @resource)`

// isTaken is true when a slot is taken now, by reservations or claims.
const isTaken = `CASE WHEN ` + isCounted + ` THEN NOT ` + fits + ` ELSE ` + isOverlapped + ` END`

// isOverlapped is true when a slot is taken now, by a reservation or a claim, where one excludes the other.
const isOverlapped = `EXISTS (SELECT FROM occupancies WHERE exclusive AND ` + obstructs + `)
	OR EXISTS (SELECT FROM occupancies WHERE NOT exclusive AND ` + obstructs + `)`

// wantedRows are the rows that a slot takes: one for the time itself and one for its buffer. A buffer lies in a positive layer of its
// own, or in all of them where it keeps clear of others' buffers too.
const wantedRows = `
	SELECT tstzrange(@start, @end, '[)') AS during, @layer::int8range AS layer, NULL::tstzrange AS around
	UNION ALL SELECT tstzrange(@from, @to, '[)'), CASE WHEN @sums THEN @guards::int8range ELSE int8range(n, n, '[]') END,
		tstzrange(@start, @end, '[)')
	FROM nextval('occupancies_layer') n WHERE @buffered`

// lockSlots keeps the resource's capacity as it is, and takes the resource's slots lock, until the end of the transaction.
// Transactions that take two rows, of a resource or of several, or give one up for another, hold the latter, and so do those that count
// units: of several resources in the order of their ids. Whether it is needed where nothing is counted follows, and a bracket.
const lockSlots = `SELECT holdfast_lock_slots(@resource, `

// acquireSlots inserts the rows of slots and returns their ids. It returns none, and has written nothing, if one of the slots is taken.
func acquireSlots(ctx context.Context, tx statements, slots []slot) ([]uuid.UUID, error) {
	batch := &pgx.Batch{}
	var ids []uuid.UUID
	for _, s := range slots {
		queueAcquire(batch, s, &ids)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	if len(ids) == rowsOf(slots) || len(ids) == 0 {
		return ids, nil
	}
	_, err := tx.Exec(ctx, `DELETE FROM occupancies WHERE id = ANY(@ids)`, namedArgs{"ids": ids})
	return nil, err
}

// queueAcquire inserts a slot's rows and adds their ids: one for the time itself and one for its buffer, or fewer if the slot is taken.
// The named conflict target keeps crowds on one slot from deadlocking. Buffers reach into neighbouring slots, so a slot with two rows
// locks the resource first, as does one of several, and one that is counted.
func queueAcquire(batch *pgx.Batch, s slot, ids *[]uuid.UUID) {
	const q = `
		INSERT INTO occupancies (id, app_id, resource_id, booking_id, event_id, during, layer, exclusive, units, around)
		SELECT gen_random_uuid(), @app, @resource, @booking, @event, wanted.during, wanted.layer, @exclusive AND NOT ` + isCounted + `,
			@units, wanted.around
		FROM (` + wantedRows + `) wanted
		WHERE NOT @exclusive OR CASE WHEN ` + isCounted + ` THEN ` + fits + `
			ELSE NOT EXISTS (SELECT FROM occupancies WHERE NOT exclusive AND ` + obstructs + `) END
		ON CONFLICT ON CONSTRAINT occupancies_no_overlap DO NOTHING
		RETURNING id`
	args := s.args()
	batch.Queue(lockSlots+`@locks)`, args)
	batch.Queue(q, args).Query(func(rows pgx.Rows) error {
		taken, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		*ids = append(*ids, taken...)
		return err
	})
}

// acquireSeat takes a seat of a session that lockSession has locked and found room in.
func acquireSeat(ctx context.Context, tx statements, b *booking.Booking) error {
	const q = `
		WITH seat AS (INSERT INTO seats (booking_id, session_id) VALUES (@booking, @session) RETURNING session_id)
		UPDATE sessions SET taken = taken + 1 WHERE booking_id = (SELECT session_id FROM seat)`
	b.Session.Taken++
	_, err := tx.Exec(ctx, q, namedArgs{"booking": b.ID, "session": b.Related.OwnerBooking})
	return err
}

// releaseHeld releases what a booking held, except the rows that it has just taken.
func releaseHeld(batch *pgx.Batch, b *booking.Booking, taken []uuid.UUID) {
	args := namedArgs{"id": b.ID, "taken": taken}
	if b.Related.OwnerBooking == nil || b.Session == nil {
		batch.Queue(`DELETE FROM occupancies WHERE booking_id = @id AND NOT id = ANY(COALESCE(@taken::uuid[], '{}'))`, args)
		return
	}
	b.Session.Taken--
	batch.Queue(giveSeat+uncount, args)
}

// giveSeat and uncount give a booking's seat back; conditions on the seat may stand between them.
const (
	giveSeat = `WITH seat AS (DELETE FROM seats WHERE booking_id = @id`
	uncount  = ` RETURNING session_id)
		UPDATE sessions SET taken = taken - 1 WHERE booking_id IN (SELECT session_id FROM seat)`
)
