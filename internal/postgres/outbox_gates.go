package postgres

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// A gate is an advisory lock per endpoint. Transactions that write deliveries for the endpoint take it shared. Transactions that
// mark it idle or change its status take it exclusive: they wait for the writers, and writers wait for them. Gates are taken
// before every lock of an endpoint's row, ordered by key; statements after that see what earlier holders have committed.
//
// Row locks would not do: with FOR KEY SHARE and FOR UPDATE two transactions can deadlock over a single endpoint while a third
// one wakes it, since each locks one version of the row and waits for the other at the next.
const gateKey = `hashtextextended(id::text, 0)`

// lockGate takes the gate of one endpoint exclusive, until the end of the transaction.
const lockGate = `SELECT pg_advisory_xact_lock(` + gateKey + `) FROM webhook_endpoints WHERE id = @endpoint`

// shareGate takes the gate of one endpoint shared, until the end of the transaction.
const shareGate = `SELECT pg_advisory_xact_lock_shared(` + gateKey + `) FROM webhook_endpoints WHERE id = @endpoint`

// shareGates takes the gates of all endpoints that get these events shared, until the end of the transaction, and those of the app's mailer
// and gateways of text messages, which may get reminders. Queue it once, before the statements that publish.
func shareGates(batch *pgx.Batch, all ...publication) {
	const q = `
		SELECT pg_advisory_xact_lock_shared(gate) FROM (
			SELECT DISTINCT w.gate FROM (SELECT ` + gateKey + ` AS gate, * FROM webhook_endpoints) w,
				jsonb_to_recordset(@changes) e (booking_id uuid, graph text, state text, project_id uuid, topics text[], request_id uuid)
			WHERE w.app_id = @app AND w.purpose <> 'reminder' AND (w.purpose = 'mail' OR ` + isGateway + ` OR ` + matches + `)
			ORDER BY w.gate) wanted`
	var changes []map[string]any
	for _, b := range all {
		changes = append(changes, map[string]any{
			"booking_id": nullID(b.ID), "graph": b.Graph, "state": b.State, "project_id": b.Related.Project,
			"topics": b.topics, "request_id": b.request,
		})
	}
	batch.Queue(q, namedArgs{"app": all[0].AppID, "changes": asJSON(changes)})
}

// nullID returns nil for the id of no booking.
func nullID(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// endpointAndSubscribers is true of an endpoint and of all that may get events about it.
const endpointAndSubscribers = `(id = @endpoint OR app_id = (SELECT app_id FROM webhook_endpoints WHERE id = @endpoint)
	AND purpose = 'subscription' AND event_types
		&& '{endpoint.*,endpoint.failing,endpoint.paused,endpoint.resumed,endpoint.disabled,mail.*,mail.failing}')`

// nearThreshold is true where the endpoint's next failure may lead to a notice (see internal/breaker). It looks a minute ahead, because it
// comes before the lock under which the endpoint's health is read.
const nearThreshold = ` AND EXISTS (SELECT FROM webhook_endpoints WHERE id = @endpoint
	AND (failing_since < now() - interval '23 hours 59 minutes' AND NOT warned
		OR failing_since < now() - interval '4 days 23 hours 59 minutes' AND status = 'active'
		OR purpose = 'mail' AND NOT warned))` // any failure of a mail server may be the one that it warns of

// lockEndpointAndSubscribers takes the endpoint's gate exclusive, the gates of all that may get events about it shared, and then
// locks the rows of all, until the end of the transaction.
func lockEndpointAndSubscribers(batch *pgx.Batch, endpointID uuid.UUID, where string) {
	args := namedArgs{"endpoint": endpointID}
	batch.Queue(`
		SELECT CASE id WHEN @endpoint THEN pg_advisory_xact_lock(gate)::text ELSE pg_advisory_xact_lock_shared(gate)::text END
		FROM (SELECT id, `+gateKey+` AS gate FROM webhook_endpoints WHERE `+endpointAndSubscribers+where+` ORDER BY gate) gates`, args)
	batch.Queue(`SELECT FROM webhook_endpoints WHERE `+endpointAndSubscribers+where+` ORDER BY id FOR NO KEY UPDATE`, args)
}
