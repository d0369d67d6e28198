package postgres_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
)

// absurd is JSON of 1.5 KB that Postgres prints as 13 MB.
func absurd() string {
	fields := make([]string, 100)
	for i := range fields {
		fields[i] = fmt.Sprintf(`"%d":1e131071`, i)
	}
	return `{` + strings.Join(fields, ",") + `,"small":1e-16000,"zero":0e-16000,"negative":-1e5000,"fine":[12.50,0,"1e131071",true,null,1e39,{"deep":[1e131071]}]}`
}

// mendedNumbers is what becomes of it, but for the hundred.
const mendedNumbers = `{"small":null,"zero":null,"negative":null,"fine":[12.50,0,"1e131071",true,null,1e39,{"deep":[null]}]}`

// TestMigrateAbsurdNumbers mends what was let in before numbers were bounded, and leaves everything else as it is.
func TestMigrateAbsurdNumbers(t *testing.T) {
	t.Parallel()
	url, look := atVersion(t, 4)
	fine := `{"a":[1.25,0,{"b":"1e131071"}],"c":-7}`
	const all = `
		INSERT INTO apps (id, name, slug, webhook_secret) VALUES ('%[1]s', '%[1]s', '%[1]s', '');
		INSERT INTO resources (id, app_id, name, timezone, meta, availability_constraints) VALUES ('%[1]s', '%[1]s', 'Dr. Grau', 'UTC', '%[2]s', '[%[2]s]');
		INSERT INTO calendars (id, app_id, resource_id, name) VALUES ('%[1]s', '%[1]s', '%[1]s', 'Dr. Grau');
		INSERT INTO bookings (id, app_id, resource_id, calendar_id, event_id, graph, graph_version, state, start_at, end_at, meta)
			VALUES ('%[1]s', '%[1]s', '%[1]s', '%[1]s', '%[1]s', 'instant', 1, 'confirmed', now(), now() + interval '1 hour', '%[2]s');
		INSERT INTO customers (id, app_id, booking_id, meta) VALUES ('%[1]s', '%[1]s', '%[1]s', '%[2]s');
		INSERT INTO locations (id, app_id, name, meta) VALUES ('%[1]s', '%[1]s', 'x', '%[2]s');
		INSERT INTO services (id, app_id, name, meta) VALUES ('%[1]s', '%[1]s', 'x', '%[2]s');
		INSERT INTO projects (id, app_id, name, slug, meta, booking, ui, availability, availability_constraints, reminders)
			VALUES ('%[1]s', '%[1]s', 'x', '%[1]s', '%[2]s', '%[2]s', '%[2]s', '%[2]s', '[%[2]s]', '[%[2]s]');
		INSERT INTO webhook_endpoints (id, app_id, url, method, secret, purpose) VALUES ('%[1]s', '%[1]s', 'https://x.example', 'POST', '', 'reminder');
		INSERT INTO reminders (booking_id, number, at, endpoint_id, settings) VALUES ('%[1]s', 0, now(), '%[1]s', '%[2]s');
		INSERT INTO events (id, app_id, booking_id, seq, type, data, at) VALUES ('%[1]s', '%[1]s', '%[1]s', 1, 'booking.confirmed', '{"meta":%[2]s}', now());`
	bad, good := newID(), newID()
	_, err := look.Exec(t.Context(), fmt.Sprintf(all, bad, absurd())+fmt.Sprintf(all, good, fine))
	check(t, err)
	db := open(t, url)
	_, err = db.Migrate(t.Context())
	check(t, err)
	for _, field := range []string{
		"resources.meta", "resources.availability_constraints -> 0", "bookings.meta", "customers.meta", "locations.meta", "services.meta",
		"projects.meta", "projects.booking", "projects.ui", "projects.availability", "projects.availability_constraints -> 0",
		"projects.reminders -> 0", "reminders.settings", "events.data -> 'meta'",
	} {
		table, column, _ := strings.Cut(field, ".")
		id := "id"
		if table == "reminders" {
			id = "booking_id"
		}
		var mended, kept bool
		var size int
		q := fmt.Sprintf(`SELECT (%[2]s) - (SELECT array_agg(n::text) FROM generate_series(0, 99) n) = $2::jsonb AND (%[2]s) -> '99' = 'null', length((%[2]s)::text) FROM %[1]s WHERE %[3]s = $1`,
			table, column, id)
		check(t, look.QueryRow(t.Context(), q, bad, mendedNumbers).Scan(&mended, &size))
		check(t, look.QueryRow(t.Context(), fmt.Sprintf(`SELECT (%s) = $2::jsonb FROM %s WHERE %s = $1`, column, table, id), good, fine).Scan(&kept))
		if !mended || !kept || size > 3000 {
			t.Errorf("%s: mended %t, kept %t, %d characters", field, mended, kept, size)
		}
	}
}

// TestPrintedSizesAreBounded: what no reader of input has bounded, the record refuses, in every column that holds JSON of callers.
func TestPrintedSizesAreBounded(t *testing.T) {
	t.Parallel()
	c := setup(t)
	rows, err := c.look.Query(t.Context(), `
		SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c
		WHERE c.table_schema = 'public' AND c.data_type = 'jsonb' AND NOT EXISTS (SELECT FROM pg_constraint k
			WHERE k.conrelid = c.table_name::regclass AND k.conname = c.table_name || '_' || c.column_name || '_size') ORDER BY 1`)
	check(t, err)
	var unbounded []string
	for rows.Next() {
		var name string
		check(t, rows.Scan(&name))
		unbounded = append(unbounded, name)
	}
	check(t, rows.Err())
	ours := []string{ // written by this server, of values that have types and bounds; events are made of what is bounded
		"actions.inputs", "actions.rule", "apps.settings", "booking_assignments.assignment", "bookings.participants", "bookings.payment", "bookings.policy", "bookings.requires", "bookings.settings", "calendar_events.participants",
		"effects.parameters", "events.data", "events.effect", "events.inputs", "events.payment", "graph_aliases.weights", "idempotency_keys.headers", "projects.assign", "projects.payment_policy", "projects.policy", "projects.price", "projects.requires", "public_links.questions", "reminders.mail", "resources.tags",
		"scheduling_requests.metadata", "scheduling_requests.offer", "scheduling_requests.recipient", "services.policy", "webhook_attempts.request_headers", "webhook_attempts.response_headers",
		"webhook_deliveries.mail",
	}
	wantEqual(t, "columns without a bound", strings.Join(unbounded, " "), strings.Join(ours, " "))
	large := &catalogue.Resource{ID: newID(), AppID: c.app.ID, Name: "Dr. Grau", Timezone: "UTC", Meta: json.RawMessage(absurd())}
	wantCode(t, c.CreateResource(t.Context(), large, newID()), fault.Invalid)
}
