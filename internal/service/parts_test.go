package service

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/availability"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/policy"
	"holdfast/internal/requires"
	"holdfast/internal/tenant"
)

// TestWhoseRequirementCounts: the draft's own, then that of the hold whose place it takes, then the project's. A booking that is moved has
// what it was made with, also if that is nothing; a seat requires nothing.
func TestWhoseRequirementCounts(t *testing.T) {
	t.Parallel()
	own, held, projects := &requires.Requires{}, &requires.Requires{}, &requires.Requires{}
	seats, _ := graphs.Named("group_customer", nil)
	old := uuid.New()
	moved := &booking.Booking{Related: booking.Related{RescheduledFrom: &old}}
	project := &Project{Project: &catalogue.Project{Requires: projects}}
	for name, c := range map[string]struct {
		draft Draft
		want  *requires.Requires
	}{
		"its own":                {Draft{in: NewBooking{Requires: own, Project: project}, source: &booking.Booking{Requires: held}}, own},
		"of a hold":              {Draft{in: NewBooking{Project: project}, source: &booking.Booking{Requires: held}}, held},
		"of a hold without any":  {Draft{in: NewBooking{Project: project}, source: &booking.Booking{}}, projects},
		"of the project":         {Draft{in: NewBooking{Project: project}}, projects},
		"of nobody":              {Draft{}, nil},
		"moved":                  {Draft{Booking: moved, in: NewBooking{Project: project}, source: &booking.Booking{Requires: held}}, held},
		"moved, and without any": {Draft{Booking: moved, in: NewBooking{Project: project}, source: &booking.Booking{}}, nil},
		"a seat":                 {Draft{graph: seats, in: NewBooking{Requires: own, Project: project}}, nil},
	} {
		if c.draft.Booking == nil {
			c.draft.Booking = &booking.Booking{}
		}
		if got := c.draft.required(); got != c.want {
			t.Errorf("%s: %p of %p, %p and %p", name, got, own, held, projects)
		}
	}
}

// TestOnePartyAsksForAll: one question spans the times of all places and says what the draft takes, and beside what.
func TestOnePartyAsksForAll(t *testing.T) {
	t.Parallel()
	start := time.Date(2030, 12, 2, 9, 0, 0, 0, time.UTC)
	hold := uuid.New()
	limits := []policy.Limit{{Max: 1, Per: policy.PerResource}}
	rules := policy.Policy{Buffer: policy.BothSides(10 * time.Minute), Limits: &limits}
	d := &party{
		Draft: &Draft{Booking: &booking.Booking{
			Start: start, End: start.Add(time.Hour), Units: 3, Policy: policy.NewSnapshot(rules, nil), Related: booking.Related{Reservation: &hold},
			Settings: booking.Settings{IgnoreAllDayEvents: true},
		}},
		places: []requires.Place{{}, {Offset: -15 * time.Minute, Length: 20 * time.Minute}, {Offset: 45 * time.Minute, Length: time.Hour}},
		hosts:  []*catalogue.Resource{chair(`[]`)},
	}
	q := d.question()
	if !q.From.Equal(start.Add(-15*time.Minute)) || !q.To.Equal(start.Add(105*time.Minute)) {
		t.Errorf("from %v to %v", q.From, q.To)
	}
	if !q.Whole || q.Units != 3 || q.Hold != hold || !q.IgnoreAllDay || len(q.Resources) != 1 || q.Policy.Limits != nil {
		t.Errorf("whole %t, %d units in the place of %v, all-day events ignored %t, of %d resources, with limits %v",
			q.Whole, q.Units, q.Hold, q.IgnoreAllDay, len(q.Resources), q.Policy.Limits)
	}
	if q.BufferBefore != 10*time.Minute || q.BufferAfter != 10*time.Minute {
		t.Errorf("buffers of %v and %v", q.BufferBefore, q.BufferAfter)
	}
	if d.Rules().Limits == nil {
		t.Error("the draft has lost its limits")
	}
}

// TestLaterPicksAreNoLaxer: once a combination within the rules was found, and lost, none outside of them is taken, also for who might have
// one.
func TestLaterPicksAreNoLaxer(t *testing.T) {
	t.Parallel()
	start := time.Date(2030, 12, 2, 8, 0, 0, 0, time.UTC)
	closed, open := chair(`[{"allow_hours":{"start":9,"end":17}}]`), chair(`[]`)
	d := &party{
		Draft:  &Draft{caller: booking.Caller{Kind: tenant.ServerKey}, Booking: &booking.Booking{Start: start, End: start.Add(time.Hour), Units: 1}},
		places: []requires.Place{{Name: "chair", From: []uuid.UUID{closed.ID, open.ID}}}, hosts: []*catalogue.Resource{closed, open},
		calendars: map[uuid.UUID]*catalogue.Calendar{closed.ID: {}, open.ID: {}},
	}
	look := func(busy ...availability.Busy) {
		q := d.question()
		q.Resources[1].Busy = busy
		d.look = q.Look()
	}
	look()
	if picks, missing := d.pick(d.places); !slices.Equal(picks, []uuid.UUID{open.ID}) || missing != nil {
		t.Fatalf("%v, without %v: want the open one", picks, missing)
	}
	look(availability.Busy{Start: start, End: start.Add(time.Hour)})
	if picks, missing := d.pick(d.places); picks != nil || !slices.Equal(missing, []string{"chair"}) {
		t.Errorf("once the open one is taken: %v, without %v", picks, missing)
	}
	d.strictest = anyFree
	if picks, _ := d.pick(d.places); !slices.Equal(picks, []uuid.UUID{closed.ID}) {
		t.Errorf("to begin with, a server key has %v", picks)
	}
}

// TestTheFirstPlaceIsTheHosts: of a project that takes several resources, only those that were asked about can have the first part.
func TestTheFirstPlaceIsTheHosts(t *testing.T) {
	t.Parallel()
	one, two, room := uuid.New(), uuid.New(), uuid.New()
	p := &catalogue.Project{
		Requires: &requires.Requires{AllOf: make([]requires.Part, 2)}, Choices: []requires.Choice{{Part: 0, ID: one}, {Part: 0, ID: two}, {Part: 1, ID: room}},
	}
	places := PlacesOf(p, []uuid.UUID{two})
	if len(places) != 2 || !slices.Equal(places[0].From, []uuid.UUID{two}) || !slices.Equal(places[1].From, []uuid.UUID{room}) {
		t.Errorf("places %+v", places)
	}
	if PlacesOf(nil, nil) != nil || PlacesOf(&catalogue.Project{}, nil) != nil {
		t.Error("what requires nothing has places")
	}
}
