package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/contact"
	"holdfast/internal/outbox"
)

// queueReminders puts a new booking's reminders on record. Those of one app that go to one place the same way share a target,
// which is an endpoint that receives nothing else. A target that is in use is not written to more than once an hour, nor locked:
// that note keeps it from being forgotten, and one that had said it is gone becomes active again. Mails have the mailer of their app, which
// is looked up when they are due.
func queueReminders(batch *pgx.Batch, b *booking.Booking, first *booking.Action) {
	const same = `app_id = @app AND url = @url AND method = @method AND expected_status = @expected AND purpose = 'reminder'`
	const use = `UPDATE webhook_endpoints SET status = 'active', updated_at = now() WHERE ` + same + `
		AND (status <> 'active' OR updated_at < now() - interval '1 hour') AND ` + begun
	const target = `
		INSERT INTO webhook_endpoints (id, app_id, url, method, state, purpose, expected_status, secret)
		SELECT @endpoint, @app, @url, @method, @state, @purpose, @expected, @secret WHERE ` + begun + `
		ON CONFLICT (app_id, url, method, expected_status) WHERE purpose = 'reminder' DO NOTHING`
	const q = `
		INSERT INTO reminders (booking_id, number, at, endpoint_id, settings)
		SELECT @booking, @number, @at, id, @settings FROM webhook_endpoints WHERE ` + same + ` AND ` + begun
	const mail = `
		INSERT INTO reminders (booking_id, number, at, settings, mail, late_until)
		SELECT @booking, @number, @at, @settings, @mail, @late WHERE ` + begun
	var hooks []booking.Reminder
	for _, r := range b.Reminders {
		if r.Mail == nil {
			hooks = append(hooks, r)
			continue
		}
		batch.Queue(mail, namedArgs{
			"booking": b.ID, "number": r.Number, "at": r.At, "settings": asJSON(r.Settings), "mail": asJSON(r.Mail), "late": r.LateUntil,
			"action": first.ID,
		})
	}
	sorted := slices.SortedFunc(slices.Values(hooks), func(a, b booking.Reminder) int { // locks go in one order
		return cmp.Or(cmp.Compare(a.Target.URL, b.Target.URL), cmp.Compare(a.Target.Method, b.Target.Method),
			cmp.Compare(a.Target.Expected, b.Target.Expected), cmp.Compare(a.Number, b.Number))
	})
	for i, r := range sorted {
		e := r.Target
		args := namedArgs{
			"endpoint": e.ID, "app": b.AppID, "url": e.URL, "method": e.Method, "state": reminderState,
			"purpose": outbox.ForReminders, "expected": e.Expected, "secret": e.Secret,
			"booking": b.ID, "number": r.Number, "at": r.At, "settings": asJSON(r.Settings), "action": first.ID,
		}
		if i == 0 || !sameTarget(e, sorted[i-1].Target) {
			batch.Queue(use, args)
			batch.Queue(target, args)
		}
		batch.Queue(q, args)
	}
}

// reminderState is what an endpoint for reminders is subscribed to: no graph has such a state.
const reminderState = "reminder"

func sameTarget(a, b *outbox.Endpoint) bool {
	return a.URL == b.URL && a.Method == b.Method && a.Expected == b.Expected
}

// ReminderSettings returns a booking's reminders as they were asked for: a JSON list.
func (db *Bookings) ReminderSettings(ctx context.Context, bookingID uuid.UUID) (json.RawMessage, error) {
	const q = `SELECT COALESCE(jsonb_agg(settings ORDER BY number), '[]') FROM reminders WHERE booking_id = @id`
	var list json.RawMessage
	err := db.pool.QueryRow(ctx, q, namedArgs{"id": bookingID}).Scan(&list)
	return list, err
}

// Remind sends a reminder, or a notice of the booking's graph, on its way, once: an event and its deliveries, unless the booking is not
// on any more, or has left the stay. A mail in a state in which the booking does not stand waits for the commit of one in which it does:
// see lateMails. It returns the endpoints that were asleep. It locks the booking's row until the end of its transaction, and the gates of
// the endpoints (shared).
func (db *Bookings) Remind(ctx context.Context, in booking.RemindInput) (woken []uuid.UUID, err error) {
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		woken = nil
		if in.Notice != "" {
			return publishDueNotice(ctx, tx, in, db.process, &woken)
		}
		return publishDueReminder(ctx, tx, in, db.process, &woken)
	})
	return woken, err
}

