package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// listed names what a reader gets who asks once.
func (b *bundle) listed(after postgres.After, f postgres.ChangeFilter) []uuid.UUID {
	b.t.Helper()
	list, _, err := b.Changes(b.ctx, b.app.ID, after, f, 100)
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
	b.eventually(fmt.Sprintf("%d changes", n), func() bool {
		ids = b.listed(postgres.After{}, postgres.ChangeFilter{})
		return len(ids) >= n
	})
	wantEqual(b.t, "changes", len(ids), n)
	return ids
}

// follow reads by cursor until it has n changes, with a reader's page size.
func (b *bundle) follow(n, page int) []*outbox.Event {
	b.t.Helper()
	var got []*outbox.Event
	var after postgres.After
	b.eventually(fmt.Sprintf("%d changes by cursor", n), func() bool {
		list, more, err := b.Changes(b.ctx, b.app.ID, after, postgres.ChangeFilter{}, page)
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
	wantSame(t, "behind the second", b.listed(postgres.After{ID: ids[1]}, postgres.ChangeFilter{}), ids[2:])
	wantEqual(t, "behind the last", len(b.listed(postgres.After{ID: ids[3]}, postgres.ChangeFilter{})), 0)
	first, more, err := b.Changes(b.ctx, b.app.ID, postgres.After{}, postgres.ChangeFilter{}, 3)
	check(t, err)
	wantEqual(t, "a page", fmt.Sprint(len(first), more), "3 true")
	_, more, err = b.Changes(b.ctx, b.app.ID, postgres.After{}, postgres.ChangeFilter{}, 4)
	check(t, err)
	wantEqual(t, "more behind the last", more, false)

	project := newID()
	b.exec(`UPDATE events SET project_id = $1 WHERE id = $2`, project, ids[2])
	for name, c := range map[string]struct {
		filter postgres.ChangeFilter
		want   []uuid.UUID
	}{
		"type":      {postgres.ChangeFilter{Topics: []string{"booking.paid"}}, ids[1:2]},
		"kinds":     {postgres.ChangeFilter{Topics: []string{"bookings.delete", "bookings.create"}}, []uuid.UUID{ids[0], ids[2], ids[3]}},
		"family":    {postgres.ChangeFilter{Topics: []string{"booking.*"}}, ids},
		"no type":   {postgres.ChangeFilter{Topics: []string{"endpoint.*"}}, nil},
		"booking":   {postgres.ChangeFilter{Booking: &v.ID}, ids[:3]},
		"graph":     {postgres.ChangeFilter{Graph: "instant"}, ids[3:]},
		"state":     {postgres.ChangeFilter{State: "cancelled"}, ids[2:3]},
		"project":   {postgres.ChangeFilter{Project: &project}, ids[2:3]},
		"both":      {postgres.ChangeFilter{Booking: &other.ID, Topics: []string{"booking.paid"}}, nil},
		"no filter": {postgres.ChangeFilter{}, ids},
	} {
		wantSame(t, name, b.listed(postgres.After{}, c.filter), c.want)
	}
	one := must(b.Change(b.ctx, b.app.ID, ids[1]))
	wantEqual(t, "one", fmt.Sprintf("%s %d %s %s %s %s %s", one.Type, one.Seq, one.From, one.State, one.Action, one.Actor, one.Channel),
		"booking.paid 2 tentative paid pay api api")
	_, err = b.Change(b.ctx, b.newApp("other").ID, ids[1])
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
		_, err := b.Change(b.ctx, b.app.ID, id)
		wantCode(t, err, fault.NotFound)
	}
	b.endpoint("", "")
	b.exec(`INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, e.id, e.booking_id, e.seq FROM events e, webhook_endpoints w WHERE e.booking_id = $1`, gone.ID)
	check(t, b.Delete(b.ctx, b.app.ID, gone.ID))
	b.wantCount(2, `SELECT count(*) FROM events WHERE booking_id = $1`, gone.ID)
	b.exec(`INSERT INTO events (id, app_id, seq, type, data, at) VALUES ($1, $2, 0, 'endpoint.paused', '{}', now())`, newID(), b.app.ID)
	list := b.all(2)
	wantEqual(t, "the booking that is left", list[0], ids[0])
	wantEqual(t, "and what is not about one", must(b.Change(b.ctx, b.app.ID, list[1])).Type, "endpoint.paused")
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
		after postgres.After
		want  []uuid.UUID
	}{
		"before all":     {postgres.After{At: minute(-60)}, ids},
		"at a change":    {postgres.After{At: minute(8)}, ids[2:]},
		"between two":    {postgres.After{At: minute(9)}, ids[3:]},
		"at the last":    {postgres.After{At: minute(20)}, ids[5:]},
		"behind all":     {postgres.After{At: minute(21)}, nil},
		"in the future":  {postgres.After{At: minute(600)}, nil},
		"an id's gone":   {postgres.After{ID: v7(minute(13))}, ids[2:]}, // five minutes before it
		"a young one's":  {postgres.After{ID: v7(minute(60))}, nil},
		"an old one's":   {postgres.After{ID: v7(minute(-9999))}, ids},
		"the first's id": {postgres.After{ID: ids[0]}, ids[1:]},
	} {
		wantSame(t, name, b.listed(c.after, postgres.ChangeFilter{}), c.want)
	}
	other := b.newApp("other")
	list, _, err := b.Changes(b.ctx, other.ID, postgres.After{ID: ids[0]}, postgres.ChangeFilter{}, 10)
	check(t, err)
	wantEqual(t, "another app's id is one that is gone", len(list), 0)
	for _, id := range []uuid.UUID{uuid.New(), v7(time.Now().Add(time.Hour))} {
		_, _, err := b.Changes(b.ctx, b.app.ID, postgres.After{ID: id}, postgres.ChangeFilter{}, 10)
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
