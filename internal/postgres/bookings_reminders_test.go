package postgres_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// coming is a booking that is still to come when the test runs, whenever that is.
func (b *bundle) coming(graph string, from, to float64) *booking.Booking {
	b.t.Helper()
	v := b.at(graph, from, to)
	ahead := time.Now().AddDate(0, 0, 30).Truncate(24 * time.Hour).Sub(monday)
	v.Start, v.End = v.Start.Add(ahead), v.End.Add(ahead)
	return v
}

// reminder is due some hours before a booking's start, and goes to a path of a receiver.
func (b *bundle) reminder(v *booking.Booking, number int, hoursBefore float64, path string) *outbox.Endpoint {
	b.t.Helper()
	e := &outbox.Endpoint{
		ID: newID(), AppID: v.AppID, URL: "https://example.com/" + path, Method: "POST",
		Secret: []byte("sealed for " + path), Purpose: outbox.ForReminders,
	}
	v.Reminders = append(v.Reminders, booking.Reminder{
		Number: number, At: v.Start.Add(-time.Duration(hoursBefore * float64(time.Hour))), Target: e,
		Settings: json.RawMessage(fmt.Sprintf(`{"number": %d}`, number)),
	})
	return e
}

// targets are the endpoints of a booking's reminders, by number.
func (b *bundle) targets(v *booking.Booking) []uuid.UUID {
	b.t.Helper()
	return column[uuid.UUID](b, `SELECT endpoint_id FROM reminders WHERE booking_id = $1 ORDER BY number`, v.ID)
}

func (b *bundle) remind(v *booking.Booking, number int) []uuid.UUID {
	b.t.Helper()
	woken, err := b.Remind(b.ctx, booking.RemindInput{BookingID: v.ID, Number: number})
	check(b.t, err)
	return woken
}

func (b *bundle) wantDeadline(what string, v *booking.Booking, want time.Time) {
	b.t.Helper()
	got := first[*time.Time](b, `SELECT deadline_at FROM bookings WHERE id = $1`, v.ID)
	if want.IsZero() != (got == nil) || got != nil && !got.Equal(want) {
		b.t.Errorf("%s: the deadline is %v, want %v", what, got, want)
	}
}

// reminded counts a booking's reminder events and their deliveries.
func (b *bundle) reminded(v *booking.Booking) string {
	b.t.Helper()
	return words(b.count(`SELECT count(*) FROM events WHERE booking_id = $1 AND reminder IS NOT NULL`, v.ID),
		b.count(`SELECT count(*) FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
			WHERE e.booking_id = $1 AND reminder IS NOT NULL`, v.ID))
}

