package service

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/byhand"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// maxMigrated is how many bookings go over to another version by one call.
const maxMigrated = 500

// Migration is a wish that the bookings of one version of a graph go over to another one.
type Migration struct {
	From, To *graphs.Graph     // versions of one name, of the app's own
	States   map[string]string // states of From to those of To; one that is left out keeps its name
}

// MigratedState says what becomes of the bookings in one state.
type MigratedState struct {
	State, To string
	Bookings  int
	Problem   string // why they do not go over; empty if they do
}

// foreseeMigration returns what would become of the bookings that are not over, by state.
func foreseeMigration(ctx context.Context, db *postgres.DB, c booking.Caller, m Migration) ([]MigratedState, error) {
	walking, err := db.StatesOf(ctx, c.App.ID, m.From)
	if err != nil {
		return nil, err
	}
	all := []MigratedState{}
	for _, w := range walking {
		one := MigratedState{State: w.State, To: cmp.Or(m.States[w.State], w.State), Bookings: w.Bookings}
		if _, err := byhand.Migration(m.From, one.State, m.To, one.To); err != nil {
			one.Problem = err.Error()
		}
		all = append(all, one)
	}
	return all, nil
}

// Migrate lets bookings go over to another version of their graph, up to 500 in one call, and returns how many were asked to, and what
// becomes of each state. With dryRun it asks none. An action on record moves each booking in its commit, which refuses it when the booking
// is elsewhere by then. Invalid, with the states, when those of a state cannot go over: then none is asked.
func (s *Player) Migrate(ctx context.Context, c booking.Caller, m Migration, dryRun bool) (asked int, all []MigratedState, err error) {
	if all, err = foreseeMigration(ctx, s.db, c, m); err != nil || dryRun {
		return 0, all, err
	}
	problems := fault.Problems{}
	for _, one := range all {
		if one.Problem != "" {
			problems.Add("map."+one.State, "%s", one.Problem)
		}
	}
	if err := problems.Err(); err != nil {
		return 0, all, err
	}
	walkers, err := s.db.WalkersOf(ctx, c.App.ID, m.From, maxMigrated)
	if err != nil {
		return 0, all, err
	}
	for _, b := range walkers {
		a := newAction(c, uuid.NewSHA1(b.ID, fmt.Appendf(nil, "migrate/%d/%s", b.Seq, m.To.Ref())), b, byhand.Migrate)
		a.Actor = byhand.ActorAdmin
		if a.Inputs, err = json.Marshal(byhand.MigrateInputs(m.To, cmp.Or(m.States[b.State], b.State))); err != nil {
			return asked, all, err
		}
		if _, err := s.play(ctx, c, b, a, "", 0); err != nil {
			return asked, all, err
		}
		asked++
	}
	return asked, all, nil
}

// Force puts a booking into a state of its graph by no action of it. The commit takes what the state holds and releases what the booking
// held, or refuses; rules, guards and deadlines do not count, and no effect is carried out. The reason is on record. id is the action's.
// Invalid for a state that the booking cannot be put into, SlotTaken when its time is another's by now.
func (s *Player) Force(
	ctx context.Context, c booking.Caller, b *booking.Booking, id uuid.UUID, to, reason string, wait time.Duration,
) (Outcome, error) {
	graph, err := b.LoadGraph()
	if err != nil {
		return Outcome{}, err
	}
	if _, err := graph.Jump(byhand.Force, b.State, to); err != nil {
		return Outcome{}, fault.Problems{"state": {err.Error()}}.Err()
	}
	a := newAction(c, id, b, byhand.Force)
	a.Actor = byhand.ActorAdmin
	if a.Inputs, err = json.Marshal(byhand.ForceInputs(to, reason)); err != nil {
		return Outcome{}, err
	}
	return s.play(ctx, c, b, a, "", wait)
}
