package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/effect"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
)

// EffectEnd is how an effect ends.
type EffectEnd struct {
	AppID     uuid.UUID
	BookingID uuid.UUID
	EffectID  uuid.UUID
	Attempt   int  // that ends it, if it is still the last one; 0 ends whatever is pending
	Failed    bool // it is given up
	Answer    bool // yes or no, unless it has failed
	Code      string
	Message   string
	// Served says that this process sends the deliveries of the endpoints that wake.
	Served bool
}

// EndedEffect is an effect after its end.
type EndedEffect struct {
	*effect.Effect

	Now    bool            // this call has ended it
	Signal *booking.Signal // for the booking's workflow; nil when nothing is to be played
	Woken  []uuid.UUID     // endpoints that were asleep
}

// EndEffect puts the end of an effect on record, with the action that it plays and, when it has failed, its event, in one transaction. An
// action for a state that the booking has left since is on record as refused. An effect that has ended, or another attempt of it, stays
// as it is. NotFound when the app has no such booking, or the booking no such effect. It locks, until the end of the transaction and in
// this order, the booking's row, the effect, and the gates of the endpoints that get the event (shared).
func (db *Effects) EndEffect(ctx context.Context, in EffectEnd) (out EndedEffect, err error) {
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		out = EndedEffect{}
		const load = `SELECT ` + bookingColumns + bookingFrom + ` WHERE b.id = @booking AND b.app_id = @app FOR UPDATE OF b`
		const lock = `SELECT ` + effectColumns + ` FROM effects f WHERE f.id = @id AND f.booking_id = @booking FOR UPDATE OF f`
		args := namedArgs{"id": in.EffectID, "booking": in.BookingID, "app": in.AppID}
		b, err := scanBooking(tx.QueryRow(ctx, load, args))
		if err != nil {
			return orNotFound(err, "The booking")
		}
		out.Effect, err = scanEffect(tx.QueryRow(ctx, lock, args))
		if err != nil {
			return orNotFound(err, "The effect")
		}
		if out.Status != effect.Pending || in.Attempt != 0 && in.Attempt != out.Attempts {
			return nil
		}
		out.Now = true
		return db.writeEnd(ctx, tx, b, in, &out)
	})
	return out, err
}

// writeEnd writes the end of an effect that is pending.
func (db *Effects) writeEnd(ctx context.Context, tx pgx.Tx, b *booking.Booking, in EffectEnd, out *EndedEffect) error {
	const q = `
		UPDATE effects f SET status = @status, answer = @answer, error_code = @code, error_message = @message, claimed = false,
			action = @action, action_id = @played, ended_at = holdfast_now(f.app_id), updated_at = now()
		WHERE f.id = @id`
	const look = `SELECT ` + effectColumns + ` FROM effects f WHERE f.id = @id`
	e, answer := out.Effect, &in.Answer
	e.Status = effect.Done
	if in.Failed {
		e.Status, answer = effect.Failed, nil
	}
	var played *uuid.UUID
	action := e.Action(e.Status, in.Answer)
	if action != "" {
		played = new(e.ActionID())
	}
	args := namedArgs{
		"id": e.ID, "status": e.Status, "answer": answer, "code": in.Code, "message": in.Message, "action": action, "played": played,
	}
	batch := &pgx.Batch{}
	batch.Queue(q, args)
	if played != nil {
		queueEffectAction(batch, b, e, booking.Signal{ActionID: *played, Action: action, Actor: graphs.ActorEffect}, &out.Signal)
		if e.Does.Kind == graphs.CapturePaymentEffect && in.Failed {
			queueForPaidSeats(batch, *played)
		}
	}
	if in.Failed {
		e.ErrorCode, e.ErrorText = in.Code, in.Message
		drainer := uuid.Nil
		if in.Served {
			drainer = db.process
		}
		publishFailure(batch, b, failureOf(e, action), drainer, &out.Woken)
	}
	batch.Queue(look, args).QueryRow(func(row pgx.Row) (err error) {
		out.Effect, err = scanEffect(row)
		return err
	})
	return tx.SendBatch(ctx, batch).Close()
}

