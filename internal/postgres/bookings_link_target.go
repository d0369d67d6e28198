package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
	"holdfast/internal/tenant"
)

// LinkTarget is what an action link is checked against.
type LinkTarget struct {
	App        *tenant.App
	SealedKeys map[uuid.UUID][]byte // of the app's active server keys: those that may have signed it
	Booking    *booking.Booking     // the one that the link names
}

// LinkTarget returns what a link to a booking is checked against, in one round trip; NotFound when there is no such booking.
// A link names a booking only, so the statements name no app.
func (db *Bookings) LinkTarget(ctx context.Context, id uuid.UUID) (*LinkTarget, error) {
	t := LinkTarget{SealedKeys: map[uuid.UUID][]byte{}}
	args := namedArgs{"id": id}
	batch := &pgx.Batch{}
	batch.Queue(selectBookingApp, args).QueryRow(func(row pgx.Row) (err error) {
		t.App, err = scanApp(row)
		return orNotFound(err, "The booking")
	})
	batch.Queue(selectSealedKeys+`(SELECT app_id FROM bookings WHERE id = @id)`, args).Query(func(rows pgx.Rows) error {
		return scanSealedKeys(rows, t.SealedKeys)
	})
	batch.Queue(`SELECT `+bookingColumns+bookingFrom+` WHERE b.id = @id`, args).QueryRow(func(row pgx.Row) (err error) {
		t.Booking, err = scanBooking(row)
		return orNotFound(err, "The booking")
	})
	if err := db.pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	return &t, db.loadGraphs(ctx, t.App)
}

// LinkSpent reports whether a link has acted on one of the bookings.
func (db *Bookings) LinkSpent(ctx context.Context, bookings []uuid.UUID, spend string) (bool, error) {
	const q = `SELECT EXISTS (SELECT FROM spent_links WHERE booking_id = ANY(@bookings) AND spend_key = @spend)`
	var spent bool
	err := db.pool.QueryRow(ctx, q, namedArgs{"bookings": bookings, "spend": spend}).Scan(&spent)
	return spent, err
}
