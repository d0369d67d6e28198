// Package graphs defines the state machines of bookings: states, actions and timers as data, and the pure functions that read
// them. No function reads a clock, a database or Temporal. A booking's workflow carries its graph as JSON.
package graphs

import "slices"

// Holds is what a booking keeps of its resource while it is in a state.
type Holds string

// What a state may hold.
const (
	HoldsNothing Holds = "nothing"
	HoldsSlot    Holds = "slot" // the range [start, end) of the resource's calendar
	HoldsSeat    Holds = "seat" // one seat of a group session
	// HoldsKept is whatever the booking held in the state before: entering such a state neither takes nor releases anything.
	HoldsKept Holds = "kept"
)

// Actor is the kind of caller that plays an action.
type Actor string

// The actors a graph can name.
const (
	ActorAPI          Actor = "api"           // a backend with a server key
	ActorOwnerLink    Actor = "owner_link"    // the owner, by a signed link
	ActorCustomerLink Actor = "customer_link" // the customer, by a signed link
	ActorPayment      Actor = "payment"       // a payment provider's callback
	ActorTimer        Actor = "timer"         // time running out
	ActorBooking      Actor = "booking"       // another booking, in the transaction that moves both
	ActorEffect       Actor = "effect"        // the end of an effect of the transition before
)

// From is the moment that a timer is counted from.
type From string

// The moments a timer can count from. Every booking has the first three. The others are those of its policies, and a booking can be
// without them: then a Moment from such a one does not count.
const (
	FromEntered     From = "entered"             // the booking entered the state
	FromStart       From = "start"               // the booked time starts
	FromEnd         From = "end"                 // the booked time ends
	FromCancelUntil From = "cancel_deadline"     // until when the customer can cancel
	FromMoveUntil   From = "reschedule_deadline" // until when the customer can move the booking
	fromBalanceDue  From = "balance_due"         // when the rest of the price is to be asked for
)

// Moment is a length of time after, or before, one of the moments of a booking.
type Moment struct {
	From   From     `json:"from"`
	After  Duration `json:"after,omitempty"`
	Before Duration `json:"before,omitempty"` // instead of After
}

// Previous is the target of an action that returns to the state before: the state in which the action was played that led to this one.
const Previous = "previous"

// ConflictRefuse is the OnConflict of an action that is refused, and the state stays, when the slot or seat of its target state is
// taken.
const ConflictRefuse = "refuse"

// ErrorState is a final state that every graph has. No action leads there: a booking enters it when its graph cannot move it.
const ErrorState = "error"

// Graph is one version of a state machine. A published version never changes, and a booking keeps the version that it was created
// with.
type Graph struct {
	Name        string  `json:"name"`
	Version     int     `json:"version"`
	Description string  `json:"description"`
	Initial     string  `json:"initial"` // the state before the first action
	Start       string  `json:"start"`   // the action that creating a booking plays
	States      []State `json:"states"`
	// Own is true of a graph of the app's own: it is no part of the program.
	Own bool `json:"-"`
}

// State is one state of a booking. In a final state the booking is over, and nothing happens by itself: it has no timers. Its
// actions, if any, are corrections, and all of them end at some moment.
type State struct {
	Name    string   `json:"name"`
	Holds   Holds    `json:"holds"`
	Final   bool     `json:"final,omitempty"`
	Actions []Action `json:"actions,omitempty"`
	Timers  []Timer  `json:"timers,omitempty"`
	Notices []Notice `json:"notices,omitempty"`
}

// Action is a transition out of a state. It is open from the latest moment of NotBefore to the earliest of Until, both included, and
// while all guards of When allow it.
type Action struct {
	Name   string  `json:"name"`
	To     string  `json:"to"` // a state, or Previous
	By     []Actor `json:"by"`
	Inputs []Input `json:"inputs,omitempty"`
	// OnConflict is set on actions that take a slot or a seat, and empty on others. It is ConflictRefuse, or the state that the booking
	// enters instead of To when what To holds is taken. That state takes nothing.
	OnConflict string   `json:"on_conflict,omitempty"`
	NotBefore  []Moment `json:"not_before,omitempty"`
	Until      []Moment `json:"until,omitempty"`
	When       []Guard  `json:"when,omitempty"`
	// Effects are carried out in this order after the action has led to To. They do not run when it has led to OnConflict.
	Effects []Effect `json:"effects,omitempty"`
}

