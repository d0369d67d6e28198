package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/clock"
	"holdfast/internal/fault"
)

const selectClock = `
	SELECT ` + appClock + `, holdfast_now(a.id), a.clock_advance IS NOT NULL, v.id, v.from_at, v.target_at, v.written_by::text
	FROM apps a LEFT JOIN LATERAL (
		SELECT id, from_at, target_at, written_by FROM clock_advances WHERE app_id = a.id ORDER BY begun_at DESC LIMIT 1) v ON true
	WHERE a.id = @app AND a.test_mode`

func scanClock(row pgx.Row) (*clock.State, error) {
	var s clock.State
	var id *uuid.UUID
	var from, to *time.Time
	var written *string
	if err := row.Scan(&s.Clock, &s.Shows, &s.Advancing, &id, &from, &to, &written); err != nil {
		return nil, orNotFound(err, "The clock")
	}
	if id != nil {
		s.Advance = &clock.Advance{ID: *id, From: *from, To: *to, WrittenBy: *written}
	}
	return &s, nil
}

// Clock returns the clock of an app; NotFound for live apps, which have none.
func (db *Clocks) Clock(ctx context.Context, appID uuid.UUID) (*clock.State, error) {
	return scanClock(db.pool.QueryRow(ctx, selectClock, namedArgs{"app": appID}))
}

