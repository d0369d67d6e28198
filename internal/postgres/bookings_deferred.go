package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// rearmTimer hands a booking's timer action on that is due and had to wait, now that what it waited for is refused: an action
// of the booking that had a claim, or another booking that was to take its place. Relayed, it reaches the booking's workflow
// even after a crash. It is for the stay in which it became due only.
func rearmTimer(ctx context.Context, tx statements, batch *pgx.Batch, found commitState, in booking.CommitInput, count *int) error {
	waits := found.booking
	how := waits.Related.Succeeds()
	switch {
	case in.Actor == graphs.ActorTimer:
		return nil
	case waits.Seq == 0 && how != nil:
		old, err := scanBooking(tx.QueryRow(ctx, selectOld, oldArgs(waits, how)))
		if err != nil {
			return unlessNone(err)
		}
		waits = old
	case !found.claimed:
		return nil
	}
	graph, err := waits.LoadGraph()
	if err != nil {
		return nil //nolint:nilerr // a graph of another build: the sweep finds what is overdue
	}
	due := graph.Deadlines(waits.State, waits.Times(), waits.Settings.Timers)
	if len(due) == 0 || due[0].At.After(found.now) {
		return nil
	}
	const q = `
		INSERT INTO actions (id, app_id, booking_id, name, actor, channel, relayed_by, told, revision, created_at)
		VALUES (@id, @app, @booking, @name, @actor, @channel, @by, false, @revision, @now) ON CONFLICT ON CONSTRAINT actions_pkey DO NOTHING`
	batch.Queue(q, namedArgs{
		"id": uuid.NewSHA1(in.ActionID, []byte("due "+due[0].Action)), "app": waits.AppID, "booking": waits.ID, "name": due[0].Action,
		"actor": graphs.ActorTimer, "channel": booking.ChannelTimer, "by": found.booking.ID, "revision": waits.Revision,
		"now": found.now,
	}).Exec(func(tag pgconn.CommandTag) error {
		*count += int(tag.RowsAffected())
		return nil
	})
	return nil
}

// applyTimerInputs takes over the timers that the action's inputs set anew.
func applyTimerInputs(ctx context.Context, tx statements, b *booking.Booking, in booking.CommitInput) error {
	graph, err := b.LoadGraph()
	if err != nil {
		return nil //nolint:nilerr // a graph of another build: the workflow's copy has its timers
	}
	for _, input := range graph.Inputs(in.Move.From, in.Move.Action) {
		if input.Timer == "" {
			continue
		}
		const q = `SELECT COALESCE((SELECT inputs->@step->>@field FROM actions WHERE id = @action), '')`
		var after string
		args := namedArgs{"step": input.Step, "field": input.Field, "action": in.ActionID}
		if err := tx.QueryRow(ctx, q, args).Scan(&after); err != nil {
			return err
		}
		if after != "" {
			b.Settings.Timers = b.Settings.Timers.With(input.Timer, after)
		}
	}
	return nil
}
