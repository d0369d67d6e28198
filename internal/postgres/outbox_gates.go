package postgres

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
	"holdfast/internal/outbox"
)

// Before each endpoint there is a gate. Whoever writes deliveries for it passes, together with others who do. Whoever lets
// it fall asleep, or changes its status, shuts it: first come all who are passing to their end, and no delivery is written
// meanwhile. Gates come before every lock of an endpoint's row, and in one order; a statement that comes after sees what
// those have done who had them before.
//
// They are advisory locks. With row locks, FOR KEY SHARE to pass and FOR UPDATE to shut, two transactions can deadlock over
// a single endpoint while a third one wakes it: each locks one version of the row and waits for the other at the next.
const gate = `hashtextextended(id::text, 0)`

// shutGate is for one endpoint alone.
const shutGate = `SELECT pg_advisory_xact_lock(` + gate + `) FROM webhook_endpoints WHERE id = @endpoint`

// passGate is for one endpoint alone.
const passGate = `SELECT pg_advisory_xact_lock_shared(` + gate + `) FROM webhook_endpoints WHERE id = @endpoint`

// passGates has to come before what publishes changes of bookings: of all of them, for each has gates of its own.
func passGates(batch *pgx.Batch, all ...*booking.Booking) {
	const q = `
		SELECT pg_advisory_xact_lock_shared(gate) FROM (
			SELECT DISTINCT w.gate FROM (SELECT ` + gate + ` AS gate, * FROM webhook_endpoints) w,
				jsonb_to_recordset(@changes) e (booking_id uuid, graph text, state text, project_id uuid, topics text[], request_id uuid)
			WHERE w.app_id = @app AND w.purpose = 'subscription' AND ` + wants + ` ORDER BY w.gate) wanted`
	var changes []map[string]any
	for _, b := range all {
		changes = append(changes, map[string]any{
			"booking_id": b.ID, "graph": b.Graph, "state": b.State, "project_id": b.Related.Project,
			"topics": outbox.Topics(outbox.EventType(b.State), b.Kind()), "request_id": toldRequest(b),
		})
	}
	batch.Queue(q, namedArgs{"app": all[0].AppID, "changes": asJSON(changes)})
}

// affected is true of an endpoint and of all that may have to hear of it.
const affected = `(id = @endpoint OR app_id = (SELECT app_id FROM webhook_endpoints WHERE id = @endpoint)
	AND purpose = 'subscription' AND event_types && '{endpoint.*,endpoint.failing,endpoint.paused,endpoint.resumed,endpoint.disabled}')`

// brink is true where the endpoint's next failure may lead to a notice (see internal/breaker). It looks a minute ahead, because it
// comes before the lock under which the endpoint's health is read.
const brink = ` AND EXISTS (SELECT FROM webhook_endpoints WHERE id = @endpoint
	AND (failing_since < now() - interval '23 hours 59 minutes' AND NOT warned
		OR failing_since < now() - interval '4 days 23 hours 59 minutes' AND status = 'active'))`

// lockAffected shuts an endpoint's gate, passes those of all that may have to hear of it, and locks the rows of all.
func lockAffected(batch *pgx.Batch, endpointID uuid.UUID, where string) {
	args := namedArgs{"endpoint": endpointID}
	batch.Queue(`
		SELECT CASE id WHEN @endpoint THEN pg_advisory_xact_lock(gate)::text ELSE pg_advisory_xact_lock_shared(gate)::text END
		FROM (SELECT id, `+gate+` AS gate FROM webhook_endpoints WHERE `+affected+where+` ORDER BY gate) told`, args)
	batch.Queue(`SELECT FROM webhook_endpoints WHERE `+affected+where+` ORDER BY id FOR NO KEY UPDATE`, args)
}
