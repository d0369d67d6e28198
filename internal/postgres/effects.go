package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/clock"
	"holdfast/internal/effect"
)

// effectColumns are those of an effect f, in the order of scanEffect. An action of it that is not on record any more was refused: those
// that were applied stay with their booking.
const effectColumns = `
	f.id, f.app_id, f.booking_id, f.seq, f.nth, f.parameters, f.status, f.attempts, f.attempts - f.tried_before, f.round,
	CASE f.status WHEN 'pending' THEN f.next_at END, f.give_up_at, f.answer, f.error_code, f.error_message, f.action_id, f.action,
	COALESCE((SELECT a.status FROM actions a WHERE a.id = f.action_id), 'refused'), f.created_at, f.ended_at,
	(SELECT ` + appClock + ` FROM apps a WHERE a.id = f.app_id)`

func scanEffect(row pgx.Row) (*effect.Effect, error) {
	var e effect.Effect
	var played *uuid.UUID
	var action effect.Played
	err := row.Scan(&e.ID, &e.AppID, &e.BookingID, &e.Seq, &e.Number, &e.Does, &e.Status, &e.Attempts, &e.Tries, &e.Round,
		&e.NextAt, &e.GiveUpAt, &e.Answer, &e.ErrorCode, &e.ErrorText, &played, &action.Name, &action.Status, &e.CreatedAt, &e.EndedAt,
		&e.Clock)
	if played != nil {
		action.ID = *played
		e.Plays = &action
	}
	return &e, err
}

// EffectsOf returns the effects of bookings, by booking, in the order in which they are carried out.
func (db *Effects) EffectsOf(ctx context.Context, bookings []uuid.UUID) (map[uuid.UUID][]*effect.Effect, error) {
	const q = `SELECT ` + effectColumns + ` FROM effects f WHERE f.booking_id = ANY(@bookings) ORDER BY f.booking_id, f.seq, f.nth`
	rows, err := db.pool.Query(ctx, q, namedArgs{"bookings": bookings})
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*effect.Effect, error) { return scanEffect(row) })
	all := map[uuid.UUID][]*effect.Effect{}
	for _, e := range list {
		all[e.BookingID] = append(all[e.BookingID], e)
	}
	return all, err
}

// oldestEffect is true of the pending effect f of a booking that is carried out next. Those behind it wait until it has ended.
const oldestEffect = `f.status = 'pending' AND NOT EXISTS (SELECT FROM effects p
	WHERE p.booking_id = f.booking_id AND p.status = 'pending' AND (p.seq, p.nth) < (f.seq, f.nth))`

// ClaimEffect takes the oldest pending effect of a booking for one attempt, if it is due; nil otherwise. next is when its next attempt is
// due, should this one be lost, in real time; zero when nothing is pending. The first attempt sets the time to give up. It locks the
// effect.
func (db *Effects) ClaimEffect(ctx context.Context, bookingID uuid.UUID) (e *effect.Effect, next time.Time, err error) {
	const claim = `
		WITH claimed AS (
			UPDATE effects f SET attempts = f.attempts + 1, claimed = true, updated_at = now(),
				next_at = clock.now + COALESCE((f.parameters->>'timeout')::interval, '30 s') + interval '10 s',
				give_up_at = COALESCE(f.give_up_at, clock.now + COALESCE((f.parameters->>'give_up_after')::interval, '7 d'))
			FROM (SELECT holdfast_now(app_id) AS now FROM bookings WHERE id = @booking) clock
			WHERE f.booking_id = @booking AND f.next_at <= clock.now AND ` + oldestEffect + ` RETURNING f.*)
		SELECT ` + effectColumns + ` FROM claimed f`
	batch := &pgx.Batch{}
	args := namedArgs{"booking": bookingID}
	batch.Queue(claim, args).QueryRow(func(row pgx.Row) error {
		found, err := scanEffect(row)
		if err == nil {
			e = found
		}
		return unlessNone(err)
	})
	batch.Queue(nextEffect, args).QueryRow(func(row pgx.Row) (err error) {
		next, err = scanNextEffect(row)
		return err
	})
	return e, next, db.pool.SendBatch(ctx, batch).Close()
}

// nextEffect is when the oldest pending effect of a booking is due, in the app's time.
const nextEffect = `SELECT f.next_at, ` + appClock + ` FROM effects f JOIN apps a ON a.id = f.app_id
	WHERE f.booking_id = @booking AND ` + oldestEffect

// scanNextEffect returns the moment in real time; zero for none.
func scanNextEffect(row pgx.Row) (next time.Time, err error) {
	var clock clock.Clock
	err = row.Scan(&next, &clock)
	if now := time.Now(); err == nil && !clock.IsZero() {
		next = now.Add(clock.Until(next, now))
	}
	return next, unlessNone(err)
}

// NextEffect returns when the oldest pending effect of a booking is due, in real time; zero when nothing is pending.
func (db *Effects) NextEffect(ctx context.Context, bookingID uuid.UUID) (time.Time, error) {
	return scanNextEffect(db.pool.QueryRow(ctx, nextEffect, namedArgs{"booking": bookingID}))
}

