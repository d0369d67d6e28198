package postgres_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// endpoint subscribes the bundle's app to a graph and a state, "" for all.
func (b *bundle) endpoint(graph, state string) *outbox.Endpoint {
	b.t.Helper()
	e, err := b.CreateEndpoint(b.ctx, &outbox.Endpoint{
		ID: newID(), AppID: b.app.ID, URL: "https://example.com/hook", Method: "POST", Graphs: filter(graph), States: filter(state), Ordered: true, Secret: []byte("sealed"),
	})
	check(b.t, err)
	return e
}

// changed writes an endpoint as a caller who asked for just that would.
func (b *bundle) changed(e *outbox.Endpoint) *outbox.Endpoint {
	b.t.Helper()
	now, _, err := b.ChangeEndpoint(b.ctx, e.AppID, e.ID, func(known *outbox.Endpoint) error {
		*known = *e
		return nil
	})
	check(b.t, err)
	return now
}

func filter(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

func sorted(ids ...uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return ids
}

func TestPublishChoosesEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	all := b.endpoint("", "")
	instant := b.endpoint("instant", "")
	cancelled := b.endpoint("", "cancelled")
	exactly := b.endpoint("instant", "confirmed")
	b.endpoint("confirm_decline", "")
	b.endpoint("instant", "completed")
	b.disabled(b.endpoint("", ""))
	other := b.newApp("other")
	must(b.CreateEndpoint(b.ctx, &outbox.Endpoint{ID: newID(), AppID: other.ID, URL: "https://example.com", Method: "POST", Secret: []byte{1}}))

	v, out := b.book(b.at("instant", 9, 10))
	wantSame(t, "told of confirmed", b.told(v, 1), sorted(all.ID, instant.ID, exactly.ID))
	wantSame(t, "woken", sorted(out.Wake...), sorted(all.ID, instant.ID, exactly.ID))
	v, out = b.play(v, "cancel")
	wantSame(t, "told of cancelled", b.told(v, 2), sorted(all.ID, instant.ID, cancelled.ID))
	wantSame(t, "woken of those that slept", out.Wake, sorted(cancelled.ID))
	b.wantCount(0, `SELECT count(*) FROM webhook_deliveries WHERE status <> 'pending' OR attempts <> 0 OR next_at > now()`)

	_, out = b.play(v, "cancel")
	wantEqual(t, "a refusal wakes nobody", len(out.Wake), 0)
	b.wantCount(6, `SELECT count(*) FROM webhook_deliveries`)
}

// told are the endpoints that have a delivery of a booking's transition.
func (b *bundle) told(v *booking.Booking, seq int) []uuid.UUID {
	b.t.Helper()
	return sorted(column[uuid.UUID](b, `SELECT d.endpoint_id FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
		WHERE d.booking_id = $1 AND d.seq = $2 AND e.seq = d.seq AND e.booking_id = d.booking_id`, v.ID, seq)...)
}

// disabled lets an endpoint answer 410 to an event of its own.
func (b *bundle) disabled(e *outbox.Endpoint) {
	b.t.Helper()
	v := b.played(b.booked(b.at("instant", 1, 2)), "cancel")
	for _, d := range must(b.ClaimDeliveries(b.ctx, e.ID, postgres.Claim{Limit: 1, Lease: lease, Ordered: true})) {
		must(b.FinishAttempt(b.ctx, e.ID, attempt(d, 410), postgres.DeliveryUpdate{Status: postgres.Cancelled, Disable: true}))
	}
	b.exec(`DELETE FROM webhook_deliveries`)
	b.exec(`UPDATE webhook_endpoints SET awake = false`)
	check(b.t, b.DeleteBooking(b.ctx, v.AppID, v.ID))
	wantEqual(b.t, "status", must(b.Endpoint(b.ctx, e.AppID, e.ID)).Status, outbox.EndpointDisabled)
}

func TestWakeIsReturnedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	const crowd = 30
	ins := make([]booking.CommitInput, crowd)
	for i := range ins {
		v := b.at("instant", float64(i), float64(i+1))
		ins[i] = commit(v, b.create(v))
	}
	outs, errs := make([]booking.Outcome, crowd), make([]error, crowd)
	together(crowd, func(i int) { outs[i], errs[i] = b.Commit(b.ctx, ins[i]) })
	var woken []uuid.UUID
	for i := range outs {
		check(t, errs[i])
		wantEqual(t, "result", outs[i].Result, booking.ResultApplied)
		woken = append(woken, outs[i].Wake...)
	}
	wantSame(t, "woken", woken, []uuid.UUID{e.ID})
	b.wantCount(crowd, `SELECT count(*) FROM webhook_deliveries`)
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("instant", "")
	again := *e
	again.URL = "https://elsewhere.example.com"
	wantEqual(t, "URL after a repeat", must(b.CreateEndpoint(b.ctx, &again)).URL, e.URL)
	again.Graphs, again.States, again.Method = nil, []string{"cancelled"}, "PUT"
	changed := b.changed(&again)
	wantEqual(t, "URL", changed.URL, again.URL)
	wantEqual(t, "method", changed.Method, "PUT")
	wantSame(t, "graphs", changed.Graphs, []string{})
	wantSame(t, "states", changed.States, []string{"cancelled"})
	wantEqual(t, "secret", string(changed.Secret), "sealed")
	second := b.endpoint("", "")
	list := must(b.Endpoints(b.ctx, b.app.ID))
	wantSame(t, "list", []uuid.UUID{list[0].ID, list[1].ID}, []uuid.UUID{e.ID, second.ID})

	b.disabled(second)
	wantEqual(t, "status", must(b.DrainTarget(b.ctx, second.ID)).Endpoint.Status, outbox.EndpointDisabled)
	wantEqual(t, "active again", b.changed(second).Status, outbox.EndpointActive)
	target := must(b.DrainTarget(b.ctx, second.ID))
	wantEqual(t, "target", target.Endpoint.ID, second.ID)
	wantEqual(t, "app's secret", string(target.AppSecret), "sealed secret of acme")

	b.booked(b.at("instant", 9, 10))
	check(t, b.DeleteEndpoint(b.ctx, b.app.ID, second.ID))
	b.wantCount(0, `SELECT count(*) FROM webhook_deliveries`)
	b.wantCount(1, `SELECT count(*) FROM events WHERE booking_id IS NOT NULL`)
	wantCode(t, b.DeleteEndpoint(b.ctx, b.app.ID, second.ID), fault.NotFound)
	_, err := b.MarkIdle(b.ctx, second.ID)
	wantCode(t, err, fault.NotFound)
}

// TestAnAppHasSoManyEndpoints lets many be made at once where there is room for two more.
func TestAnAppHasSoManyEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range outbox.MaxEndpoints - 2 {
		b.endpoint("", "")
	}
	all, errs := make([]*outbox.Endpoint, 12), make([]error, 12)
	create := func(id uuid.UUID) (*outbox.Endpoint, error) {
		return b.CreateEndpoint(b.ctx, &outbox.Endpoint{ID: id, AppID: b.app.ID, URL: "https://example.com", Method: "POST", Secret: []byte{1}})
	}
	together(len(all), func(i int) { all[i], errs[i] = create(newID()) })
	made := 0
	for i, err := range errs {
		if err == nil {
			made++
			must(create(all[i].ID)) // a repeat needs no room
			continue
		}
		wantCode(t, err, fault.Invalid)
	}
	wantEqual(t, "made", made, 2)
	b.wantCount(outbox.MaxEndpoints, `SELECT count(*) FROM webhook_endpoints`)
	wantCode(t, b.DeleteEndpoint(b.ctx, b.app.ID, newID()), fault.NotFound)
}

// TestEndpointEventsPassTheFiltersOfBookings: graphs, states, projects and services ask about bookings only.
func TestEndpointEventsPassTheFiltersOfBookings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, hears, deaf := b.endpoint("", ""), b.endpoint("instant", "confirmed"), b.endpoint("", "")
	hears.EventTypes, hears.Projects, hears.Services = []string{"booking.*", "endpoint.paused"}, []uuid.UUID{newID()}, []uuid.UUID{newID()}
	b.changed(hears)
	b.booked(b.at("instant", 9, 10))
	_, woken, err := b.PauseEndpoint(b.ctx, e.AppID, e.ID)
	check(t, err)
	wantSame(t, "woken", woken, []uuid.UUID{hears.ID})
	wantSame(t, "it hears of", story(b.claim(hears)), []string{"endpoint.paused/0"})
	wantSame(t, "who has asked for nothing", story(b.claim(deaf)), []string{"booking.confirmed/1"})
}
