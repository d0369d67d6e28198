package postgres

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/effect"
)

// writeEffects puts the effects of a move that a booking has just made on record, and those of the move that its predecessor ends by, if
// there is one; it collects the bookings that have any. Queue it after their transitions.
func writeEffects(batch *pgx.Batch, b *booking.Booking, move graphs.Move, old *predecessor, owing *[]uuid.UUID) {
	writeOwnEffects(batch, b, move, owing)
	if old != nil {
		writeOwnEffects(batch, old.Booking, old.move, owing)
	}
}

// writeOwnEffects puts the effects of one booking's move on record, in their declared order. A move without effects queues nothing.
func writeOwnEffects(batch *pgx.Batch, b *booking.Booking, move graphs.Move, owing *[]uuid.UUID) {
	const q = `
		INSERT INTO effects (id, app_id, booking_id, seq, nth, kind, parameters, created_at, next_at)
		SELECT e.id, @app, @booking, @seq, e.nth, e.kind, e.parameters::jsonb, @now, @now
		FROM unnest(@ids::uuid[], @kinds::text[], @parameters::text[]) WITH ORDINALITY AS e (id, kind, parameters, nth)`
	effects := effectsOf(b, move)
	if len(effects) == 0 {
		return
	}
	var ids []uuid.UUID
	var kinds, parameters []string
	for i, e := range effects {
		ids = append(ids, effect.ID(b.ID, b.Seq, i+1))
		kinds, parameters = append(kinds, e.Kind), append(parameters, asJSON(e))
	}
	batch.Queue(q, namedArgs{
		"app": b.AppID, "booking": b.ID, "seq": b.Seq, "ids": ids, "kinds": kinds, "parameters": parameters,
		"now": b.EnteredAt,
	})
	*owing = append(*owing, b.ID)
}

// effectsOf returns the effects of a move; nil for one that has led to the state of a conflict. A graph that this build lacks has none
// here.
func effectsOf(b *booking.Booking, move graphs.Move) []graphs.Effect {
	graph, err := b.LoadGraph()
	if err != nil {
		return nil
	}
	if s, ok := graph.State(move.From); ok {
		for i := range s.Actions {
			if a := &s.Actions[i]; a.Name == move.Action && a.Otherwise() == move.To {
				return nil
			}
		}
	}
	return graph.EffectsOf(move.From, move.Action)
}
