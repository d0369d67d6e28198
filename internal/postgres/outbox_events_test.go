package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/await"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// listed names what a reader gets who asks once.
func (b *bundle) listed(after postgres.EventCursor, f postgres.EventFilter) []uuid.UUID {
	b.t.Helper()
	list, _, err := b.Events(b.ctx, b.app.ID, after, f, 100)
	check(b.t, err)
	var ids []uuid.UUID
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return ids
}

// all are the ids of every change that readers are to see, once they can: other tests on the server hold them back.
func (b *bundle) all(n int) []uuid.UUID {
	b.t.Helper()
	var ids []uuid.UUID
	await.True(b.t, fmt.Sprintf("%d changes", n), func() bool {
		ids = b.listed(postgres.EventCursor{}, postgres.EventFilter{})
		return len(ids) >= n
	})
	wantEqual(b.t, "changes", len(ids), n)
	return ids
}

// follow reads by cursor until it has n changes, with a reader's page size.
func (b *bundle) follow(n, page int) []*outbox.Event {
	b.t.Helper()
	var got []*outbox.Event
	var after postgres.EventCursor
	await.True(b.t, fmt.Sprintf("%d changes by cursor", n), func() bool {
		list, more, err := b.Events(b.ctx, b.app.ID, after, postgres.EventFilter{}, page)
		check(b.t, err)
		if more && len(list) != page {
			b.t.Errorf("%d of a page of %d, and more", len(list), page)
		}
		got = append(got, list...)
		if len(list) > 0 {
			after.ID = list[len(list)-1].ID
		}
		return len(got) >= n
	})
	return got
}

func TestChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.played(b.booked(b.at("instant_payment", 9, 10)), "pay", "cancel")
	other := b.booked(b.at("instant", 10, 11))
	ids := b.all(4)
	wantSame(t, "behind the second", b.listed(postgres.EventCursor{ID: ids[1]}, postgres.EventFilter{}), ids[2:])
	wantEqual(t, "behind the last", len(b.listed(postgres.EventCursor{ID: ids[3]}, postgres.EventFilter{})), 0)
	first, more, err := b.Events(b.ctx, b.app.ID, postgres.EventCursor{}, postgres.EventFilter{}, 3)
	check(t, err)
	wantEqual(t, "a page", fmt.Sprint(len(first), more), "3 true")
	_, more, err = b.Events(b.ctx, b.app.ID, postgres.EventCursor{}, postgres.EventFilter{}, 4)
	check(t, err)
	wantEqual(t, "more behind the last", more, false)

	project := newID()
	b.exec(`UPDATE events SET project_id = $1 WHERE id = $2`, project, ids[2])
	for name, c := range map[string]struct {
		filter postgres.EventFilter
		want   []uuid.UUID
	}{
		"type":      {postgres.EventFilter{Topics: []string{"booking.paid"}}, ids[1:2]},
		"kinds":     {postgres.EventFilter{Topics: []string{"bookings.delete", "bookings.create"}}, []uuid.UUID{ids[0], ids[2], ids[3]}},
		"family":    {postgres.EventFilter{Topics: []string{"booking.*"}}, ids},
		"no type":   {postgres.EventFilter{Topics: []string{"endpoint.*"}}, nil},
		"booking":   {postgres.EventFilter{Booking: &v.ID}, ids[:3]},
		"graph":     {postgres.EventFilter{Graph: "instant"}, ids[3:]},
		"state":     {postgres.EventFilter{State: "cancelled"}, ids[2:3]},
		"project":   {postgres.EventFilter{Project: &project}, ids[2:3]},
		"both":      {postgres.EventFilter{Booking: &other.ID, Topics: []string{"booking.paid"}}, nil},
		"no filter": {postgres.EventFilter{}, ids},
	} {
		wantSame(t, name, b.listed(postgres.EventCursor{}, c.filter), c.want)
	}
	one := must(b.Event(b.ctx, b.app.ID, ids[1]))
	wantEqual(t, "one", fmt.Sprintf("%s %d %s %s %s %s %s", one.Type, one.Seq, one.From, one.State, one.Action, one.Actor, one.Channel),
		"booking.paid 2 tentative paid pay api api")
	_, err = b.Event(b.ctx, b.newApp("other").ID, ids[1])
	wantCode(t, err, fault.NotFound)
}