// BeginAdvance puts an advance on record and stops the clock; target says from the app's time where it is to lead. A repeat with the same
// id returns the advance as it stands. NotFound for live apps, ClockAdvancing while another advance is under way, and target's error. It
// locks the app's row until the end of its transaction, and so waits for commits that have read the clock.
func (db *Clocks) BeginAdvance(
	ctx context.Context, appID, id uuid.UUID, target func(now time.Time) (time.Time, error),
) (s *clock.State, err error) {
	args := namedArgs{"app": appID, "id": id}
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT FROM apps WHERE id = @app FOR NO KEY UPDATE`, args).Scan(); err != nil {
			return orNotFound(err, "The app")
		}
		if s, err = scanClock(tx.QueryRow(ctx, selectClock, args)); err != nil {
			return err
		}
		var known bool
		const look = `SELECT EXISTS (SELECT FROM clock_advances WHERE id = @id AND app_id = @app)`
		if err = tx.QueryRow(ctx, look, args).Scan(&known); err != nil || known {
			return err
		}
		if s.Advancing {
			return fault.Errorf(fault.ClockAdvancing, "The clock is being advanced. GET /v2/test_clock says when it has arrived.")
		}
		to, err := target(s.Shows)
		if err != nil {
			return err
		}
		args["from"], args["to"] = s.Shows, to
		batch := &pgx.Batch{}
		batch.Queue(`UPDATE apps SET clock_at = @from, clock_revision = clock_revision + 1, clock_advance = @id WHERE id = @app`, args)
		batch.Queue(`INSERT INTO clock_advances (id, app_id, from_at, target_at) VALUES (@id, @app, @from, @to)`, args)
		batch.Queue(selectClock, args).QueryRow(func(row pgx.Row) (err error) {
			s, err = scanClock(row)
			return err
		})
		return tx.SendBatch(ctx, batch).Close()
	})
	return s, err
}

// NextMoment returns the first moment, behind the one where the clock stands, at which something of the app is due; the target of the
// advance when nothing is until then. Timers, notices and reminders are due by the bookings' deadlines, effects by their next attempt.
func (db *Clocks) NextMoment(ctx context.Context, appID uuid.UUID, s *clock.State) (time.Time, error) {
	const q = `
		SELECT LEAST(@to::timestamptz,
			(SELECT min(deadline_at) FROM bookings WHERE app_id = @app AND deadline_at > @at AND deadline_at < @to),
			(SELECT min(f.next_at) FROM effects f
				WHERE f.app_id = @app AND f.next_at > @at AND f.next_at < @to AND ` + oldestEffect + `))`
	var next time.Time
	err := db.pool.QueryRow(ctx, q, namedArgs{"app": appID, "at": s.At, "to": s.Advance.To}).Scan(&next)
	return next, err
}

// StepClock sets the clock to a moment, unless it is not where s has it any more: then false. It brings the next attempts of webhook
// deliveries nearer by as much, and returns the endpoints that have some due. It locks the app's row, and deliveries that wait, by id,
// until the end of its transaction, and leaves out those that another transaction has locked.
func (db *Clocks) StepClock(ctx context.Context, appID uuid.UUID, s *clock.State, to time.Time) (ok bool, due []uuid.UUID, err error) {
	const step = `
		UPDATE apps SET clock_at = @to, clock_revision = clock_revision + 1
		WHERE id = @app AND clock_revision = @revision AND clock_advance = @advance`
	args := namedArgs{
		"app": appID, "to": to, "revision": s.Revision, "advance": s.Advance.ID, "by": to.Sub(s.At).Seconds(),
	}
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		due = nil
		tag, err := tx.Exec(ctx, step, args)
		if ok = tag.RowsAffected() > 0; err != nil || !ok || !to.After(s.At) {
			return err
		}
		rows, err := tx.Query(ctx, shiftDeliveries, args)
		if err != nil {
			return err
		}
		due, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
	return ok, due, err
}

// RunClock lets the clock run on from where it stands, unless it is not where s has it any more: then false. Where more real time has
// passed than the clock was advanced by, it goes on as if it had never stood.
func (db *Clocks) RunClock(ctx context.Context, appID uuid.UUID, s *clock.State) (bool, error) {
	const q = `
		UPDATE apps SET clock_at = NULL, clock_revision = clock_revision + 1,
			clock_offset = GREATEST(clock_offset, (EXTRACT(epoch FROM clock_at - clock_timestamp()) * 1000000)::bigint)
		WHERE id = @app AND clock_revision = @revision AND clock_at IS NOT NULL`
	tag, err := db.pool.Exec(ctx, q, namedArgs{"app": appID, "revision": s.Revision})
	return tag.RowsAffected() > 0, err
}

// EndAdvance ends an advance whose clock runs again, and announces it to those who wait for it.
func (db *Clocks) EndAdvance(ctx context.Context, appID, id uuid.UUID) error {
	const q = `
		WITH ended AS (UPDATE apps SET clock_advance = NULL WHERE id = @app AND clock_advance = @id AND clock_at IS NULL RETURNING id)
		UPDATE clock_advances SET ended_at = now() WHERE id = @id AND EXISTS (SELECT FROM ended)`
	_, err := db.pool.Exec(ctx, q, namedArgs{"app": appID, "id": id})
	if err == nil {
		db.announcer.announce(id, nil)
	}
	return err
}

// maxUnsettled is how many bookings one look returns, the first ones by what is due. It is more than are signalled at a time.
const maxUnsettled = 500

// Unsettled returns what is not done where the clock stands. An action that was asked for before counts until it has waited for as long as
// the sweep lets it, and what timers, effects and other bookings play counts always. An attempt that is lost counts until its time is over.
func (db *Clocks) Unsettled(ctx context.Context, appID uuid.UUID, s *clock.State) (u clock.Unsettled, err error) {
	const bookings = `
		SELECT id FROM bookings WHERE app_id = @app AND deadline_at <= @at AND clock_settled < @revision ORDER BY deadline_at, id LIMIT @limit`
	const effects = `
		SELECT f.booking_id FROM effects f WHERE f.app_id = @app AND f.next_at <= @at AND NOT f.claimed AND ` + oldestEffect + `
		ORDER BY f.next_at, f.booking_id LIMIT @limit`
	const busy = `
		SELECT EXISTS (SELECT FROM effects f WHERE f.app_id = @app AND f.status = 'pending' AND f.claimed
				AND f.updated_at > now() - COALESCE((f.parameters->>'timeout')::interval, '30 s') - interval '10 s')
			OR EXISTS (SELECT FROM actions a WHERE a.app_id = @app AND a.status = 'pending' AND (a.channel IN ('timer', 'effect', 'relay')
				OR a.signalled_at < (SELECT begun_at FROM clock_advances WHERE id = @advance)))`
	args := namedArgs{"app": appID, "at": s.At, "revision": s.Revision, "limit": maxUnsettled, "advance": s.Advance.ID}
	batch := &pgx.Batch{}
	batch.Queue(bookings, args).Query(func(rows pgx.Rows) (err error) {
		u.Bookings, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
	batch.Queue(effects, args).Query(func(rows pgx.Rows) (err error) {
		u.Effects, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
	batch.Queue(busy, args).QueryRow(func(row pgx.Row) error { return row.Scan(&u.Busy) })
	return u, db.pool.SendBatch(ctx, batch).Close()
}

// SettleClock notes that the workflow of a booking has carried out whatever was due by a step of its app's clock.
func (db *Clocks) SettleClock(ctx context.Context, in clock.Settled) error {
	const q = `UPDATE bookings SET clock_settled = @revision WHERE id = @id AND clock_settled < @revision`
	_, err := db.pool.Exec(ctx, q, namedArgs{"id": in.BookingID, "revision": in.Revision})
	return err
}

// Timed returns up to limit bookings of an app behind one, by id, that have timers or effects to come.
func (db *Clocks) Timed(ctx context.Context, appID, after uuid.UUID, limit int) (out clock.Timed, err error) {
	const q = `
		SELECT id, bool_or(timer), bool_or(NOT timer) FROM (
			SELECT id, true AS timer FROM bookings WHERE app_id = @app AND deadline_at IS NOT NULL AND id > @after
			UNION ALL SELECT booking_id, false FROM effects WHERE app_id = @app AND status = 'pending' AND booking_id > @after) timed
		GROUP BY id ORDER BY id LIMIT @limit`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID, "after": after, "limit": limit})
	if err != nil {
		return out, err
	}
	var id uuid.UUID
	var timer, owes bool
	n := 0
	_, err = pgx.ForEachRow(rows, []any{&id, &timer, &owes}, func() error {
		if n++; timer {
			out.Timers = append(out.Timers, id)
		}
		if owes {
			out.Effects = append(out.Effects, id)
		}
		out.Last = id
		return nil
	})
	out.More = n == limit
	return out, err
}

// BookingsToResume returns bookings with their app's slug, to start their workflows from.
func (db *Clocks) BookingsToResume(ctx context.Context, ids []uuid.UUID) ([]Stuck, error) {
	const q = `SELECT ` + bookingColumns + `, a.slug` + bookingFrom + ` JOIN apps a ON a.id = b.app_id WHERE b.id = ANY(@ids)`
	return db.actions.overdue(ctx, q, namedArgs{"ids": ids})
}

// AdvancingApps returns the apps whose clock is being advanced.
func (db *Clocks) AdvancingApps(ctx context.Context) ([]uuid.UUID, error) {
	rows, err := db.pool.Query(ctx, `SELECT id FROM apps WHERE clock_revision > 0 AND clock_advance IS NOT NULL ORDER BY id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// Due returns up to limit of what fell due during an advance, in the order of its moments, and how many there are in all. What people did
// meanwhile is not among them.
func (db *Clocks) Due(ctx context.Context, appID uuid.UUID, v *clock.Advance, limit int) (list []clock.Due, count int, err error) {
	const due = `FROM events e WHERE e.app_id = @app AND e.written_by >= @written::text::xid8 AND e.at >= @from AND e.at <= @to AND NOT e.test
		AND (e.reminder IS NOT NULL OR e.channel IN ('timer', 'effect', 'relay'))`
	const q = `
		SELECT e.booking_id, e.seq, e.type, e.at, CASE WHEN e.reminder IS NULL THEN e.action ELSE '' END, e.from_state, e.state, e.channel ` +
		due + ` ORDER BY e.at, e.written_by, e.id LIMIT @limit`
	args := namedArgs{"app": appID, "written": v.WrittenBy, "from": v.From, "to": v.To, "limit": limit}
	batch := &pgx.Batch{}
	batch.Queue(`SELECT count(*) `+due, args).QueryRow(func(row pgx.Row) error { return row.Scan(&count) })
	batch.Queue(q, args).Query(func(rows pgx.Rows) (err error) {
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[clock.Due])
		return err
	})
	return list, count, db.pool.SendBatch(ctx, batch).Close()
}

