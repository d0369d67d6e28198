package postgres_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

// followed is a list that can be read by a cursor.
type followed struct {
	page  func(postgres.Page) ([]uuid.UUID, postgres.Found, error)
	make  func() uuid.UUID
	touch func(uuid.UUID) // changes one; nil when they do not change
	table string
}

// shown waits until everything that was written so far is shown to readers: other tests have transactions on the same server.
func (b *bundle) shown() {
	b.t.Helper()
	last := first[string](b, `SELECT pg_current_xact_id()::text`)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !first[bool](b, `SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::text::xid8`, last) {
		<-tick.C
	}
}

func idsOf[T any](id func(*T) uuid.UUID) func(all []*T, found postgres.Found, err error) ([]uuid.UUID, postgres.Found, error) {
	return func(all []*T, found postgres.Found, err error) ([]uuid.UUID, postgres.Found, error) {
		ids := make([]uuid.UUID, len(all))
		for i, one := range all {
			ids[i] = id(one)
		}
		return ids, found, err
	}
}

// followedLists are all lists that can be read by a cursor.
func (b *bundle) followedLists() map[string]followed {
	n := 0
	named := func() string { n++; return fmt.Sprintf("n%d", n) }
	touch := func(table string) func(uuid.UUID) {
		return func(id uuid.UUID) { b.exec(`UPDATE `+table+` SET updated_at = now() WHERE id = $1`, id) }
	}
	app := b.app.ID
	return map[string]followed{
		"bookings": {func(p postgres.Page) ([]uuid.UUID, postgres.Found, error) {
			return idsOf(func(v *booking.Booking) uuid.UUID { return v.ID })(b.ListBookings(b.ctx, app, postgres.Filter{}, p))
		}, func() uuid.UUID { n++; v := b.at("instant", float64(n), float64(n+1)); b.create(v); return v.ID },
			func(id uuid.UUID) { check(b.t, b.SetMeta(b.ctx, app, id, nil, 0)) }, "bookings"},
		"resources": {func(p postgres.Page) ([]uuid.UUID, postgres.Found, error) {
			return idsOf(func(v *catalogue.Resource) uuid.UUID { return v.ID })(b.Resources(b.ctx, app, p))
		}, func() uuid.UUID { r, _ := b.newResource(b.app); return r.ID }, touch("resources"), "resources"},
		"calendars": {func(p postgres.Page) ([]uuid.UUID, postgres.Found, error) {
			return idsOf(func(v *catalogue.OwnedCalendar) uuid.UUID { return v.ID })(b.ListCalendars(b.ctx, app, nil, p))
		}, func() uuid.UUID {
			c := &catalogue.OwnedCalendar{Calendar: catalogue.Calendar{ID: newID(), ResourceID: b.resource.ID, Name: named()}}
			check(b.t, b.CreateCalendar(b.ctx, app, c))
			return c.ID
		}, touch("calendars"), "calendars"},
		"projects": {func(p postgres.Page) ([]uuid.UUID, postgres.Found, error) {
			return idsOf(func(v *catalogue.Project) uuid.UUID { return v.ID })(b.Projects(b.ctx, app, nil, p))
		}, func() uuid.UUID { return b.newProject(named()).ID }, touch("projects"), "projects"},
		"services": {func(p postgres.Page) ([]uuid.UUID, postgres.Found, error) {
			return idsOf(func(v *catalogue.Service) uuid.UUID { return v.ID })(b.Services(b.ctx, app, nil, p))
		}, func() uuid.UUID {
			return must(b.CreateService(b.ctx, &catalogue.Service{ID: newID(), AppID: app, Name: named()})).ID
		}, touch("services"), "services"},
		"locations": {func(p postgres.Page) ([]uuid.UUID, postgres.Found, error) {
			return idsOf(func(v *catalogue.Location) uuid.UUID { return v.ID })(b.Locations(b.ctx, app, nil, nil, p))
		}, func() uuid.UUID {
			return must(b.CreateLocation(b.ctx, &catalogue.Location{ID: newID(), AppID: app, Name: named()})).ID
		}, touch("locations"), "locations"},
		"credentials": {func(p postgres.Page) ([]uuid.UUID, postgres.Found, error) {
			return idsOf(func(v *tenant.Credential) uuid.UUID { return v.ID })(b.Credentials(b.ctx, app, nil, p))
		}, func() uuid.UUID {
			c := &tenant.Credential{ID: newID(), AppID: app, ResourceID: b.resource.ID, Type: "server-token", Name: named()}
			check(b.t, b.AddCredential(b.ctx, c, []byte(c.ID.String()), 0))
			return c.ID
		}, nil, "resource_credentials"},
		"public links": {func(p postgres.Page) ([]uuid.UUID, postgres.Found, error) {
			return idsOf(func(v *catalogue.PublicLink) uuid.UUID { return v.ID })(b.PublicLinks(b.ctx, app, p))
		}, func() uuid.UUID { return b.link(named()).ID }, touch("public_links"), "public_links"},
		"payments": {func(p postgres.Page) ([]uuid.UUID, postgres.Found, error) {
			return idsOf(func(v *postgres.PaymentWithRefunds) uuid.UUID { return v.ID })(b.ListPayments(b.ctx, app, postgres.PaymentFilter{}, p))
		}, func() uuid.UUID { n++; _, p := b.paying(float64(n)); return p.ID }, touch("payments"), "payments"},
		"calendar events": {func(p postgres.Page) ([]uuid.UUID, postgres.Found, error) {
			return idsOf(func(v *booking.CalendarEvent) uuid.UUID { return v.ID })(b.CalendarEvents(b.ctx, app, postgres.CalendarEventFilter{}, p))
		}, func() uuid.UUID {
			n++
			e := b.event(float64(n), float64(n+1))
			check(b.t, b.CreateCalendarEvent(b.ctx, e))
			return e.ID
		},
			touch("calendar_events"), "calendar_events"},
	}
}