func TestReminderTargetsAreShared(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.coming("instant", 9, 10)
	e := b.reminder(v, 0, 24, "a")
	b.reminder(v, 1, 1, "a")
	b.reminder(v, 2, 1, "b")
	b.reminder(v, 3, 1, "a").Method = "PUT"
	b.reminder(v, 4, 1, "a").Expected = 204
	a := b.create(v)
	first := b.targets(v)
	wantEqual(t, "shared", first[0] == e.ID && first[1] == e.ID, true)
	different := map[uuid.UUID]bool{}
	for _, id := range first {
		different[id] = true
	}
	wantEqual(t, "targets", len(different), 4)
	b.wantCount(1, `SELECT count(*) FROM webhook_endpoints WHERE id = $1 AND url = 'https://example.com/a' AND method = 'POST'
		AND purpose = 'reminder' AND state = 'reminder' AND graph = '' AND expected_status = 0 AND secret = 'sealed for a' AND status = 'active' AND NOT awake`, e.ID)
	b.wantCount(1, `SELECT count(*) FROM webhook_endpoints WHERE id = $1 AND expected_status = 204`, first[4])
	b.wantCount(0, `SELECT count(*) FROM reminders r JOIN bookings b ON b.id = r.booking_id WHERE done_at IS NOT NULL
		OR at <> b.start_at - interval '1 hour' * CASE number WHEN 0 THEN 24 ELSE 1 END`)
	known := b.known(v).Reminders
	wantEqual(t, "the earliest first", words(known[0].Number, known[1].Number, known[4].Number, len(known)), "0 1 4 5")
	wantEqual(t, "moment", known[0].At.Equal(v.Start.Add(-24*time.Hour)), true)

	var asked []map[string]int
	check(t, json.Unmarshal(must(b.ReminderSettings(b.ctx, v.ID)), &asked))
	wantEqual(t, "as they were asked for", fmt.Sprint(asked), "[map[number:0] map[number:1] map[number:2] map[number:3] map[number:4]]")
	wantEqual(t, "of a booking without", string(must(b.ReminderSettings(b.ctx, newID()))), "[]")

	_, err := b.CreateBooking(b.ctx, v, a, graphs.Move{}) // a repeat
	check(t, err)
	b.wantCount(5, `SELECT count(*) FROM reminders`)

	again := b.coming("instant", 11, 12)
	b.reminder(again, 0, 1, "a")
	b.exec(`UPDATE webhook_endpoints SET status = 'disabled' WHERE id = $1`, e.ID)
	b.create(again)
	wantSame(t, "another booking's", b.targets(again), []uuid.UUID{e.ID})
	b.wantCount(1, `SELECT count(*) FROM webhook_endpoints WHERE id = $1 AND status = 'active' AND secret = 'sealed for a'`, e.ID)
	subscribed := must(b.CreateEndpoint(b.ctx, &outbox.Endpoint{ID: newID(), AppID: b.app.ID, URL: e.URL, Method: "POST", Secret: []byte{1}}))
	wantEqual(t, "a subscription of the same place is another thing", subscribed.ID == e.ID, false)

	b.app = b.newApp("other")
	b.resource, b.calendar = b.newResource(b.app)
	theirs := b.coming("instant", 9, 10)
	mine := b.reminder(theirs, 0, 1, "a")
	b.create(theirs)
	wantSame(t, "another app's", b.targets(theirs), []uuid.UUID{mine.ID})
}