// BookingsBehindClock is BookingsWithOverdueTimer for apps whose clock is ahead of real time, and runs.
func (db *Clocks) BookingsBehindClock(ctx context.Context, while, lease time.Duration, limit int) (all []Stuck, err error) {
	apps, err := db.appsBehindClock(ctx, while)
	for _, app := range apps {
		if err != nil || len(all) >= limit {
			break
		}
		args := lateArgs(while, lease, limit-len(all))
		args["app"], args["until"] = app.id, app.until
		var found []Stuck
		found, err = db.actions.overdue(ctx, claimLate(`app_id = @app AND deadline_at < @until`), args)
		all = append(all, found...)
	}
	return all, err
}

// appBehindClock is an app with bookings whose first timer was due before a moment of the app's time.
type appBehindClock struct {
	id    uuid.UUID
	until time.Time
}

// appsBehindClock returns the apps with such bookings. Their bookings are then read app by app: holdfast_now is volatile, and so a
// condition on no index.
func (db *Clocks) appsBehindClock(ctx context.Context, while time.Duration) ([]appBehindClock, error) {
	const q = `
		WITH moved AS MATERIALIZED (
			SELECT id, holdfast_now(id) - make_interval(secs => @while) AS until FROM apps WHERE clock_revision > 0 AND clock_at IS NULL)
		SELECT id, until FROM moved WHERE (SELECT min(deadline_at) FROM bookings WHERE app_id = moved.id) < until ORDER BY id`
	rows, err := db.pool.Query(ctx, q, namedArgs{"while": while.Seconds()})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (a appBehindClock, err error) {
		err = row.Scan(&a.id, &a.until)
		return a, err
	})
}

// clockOfBooking locks the row of a test app, shared, until the end of the transaction: its clock does not move meanwhile. Live apps are
// not locked.
const clockOfBooking = `SELECT ` + appClock + ` FROM apps a
	WHERE a.id = (SELECT app_id FROM bookings WHERE id = @id) AND a.test_mode FOR SHARE OF a`

// setTime makes the time that a commit has found that of the app's clock. asked is when the action was put on record; nil for a timer's.
func (s *commitState) setTime(asked *time.Time) {
	s.now = s.clock.Read(s.now)
	s.asked = s.now
	if asked != nil {
		s.asked = *asked
	}
	if s.booking != nil {
		s.booking.Clock = s.clock
	}
}
