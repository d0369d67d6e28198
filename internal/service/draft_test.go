package service

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// chair is a resource in UTC with its own rules.
func chair(rules string) *catalogue.Resource {
	return &catalogue.Resource{ID: uuid.New(), Name: "Chair", Timezone: "UTC", Constraints: json.RawMessage(rules)}
}

// TestOfferWithoutAProject: a day at most, by the resource's own rules, and only where the app lets its widgets.
func TestOfferWithoutAProject(t *testing.T) {
	t.Parallel()
	start := time.Now().AddDate(0, 0, 3).UTC().Truncate(24 * time.Hour)
	for name, c := range map[string]struct {
		needs    bool
		rules    string
		from, to time.Duration
		field    string
	}{
		"a day":                 {false, `[]`, 0, 24 * time.Hour, ""},
		"more than a day":       {false, `[]`, 0, 24*time.Hour + time.Second, "end"},
		"an app with projects":  {true, `[]`, 0, time.Hour, "project_id"},
		"within its rules":      {false, `[{"allow_hours":{"start":9,"end":17}}]`, 9 * time.Hour, 17 * time.Hour, ""},
		"outside of its rules":  {false, `[{"allow_hours":{"start":9,"end":17}}]`, 8 * time.Hour, 9 * time.Hour, "start"},
		"over the end of hours": {false, `[{"allow_hours":{"start":9,"end":17}}]`, 16 * time.Hour, 18 * time.Hour, "start"},
		"past":                  {false, `[]`, -10 * 24 * time.Hour, time.Hour - 10*24*time.Hour, "start"},
	} {
		caller := booking.Caller{App: &tenant.App{Settings: tenant.AppSettings{WidgetRequiresProject: c.needs}}, Kind: tenant.WidgetKey}
		d := &Draft{caller: caller, problems: fault.Problems{}, Booking: &booking.Booking{
			Resource: *chair(c.rules), Start: start.Add(c.from), End: start.Add(c.to),
		}}
		if err := (&drafts{}).checkOffered(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if len(d.problems[c.field]) != len(d.problems) || (len(d.problems) == 0) != (c.field == "") {
			t.Errorf("%s: %v, want a fault with %q", name, d.problems, c.field)
		}
	}
}

// TestHolds: a hold stands for its own time, resource and project only, and a session sells seats until it begins.
func TestHolds(t *testing.T) {
	t.Parallel()
	start := time.Date(2030, 12, 2, 9, 0, 0, 0, time.UTC)
	project, another := uuid.New(), uuid.New()
	draftOf := func(through, wanted *uuid.UUID) *Draft {
		hold := &booking.Booking{Graph: HoldGraph, Start: start, End: start.Add(time.Hour), Related: booking.Related{Project: through}}
		return &Draft{source: hold, Booking: &booking.Booking{Start: start, End: hold.End, Related: booking.Related{Project: wanted}}}
	}
	for _, c := range []struct {
		through, wanted *uuid.UUID
		held            bool
	}{
		{nil, nil, true}, {&project, new(project), true}, {&project, &another, false}, {&project, nil, false}, {nil, &project, false},
	} {
		if got := draftOf(c.through, c.wanted).isHeld(); got != c.held {
			t.Errorf("a hold of %v for %v: %t", c.through, c.wanted, got)
		}
	}
	for name, change := range map[string]func(d *Draft){
		"no hold":          func(d *Draft) { d.source = nil },
		"another graph":    func(d *Draft) { d.source.Graph = "instant" },
		"another resource": func(d *Draft) { d.Resource.ID = uuid.New() },
		"another start":    func(d *Draft) { d.Start = d.Start.Add(time.Minute) },
		"another end":      func(d *Draft) { d.End = d.End.Add(time.Minute) },
	} {
		d := draftOf(nil, nil)
		if change(d); d.isHeld() {
			t.Errorf("%s: held", name)
		}
	}
	d := draftOf(nil, nil)
	if err := d.checkSession(start.Add(-time.Second)); err != nil {
		t.Errorf("before the session: %v", err)
	}
	if fault.CodeOf(d.checkSession(start)) != fault.SessionClosed {
		t.Error("a session that has begun sells seats")
	}
}

// TestKeepsLength: a booking that is moved may stay as long as it is, and no other length.
func TestKeepsLength(t *testing.T) {
	t.Parallel()
	start := time.Date(2030, 12, 2, 9, 0, 0, 0, time.UTC)
	from := uuid.New()
	for name, c := range map[string]struct {
		from      *uuid.UUID
		was, want time.Duration
		keeps     bool
	}{
		"as it is": {&from, 95 * time.Minute, 95 * time.Minute, true}, "longer": {&from, time.Hour, 95 * time.Minute, false},
		"shorter": {&from, 95 * time.Minute, time.Hour, false}, "new": {nil, time.Hour, time.Hour, false},
		"less than a minute": {&from, time.Second, time.Second, false},
	} {
		d := &Draft{source: &booking.Booking{Start: start, End: start.Add(c.was)}, Booking: &booking.Booking{
			Start: start.AddDate(0, 0, 1), End: start.AddDate(0, 0, 1).Add(c.want), Related: booking.Related{RescheduledFrom: c.from},
		}}
		if got := d.keepsLength(); got != c.keeps {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestOnlyServersDoubleBook: a draft of anybody else that would lie above other things is not made.
func TestOnlyServersDoubleBook(t *testing.T) {
	t.Parallel()
	for _, kind := range []tenant.KeyKind{tenant.WidgetKey, ""} {
		d := &Draft{caller: booking.Caller{Kind: kind}, problems: fault.Problems{}, Booking: &booking.Booking{}}
		d.Settings.AllowDoubleBookings = true
		if _, err := (&Booker{}).BookDraft(t.Context(), d, nil); !errors.Is(err, ErrNoDoubles) {
			t.Errorf("%q: %v", kind, err)
		}
	}
}

// TestSeatsHaveTheTimesOfTheirSession, whatever is asked for; what takes a hold's place may say another time.
func TestSeatsHaveTheTimesOfTheirSession(t *testing.T) {
	t.Parallel()
	start := time.Date(2030, 12, 2, 9, 0, 0, 0, time.UTC)
	asked := start.Add(3 * time.Hour)
	session := uuid.New()
	for name, c := range map[string]struct {
		session *uuid.UUID
		asked   time.Time
		want    time.Time
	}{"a seat": {&session, asked, start}, "a seat without times": {&session, time.Time{}, start}, "of a hold": {nil, asked, asked}, "as held": {nil, time.Time{}, start}} {
		d := &Draft{problems: fault.Problems{}, source: &booking.Booking{Start: start, End: start.Add(time.Hour)}, Booking: &booking.Booking{}}
		d.in.Session, d.in.Start = c.session, c.asked
		if !c.asked.IsZero() {
			d.in.End = c.asked.Add(time.Hour)
		}
		if err := describe(t.Context(), d); err != nil || !d.Start.Equal(c.want) || !d.End.Equal(c.want.Add(time.Hour)) {
			t.Errorf("%s: from %v to %v, want %v: %v", name, d.Start, d.End, c.want, err)
		}
	}
}
