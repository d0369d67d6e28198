package postgres

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/assign"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// mostCandidates is how many resources of a pool are tried for one booking. Each but the last was free, and taken meanwhile.
const mostCandidates = 20

// errNobody ends a transaction in which no resource of a pool can be chosen.
var errNobody = errors.New("nobody of the pool can be chosen")

// createAssigned is CreateBooking for a booking whose resource is chosen. It sets the booking's resource, calendar and assignment. Between
// the look at a pool and the claim only bookings that are not made through it can take a time: then the next one is chosen. The lock of
// the pool comes behind the booking whose place is taken, and before the buckets of limits.
func (db *Bookings) createAssigned(
	ctx context.Context, b *booking.Booking, first *booking.Action, move graphs.Move,
) (*booking.Action, error) {
	ch := &choice{db: db, booking: b, first: first, move: move, out: map[uuid.UUID]string{}}
	if time.Since(time.Unix(0, db.claims.lostAt.Load())) <= crowded {
		if err := hasRoomInPool(ctx, db.store, b, move); err != nil {
			return ch.unlessKnown(ctx, err)
		}
	}
	for _, m := range b.Pool.Candidates() {
		if m.WhyNot != "" {
			ch.out[m.Resource.ID] = m.WhyNot
		}
	}
	var err error
	for range mostCandidates {
		err = mapConstraint(db.inShortTx(ctx, func(tx statements) error { return ch.putOnRecord(ctx, tx) }))
		switch {
		case err == nil && ch.claim.accepted:
			return first, nil
		case errors.Is(err, errKnown):
			return ch.unlessKnown(ctx, orNotFound(pgx.ErrNoRows, "The booking"))
		case errors.Is(err, errNobody):
			return nil, ch.nobody(ctx)
		case err == nil:
			ch.out[b.Resource.ID] = assign.Busy
		default:
			if err = ch.excludes(ctx, err); err != nil {
				return nil, err
			}
		}
	}
	return nil, slotTaken(err)
}

// unlessKnown returns the action of an earlier try of a booking, with the booking's resource as it is on record; else err.
func (ch *choice) unlessKnown(ctx context.Context, err error) (*booking.Action, error) {
	b := ch.booking
	known, lookErr := ch.db.firstAction(ctx, b)
	if known == nil || lookErr != nil {
		if lookErr != nil {
			err = lookErr
		}
		return nil, err
	}
	made, lookErr := ch.db.Booking(ctx, b.AppID, b.ID)
	switch {
	case lookErr == nil:
		b.Resource, b.Calendar = made.Resource, made.Calendar
	case fault.CodeOf(lookErr) != fault.NotFound: // a try that was refused has left no booking
		return nil, lookErr
	}
	return known, nil
}

// excludes takes a resource out of the choice that was refused after it was chosen. It returns what is no reason to choose another one.
func (ch *choice) excludes(ctx context.Context, err error) error {
	if errors.Is(err, errRefused) {
		err = ch.db.claims.refused(ctx, ch.lookingClaim())
	}
	code := fault.CodeOf(err)
	switch {
	case ch.claim == nil:
		return err
	case code == fault.SlotTaken:
		ch.out[ch.booking.Resource.ID] = assign.Busy
	case code == fault.LimitReached:
		ch.out[ch.booking.Resource.ID] = string(code)
	case code == fault.NotFound: // it was deleted just now
		ch.out[ch.booking.Resource.ID] = assign.NotOffered
	default:
		return err
	}
	return nil
}

// nobody is why no resource of a pool could be chosen: a limit, if that is all that stood in the way; else that the time is taken.
func (ch *choice) nobody(ctx context.Context) error {
	var limited *booking.Booking
	for _, m := range ch.booking.Pool.Candidates() {
		switch ch.whyNot[m.Resource.ID] {
		case assign.Busy:
			ch.db.claims.lostAt.Store(time.Now().UnixNano())
			return slotTaken(nil)
		case string(fault.LimitReached):
			limited = ch.booking.With(m)
		}
	}
	if limited == nil {
		return slotTaken(nil)
	}
	if err := ch.db.claims.limits.full(ctx, limited, ch.move); err != nil {
		return err
	}
	return slotTaken(nil)
}

// hasRoomInPool refuses when all whose time could be chosen are taken now: SlotTaken. A quick look, not a promise.
func hasRoomInPool(ctx context.Context, db *store, b *booking.Booking, move graphs.Move) error {
	ch := &choice{booking: b, move: move, whyNot: map[uuid.UUID]string{}}
	batch := &pgx.Batch{}
	ch.queueLooks(batch)
	if err := db.pool.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	for _, m := range b.Pool.Candidates() {
		if m.WhyNot == "" && ch.whyNot[m.Resource.ID] == "" {
			return nil
		}
	}
	return slotTaken(nil)
}

// choice chooses a resource and puts the booking on record with it, in one transaction of two round trips for each try.
type choice struct {
	db      *Bookings
	booking *booking.Booking
	first   *booking.Action
	move    graphs.Move
	out     map[uuid.UUID]string // why resources cannot be chosen: by their rules, or by an earlier try
	whyNot  map[uuid.UUID]string // the same, and who cannot be chosen as the record stands

	claim   *claim // of the resource that was chosen; nil before
	state   poolState
	joins   []lift
	skipped []uuid.UUID // who is counted for the booking as well
}

// lookingClaim is the claim of the chosen resource, or of any where none was chosen yet.
func (ch *choice) lookingClaim() *claim {
	if ch.claim != nil {
		return ch.claim
	}
	return newClaim(ch.booking, ch.move)
}

// putOnRecord locks the pool, looks at it, chooses, and puts the booking on record.
func (ch *choice) putOnRecord(ctx context.Context, tx statements) error {
	ch.claim, ch.joins, ch.skipped, ch.state, ch.whyNot = nil, nil, nil, poolState{}, maps.Clone(ch.out)
	b := ch.booking
	batch := &pgx.Batch{}
	batch.Queue(begin)
	queueRequestLock(batch, b)
	newClaim(b, ch.move).queueOld(batch)
	batch.Queue(lockPool, namedArgs{"pool": b.Pool.Project})
	var known bool
	batch.Queue(`SELECT EXISTS (SELECT FROM actions WHERE booking_id = @id)`, namedArgs{"id": b.ID}).QueryRow(func(row pgx.Row) error {
		return row.Scan(&known)
	})
	ch.state.queue(batch, b)
	ch.queueLooks(batch)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if known {
		return errKnown
	}
	if !ch.choose() {
		return errNobody
	}
	enter := entryOf(b, ch.move, ch.first.Lifted)
	batch = &pgx.Batch{}
	enter.queueLock(batch)
	ch.claim.queue(batch, false)
	ch.claim.queueAction(batch, ch.first, false)
	queueResourceLock(batch, b, ch.first)
	queueBooking(batch, b, ch.first)
	enter.queueCount(batch, true, ch.first.ID, begun)
	queueAssignment(batch, b, ch.first, ch.skipped)
	ch.queueJoins(batch)
	batch.Queue(commit)
	return tx.SendBatch(ctx, batch).Close()
}
