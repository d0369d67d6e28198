package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/booking"
)

// TestRestrict: each field that only a server key may fill is dropped by itself, and the others stay.
func TestRestrict(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"settings": `{"buffer_seconds":600}`, "event_notifications": `[{}]`, "reminders": `[{}]`, "buffer": `"1 hour"`, switchNames()[0]: `{"enabled":false}`,
	} {
		in, err := readBooking([]byte(`{"resource_id":"r","reservation_id":"h","meta":{"a":1},"` + name + `":` + value + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := in.restrict(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(in.Settings)+len(in.Notifications)+len(in.Reminders)+len(in.Buffer)+len(in.switches) != 0 {
			t.Errorf("%s stays: %+v", name, in)
		}
		if in.ResourceID != "r" || in.ReservationID != "h" || string(in.Meta) != `{"a":1}` {
			t.Errorf("%s: the others are gone: %+v", name, in)
		}
	}
	double := bookingInput{Settings: json.RawMessage(`{"allow_double_bookings":true}`)}
	if booking.CodeOf(double.restrict()) != booking.Forbidden {
		t.Error("a widget key may double-book")
	}
	double = bookingInput{ProjectID: uuid.NewString(), Settings: json.RawMessage(`{"allow_double_bookings":true}`)}
	if err := double.restrict(); err != nil || double.Settings != nil {
		t.Errorf("what the widget sends of its project: %v, %s", err, double.Settings)
	}
}

// TestHoldsSayNothingOfTheirBooking: a hold takes no other's place, tells nobody, and follows no graph but its own.
func TestHoldsSayNothingOfTheirBooking(t *testing.T) {
	t.Parallel()
	in := bookingInput{
		Graph: "instant", Action: "confirm", ReservationID: "h", Related: relatedInput{OwnerBookingID: "o"},
		Notifications: json.RawMessage(`[{}]`), Reminders: json.RawMessage(`[{}]`),
	}
	in.hold(holdGraph)
	if in.Graph != holdGraph || in.Action+in.ReservationID+in.Related.OwnerBookingID != "" || in.Notifications != nil || in.Reminders != nil {
		t.Errorf("%+v", in)
	}
}

// TestOfferedWithoutAProject: a day at most, by the resource's own rules, and only where the app lets its widgets.
func TestOfferedWithoutAProject(t *testing.T) {
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
		app := &booking.App{Settings: booking.AppSettings{WidgetRequiresProject: c.needs}}
		d := &draft{k: &call{Call: &edge.Call{App: app, Kind: booking.WidgetKey}}, problems: booking.Problems{}, Booking: &booking.Booking{
			Resource: *chair("UTC", c.rules), Start: start.Add(c.from), End: start.Add(c.to),
		}}
		o, err := (&Server{}).offeringOf(d)
		if err != nil {
			t.Fatal(err)
		}
		if o != nil {
			if f := o.judge(d.Resource.ID, d.Start, d.End, time.Now()); f != nil {
				d.problems.Add(f.field, "%s", f.text)
			}
		}
		if len(d.problems[c.field]) != len(d.problems) || (len(d.problems) == 0) != (c.field == "") {
			t.Errorf("%s: %v, want a fault with %q", name, d.problems, c.field)
		}
	}
}

// TestHeld: a hold stands for its own time, resource and project only, and a session sells seats until it begins.
func TestHeld(t *testing.T) {
	t.Parallel()
	start := time.Date(2030, 12, 2, 9, 0, 0, 0, time.UTC)
	project, another := uuid.New(), uuid.New()
	draftOf := func(through, wanted *uuid.UUID) *draft {
		hold := &booking.Booking{Graph: holdGraph, Start: start, End: start.Add(time.Hour), Related: booking.Related{Project: through}}
		return &draft{source: hold, Booking: &booking.Booking{Start: start, End: hold.End, Related: booking.Related{Project: wanted}}}
	}
	for _, c := range []struct {
		through, wanted *uuid.UUID
		held            bool
	}{
		{nil, nil, true}, {&project, new(project), true}, {&project, &another, false}, {&project, nil, false}, {nil, &project, false},
	} {
		if got := draftOf(c.through, c.wanted).held(); got != c.held {
			t.Errorf("a hold of %v for %v: %t", c.through, c.wanted, got)
		}
	}
	for name, change := range map[string]func(d *draft){
		"no hold":          func(d *draft) { d.source = nil },
		"another graph":    func(d *draft) { d.source.Graph = "instant" },
		"another resource": func(d *draft) { d.Resource.ID = uuid.New() },
		"another start":    func(d *draft) { d.Start = d.Start.Add(time.Minute) },
		"another end":      func(d *draft) { d.End = d.End.Add(time.Minute) },
	} {
		d := draftOf(nil, nil)
		if change(d); d.held() {
			t.Errorf("%s: held", name)
		}
	}
	d := draftOf(nil, nil)
	if err := d.seatOffered(start.Add(-time.Second)); err != nil {
		t.Errorf("before the session: %v", err)
	}
	if booking.CodeOf(d.seatOffered(start)) != booking.SessionClosed {
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
		d := &draft{source: &booking.Booking{Start: start, End: start.Add(c.was)}, Booking: &booking.Booking{
			Start: start.AddDate(0, 0, 1), End: start.AddDate(0, 0, 1).Add(c.want), Related: booking.Related{RescheduledFrom: c.from},
		}}
		if got := d.keepsLength(); got != c.keeps {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestSizesOfNumbers: what is bounded is what the record prints: numbers count as they are written out.
func TestSizesOfNumbers(t *testing.T) {
	t.Parallel()
	text := []byte(`{"a":[1e300`)
	for range 300 {
		text = append(text, `,1e300`...)
	}
	text = append(text, `]}`...)
	problems := booking.Problems{}
	edge.CheckObject(text, "object", problems)
	edge.JSONObject(text, "json", problems)
	if len(problems["object"]) != 1 || len(problems["json"]) != 1 {
		t.Errorf("%d bytes that become 90,000: %v", len(text), problems)
	}
}
