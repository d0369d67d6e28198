package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// requestObject is a scheduling request q as booking.SchedulingRequest reads it.
const requestObject = `jsonb_build_object('id', q.id, 'app_id', q.app_id, 'name', q.name, 'code', q.code,
	'public_link_id', q.public_link_id, 'project_id', q.project_id, 'offer', q.offer, 'summary', q.summary,
	'duration_minutes', q.duration_minutes,
	'attributed', q.attributed, 'metadata', q.metadata, 'recipient', q.recipient, 'cancelled_at', q.cancelled_at,
	'created_at', q.created_at)`

// CreateSchedulingRequest puts a scheduling request on record for which no time is picked yet. A repeat with the same id changes
// nothing; NotFound when the id is another app's, or the project is.
func (db *Requests) CreateSchedulingRequest(ctx context.Context, r *booking.SchedulingRequest) (*booking.SchedulingRequest, error) {
	batch := &pgx.Batch{}
	batch.Queue(insertRequest(``), requestArgs(r))
	if err := db.pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, mapConstraint(err)
	}
	all, err := db.SchedulingRequests(ctx, r.AppID, []string{r.Name})
	if err == nil && len(all) == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return nil, orNotFound(err, "The scheduling request")
	}
	return all[0].Request, nil
}

// insertRequest puts a request on record, under a further condition.
func insertRequest(and string) string {
	return `
	INSERT INTO scheduling_requests (id, app_id, name, code, public_link_id, project_id, offer, summary, duration_minutes, attributed,
		metadata, recipient)
	SELECT @id, @app, @name, @code, @link, @project, @offer, @summary, @duration, @attributed, @metadata, @recipient
	WHERE (@project::uuid IS NULL OR EXISTS (SELECT FROM projects p WHERE p.id = @project AND p.app_id = @app))` + and + `
	ON CONFLICT ON CONSTRAINT scheduling_requests_pkey DO NOTHING`
}

func requestArgs(r *booking.SchedulingRequest) namedArgs {
	return namedArgs{
		"id": r.ID, "app": r.AppID, "name": r.Name, "code": r.Code, "link": r.PublicLink, "project": r.ProjectID,
		"offer": asJSON(r.Offer), "summary": r.Summary, "duration": r.DurationMinutes, "attributed": r.Attributed, "metadata": asJSON(r.Metadata),
		"recipient": asJSON(r.Recipient),
	}
}

func requestID(b *booking.Booking) *uuid.UUID {
	if b.Request == nil {
		return nil
	}
	return &b.Request.ID
}

// queueRequestLock locks the request that a booking answers, if it is on record: before the booking's time is claimed, as a
// commit does.
func queueRequestLock(batch *pgx.Batch, b *booking.Booking) {
	if b.Request != nil && b.Related.RescheduledFrom == nil {
		batch.Queue(lockRequest, namedArgs{"id": b.Request.ID, "app": b.AppID})
	}
}

// queueRequest puts the request on record that a booking brings along, and spends the claim token that it came by. The
// request of a booking that is moved is there already, and so is one that the app has made: for that one time is picked, by
// one booking. ActionNotAvailable when it has one, or is cancelled.
func queueRequest(batch *pgx.Batch, b *booking.Booking, first *booking.Action) {
	if b.Request == nil {
		return
	}
	args := requestArgs(b.Request)
	args["action"] = first.ID
	batch.Queue(insertRequest(` AND `+begun), args)
	if b.Related.RescheduledFrom == nil {
		args := namedArgs{"id": b.Request.ID, "app": b.AppID, "action": first.ID}
		batch.Queue(lockRequest, args)
		batch.Queue(pickable, args)
	}
	if b.Claim != nil {
		const spend = `
			INSERT INTO spent_claims (app_id, jti, booking_id, until)
			SELECT @app, @jti, @booking, @until WHERE ` + begun
		batch.Queue(spend, namedArgs{
			"app": b.AppID, "jti": b.Claim.ID, "booking": b.ID, "until": b.Claim.Until, "action": first.ID,
		})
	}
}

// lockRequest is a statement of its own: the next one sees what earlier holders of the lock have committed.
const lockRequest = `SELECT q.id FROM scheduling_requests q WHERE q.id = @id AND q.app_id = @app FOR NO KEY UPDATE`

// pickable ends the transaction unless the app has the request, it is not cancelled, and no time is picked for it.
const pickable = `
	SELECT holdfast_refuse(CASE WHEN q.id IS NULL THEN 'scheduling_requests_missing'
		WHEN q.cancelled_at IS NOT NULL THEN 'scheduling_requests_cancelled' ELSE 'scheduling_requests_picked' END)
	FROM (SELECT) one LEFT JOIN scheduling_requests q ON q.id = @id AND q.app_id = @app
	WHERE ` + begun + ` AND (q.id IS NULL OR q.cancelled_at IS NOT NULL OR EXISTS (SELECT FROM bookings b WHERE b.request_id = @id))`

