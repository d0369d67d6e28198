package postgres_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// TestTenantsAreApart plays every method that takes an app with what belongs to another one.
func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant", 9, 10))
	over := b.played(b.booked(b.at("instant", 11, 12)), "cancel")
	e, paused := b.endpoint("", ""), b.endpoint("", "")
	_, _, err := b.PauseEndpoint(b.ctx, paused.AppID, paused.ID)
	check(t, err)
	key := must(b.Keys(b.ctx, b.app.ID))[0]
	pending := must(b.InsertAction(b.ctx, action(v, "cancel"), ""))
	thief := b.newApp("thief")
	mine, mineCalendar := b.newResource(thief)

	stolen := func(id uuid.UUID) *booking.Action {
		a := action(v, "confirm")
		a.AppID, a.BookingID = thief.ID, id
		return a
	}
	asking, _ := b.book(b.own(b.at("instant", 14, 15), graphtest.Calling(graphtest.Call("crm"))))
	effect := b.effects(asking)[0]
	calls := map[string]func() error{
		"RetryEffect": func() error { _, err := b.RetryEffect(b.ctx, thief.ID, asking.ID, effect.ID); return err },
		"EndEffect": func() error {
			_, err := b.EndEffect(b.ctx, postgres.EffectEnd{AppID: thief.ID, BookingID: asking.ID, EffectID: effect.ID, Failed: true})
			return err
		},
		"Booking":        func() error { _, err := b.Booking(b.ctx, thief.ID, v.ID); return err },
		"SetMeta":        func() error { return b.SetMeta(b.ctx, thief.ID, v.ID, json.RawMessage(`{"stolen": 1}`), 0) },
		"SetMeta, exact": func() error { return b.SetMeta(b.ctx, thief.ID, v.ID, json.RawMessage(`{"stolen": 1}`), v.Revision) },
		"Delete":         func() error { return b.DeleteBooking(b.ctx, thief.ID, over.ID) },
		"Resource":       func() error { _, err := b.Resource(b.ctx, thief.ID, b.resource.ID); return err },
		"UpdateResource": func() error {
			r := *b.resource
			r.AppID, r.Name = thief.ID, "stolen"
			return b.UpdateResource(b.ctx, &r)
		},
		"DeleteResource": func() error { return b.DeleteResource(b.ctx, thief.ID, b.resource.ID) },
		"CreateResource": func() error {
			return b.CreateResource(b.ctx, &catalogue.Resource{ID: b.resource.ID, AppID: thief.ID, Name: "stolen", Timezone: "UTC"}, newID())
		},
		"Endpoint": func() error { _, err := b.Endpoint(b.ctx, thief.ID, e.ID); return err },
		"ChangeEndpoint": func() error {
			_, _, err := b.ChangeEndpoint(b.ctx, thief.ID, e.ID, func(e *outbox.Endpoint) error {
				e.URL = "https://stolen.example"
				return nil
			})
			return err
		},
		"PauseEndpoint":  func() error { _, _, err := b.PauseEndpoint(b.ctx, thief.ID, e.ID); return err },
		"ResumeEndpoint": func() error { _, _, err := b.ResumeEndpoint(b.ctx, thief.ID, paused.ID); return err },
		"RotateSecret": func() error {
			_, err := b.RotateSecret(b.ctx, thief.ID, e.ID, newID(), []byte("stolen"), time.Hour)
			return err
		},
		"CreateEndpoint": func() error {
			_, err := b.CreateEndpoint(b.ctx, &outbox.Endpoint{ID: e.ID, AppID: thief.ID, URL: "https://stolen.example", Secret: []byte{1}})
			return err
		},
		"DeleteEndpoint": func() error { return b.DeleteEndpoint(b.ctx, thief.ID, e.ID) },
		"AddKey": func() error {
			stolen := newKeyOf(thief)
			stolen.ID, stolen.Hash = key.ID, []byte("hash of the thief")
			return b.AddKey(b.ctx, &stolen)
		},
		"RevokeKey": func() error { return b.RevokeKey(b.ctx, thief.ID, key.ID) },
		"Calendar":  func() error { _, err := b.Calendar(b.ctx, b.resource.ID, &mineCalendar.ID); return err },
		"Create": func() error {
			c := *v
			c.AppID, c.Resource, c.Calendar = thief.ID, *mine, *mineCalendar
			_, err := b.CreateBooking(b.ctx, &c, stolen(v.ID), graphs.Move{})
			return err
		},
		"Request": func() error {
			a := *pending
			a.AppID = thief.ID
			_, err := b.InsertAction(b.ctx, &a, "")
			return err
		},
	}
	before := b.tables()
	for name, call := range calls {
		if err := call(); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after := b.tables(); before != after {
		t.Errorf("something changed:\n%s\n%s", before, after)
	}
	wantEqual(t, "endpoints", len(must(b.Endpoints(b.ctx, thief.ID))), 0)
	wantEqual(t, "keys", len(must(b.Keys(b.ctx, thief.ID))), 1)
	wantEqual(t, "sealed keys", len(must(b.SealedKeys(b.ctx, thief.ID))), 1)
	all, total, err := b.ListBookings(b.ctx, thief.ID, filterOf("id", v.ID.String()), pageOf(1, 10))
	check(t, err)
	wantEqual(t, "bookings", len(all)+total.Total, 0)
	resources, total, err := b.Resources(b.ctx, thief.ID, pageOf(1, 10))
	check(t, err)
	wantEqual(t, "resources", len(resources)+total.Total, 2)
}