// readOn reads a list from a cursor to its end, once all is shown.
func (b *bundle) readOn(f followed, from postgres.Cursor, limit int) (ids []uuid.UUID, end postgres.Cursor) {
	b.t.Helper()
	b.shown()
	return f.follow(b.t, from, limit)
}

// follow reads a list from a cursor to the end of what is shown now.
func (f followed) follow(t testing.TB, from postgres.Cursor, limit int) (ids []uuid.UUID, end postgres.Cursor) {
	t.Helper()
	for end = from; ; {
		some, found, err := f.page(postgres.Page{After: &end, Limit: limit})
		check(t, err)
		ids = append(ids, some...)
		parsed, ok := postgres.ParseCursor(found.Next.String())
		if !ok {
			t.Fatalf("cursor %q", found.Next)
		}
		if end = parsed; !found.More {
			return ids, end
		}
		if len(some) != limit {
			t.Fatalf("%d rows on a page of %d with more behind it", len(some), limit)
		}
	}
}

// TestCursorsReadAll checks of every list with a cursor: pages of any size show each row once, in the order of changes; what changes
// comes again behind the last cursor, and nothing else does.
func TestCursorsReadAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, list := range b.followedLists() {
		before, _ := b.readOn(list, postgres.FirstCursor, 1000)
		var made []uuid.UUID
		for range 5 {
			made = append(made, list.make())
		}
		want := append(slices.Clone(before), made...)
		var end postgres.Cursor
		for _, limit := range []int{1, 2, 3, 1000} {
			var got []uuid.UUID
			got, end = b.readOn(list, postgres.FirstCursor, limit)
			wantSame(t, fmt.Sprint(name, " by ", limit), got, want)
		}
		got, end := b.readOn(list, end, 2)
		wantSame(t, name+" behind the end", got, nil)
		if list.touch == nil {
			continue
		}
		list.touch(made[3])
		list.touch(made[1])
		got, end = b.readOn(list, end, 1)
		wantSame(t, name+" changed", got, []uuid.UUID{made[3], made[1]})
		got, _ = b.readOn(list, end, 1)
		wantSame(t, name+" and no more", got, nil)
		got, _ = b.readOn(list, postgres.FirstCursor, 2)
		wantSame(t, name+" from the start", got, append(slices.DeleteFunc(want, func(id uuid.UUID) bool { return id == made[3] || id == made[1] }), made[3], made[1]))
	}
}