func publishDueReminder(ctx context.Context, tx pgx.Tx, in booking.RemindInput, drainer uuid.UUID, woken *[]uuid.UUID) error {
	b, due, err := dueReminder(ctx, tx, in)
	if errors.Is(err, pgx.ErrNoRows) { // the booking is gone, or this is a repeat
		return nil
	}
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE bookings SET deadline_at = @deadline WHERE id = @id`,
		namedArgs{"id": b.ID, "deadline": nullTime(deadline(b, b.Clock.Now()))})
	graph, err := b.LoadGraph()
	isDue := err != nil || (booking.Stay{Graph: graph, State: b.State}).ShouldRemind() // of another build: the workflow decides
	if due.mail != nil {
		isDue = booking.Stands(b, due.afterwards())
	}
	if isDue {
		due.queueGate(batch, b.AppID)
		event := publishReminder(batch, b, due)
		markAwake(batch, drainer, []uuid.UUID{event}, woken)
	}
	return tx.SendBatch(ctx, batch).Close()
}

// lockForReminder loads a booking and locks it.
func lockForReminder(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*booking.Booking, error) {
	const load = `SELECT ` + bookingColumns + bookingFrom + ` WHERE b.id = @id FOR UPDATE OF b`
	return scanBooking(tx.QueryRow(ctx, load, namedArgs{"id": id}))
}

// dueOne is a reminder that is due, and where it goes.
type dueOne struct {
	booking  uuid.UUID // of a late one
	number   int
	endpoint uuid.UUID       // of a webhook; a mail goes to the app's mailer
	mail     json.RawMessage // which mail it is; nil for a webhook
}

// says is what the statements need of a message.
func (d dueOne) says() (of struct {
	Kind    string          `json:"kind"`
	Channel contact.Channel `json:"channel"`
}) {
	_ = json.Unmarshal(d.mail, &of) // written by us
	return of
}

// afterwards reports whether the message is one that comes after the start.
func (d dueOne) afterwards() bool { return d.says().Kind == "follow_up" }

// byMail and bySMS report how a message goes.
func (d dueOne) byMail() bool { return d.mail != nil && d.says().Channel != contact.SMS }
func (d dueOne) bySMS() bool  { return d.mail != nil && !d.byMail() }

// dueReminder locks the booking and ticks its reminder off.
func dueReminder(ctx context.Context, tx pgx.Tx, in booking.RemindInput) (b *booking.Booking, due dueOne, err error) {
	if b, err = lockForReminder(ctx, tx, in.BookingID); err != nil {
		return nil, due, err
	}
	due.number = in.Number
	const done = `
		UPDATE reminders SET done_at = now() WHERE booking_id = @id AND number = @number AND done_at IS NULL
		RETURNING COALESCE(endpoint_id, '00000000-0000-0000-0000-000000000000'), mail`
	err = tx.QueryRow(ctx, done, namedArgs{"id": in.BookingID, "number": in.Number}).Scan(&due.endpoint, &due.mail)
	if err != nil {
		return b, due, err
	}
	const left = `SELECT number, at FROM reminders WHERE booking_id = @id AND done_at IS NULL ORDER BY at, number`
	rows, err := tx.Query(ctx, left, namedArgs{"id": in.BookingID}) // what waited for the lock has seen older ones
	if err != nil {
		return b, due, err
	}
	b.Reminders, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r booking.Reminder, err error) {
		err = row.Scan(&r.Number, &r.At)
		return r, err
	})
	return b, due, err
}

// queueGate takes the gate of where a reminder goes shared, until the end of the transaction.
func (d dueOne) queueGate(batch *pgx.Batch, app uuid.UUID) {
	const gateways = `
		SELECT pg_advisory_xact_lock_shared(gate) FROM (
			SELECT ` + gateKey + ` AS gate FROM webhook_endpoints w WHERE w.app_id = @app AND ` + isGateway + ` ORDER BY gate) wanted`
	const mailers = `SELECT pg_advisory_xact_lock_shared(` + gateKey + `) FROM webhook_endpoints WHERE app_id = @app AND purpose = 'mail'`
	switch {
	case d.mail == nil:
		batch.Queue(shareGate, namedArgs{"endpoint": d.endpoint})
	case d.bySMS():
		batch.Queue(gateways, namedArgs{"app": app})
	default:
		queueMailer(batch, app)
		batch.Queue(mailers, namedArgs{"app": app})
	}
}

// queueMailer gives an app that has no mailer, because the server sends no mails, one for its reminders alone: what became of them is on
// record. EnsureMailers makes it one for all mails.
func queueMailer(batch *pgx.Batch, app uuid.UUID) {
	const q = `
		INSERT INTO webhook_endpoints (id, app_id, url, method, format, purpose, ordered, event_types, secret)
		SELECT gen_random_uuid(), @app, '', '', 'mail', 'mail', false, ` + forRemindersAlone + `, ''
		WHERE NOT EXISTS (SELECT FROM webhook_endpoints WHERE app_id = @app AND purpose = 'mail')
		ON CONFLICT (app_id) WHERE purpose = 'mail' DO NOTHING`
	batch.Queue(q, namedArgs{"app": app})
}

// isGateway is true of an endpoint w that sends text messages.
const isGateway = `w.purpose = 'subscription' AND w.format = 'sms'`

// forRemindersAlone are the event types of a mailer that gets no transitions.
const forRemindersAlone = `ARRAY['booking.reminder']`

// lateMails returns the reminders by mail of bookings whose moment passed before their booking came to the state that it has just entered,
// and which are still to be sent. The workflow leaves out all that were due before the state was entered.
func lateMails(changed []*booking.Booking, unsent []lateMail) (all []dueOne) {
	for _, one := range unsent {
		i := slices.IndexFunc(changed, func(b *booking.Booking) bool { return b.ID == one.booking })
		if i < 0 {
			continue
		}
		b := changed[i]
		if one.at.Before(b.EnteredAt) && !one.until.Before(b.EnteredAt) && booking.Stands(b, one.afterwards()) {
			all = append(all, one.dueOne)
		}
	}
	return all
}

// lateMail is a reminder by mail that was not sent.
type lateMail struct {
	dueOne
	at, until time.Time
}

// selectUnsentMails selects the reminders by mail of bookings that were not sent, for scanUnsentMail.
const selectUnsentMails = `
	SELECT booking_id, number, mail, at, late_until FROM reminders
	WHERE booking_id = ANY(@ids) AND late_until IS NOT NULL ORDER BY booking_id, number`

func scanUnsentMail(row pgx.CollectableRow) (m lateMail, err error) {
	err = row.Scan(&m.booking, &m.number, &m.mail, &m.at, &m.until)
	return m, err
}

// publishReminder publishes a reminder, and notes of a mail that it was sent.
func publishReminder(batch *pgx.Batch, b *booking.Booking, due dueOne) (event uuid.UUID) {
	const sent = `
		UPDATE reminders SET done_at = COALESCE(done_at, now()), late_until = NULL WHERE booking_id = @booking AND number = @number`
	const q = `
		WITH event AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at, reminder)
			VALUES (@id, @app, @booking, @seq, @type, @data, holdfast_now(@app), @number) RETURNING id)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq, mail)
		SELECT gen_random_uuid(), w.id, event.id, @booking, @seq, @mail::jsonb FROM event, webhook_endpoints w
		WHERE w.id = @endpoint AND w.status = 'active'
			OR w.app_id = @app AND w.status <> 'disabled' AND @mail::jsonb IS NOT NULL
				AND (w.purpose = 'mail' AND NOT @sms OR ` + isGateway + ` AND @sms)`
	event = uuid.Must(uuid.NewV7())
	args := namedArgs{
		"id": event, "app": b.AppID, "booking": b.ID, "seq": b.Seq, "type": outbox.ReminderEvent, "data": asJSON(b),
		"number": due.number, "endpoint": due.endpoint, "mail": orNull(due.mail), "sms": due.bySMS(),
	}
	if due.mail != nil {
		b.Reminders = slices.DeleteFunc(b.Reminders, func(r booking.Reminder) bool { return r.Number == due.number })
		batch.Queue(sent, args)
	}
	batch.Queue(q, args)
	return event
}

// deadline is the time of what falls due first in the booking's state; zero for nothing. Notices before now have been published. A graph
// that this build lacks has no timers here: the workflow carries its own copy, and the booking has to move all the same.
func deadline(b *booking.Booking, now time.Time) time.Time {
	graph, err := b.LoadGraph()
	if err != nil {
		return time.Time{}
	}
	published := map[string]bool{}
	for _, notice := range graph.NoticeDeadlines(b.State, b.Times(), b.Settings.Timers) {
		published[notice.Action] = notice.At.Before(now)
	}
	due, _ := booking.Stay{
		Graph: graph, State: b.State, Times: b.Times(), Timers: b.Settings.Timers, Published: published, Reminders: b.Reminders,
	}.NextDue()
	return due.At
}

// publishDueNotice publishes a notice. Nothing is published when the booking has left the stay, or when the notice's timer is due already.
func publishDueNotice(ctx context.Context, tx pgx.Tx, in booking.RemindInput, drainer uuid.UUID, woken *[]uuid.UUID) error {
	b, err := lockForReminder(ctx, tx, in.BookingID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	number, ok := noticeNumber(b, in, b.Clock.Now())
	if !ok {
		return nil
	}
	return publishNotice(ctx, tx, b, in, number, drainer, woken)
}

// maxNotices is above the number of notices that a state may have: notices of different stays have different numbers.
const maxNotices = 100

// noticeNumber returns the number of a notice among the events of a booking; false when it comes too late. It is below zero, so that it
// is no reminder's.
func noticeNumber(b *booking.Booking, in booking.RemindInput, now time.Time) (int, bool) {
	graph, err := b.LoadGraph()
	if err != nil || b.Seq != in.Seq {
		return 0, false
	}
	s, ok := graph.State(b.State)
	if !ok {
		return 0, false
	}
	at := slices.IndexFunc(s.Notices, func(n graphs.Notice) bool { return n.Name == in.Notice })
	if at < 0 {
		return 0, false
	}
	for _, d := range graph.Deadlines(b.State, b.Times(), b.Settings.Timers) {
		if d.Action == s.Notices[at].Timer {
			return -(b.Seq*maxNotices + at + 1), d.At.After(now)
		}
	}
	return 0, false
}

// publishNotice writes the event of a notice, unless it is there, and its deliveries. Endpoints without event types get none: they
// receive transitions.
func publishNotice(
	ctx context.Context, tx pgx.Tx, b *booking.Booking, in booking.RemindInput, number int, drainer uuid.UUID, woken *[]uuid.UUID,
) error {
	const q = `
		WITH e AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at, graph, state, project_id, topics, reminder)
			VALUES (@id, @app, @booking, @seq, @type, @data, holdfast_now(@app), @graph, @state, @project, @topics, @number)
			ON CONFLICT (booking_id, reminder) WHERE reminder IS NOT NULL DO NOTHING RETURNING *)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, e.id, ` + deliveryLane + ` FROM e, webhook_endpoints w
		WHERE w.app_id = @app AND w.status <> 'disabled' AND w.purpose <> 'reminder' AND w.event_types <> '{}' AND ` + matches
	kind := outbox.EventType(in.Notice)
	p := publication{Booking: b, kind: kind, topics: outbox.Topics(kind, "")}
	event := uuid.Must(uuid.NewV7())
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE bookings SET deadline_at = @deadline WHERE id = @id`, namedArgs{
		"id": b.ID, "deadline": nullTime(deadlineAfter(b, in.Notice)),
	})
	shareGates(batch, p)
	batch.Queue(q, namedArgs{
		"id": event, "app": b.AppID, "booking": b.ID, "seq": b.Seq, "type": kind, "data": asJSON(b), "graph": b.Graph, "state": b.State,
		"project": b.Related.Project, "topics": p.topics, "number": number,
	})
	markAwake(batch, drainer, []uuid.UUID{event}, woken)
	return tx.SendBatch(ctx, batch).Close()
}

// deadlineAfter is the time of what falls due first once a notice and those before it have been published; zero for nothing.
func deadlineAfter(b *booking.Booking, notice string) time.Time {
	graph, err := b.LoadGraph()
	if err != nil {
		return time.Time{}
	}
	for _, n := range graph.NoticeDeadlines(b.State, b.Times(), b.Settings.Timers) {
		if n.Action == notice {
			return deadline(b, n.At.Add(1))
		}
	}
	return deadline(b, b.EnteredAt)
}