// Why no time can be picked for a request.
const (
	requestCancelled = "The request was cancelled."
	requestPicked    = "A time has been picked already."
)

// lockAnswered reports whether the request was cancelled that a booking about to come to life answers. The request stays locked:
// a cancellation waits for it, and then finds the booking.
const lockAnswered = `
	SELECT q.cancelled_at IS NOT NULL FROM scheduling_requests q
	WHERE q.id = (SELECT b.request_id FROM bookings b WHERE b.id = @id AND b.seq = 0) FOR SHARE`

// eraseRequest drops the request of a booking that is about to be deleted, unless it has others.
const eraseRequest = `
	DELETE FROM scheduling_requests q USING bookings b WHERE b.id = @booking AND q.id = b.request_id
	AND NOT EXISTS (SELECT FROM bookings o WHERE o.request_id = q.id AND o.id <> b.id)`

// ClaimSpent reports whether a claim token has made a booking. A quick look, not a promise.
func (db *Requests) ClaimSpent(ctx context.Context, appID uuid.UUID, jti string) (spent bool, err error) {
	const q = `SELECT EXISTS (SELECT FROM spent_claims WHERE app_id = @app AND jti = @jti)`
	err = db.pool.QueryRow(ctx, q, namedArgs{"app": appID, "jti": jti}).Scan(&spent)
	return spent, err
}

// RequestWithBooking is a scheduling request with the newest of its bookings; nil while no time is picked.
type RequestWithBooking struct {
	Request *booking.SchedulingRequest
	Booking *booking.Booking
}

// SchedulingRequests returns those of an app's scheduling requests that have one of the names, in the order of the names.
func (db *Requests) SchedulingRequests(ctx context.Context, appID uuid.UUID, names []string) ([]RequestWithBooking, error) {
	const q = `SELECT ` + requestObject + ` FROM scheduling_requests q WHERE q.app_id = @app AND q.name = ANY(@names)
		ORDER BY array_position(@names, q.name)`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID, "names": names})
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[*booking.SchedulingRequest])
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(found))
	for i, r := range found {
		ids[i] = r.ID
	}
	bookings, err := db.requestedBookings(ctx, ids...)
	if err != nil {
		return nil, err
	}
	all := make([]RequestWithBooking, len(found))
	for i, r := range found {
		all[i] = RequestWithBooking{r, bookings[r.ID]}
	}
	return all, nil
}

// SchedulingRequestByCode finds a scheduling request by the code in its page's address, with its app; NotFound when there is none.
func (db *Requests) SchedulingRequestByCode(ctx context.Context, code string) (*RequestWithBooking, *tenant.App, error) {
	const q = `SELECT ` + appColumns + `, ` + requestObject + `
		FROM scheduling_requests q JOIN apps a ON a.id = q.app_id WHERE q.code = @code`
	var found RequestWithBooking
	app, err := scanApp(withExtra{db.pool.QueryRow(ctx, q, namedArgs{"code": code}), []any{&found.Request}})
	if err != nil {
		return nil, nil, orNotFound(err, "This page")
	}
	if err := db.loadGraphs(ctx, app); err != nil {
		return nil, nil, err
	}
	bookings, err := db.requestedBookings(ctx, found.Request.ID)
	found.Booking = bookings[found.Request.ID]
	return &found, app, err
}

// requestedBookings returns the newest booking of each scheduling request; none of one for which no time is picked yet.
func (db *Requests) requestedBookings(ctx context.Context, requests ...uuid.UUID) (map[uuid.UUID]*booking.Booking, error) {
	const q = `SELECT DISTINCT ON (b.request_id) ` + bookingColumns + bookingFrom + `
		WHERE b.request_id = ANY(@requests) AND b.seq > 0 ORDER BY b.request_id, b.created_at DESC, b.id DESC`
	rows, err := db.pool.Query(ctx, q, namedArgs{"requests": requests})
	if err != nil {
		return nil, err
	}
	newest := map[uuid.UUID]*booking.Booking{}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*booking.Booking, error) { return scanBooking(row) })
	for _, b := range all {
		newest[b.Request.ID] = b
	}
	return newest, err
}

