package postgres

import (
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
)

// changeColumns are those of a change e, in the order of booking.Change.
const changeColumns = `e.id, e.app_id, e.booking_id, e.seq, e.type, e.at, e.graph, e.state, e.from_state, e.action, e.actor,
	e.channel, e.inputs, e.data, e.test`

func changeFields(c *booking.Change) []any {
	return []any{
		&c.ID, &c.AppID, &c.BookingID, &c.Seq, &c.Type, &c.At, &c.Graph, &c.State, &c.From, &c.Action, &c.Actor,
		&c.Channel, &c.Inputs, &c.Data, &c.Test,
	}
}

func scanDelivery(row pgx.CollectableRow) (d booking.Delivery, err error) {
	err = row.Scan(append([]any{&d.ID, &d.Attempt, &d.Tries}, changeFields(&d.Change)...)...)
	return d, err
}