// Input is an optional text argument of an action, named by step and field:
// {"cancel":{"message":"…"}} is Step "cancel", Field "message".
type Input struct {
	Step  string `json:"step"`
	Field string `json:"field"`
	// Timer, when not empty, makes the input an ISO 8601 duration: the new override of the booking's timer of that name.
	Timer string `json:"timer,omitempty"`
}

// Timer plays an action of its state at the earliest of several moments. It is cancelled when the booking leaves the state. It has one
// of two forms. Either After has passed since From, where a booking may have an After of its own between Min and Max, or one of
// NoLaterThan comes first, which a booking does not put off. Or the moments are those of Any, of which a booking changes none; then
// After, From, Min, Max and NoLaterThan are empty. Moments that the booking does not have are left out; a timer without any moment left
// does not run.
type Timer struct {
	Action      string   `json:"action"`
	After       Duration `json:"after"`
	From        From     `json:"from"`
	Min         Duration `json:"min"`              // shortest After a booking may ask for
	Max         Duration `json:"max"`              // longest After a booking may ask for
	Switch      string   `json:"switch,omitempty"` // the booking setting that turns it off: {"<switch>":{"enabled":false}}
	NoLaterThan []Moment `json:"no_later_than,omitempty"`
	Any         []Moment `json:"any,omitempty"`
}

// Notice is an event that is published while a booking stays in a state and a timer of the state runs. It moves nothing.
type Notice struct {
	Name    string `json:"name"`    // the event is booking.<name>
	Timer   string `json:"timer"`   // the action of the timer
	Percent int    `json:"percent"` // how much of the timer's time has passed then, since the state was entered
}

// State returns the state of that name; false if there is none.
func (g *Graph) State(name string) (*State, bool) {
	for i := range g.States {
		if g.States[i].Name == name {
			return &g.States[i], true
		}
	}
	return nil, false
}

// HasState reports whether the graph has a state of that name.
func (g *Graph) HasState(name string) bool {
	_, ok := g.State(name)
	return ok
}

// Final reports whether the state is final. An unknown state is not.
func (g *Graph) Final(state string) bool {
	s, ok := g.State(state)
	return ok && s.Final
}

// Open returns the names of the actions that can be played in a state, in the graph's order; never nil.
func (g *Graph) Open(state string) []string {
	names := []string{}
	if s, ok := g.State(state); ok {
		for _, a := range s.Actions {
			names = append(names, a.Name)
		}
	}
	return names
}

// OpenTo returns the names of the actions that an actor can play in a state, in the graph's order; never nil.
func (g *Graph) OpenTo(state string, actor Actor) []string {
	names := []string{}
	if s, ok := g.State(state); ok {
		for i := range s.Actions {
			if s.Actions[i].MayPlay(actor) {
				names = append(names, s.Actions[i].Name)
			}
		}
	}
	return names
}

// Otherwise returns the state that the action leads to when the slot or seat of its target is taken; empty if it is refused then.
func (a *Action) Otherwise() string {
	if a.OnConflict == ConflictRefuse {
		return ""
	}
	return a.OnConflict
}

// MayPlay reports whether the action is open to the actor.
func (a *Action) MayPlay(actor Actor) bool {
	return slices.Contains(a.By, actor)
}

// action returns the action of a state; false if the graph has none of that name there.
func (g *Graph) action(state, name string) (*Action, bool) {
	if s, ok := g.State(state); ok {
		return s.action(name)
	}
	return nil, false
}

func (s *State) action(name string) (*Action, bool) {
	for i := range s.Actions {
		if s.Actions[i].Name == name {
			return &s.Actions[i], true
		}
	}
	return nil, false
}