func TestRemind(t *testing.T) {
	t.Parallel()
	b := setup(t)
	subscribed, v := b.endpoint("", ""), b.coming("instant", 9, 10)
	e, other := b.reminder(v, 7, 24, "a"), b.reminder(v, 3, 1, "b")
	v = b.booked(v)
	wantSame(t, "reminder endpoints hear of no transition", b.told(v, 1), []uuid.UUID{subscribed.ID})
	b.wantDeadline("booked", v, v.Start.Add(-24*time.Hour))

	wantSame(t, "woken", b.remind(v, 7), []uuid.UUID{e.ID})
	wantEqual(t, "reminded", b.reminded(v), "1 1")
	b.wantCount(1, `SELECT count(*) FROM events e JOIN webhook_deliveries d ON d.event_id = e.id WHERE e.booking_id = $1
		AND e.app_id = $2 AND e.seq = 1 AND d.seq = 1 AND d.booking_id = $1 AND e.type = 'booking.reminder' AND e.reminder = 7 AND d.endpoint_id = $3 AND d.status = 'pending'
		AND d.next_at <= now() AND e.at > (SELECT entered_at FROM bookings)`, v.ID, v.AppID, e.ID)
	var told booking.Booking
	check(t, json.Unmarshal(first[json.RawMessage](b, `SELECT data FROM events WHERE reminder = 7`), &told))
	wantEqual(t, "snapshot", words(told.ID == v.ID, told.State, told.Seq, told.Customers[0].Name), "true confirmed 1 Zadie Quill")
	b.wantDeadline("the next", v, v.Start.Add(-time.Hour))
	after := b.known(v)
	wantEqual(t, "the booking itself does not move", words(after.Seq, after.Revision, after.EnteredAt, len(after.Reminders),
		after.Reminders[0].Number),
		words(v.Seq, v.Revision, v.EnteredAt, 1, 3))

	before := b.tables()
	for range 2 {
		wantEqual(t, "woken by a repeat", len(b.remind(v, 7)), 0)
	}
	wantEqual(t, "unknown numbers", len(b.remind(v, 8)), 0)
	wantEqual(t, "a repeat changes nothing", b.tables(), before)

	claimed := b.claim(e)
	wantSame(t, "sent", story(claimed), []string{"booking.reminder/1"})
	wantSame(t, "the other target wakes", b.remind(v, 3), []uuid.UUID{other.ID})
	b.wantDeadline("what the graph says", v, v.End.Add(time.Hour))
	wantSame(t, "sent to the other", story(b.claim(other)), []string{"booking.reminder/1"})
	wantSame(t, "the subscription", story(b.claim(subscribed)), []string{"booking.confirmed/1"})
	b.finish(e, claimed[0], 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	b.wantCount(3, `SELECT count(*) FROM webhook_deliveries`)
	b.wantCount(0, `SELECT count(*) FROM reminders WHERE done_at IS NULL`)

	next := b.coming("instant", 11, 12)
	b.reminder(next, 0, 1, "a")
	next = b.booked(next)
	wantEqual(t, "one that is awake is not woken", len(b.remind(next, 0)), 0)
	b.wantCount(2, `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1`, e.ID)
}

// TestRemindAtOnce sends one reminder and its repeats, and others of the same booking, at the same moment.
func TestRemindAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.coming("instant", 9, 10)
	for number := range 4 {
		b.reminder(v, number, float64(5-number), []string{"a", "b"}[number%2])
	}
	v = b.booked(v)
	woken, errs := make([][]uuid.UUID, 24), make([]error, 24)
	release := b.holdBooking(v) // until some wait for each other
	var all sync.WaitGroup
	all.Go(func() {
		together(24, func(i int) { woken[i], errs[i] = b.Remind(b.ctx, booking.RemindInput{BookingID: v.ID, Number: i % 4}) })
	})
	b.until(`SELECT count(*) >= 8 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	release()
	all.Wait()
	var heard []uuid.UUID
	for i := range woken {
		check(t, errs[i])
		heard = append(heard, woken[i]...)
	}
	targets := b.targets(v)
	wantSame(t, "woken, once each", sorted(heard...), sorted(targets[0], targets[1]))
	wantEqual(t, "reminded", b.reminded(v), "4 4")
	b.wantCount(4, `SELECT count(DISTINCT reminder) FROM events WHERE reminder IS NOT NULL`)
	b.wantDeadline("all are sent", v, v.End.Add(time.Hour))
}

// TestRemindersOfStates: a booking is worth a reminder while it holds its place, and after it took place.
func TestRemindersOfStates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		graph string
		moves []string
		want  string
	}{
		{"instant", nil, "1 1"},
		{"instant", []string{"complete"}, "1 1"},
		{"instant", []string{"cancel"}, "0 0"},
		{"instant", []string{"reschedule_by_customer"}, "0 0"},
		{"confirm_decline", nil, "0 0"},
		{"confirm_decline", []string{"confirm"}, "1 1"},
		{"instant_payment", nil, "1 1"},
		{"instant_payment", []string{"timeout"}, "0 0"},
		{"group_owner", nil, "1 1"},
		{"group_customer", nil, "1 1"},
		{"group_customer_payment", nil, "0 0"},
		{"group_customer_payment", []string{"pay"}, "1 1"},
	} {
		t.Run(words(c.graph, c.moves), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v := b.coming(c.graph, 9, 10)
			if c.graph == "group_customer" || c.graph == "group_customer_payment" {
				v.Related.OwnerBooking = &b.session(1, booking.Session{}).ID
			}
			late, early := -48.0, 24*40.0 // due long after the end; and before the booking was made
			b.reminder(v, 0, late, "a")
			b.reminder(v, 1, early, "a")
			v = b.played(b.booked(v), c.moves...)
			var want time.Time
			if all := graphOf(t, c.graph).Deadlines(v.State, v.Times(), nil); len(all) > 0 {
				want = all[0].At
			} else if c.want == "1 1" {
				want = v.Start.Add(48 * time.Hour)
			}
			b.wantDeadline("before", v, want)
			woken := b.remind(v, 0)
			wantEqual(t, "reminded", b.reminded(v), c.want)
			wantEqual(t, "woken", words(len(woken)), c.want[:1])
			if want.Equal(v.Start.Add(48 * time.Hour)) {
				want = time.Time{}
			}
			b.wantDeadline("after", v, want)
			b.remind(v, 0)
			wantEqual(t, "a repeat", b.reminded(v), c.want)
			b.wantCount(1, `SELECT count(*) FROM reminders WHERE done_at IS NOT NULL`)
		})
	}
}

// TestDeadlineOfReminders moves a booking on, and to another timer, with reminders to come.
func TestDeadlineOfReminders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.coming("instant_payment", 9, 10)
	b.reminder(v, 0, 2, "a")
	b.reminder(v, 1, -3, "a")
	v = b.booked(v)
	b.wantDeadline("its payment is due first", v, v.EnteredAt.Add(5*time.Minute))
	v = b.played(v, "pay")
	b.wantDeadline("then its reminder", v, v.Start.Add(-2*time.Hour))
	wantEqual(t, "in a healthy run", len(must(b.BookingsWithOverdueTimer(b.ctx, time.Minute, 0, 10))), 0)
	b.exec(`UPDATE bookings SET deadline_at = now() - interval '2 minutes'`)
	wantEqual(t, "a reminder that is late", must(b.BookingsWithOverdueTimer(b.ctx, time.Minute, 0, 10))[0].Booking.ID, v.ID)
	b.remind(v, 0)
	b.wantDeadline("then its end", v, v.End.Add(time.Hour))
	v = b.played(v, "complete")
	b.wantDeadline("completed", v, v.Start.Add(3*time.Hour))
	b.remind(v, 1)
	b.wantDeadline("all is over", v, time.Time{})
	wantEqual(t, "reminded", b.reminded(v), "2 2")

	v = b.coming("instant", 11, 12)
	b.reminder(v, 0, 1, "a")
	v = b.played(b.booked(v), "cancel")
	b.wantDeadline("cancelled", v, time.Time{})
}

func TestRemindersGoWithTheirBooking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.coming("instant", 9, 10)
	e := b.reminder(v, 0, 2, "a")
	b.reminder(v, 1, 1, "a")
	v = b.booked(v)
	b.remind(v, 0)
	v = b.played(v, "complete")
	check(t, b.DeleteBooking(b.ctx, b.app.ID, v.ID))
	b.wantCount(0, `SELECT count(*) FROM reminders`)
	before := b.tables()
	wantEqual(t, "woken", len(b.remind(v, 1)), 0)
	wantEqual(t, "a reminder of a deleted booking", b.tables(), before)
	d := b.claim(e)
	wantSame(t, "what was on its way", story(d), []string{"booking.reminder/1"})
	b.finish(e, d[0], 200, postgres.DeliveryUpdate{Status: postgres.Delivered})
	b.wantErased(true)

	loser := b.coming("instant", 9, 10)
	b.reminder(loser, 0, 1, "a")
	b.booked(b.coming("instant", 9, 10))
	b.book(loser)
	b.wantCount(0, `SELECT count(*) FROM reminders`)
	gone := b.coming("instant", 12, 13)
	b.reminder(gone, 0, 1, "a")
	gone = b.booked(gone)
	b.exec(`UPDATE webhook_endpoints SET status = 'disabled' WHERE id = $1`, e.ID)
	wantEqual(t, "woken", len(b.remind(gone, 0)), 0)
	wantEqual(t, "to a receiver that is gone", b.reminded(gone), "1 0")
}

// TestReminderTargetsAreNotSubscriptions: the list of webhooks knows nothing of them.
func TestReminderTargetsAreNotSubscriptions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	subscribed, v := b.endpoint("", ""), b.coming("instant", 9, 10)
	e := b.reminder(v, 0, 2, "a")
	e.Expected = 204
	v = b.booked(v)
	all := must(b.Endpoints(b.ctx, b.app.ID))
	wantEqual(t, "listed", words(len(all), all[0].ID, all[0].Purpose), words(1, subscribed.ID, outbox.ForSubscription))
	before := b.tables()
	_, err := b.Endpoint(b.ctx, b.app.ID, e.ID)
	wantCode(t, err, fault.NotFound)
	_, _, err = b.ChangeEndpoint(b.ctx, b.app.ID, e.ID, func(e *outbox.Endpoint) error { e.URL = "https://stolen.example.com"; return nil })
	wantCode(t, err, fault.NotFound)
	wantCode(t, b.DeleteEndpoint(b.ctx, b.app.ID, e.ID), fault.NotFound)
	wantEqual(t, "record", b.tables(), before)
	target := must(b.DrainTarget(b.ctx, e.ID)).Endpoint
	wantEqual(t, "whoever sends finds it", words(target.URL, target.Purpose, target.Expected), "https://example.com/a reminder 204")
	b.remind(v, 0)
	b.exec(`UPDATE webhook_deliveries SET next_at = now() - interval '1 minute' WHERE endpoint_id = $1`, e.ID)
	wantSame(t, "overdue", must(b.OverdueEndpoints(b.ctx, 30*time.Second, 10)), []uuid.UUID{e.ID})
}

// TestReminderTargetsInAnyOrder makes two bookings at once whose reminders go to the same places, in opposite order.
func TestReminderTargetsInAnyOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.coming("instant", 1, 2)
	for i, path := range []string{"a", "b", "c"} {
		b.reminder(made, i, 1, path)
	}
	b.create(made)
	middle, err := b.look.Begin(b.ctx)
	check(t, err)
	_, err = middle.Exec(b.ctx, `SELECT FROM webhook_endpoints WHERE url LIKE '%/b' FOR UPDATE`)
	check(t, err)
	errs := make(chan error, 2)
	for i, paths := range [][]string{{"a", "b", "c"}, {"c", "b", "a"}} {
		v := b.coming("instant", 9, 10)
		for number, path := range paths {
			b.reminder(v, number, 1, path)
		}
		go func() { _, err := b.CreateBooking(b.ctx, v, action(v, "confirm"), graphs.Move{}); errs <- err }()
		b.until(fmt.Sprintf(waiting, i+1))
	}
	check(t, middle.Rollback(b.ctx))
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	b.wantCount(9, `SELECT count(*) FROM reminders`)
}

// TestReminderOfAnotherBuildsGraph: a version that this build lacks is no reason to drop a reminder. It is sent all the
// same, or left to a build that knows more.
func TestReminderOfAnotherBuildsGraph(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.coming("instant", 9, 10)
	b.reminder(v, 0, 1, "a")
	v = b.booked(v)
	b.exec(`UPDATE bookings SET graph_version = 99`)
	_, err := b.Remind(b.ctx, booking.RemindInput{BookingID: v.ID})
	b.exec(`UPDATE bookings SET graph_version = 1`)
	if err != nil {
		b.remind(v, 0)
	}
	wantEqual(t, "reminded", b.reminded(v), "1 1")
}

// mailed adds a reminder by mail some hours before the start of a booking, which is still sent while a third of them has passed.
func (b *bundle) mailed(v *booking.Booking, number int, hoursBefore float64, kind string) {
	lead := time.Duration(hoursBefore * float64(time.Hour))
	v.Reminders = append(v.Reminders, booking.Reminder{
		Number: number, At: v.Start.Add(-lead), Mail: json.RawMessage(`{"kind": "` + kind + `", "to": "owner"}`),
		LateUntil: v.Start.Add(-lead + lead.Abs()/3), Settings: json.RawMessage(`{}`),
	})
}

// toMail are the kinds of reminders that wait at the mailer, in order.
func (b *bundle) toMail(v *booking.Booking) []string {
	return column[string](b, `SELECT d.mail->>'kind' FROM webhook_deliveries d JOIN webhook_endpoints w ON w.id = d.endpoint_id
		JOIN events e ON e.id = d.event_id WHERE e.booking_id = $1 AND e.reminder IS NOT NULL AND w.purpose = 'mail' ORDER BY 1`, v.ID)
}

// TestRemindersGoToTheMailer: once, also of a server that sends no mails, which has nothing else to send.
func TestRemindersGoToTheMailer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.coming("instant", 9, 10)
	b.mailed(v, 0, 24, "reminder")
	b.booked(v)
	b.wantDeadline("before it", v, v.Start.Add(-24*time.Hour))
	wantEqual(t, "woken", len(b.remind(v, 0)), 1)
	wantEqual(t, "woken by the repeat", len(b.remind(v, 0)), 0)
	wantSame(t, "mails", b.toMail(v), []string{"reminder"})
	b.play(v, "cancel")
	b.wantCount(1, `SELECT count(*) FROM webhook_deliveries`)

	mailer := b.mailer()
	due := b.claimMail(mailer)
	wantEqual(t, "due", len(due), 1)
	wantEqual(t, "mail", string(due[0].Mail), `{"to": "owner", "kind": "reminder"}`)
	listed, _, err := b.Mails(b.ctx, b.app.ID, postgres.DeliveryFilter{Booking: &v.ID}, nil, 10)
	check(t, err)
	wantEqual(t, "listed before it is for somebody", len(listed), 0)
	b.booked(b.coming("instant", 11, 12))
	wantEqual(t, "transitions once the server sends mails", len(b.claimMail(mailer)), 1)
}

// TestRemindersGoToGateways: one by text message goes to each gateway of the app, whatever events that gets otherwise, and to nothing else;
// also one that is late.
func TestRemindersGoToGateways(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.mailer()
	b.endpoint("", "")
	gateway := b.endpoint("", "")
	b.exec(`UPDATE webhook_endpoints SET format = 'sms', event_types = '{booking.declined}' WHERE id = $1`, gateway.ID)
	sms := func(v *booking.Booking, hoursBefore float64) *booking.Booking {
		b.mailed(v, 0, hoursBefore, "reminder")
		v.Reminders[0].Mail = json.RawMessage(`{"kind": "reminder", "to": "customer", "channel": "sms"}`)
		return v
	}
	of := func(v *booking.Booking) []uuid.UUID {
		return column[uuid.UUID](b, `SELECT d.endpoint_id FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
			WHERE e.booking_id = $1 AND e.reminder IS NOT NULL`, v.ID)
	}
	v := b.booked(sms(b.coming("instant", 9, 10), 24))
	wantEqual(t, "woken", len(b.remind(v, 0)), 1)
	wantSame(t, "sent by", of(v), []uuid.UUID{gateway.ID})
	late := b.at("instant", 9, 10)
	late.Start = time.Now().Add(10 * time.Hour).Truncate(time.Second)
	late.End = late.Start.Add(time.Hour)
	b.booked(sms(late, 14))
	wantSame(t, "sent late by", of(late), []uuid.UUID{gateway.ID})
	listed, _, err := b.BookingDeliveries(b.ctx, b.app.ID, v.ID, postgres.DeliveryFilter{}, nil, 10)
	check(t, err)
	wantEqual(t, "listed", len(listed), 2)
}

// TestLateRemindersByMail: one whose moment has passed before the booking stands goes with the transition to the state in which it stands,
// while no more than a third of its time has passed; once.
func TestLateRemindersByMail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mailer := b.mailer()
	begins := time.Now().Add(10 * time.Hour).Truncate(time.Second)
	late := func(graph string, hour int) *booking.Booking {
		v := b.at(graph, 9, 10)
		v.Start, v.End = begins.Add(time.Duration(hour)*time.Minute), begins.Add(time.Duration(hour+1)*time.Minute)
		b.mailed(v, 0, 14, "reminder")  // 4 of 14 hours have passed
		b.mailed(v, 1, 16, "reminder")  // 6 of 16
		b.mailed(v, 2, -1, "follow_up") // to come
		return v
	}
	v := b.booked(late("instant", 0))
	wantSame(t, "mails", b.toMail(v), []string{"reminder"})
	wantEqual(t, "of the workflow", len(b.remind(v, 0)), 0)
	wantSame(t, "still to be sent", column[int](b, `SELECT number FROM reminders WHERE booking_id = $1 AND late_until IS NOT NULL ORDER BY 1`, v.ID), []int{1, 2})
	b.wantDeadline("what is to come", v, v.Start.Add(time.Hour))

	asked := b.booked(late("confirm_decline", 2))
	wantSame(t, "while it waits for an answer", b.toMail(asked), nil)
	b.play(asked, "confirm")
	wantSame(t, "confirmed", b.toMail(asked), []string{"reminder"})

	pays := b.booked(late("instant_payment", 4)) // it holds its time, so its workflow reminds
	b.remind(pays, 0)
	wantSame(t, "before it is paid", b.toMail(pays), nil)
	b.play(pays, "pay")
	wantSame(t, "paid", b.toMail(pays), []string{"reminder"})
	b.play(pays, "complete")
	wantSame(t, "over", b.toMail(pays), []string{"reminder"})
	wantEqual(t, "asleep", first[bool](b, `SELECT NOT awake FROM webhook_endpoints WHERE id = $1`, mailer), false)
}
