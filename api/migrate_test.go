package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"holdfast/internal/await"
	"holdfast/internal/fault"
)

// renamed is the viewing graph with another name for the state that holds the time, and one more action there.
func renamed() string {
	g := strings.ReplaceAll(viewing(""), `"planned"`, `"agreed"`)
	return strings.Replace(g, `{"name":"done"`, `{"name":"missed","to":"off","by":["api"]},{"name":"done"`, 1)
}

func (f *fixture) migrate(body string) answer {
	f.t.Helper()
	return f.post(f.server, "/v2/bookings/migrate", body)
}

// TestMigrate: bookings that are not over go over to another version, hold what they held, and walk on by its actions.
func TestMigrate(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.publish(viewing(""))
	room := f.room()
	var ids []string
	for i := range 3 {
		ids = append(ids, f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":"viewing",%s}`, slot(room, float64(2*i), 1))).id(t))
	}
	f.play(ids[2], "call_off", "{}").want(t, http.StatusOK)
	f.publish(renamed())
	f.migrate(`{"from":"viewing@1","to":"viewing@2"}`).refused(t, fault.Invalid, "map.planned")
	dry := f.migrate(`{"from":"viewing@1","to":"viewing@2","map":{"planned":"agreed"},"dry_run":true}`).want(t, http.StatusOK).Body.String()
	if !strings.Contains(dry, `"bookings":2`) || !strings.Contains(dry, `"asked":0`) || !strings.Contains(dry, `"problem":null`) {
		t.Errorf("%s", dry)
	}
	if n := value[int](f, `SELECT count(*) FROM bookings WHERE graph_version = 2`); n != 0 {
		t.Errorf("a dry run has moved %d", n)
	}
	if a := f.migrate(`{"from":"viewing@1","to":"viewing@2","map":{"planned":"agreed"}}`).want(t, http.StatusAccepted).Body.String(); !strings.Contains(a, `"asked":2`) {
		t.Errorf("%s", a)
	}
	await.True(f.t, "both have gone over", func() bool {
		return value[int](f, `SELECT count(*) FROM bookings WHERE graph_version = 2 AND state = 'agreed' AND seq = 2`) == 2
	})
	f.post(f.server, "/v2/bookings", `{"graph":"viewing",`+slot(room, 0, 1)+`}`).refused(t, fault.SlotTaken, "")
	f.play(ids[0], "missed", "{}").want(t, http.StatusOK)
	if n := value[int](f, `SELECT count(*) FROM events WHERE booking_id = $1`, ids[0]); n != 3 {
		t.Errorf("%d events", n)
	}
	if n := value[int](f, `SELECT count(*) FROM bookings WHERE graph_version = 1 AND id = $1`, ids[2]); n != 1 {
		t.Error("a booking that was over has gone over")
	}
	f.migrate(`{"from":"viewing@1","to":"viewing@2","map":{"planned":"agreed"}}`).want(t, http.StatusAccepted)
}

// TestMigrationsAreRefused: between other graphs, to states that hold something else, and for widget keys.
func TestMigrationsAreRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.publish(viewing(""))
	f.publish(renamed())
	id := f.post(f.server, "/v2/bookings", `{"graph":"viewing@1",`+slot(f.room(), 0, 1)+`}`).id(t)
	for _, c := range []struct{ body, field string }{
		{`{"from":"viewing@1","to":"viewing@1"}`, "to"}, {`{"from":"viewing","to":"viewing@2"}`, "from"}, {`{"from":"viewing@1","to":"viewing@9"}`, "to"},
		{`{"from":"instant@1","to":"instant@2"}`, "from"}, {`{"from":"viewing@1","to":"viewing@2","map":{"nowhere":"agreed"}}`, "map.nowhere"},
		{`{"from":"viewing@1","to":"viewing@2","map":{"planned":"nowhere"}}`, "map.planned"},
		{`{"from":"viewing@1","to":"viewing@2","map":{"planned":"asked"}}`, "map.planned"},
		{`{"from":"viewing@1","to":"viewing@2","map":{"planned":"off"}}`, "map.planned"},
	} {
		f.migrate(c.body).refused(t, fault.Invalid, c.field)
	}
	f.post(f.widget, "/v2/bookings/migrate", `{"from":"viewing@1","to":"viewing@2"}`).refused(t, fault.Forbidden, "")
	if n := value[int](f, `SELECT seq FROM bookings WHERE id = $1`, id); n != 1 {
		t.Errorf("moved %d times", n)
	}
}