// TestChangesAreOfWhatHappened leaves out tests, reminders, and what is kept of deleted bookings for those who wait.
func TestChangesAreOfWhatHappened(t *testing.T) {
	t.Parallel()
	b := setup(t)
	kept := b.booked(b.at("instant", 9, 10))
	gone := b.played(b.booked(b.at("instant", 10, 11)), "cancel")
	ids := b.all(3)
	b.exec(`INSERT INTO events (id, app_id, booking_id, seq, type, data, at, reminder) VALUES ($1, $2, $3, 1, 'reminder', '{}', now(), 1)`, newID(), b.app.ID, kept.ID)
	b.exec(`INSERT INTO events (id, app_id, booking_id, seq, type, data, at, test) VALUES ($1, $2, $3, 1, 'booking.confirmed', '{}', now(), true)`, newID(), b.app.ID, kept.ID)
	for _, id := range column[uuid.UUID](b, `SELECT id FROM events WHERE test OR reminder IS NOT NULL`) {
		_, err := b.Event(b.ctx, b.app.ID, id)
		wantCode(t, err, fault.NotFound)
	}
	b.endpoint("", "")
	b.exec(`INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, e.id, e.booking_id, e.seq FROM events e, webhook_endpoints w WHERE e.booking_id = $1`, gone.ID)
	check(t, b.DeleteBooking(b.ctx, b.app.ID, gone.ID))
	b.wantCount(2, `SELECT count(*) FROM events WHERE booking_id = $1`, gone.ID)
	b.exec(`INSERT INTO events (id, app_id, seq, type, data, at) VALUES ($1, $2, 0, 'endpoint.paused', '{}', now())`, newID(), b.app.ID)
	list := b.all(2)
	wantEqual(t, "the booking that is left", list[0], ids[0])
	wantEqual(t, "and what is not about one", must(b.Event(b.ctx, b.app.ID, list[1])).Type, "endpoint.paused")
}

// TestChangesFromAPlace resumes from ids that are gone and from times.
func TestChangesFromAPlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 6 {
		b.booked(b.at("instant", float64(i), float64(i+1)))
	}
	ids := b.all(6)
	from := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	for i, id := range ids { // one each four minutes
		b.exec(`UPDATE events SET at = $2 WHERE id = $1`, id, from.Add(time.Duration(4*i)*time.Minute))
	}
	minute := func(n int) time.Time { return from.Add(time.Duration(n) * time.Minute) }
	for name, c := range map[string]struct {
		after postgres.EventCursor
		want  []uuid.UUID
	}{
		"before all":     {postgres.EventCursor{At: minute(-60)}, ids},
		"at a change":    {postgres.EventCursor{At: minute(8)}, ids[2:]},
		"between two":    {postgres.EventCursor{At: minute(9)}, ids[3:]},
		"at the last":    {postgres.EventCursor{At: minute(20)}, ids[5:]},
		"behind all":     {postgres.EventCursor{At: minute(21)}, nil},
		"in the future":  {postgres.EventCursor{At: minute(600)}, nil},
		"an id's gone":   {postgres.EventCursor{ID: v7(minute(13))}, ids[2:]}, // five minutes before it
		"a young one's":  {postgres.EventCursor{ID: v7(minute(60))}, nil},
		"an old one's":   {postgres.EventCursor{ID: v7(minute(-9999))}, ids},
		"the first's id": {postgres.EventCursor{ID: ids[0]}, ids[1:]},
	} {
		wantSame(t, name, b.listed(c.after, postgres.EventFilter{}), c.want)
	}
	other := b.newApp("other")
	list, _, err := b.Events(b.ctx, other.ID, postgres.EventCursor{ID: ids[0]}, postgres.EventFilter{}, 10)
	check(t, err)
	wantEqual(t, "another app's id is one that is gone", len(list), 0)
	for _, id := range []uuid.UUID{uuid.New(), v7(time.Now().Add(time.Hour))} {
		_, _, err := b.Events(b.ctx, b.app.ID, postgres.EventCursor{ID: id}, postgres.EventFilter{}, 10)
		wantCode(t, err, fault.Invalid)
	}
}

// v7 is an id as it is made at a time.
func v7(at time.Time) uuid.UUID {
	id := newID()
	for i, ms := 5, at.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		id[i] = byte(ms)
	}
	return id
}
