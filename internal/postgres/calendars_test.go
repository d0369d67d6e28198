package postgres_test

import (
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
)

// TestOneCalendarStays deletes both calendars of a resource at once, again and again.
func TestOneCalendarStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 30 {
		r, first := b.newResource(b.app)
		second := &catalogue.OwnedCalendar{Calendar: catalogue.Calendar{ID: newID(), ResourceID: r.ID, Name: "Private"}}
		check(t, b.CreateCalendar(b.ctx, b.app.ID, second))
		errs := make([]error, 2)
		together(2, func(i int) {
			errs[i] = b.DeleteCalendar(b.ctx, b.app.ID, []*catalogue.Calendar{first, &second.Calendar}[i].ID)
		})
		if fault.CodeOf(errs[0])+fault.CodeOf(errs[1]) != fault.InUse {
			t.Errorf("%v and %v", errs[0], errs[1])
		}
	}
	b.wantCount(0, `SELECT count(*) FROM resources r WHERE NOT EXISTS (SELECT FROM calendars c WHERE c.resource_id = r.id)`)
}

// TestCalendarsAreNotDeletedUnderneath books and deletes the calendar at once: one of the two is refused.
func TestCalendarsAreNotDeletedUnderneath(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n := range 30 {
		c := &catalogue.OwnedCalendar{Calendar: catalogue.Calendar{ID: newID(), ResourceID: b.resource.ID, Name: "Private"}}
		check(t, b.CreateCalendar(b.ctx, b.app.ID, c))
		e := b.event(float64(n), float64(n)+1)
		e.CalendarID = c.ID
		var made, deleted error
		together(2, func(i int) {
			if i == 0 {
				made = b.CreateCalendarEvent(b.ctx, e)
			} else {
				deleted = b.DeleteCalendar(b.ctx, b.app.ID, c.ID)
			}
		})
		if fault.CodeOf(made)+fault.CodeOf(deleted) != fault.InUse && fault.CodeOf(made)+fault.CodeOf(deleted) != fault.NotFound {
			t.Errorf("made: %v, deleted: %v", made, deleted)
		}
	}
}

// TestHosts: each resource comes with its first calendar, the one that a booking gets that names none; resources of others do not come.
func TestHosts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, first := b.newResource(b.app)
	check(t, b.CreateCalendar(b.ctx, b.app.ID, &catalogue.OwnedCalendar{Calendar: catalogue.Calendar{ID: newID(), ResourceID: r.ID, Name: "Private"}}))
	hosts, calendars, err := b.Hosts(b.ctx, b.app.ID, []uuid.UUID{r.ID, newID(), b.resource.ID})
	check(t, err)
	if len(hosts) != 2 || hosts[0].ID != r.ID || hosts[1].ID != b.resource.ID {
		t.Fatalf("%+v", hosts)
	}
	for _, one := range hosts {
		_, want, err := b.Place(b.ctx, b.app.ID, one.ID, nil)
		check(t, err)
		if got := calendars[one.ID]; got == nil || *got != *want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if calendars[r.ID].ID != first.ID {
		t.Errorf("the first calendar is %+v", calendars[r.ID])
	}
}