// TestCursorsMissNoLateCommit holds a transaction open that has changed a row, while later ones commit. A reader must not pass it.
func TestCursorsMissNoLateCommit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, list := range b.followedLists() {
		if list.touch == nil {
			continue
		}
		late, early := list.make(), list.make()
		_, end := b.readOn(list, postgres.FirstCursor, 1000)
		tx := must(b.look.Begin(b.ctx))
		must(tx.Exec(b.ctx, `UPDATE `+list.table+` SET updated_at = now() WHERE id = $1`, late))
		list.touch(early)
		got, end := list.follow(t, end, 10)
		wantSame(t, name+" while an older transaction is open", got, nil)
		check(t, tx.Commit(b.ctx))
		got, end = b.readOn(list, end, 10)
		wantSame(t, name+" when it has ended", got, []uuid.UUID{late, early})
		moment := time.Now().Add(time.Second)
		got, found, err := list.page(postgres.Page{Since: &moment, Limit: 1000})
		check(t, err)
		if !slices.Contains(got, late) || !slices.Contains(got, early) || found.More {
			t.Errorf("%s: since a moment just past there are %v, without what has changed right before it", name, got)
		}
		got, _ = b.readOn(list, found.Next, 10)
		wantSame(t, name+" behind that", got, nil)
		_ = end
	}
}

// TestUpdatedSince checks that rows which changed long before the moment stay out.
func TestUpdatedSince(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, list := range b.followedLists() {
		old := list.make()
		column := "updated_at"
		if list.touch == nil {
			column = "created_at"
		}
		b.exec(`UPDATE `+list.table+` SET `+column+` = now() - interval '1 day' WHERE id = $1`, old)
		young := list.make()
		b.shown()
		for hours, want := range map[int]bool{1: false, 48: true} {
			moment := time.Now().Add(-time.Duration(hours) * time.Hour)
			got, _, err := list.page(postgres.Page{Since: &moment, Limit: 1000})
			check(t, err)
			if slices.Contains(got, old) != want || !slices.Contains(got, young) {
				t.Errorf("%s since %d hours: a day old %v, new %v", name, hours, slices.Contains(got, old), slices.Contains(got, young))
			}
		}
	}
}

// TestCursorsAfterARestore checks that a reader whose cursor comes from a server with higher transaction numbers misses nothing that
// changes after the restore, and that restored rows are shown.
func TestCursorsAfterARestore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, list := range b.followedLists() {
		if list.touch == nil {
			continue
		}
		list.make()
		b.exec(`ALTER TABLE ` + list.table + ` DISABLE TRIGGER ` + list.table + `_changed`)
		b.exec(`UPDATE ` + list.table + ` SET changed_by = (pg_current_xact_id()::text::bigint + 1000000)::text::xid8`)
		b.exec(`ALTER TABLE ` + list.table + ` ENABLE TRIGGER ` + list.table + `_changed`)
		hidden, _ := b.readOn(list, postgres.FirstCursor, 1000)
		wantSame(t, name+" before the start", hidden, nil)
		last := first[uuid.UUID](b, `SELECT id FROM `+list.table+` ORDER BY id DESC LIMIT 1`)
		must(b.Migrate(b.ctx))
		all, end := b.readOn(list, postgres.FirstCursor, 1000)
		if len(all) == 0 || !slices.Contains(all, last) {
			t.Errorf("%s: %v after the start, without %v", name, all, last)
		}
		ahead := postgres.CursorAhead(end)
		list.touch(last)
		got, _ := b.readOn(list, ahead, 1000)
		if !slices.Contains(got, last) {
			t.Errorf("%s: a change after the restore is missed: %v", name, got)
		}
	}
}

func TestCursorsOfStrangers(t *testing.T) {
	t.Parallel()
	good := postgres.FirstCursor.String()
	for _, text := range append(injections, good+"A", good[1:], good+"==", good[:len(good)-1]+"=") {
		if _, ok := postgres.ParseCursor(text); ok {
			t.Errorf("%q is a cursor", text)
		}
	}
	b := setup(t)
	ahead := postgres.CursorAhead(postgres.FirstCursor)
	_, _, err := b.ListBookings(b.ctx, b.app.ID, postgres.Filter{}, postgres.Page{After: &ahead, Limit: 1})
	check(t, err)
}
