package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

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
