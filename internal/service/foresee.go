package service

import (
	"context"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// Foresight is what an action would do to a booking.
type Foresight struct {
	Move    graphs.Move     // with the state before in place of graphs.Previous
	Taken   bool            // what the action takes is taken: the move is the one that the graph has for this case
	Effects []graphs.Effect // in the order in which they would be carried out
}

// Foresee returns what an action would do now, and changes nothing. Its errors are those of Play. It is a look, not a promise: another
// caller can be first.
func (s *Player) Foresee(ctx context.Context, b *booking.Booking, p PlayInput) (f Foresight, err error) {
	if _, err := Allow(b, p.Name, p.Actor); err != nil {
		return f, err
	}
	if err := CheckPolicy(b, p.Name, p.Actor, p.Override...); err != nil {
		return f, err
	}
	if why := b.GuardedAgainst(p.Name, b.Clock.Now(), anyInputs(p.Inputs)); why != nil {
		return f, why.Err()
	}
	graph, err := b.LoadGraph()
	if err != nil {
		return f, err
	}
	move := moveOf(b, p.Name, p.Actor)
	other := move.Otherwise
	move.Otherwise = nil
	err = s.db.HasRoom(ctx, b, move)
	switch code := fault.CodeOf(err); {
	case err == nil:
		f = Foresight{Move: move, Effects: graph.EffectsOf(b.State, p.Name)}
	case other != nil && code.IsConflict():
		f, err = Foresight{Move: *other, Taken: true}, nil
	default:
		return f, err
	}
	if f.Move.To == graphs.Previous {
		f.Move, err = returned(ctx, s.db, graph, b, f.Move)
	}
	return f, err
}

// returned resolves a move to the state before.
func returned(ctx context.Context, db *postgres.DB, graph *graphs.Graph, b *booking.Booking, move graphs.Move) (graphs.Move, error) {
	all, err := db.Transitions(ctx, []uuid.UUID{b.ID})
	if err != nil {
		return move, err
	}
	if list := all[b.ID]; len(list) > 0 {
		move, _ = graph.Return(move, list[len(list)-1].From)
	}
	return move, nil
}

// anyInputs are inputs as guards ask for them; never nil.
func anyInputs(all map[string]map[string]string) map[string]map[string]any {
	inputs := map[string]map[string]any{}
	for step, fields := range all {
		inputs[step] = map[string]any{}
		for field, text := range fields {
			inputs[step][field] = text
		}
	}
	return inputs
}
