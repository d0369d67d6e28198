package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/byhand"
	"holdfast/internal/fault"
)

// moveByHand makes a move that the graph does not have, for an action of byhand.ActorAdmin.
func moveByHand(ctx context.Context, tx statements, found commitState, in booking.CommitInput) (booking.Outcome, error) {
	switch found.byHand {
	case byhand.Force:
		return force(ctx, tx, found, in)
	case byhand.Migrate:
		return migrate(ctx, tx, found, in)
	}
	why := booking.Refusal{Code: fault.ActionNotAvailable, Message: "There is no such action."}
	return refuse(ctx, tx, found, in, why, found.first)
}

// force moves a booking to the state that the action names. The workflow's graph has no such action, so the move is made here.
func force(ctx context.Context, tx statements, found commitState, in booking.CommitInput) (booking.Outcome, error) {
	in.Refusal = nil
	graph, err := found.booking.LoadGraph()
	if err != nil {
		return booking.Outcome{}, err
	}
	if in.Move, err = byhand.Forced(graph, found.booking.State, found.inputs); err != nil {
		why := booking.Refusal{Code: fault.ActionNotAvailable, Message: err.Error()}
		return refuse(ctx, tx, found, in, why, found.first)
	}
	return move(ctx, tx, found, in)
}

// migrate moves a booking to the version of its graph that the action names. The workflow walks another version, which has no such
// action, so the move is made here; the outcome has the graph for it.
func migrate(ctx context.Context, tx statements, found commitState, in booking.CommitInput) (booking.Outcome, error) {
	const load = `SELECT definition FROM graph_versions WHERE app_id = @app AND name = @graph AND version = @version`
	in.Refusal = nil
	b := found.booking
	version, state := byhand.Target(found.inputs)
	var definition string
	err := tx.QueryRow(ctx, load, namedArgs{"app": b.AppID, "graph": b.Graph, "version": version}).Scan(&definition)
	if unlessNone(err) != nil {
		return booking.Outcome{}, err
	}
	why := &booking.Refusal{Code: fault.ActionNotAvailable, Message: "The graph has no such version."}
	if err == nil && b.OwnGraph {
		if in.Move, found.goesTo, why, err = migration(b, definition, state); err != nil {
			return booking.Outcome{}, err
		}
	}
	if why != nil {
		return refuse(ctx, tx, found, in, *why, found.first)
	}
	return move(ctx, tx, found, in)
}

// migration returns the move by which a booking goes over to a version of its graph, and that version, or why it does not.
func migration(b *booking.Booking, definition, state string) (move graphs.Move, to *graphs.Graph, why *booking.Refusal, err error) {
	from, err := b.LoadGraph()
	if err == nil {
		to, err = graphs.ReadOwn(definition)
	}
	if err != nil {
		return move, nil, nil, err
	}
	if move, err = byhand.Migration(from, b.State, to, state); err != nil {
		why = &booking.Refusal{Code: fault.ActionNotAvailable, Message: err.Error()}
		return move, nil, why, nil //nolint:nilerr // it is the refusal
	}
	return move, to, nil, nil
}

// writeGraph writes the version that a booking has gone over to.
func writeGraph(batch *pgx.Batch, b *booking.Booking, move graphs.Move) {
	if move.Action == byhand.Migrate {
		batch.Queue(`UPDATE bookings SET graph_version = @version WHERE id = @id`, namedArgs{"id": b.ID, "version": b.GraphVersion})
	}
}

// graphFor returns the booking's graph for an outcome, where the workflow walks another version of it; nil else.
func graphFor(b *booking.Booking, in booking.CommitInput) *booking.GraphInput {
	if in.Graph == "" || !b.OwnGraph {
		return nil
	}
	graph, err := b.LoadGraph()
	if err != nil || graph.Ref() == in.Graph {
		return nil
	}
	var out booking.GraphInput
	if err := out.SetGraph(graph); err != nil {
		return nil
	}
	return &out
}
