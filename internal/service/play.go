package service

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
	"holdfast/internal/postgres"
)

// PlayInput is an action that is asked of a booking.
type PlayInput struct {
	ID        uuid.UUID // of the action: the same for a repeat
	Name      string
	Actor     graphs.Actor                 // "" = the API
	Channel   booking.Channel              // "" = the API
	Inputs    map[string]map[string]string // by step and field; those that the action does not take are dropped. nil = none were read
	Revision  int                          // the only revision of the booking it may move; 0 = any
	Relay     bool                         // it is played on bookings made together with this one, too
	Override  policy.Lifted                // rules of the policy that it is not held to
	Notify    []string                     // who gets the mails that it makes; nil for both sides
	Spend     string                       // the identity of the link it came by; "" for none
	Submitted bool                         // it is on record already: nothing is checked again
	Wait      time.Duration                // for its outcome
}

// Player moves bookings that exist: by their graphs, for their owners, and by hand. It is safe for concurrent use.
type Player struct {
	db          *postgres.DB
	dispatch    *dispatch.Dispatcher
	submissions *submissions
}

// Submitted reports whether an earlier try has put an action on record: then its outcome is the answer, and what it asked for must
// not be checked again. Nothing is looked up unless there may have been one.
func (s *Player) Submitted(ctx context.Context, action uuid.UUID, retried bool) (bool, error) {
	return s.submissions.submitted(ctx, action, retried)
}

// Play moves a booking. ActionNotAvailable where the graph refuses it. The time or seat that the action needs is claimed, and the
// link spent, as it is put on record: SlotTaken when somebody else has it. The outcome's action is still pending when the wait was
// too short.
func (s *Player) Play(ctx context.Context, c booking.Caller, b *booking.Booking, p PlayInput) (Outcome, error) {
	a := newAction(c, p.ID, b, p.Name)
	a.Revision = p.Revision
	if p.Actor != "" {
		a.Actor = p.Actor
	}
	if p.Channel != "" {
		a.Channel = p.Channel
	}
	if !p.Submitted {
		wanted, err := Allow(b, a.Name, a.Actor)
		if err != nil {
			return Outcome{}, err
		}
		if err := CheckPolicy(b, a.Name, a.Actor, p.Override...); err != nil {
			return Outcome{}, err
		}
		a.Lifted, a.Notify = p.Override, p.Notify
		// Others' bookings may be among those that were made together. Who came is noted for each alone.
		a.Relay = p.Relay && b.Related.Bulk != nil && c.Self == nil && !isBound(b, a.Name)
		a.Inputs = inputsOf(p.Inputs, wanted)
	}
	return s.play(ctx, c, b, a, p.Spend, p.Wait)
}

func (s *Player) play(
	ctx context.Context, c booking.Caller, b *booking.Booking, a *booking.Action, spend string, wait time.Duration,
) (Outcome, error) {
	insert := func() (*booking.Action, error) { return s.db.InsertMove(ctx, b, a, moveOf(b, a.Name, a.Actor), spend) }
	send := func(ctx context.Context) error { return s.dispatch.Signal(ctx, b, c.App.Slug, signalOf(a)) }
	return s.submissions.submit(ctx, a, insert, send, nil, wait)
}

// isBound reports whether an action is open for a time only.
func isBound(b *booking.Booking, action string) bool {
	graph, err := b.LoadGraph()
	return err == nil && graph.Window(b.State, action, b.Times()) != graphs.Window{}
}

// inputsOf renders those inputs that an action takes; nil when none were read.
func inputsOf(all map[string]map[string]string, wanted []graphs.Input) json.RawMessage {
	if all == nil {
		return nil
	}
	taken := map[string]map[string]string{}
	for _, one := range wanted {
		if text, ok := all[one.Step][one.Field]; ok {
			if taken[one.Step] == nil {
				taken[one.Step] = map[string]string{}
			}
			taken[one.Step][one.Field] = text
		}
	}
	text, _ := json.Marshal(taken)
	return text
}

// Allow returns the inputs that an action takes where the caller sees a booking. ActionNotAvailable, with the actions that the actor may
// play instead, where the graph or one of its guards refuses it; TooEarly or TooLate outside of its time. Whether the time or seat that
// the action needs is still there shows when it is claimed: see Play.
func Allow(b *booking.Booking, action string, actor graphs.Actor) ([]graphs.Input, error) {
	graph, err := b.LoadGraph()
	if err != nil {
		return nil, err
	}
	move, err := graph.Next(b.State, action, actor)
	if err != nil {
		return nil, notAvailable(b, actor, err.Error())
	}
	now := b.Clock.Now()
	if why := b.OutsideWindow(move, now); why != nil {
		return nil, why.Err()
	}
	if why := b.GuardedAgainst(action, now, nil); why != nil && why.Rule != nil {
		return nil, why.Err()
	} else if why != nil {
		return nil, notAvailable(b, actor, why.Message)
	}
	return graph.Inputs(b.State, action), nil
}

// notAvailable says why an action cannot be played, in Timekit's words, and lists which the actor may play instead.
func notAvailable(b *booking.Booking, actor graphs.Actor, why string) error {
	err := fault.Errorf(fault.ActionNotAvailable, "%s", why)
	err.Open = b.OpenTo(actor, b.Clock.Now())
	return err
}

// HasRoom looks whether the time or seat that an action needs can be had just now. It takes nothing. SlotTaken, or what the
// session says, when it cannot.
func (s *Player) HasRoom(ctx context.Context, b *booking.Booking, action string, actor graphs.Actor) error {
	return s.db.HasRoom(ctx, b, moveOf(b, action, actor))
}

// moveOf is the move that an action makes from where the caller sees a booking; none where the graph refuses it.
func moveOf(b *booking.Booking, action string, actor graphs.Actor) graphs.Move {
	graph, err := b.LoadGraph()
	if err != nil {
		return graphs.Move{}
	}
	move, _ := graph.Next(b.State, action, actor)
	return move
}

// CheckPolicy refuses an action that the booking's policy does not allow now: TooLate, with the rule.
func CheckPolicy(b *booking.Booking, action string, actor graphs.Actor, lifted ...policy.Rule) error {
	zone := b.Resource.Zone()
	return b.RefusesAction(action, actor, b.Clock.Now(), lifted).Err(zone)
}

// CheckNotBegun refuses a customer what cannot be changed any more, because the booked time has begun.
func CheckNotBegun(b *booking.Booking) error {
	if !b.Begun(b.Clock.Now()) {
		return nil
	}
	err := fault.Errorf(fault.TooLate, "The booked time has begun, so it cannot be changed here any more.")
	err.Rule = &fault.Rule{Name: fault.Begun, Limit: "PT0S", Ends: b.Start}
	return err
}