// PostponeEffect puts on record that an attempt has failed, and when the next one is due. It changes nothing when the effect has ended, or
// has another attempt, meanwhile.
func (db *Effects) PostponeEffect(ctx context.Context, e *effect.Effect, next time.Time) error {
	const q = `
		UPDATE effects SET claimed = false, next_at = @next, error_code = @code, error_message = @message, updated_at = now()
		WHERE id = @id AND status = 'pending' AND attempts = @attempt`
	_, err := db.pool.Exec(ctx, q, namedArgs{
		"id": e.ID, "attempt": e.Attempts, "next": next, "code": e.ErrorCode, "message": e.ErrorText,
	})
	return err
}

// RetryEffect makes an effect due: one that is pending, unless an attempt is under way, or one that has failed, whose attempts and time
// then begin anew. One that is done stays done. NotFound when the app's booking has no such effect. It locks the effect.
func (db *Effects) RetryEffect(ctx context.Context, appID, bookingID, id uuid.UUID) (*effect.Effect, error) {
	const q = `
		UPDATE effects f SET status = 'pending', next_at = holdfast_now(f.app_id), claimed = false, updated_at = now(), ended_at = NULL,
			tried_before = CASE f.status WHEN 'failed' THEN f.attempts ELSE f.tried_before END,
			give_up_at = CASE f.status WHEN 'failed' THEN NULL ELSE f.give_up_at END,
			round = f.round + CASE f.status WHEN 'failed' THEN 1 ELSE 0 END,
			action = CASE f.status WHEN 'failed' THEN '' ELSE f.action END,
			action_id = CASE f.status WHEN 'failed' THEN NULL ELSE f.action_id END
		WHERE f.id = @id AND f.booking_id = @booking AND f.app_id = @app
			AND (f.status = 'failed' OR f.status = 'pending' AND (NOT f.claimed OR f.next_at <= holdfast_now(f.app_id)))`
	const look = `SELECT ` + effectColumns + ` FROM effects f WHERE f.id = @id AND f.booking_id = @booking AND f.app_id = @app`
	args := namedArgs{"id": id, "booking": bookingID, "app": appID}
	if _, err := db.pool.Exec(ctx, q, args); err != nil {
		return nil, err
	}
	e, err := scanEffect(db.pool.QueryRow(ctx, look, args))
	return e, orNotFound(err, "The effect")
}

// BookingsWithOverdueEffects returns bookings whose oldest pending effect has been due for longer than a while: the process that should
// have woken their workflow may have ended before it could.
func (db *Effects) BookingsWithOverdueEffects(ctx context.Context, while time.Duration, limit int) ([]uuid.UUID, error) {
	const q = `
		(SELECT f.booking_id FROM effects f WHERE f.next_at < now() - make_interval(secs => @while) AND ` + oldestEffect + `
			ORDER BY f.next_at LIMIT @limit)
		UNION (SELECT f.booking_id FROM apps a JOIN effects f ON f.app_id = a.id
			WHERE a.clock_revision > 0 AND f.next_at < holdfast_now(a.id) - make_interval(secs => @while) AND ` + oldestEffect + `
			LIMIT @limit)`
	rows, err := db.pool.Query(ctx, q, namedArgs{"while": while.Seconds(), "limit": limit})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// AddEffect puts an effect on record that somebody asks for by hand, behind those of the booking's last transition. A repeat with the same
// id changes nothing. It locks the booking's row.
func (db *Effects) AddEffect(ctx context.Context, b *booking.Booking, id uuid.UUID, does graphs.Effect) (*effect.Effect, error) {
	const q = `
		INSERT INTO effects (id, app_id, booking_id, seq, nth, kind, parameters)
		SELECT @id, @app, @booking, b.seq, COALESCE((SELECT max(nth) FROM effects WHERE booking_id = @booking AND seq = b.seq), 0) + 1,
			@kind, @does FROM bookings b WHERE b.id = @booking AND b.app_id = @app FOR UPDATE OF b
		ON CONFLICT (id) DO NOTHING`
	const look = `SELECT ` + effectColumns + ` FROM effects f WHERE f.id = @id AND f.booking_id = @booking`
	does = graphs.Filled(does)
	if _, err := db.pool.Exec(ctx, q, namedArgs{
		"id": id, "app": b.AppID, "booking": b.ID, "kind": does.Kind, "does": asJSON(does),
	}); err != nil {
		return nil, err
	}
	e, err := scanEffect(db.pool.QueryRow(ctx, look, namedArgs{"id": id, "booking": b.ID}))
	return e, orNotFound(err, "The booking")
}

// EffectAction returns the action that an effect has played, with its booking and the app's slug.
func (db *Effects) EffectAction(ctx context.Context, id uuid.UUID) (s Stuck, err error) {
	const q = `SELECT ` + actionColumns + ` FROM actions WHERE id = @id`
	all, err := db.actions.actionsWithBookings(ctx, q, namedArgs{"id": id})
	if err == nil && len(all) == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return s, orNotFound(err, "The action")
	}
	return all[0], nil
}