// queueEffectAction puts the action on record that an effect plays. What the booking has left the state for is refused at once: the same
// state, entered anew, is not the one that was asked about. signal is filled in unless it is.
func queueEffectAction(batch *pgx.Batch, b *booking.Booking, e *effect.Effect, s booking.Signal, signal **booking.Signal) {
	const q = `
		WITH left_since AS (
			SELECT EXISTS (SELECT FROM transitions n JOIN transitions t ON t.booking_id = n.booking_id AND t.seq = @seq
				WHERE n.booking_id = @booking AND n.seq > @seq AND n.to_state <> t.to_state) AS it)
		INSERT INTO actions (id, app_id, booking_id, name, actor, channel, status, code, message, decided_at, created_at)
		SELECT @id, @app, @booking, @name, @actor, @channel, CASE WHEN it THEN 'refused' ELSE 'pending' END,
			CASE WHEN it THEN @code ELSE '' END, CASE WHEN it THEN @message ELSE '' END, CASE WHEN it THEN now() END, holdfast_now(@app)
		FROM left_since RETURNING status`
	batch.Queue(q, namedArgs{
		"id": s.ActionID, "app": b.AppID, "booking": b.ID, "seq": e.Seq, "name": s.Action, "actor": s.Actor,
		"channel": booking.ChannelEffect, "code": fault.ActionNotAvailable, "message": "The booking has moved on since.",
	}).QueryRow(func(row pgx.Row) error {
		var status booking.Status
		err := row.Scan(&status)
		if status == booking.Pending {
			*signal = &s
		}
		return err
	})
}

// queueForPaidSeats puts the action of a capture that has failed on record for the seats that a booking pays for, where the booking itself
// has left and takes none of them along: their money does not come. The sweep signals their workflows.
func queueForPaidSeats(batch *pgx.Batch, action uuid.UUID) {
	const q = `
		INSERT INTO actions (id, app_id, booking_id, name, actor, channel, created_at)
		SELECT md5(a.id::text || m.id::text)::uuid, m.app_id, m.id, a.name, a.actor, a.channel, a.created_at
		FROM actions a JOIN bookings m ON m.payer_id = a.booking_id AND m.app_id = a.app_id
		WHERE a.id = @id AND a.status = 'refused' AND NOT m.completed ON CONFLICT (id) DO NOTHING`
	batch.Queue(q, namedArgs{"id": action})
}

func failureOf(e *effect.Effect, action string) effect.Failure {
	return effect.Failure{
		ID: e.ID, Kind: e.Does.Kind, Sequence: e.Seq, Number: e.Number, Attempts: e.Attempts, Action: action,
		Error: effect.Error{Code: e.ErrorCode, Message: e.ErrorText},
	}
}

// firstFailure is above the numbers of reminders, so that an event of an effect is none's.
const firstFailure = 1_000_000

// publishFailure writes the event of an effect that has failed, and its deliveries. Endpoints without event types get none: they receive
// transitions. The booking is locked.
func publishFailure(batch *pgx.Batch, b *booking.Booking, failed effect.Failure, drainer uuid.UUID, woken *[]uuid.UUID) {
	const q = `
		WITH e AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at, graph, state, project_id, topics, effect, reminder)
			SELECT @id, @app, @booking, @seq, @type, @data, holdfast_now(@app), @graph, @state, @project, @topics, @effect,
				(SELECT COALESCE(max(p.reminder), @first - 1) + 1 FROM events p WHERE p.booking_id = @booking AND p.reminder >= @first)
			RETURNING *)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, e.id, ` + deliveryLane + ` FROM e, webhook_endpoints w
		WHERE w.app_id = @app AND w.status <> 'disabled' AND w.purpose <> 'reminder' AND w.event_types <> '{}' AND ` + matches
	p := publication{Booking: b, kind: outbox.EffectFailedEvent, topics: outbox.Topics(outbox.EffectFailedEvent, "")}
	event := uuid.Must(uuid.NewV7())
	shareGates(batch, p)
	batch.Queue(q, namedArgs{
		"id": event, "app": b.AppID, "booking": b.ID, "seq": b.Seq, "type": p.kind, "data": asJSON(b), "graph": b.Graph, "state": b.State,
		"project": b.Related.Project, "topics": p.topics, "effect": asJSON(failed), "first": firstFailure,
	})
	markAwake(batch, drainer, []uuid.UUID{event}, woken)
}