// CancelSchedulingRequest ends a scheduling request for which no time is picked; one that has a booking, or is over, stays as it is.
// NotFound when the app has no such request. It locks the request's row until the end of its transaction.
func (db *Requests) CancelSchedulingRequest(ctx context.Context, appID uuid.UUID, name string) error {
	const lock = `SELECT q.id FROM scheduling_requests q WHERE q.app_id = @app AND q.name = @name FOR NO KEY UPDATE`
	const end = `
		UPDATE scheduling_requests q SET cancelled_at = holdfast_now(q.app_id) WHERE q.id = @id AND q.cancelled_at IS NULL
		AND NOT EXISTS (SELECT FROM bookings b WHERE b.request_id = q.id AND b.seq > 0)`
	return db.inTx(ctx, func(tx pgx.Tx) error {
		var id uuid.UUID
		if err := tx.QueryRow(ctx, lock, namedArgs{"app": appID, "name": name}).Scan(&id); err != nil {
			return orNotFound(err, "The scheduling request")
		}
		_, err := tx.Exec(ctx, end, namedArgs{"id": id})
		return err
	})
}

// takenPlaces are the bookings whose place a booking has taken, one after another, itself first: n is how many moves ago each was booked.
const takenPlaces = `
	WITH RECURSIVE chain AS (
		SELECT id, rescheduled_from, 0 AS n FROM bookings WHERE id = @booking
		UNION ALL
		SELECT b.id, b.rescheduled_from, c.n + 1 FROM chain c JOIN bookings b ON b.id = c.rescheduled_from WHERE c.n < 1000)`

// firstPlace is the first booking of a chain, and how often it was moved since.
const firstPlace = `COALESCE((SELECT id FROM chain ORDER BY n DESC LIMIT 1), @booking), COALESCE((SELECT max(n) FROM chain), 0)`

// FirstPlace returns the first of the bookings whose place a booking has taken, and how often it was moved since: the booking itself and 0
// where it has taken none's.
func (db *Requests) FirstPlace(ctx context.Context, bookingID uuid.UUID) (first uuid.UUID, moves int, err error) {
	const q = takenPlaces + ` SELECT ` + firstPlace
	err = db.pool.QueryRow(ctx, q, namedArgs{"booking": bookingID}).Scan(&first, &moves)
	return first, moves, err
}

// EraseSchedulingRequest deletes a scheduling request for which no time is picked, with its recipient. InUse when it has a booking: that
// one is deleted instead, and takes the request along. NotFound when the app has no such request. It locks the request's row until the end
// of its transaction.
func (db *Requests) EraseSchedulingRequest(ctx context.Context, appID uuid.UUID, name string) error {
	const lock = `SELECT q.id FROM scheduling_requests q WHERE q.app_id = @app AND q.name = @name FOR UPDATE`
	const erase = `DELETE FROM scheduling_requests q WHERE q.id = @id AND` + unpicked
	return db.inTx(ctx, func(tx pgx.Tx) error {
		var id uuid.UUID
		if err := tx.QueryRow(ctx, lock, namedArgs{"app": appID, "name": name}).Scan(&id); err != nil {
			return orNotFound(err, "The scheduling request")
		}
		tag, err := tx.Exec(ctx, erase, namedArgs{"id": id})
		if err == nil && tag.RowsAffected() == 0 {
			return fault.Errorf(fault.InUse, "The scheduling request has a booking. Delete the booking: the request goes with it.")
		}
		return err
	})
}

// ClaimedBooking returns the booking that a claim token was spent on; nil when it has not been spent, or the booking was
// deleted since. That it was spent then, ClaimReplayed says.
func (db *Requests) ClaimedBooking(ctx context.Context, appID uuid.UUID, jti string) (*booking.Booking, error) {
	const spent = `SELECT booking_id FROM spent_claims WHERE app_id = @app AND jti = @jti`
	var id uuid.UUID
	switch err := db.pool.QueryRow(ctx, spent, namedArgs{"app": appID, "jti": jti}).Scan(&id); {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	}
	b, err := db.bookings.Booking(ctx, appID, id)
	if fault.CodeOf(err) == fault.NotFound {
		return nil, fault.Errorf(fault.ClaimReplayed, "The claim token has been used for a booking already.")
	}
	return b, err
}

// RequestTried returns the newest try to book a scheduling request: the action that was to bring it to life; nil when there
// was none. It may be pending or refused.
func (db *Requests) RequestTried(ctx context.Context, request uuid.UUID) (*booking.Action, error) {
	const q = `
		SELECT ` + actionColumns + ` FROM actions WHERE booking_id = (SELECT id FROM bookings WHERE request_id = @request
			ORDER BY created_at DESC, id DESC LIMIT 1) ORDER BY created_at, id LIMIT 1`
	a, err := scanAction(db.pool.QueryRow(ctx, q, namedArgs{"request": request}))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return a, err
}
