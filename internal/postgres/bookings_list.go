package postgres

import (
	"context"
	"regexp"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// Filter chooses bookings of an app. Terms are joined by AND.
type Filter struct {
	Terms []Term
	Words []string   // each stands somewhere in the texts of a booking; see words
	Start *time.Time // only bookings that end after it
	End   *time.Time // only bookings that start before it
	Order string     // a key of orders; "" = created_at
	Desc  bool

	Bookable bool // only sessions that have a seat and take bookings now
}

// bookingKeys are what bookings can be searched by, beside customer.<field> and meta.<key>. Graphs and states are compared by value: see
// resolve.
var bookingKeys = map[string]searchKey{
	"id": byID("b.id %s"), "resource.id": byID("b.resource_id %s"), "calendar.id": byID("b.calendar_id %s"),
	"project.id": byID("b.project_id %s"), "owner_booking.id": byID("b.owner_booking_id %s"),
}

var wholeID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

var customerKeys = map[string]string{
	"name": "lower(t.name)", "email": "lower(t.email)", "phone": "lower(t.phone)", "voip": "lower(t.voip)",
	"timezone": "lower(t.timezone)",
}

var orders = map[string]string{
	"": "b.created_at", "created_at": "b.created_at", "updated_at": "b.updated_at", "completed": "b.completed",
	"graph": "b.graph", "state": "b.state", "event.start": "b.start_at", "event.end": "b.end_at",
}

// ListBookings returns one page of an app's bookings, and what is known of the others. Invalid names the key or order that is not
// known. When no booking has all words, those are returned whose words are similar.
func (db *Bookings) ListBookings(
	ctx context.Context, appID uuid.UUID, filter Filter, page Page,
) (all []*booking.Booking, found Found, err error) {
	order, ok := orders[filter.Order]
	if !ok {
		return nil, Found{}, fault.Problems{"orderBy": {"is not a column bookings can be sorted by"}}.Err()
	}
	s := bookingSearch{args: namedArgs{"app": appID}}
	if err := s.read(ctx, db.store, filter); err != nil {
		return nil, Found{}, err
	}
	kind := listing[booking.Booking]{
		columns: bookingColumns, table: "bookings", alias: "b", beside: bookingBeside,
		order: order, desc: filter.Desc, changed: "b.updated_at",
		scan: func(row pgx.CollectableRow) (*booking.Booking, error) { return scanBooking(row) },
	}
	kind.where, kind.search = s.render(false)
	if s.texts() || len(s.among)+len(s.conditions) > 0 {
		kind.most = MaxSearched
	}
	all, found, err = listRows(ctx, db.store, kind, page, s.args)
	if err != nil || found.Total > 0 || page.Follows() || !s.similar() {
		return all, found, err
	}
	kind.where, kind.search = s.render(true)
	kind.patience = db.bounds.patience
	all, found, err = listRows(ctx, db.store, kind, page, s.args)
	if timedOut(err) { // nothing is found, which is true of what was typed
		return nil, Found{Exact: true}, nil
	}
	return all, found, err
}
