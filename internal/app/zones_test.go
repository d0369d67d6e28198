package app

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/apps"
	"holdfast/internal/catalogue"
	"holdfast/internal/pgtest"
	"holdfast/internal/tenant"
)

// TestUnknownZonesAreTold: a start says how many resources have a zone that nobody knows, and is silent where there are none.
func TestUnknownZonesAreTold(t *testing.T) {
	t.Parallel()
	db, url := pgtest.New(t)
	app := &tenant.App{ID: uuid.Must(uuid.NewV7()), Name: "Acme", Slug: "acme"}
	if _, err := apps.Create(t.Context(), db.Access, vaultOf(t, 1), app); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		r := &catalogue.Resource{ID: uuid.Must(uuid.NewV7()), AppID: app.ID, Name: "Ada", Timezone: "Europe/Berlin", Meta: json.RawMessage(`{}`)}
		if err := db.CreateResource(t.Context(), r, uuid.Must(uuid.NewV7())); err != nil {
			t.Fatal(err)
		}
	}
	told := func() string {
		var log bytes.Buffer
		logUnknownZones(t.Context(), db.Calendars, slog.New(slog.NewTextHandler(&log, nil)))
		return log.String()
	}
	if text := told(); text != "" {
		t.Errorf("it says %s", text)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for zone, count := range map[string]int{"localtime": 2, "Mars/Olympus": 1} {
		if _, err := conn.Exec(t.Context(), `UPDATE resources SET timezone = $1 WHERE id IN (
			SELECT id FROM resources WHERE timezone = 'Europe/Berlin' LIMIT $2)`, zone, count); err != nil {
			t.Fatal(err)
		}
	}
	if text := told(); !strings.Contains(text, "level=WARN") || !strings.Contains(text, "resources=3") ||
		!strings.Contains(text, `zones="[Mars/Olympus localtime]"`) {
		t.Errorf("it says %q", text)
	}
}
