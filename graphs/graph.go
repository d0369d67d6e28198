// Package graphs holds the rule books of bookings: states, actions and timers as data, and the pure functions that
// read them. It knows no clock, no database and no Temporal; a graph travels as JSON inside the booking it rules.
package graphs

import "slices"

// Holds says what a booking keeps for itself while it is in a state.
type Holds string

// What a state may hold.
const (
	HoldsNothing Holds = "nothing"
	HoldsSlot    Holds = "slot" // the booking's stretch of its resource's calendar
	HoldsSeat    Holds = "seat" // one place in a group session
)

// Actor is who plays an action.
type Actor string

// The actors a graph can name.
const (
	ActorAPI          Actor = "api"           // a backend with a server key
	ActorOwnerLink    Actor = "owner_link"    // the owner, by a signed link
	ActorCustomerLink Actor = "customer_link" // the customer, by a signed link
	ActorPayment      Actor = "payment"       // a payment provider's callback
	ActorTimer        Actor = "timer"         // time running out
	ActorBooking      Actor = "booking"       // another booking, in the transaction that moves both
)

// From is the moment a timer counts from.
type From string

// The moments a timer can count from.
const (
	FromEntered From = "entered" // the booking entered the state
	FromStart   From = "start"   // the booked time starts
	FromEnd     From = "end"     // the booked time ends
)

// ConflictRefuse is the answer of an action whose target holds time that is already taken: the action is refused and
// the booking stays where it is.
const ConflictRefuse = "refuse"

// ErrorState is in every graph and reachable from nowhere by an action: the state of a booking that its own rule book
// can no longer move.
const ErrorState = "error"

// Graph is one rule book. Published versions never change: a booking keeps the version it was made with.
type Graph struct {
	Name        string  `json:"name"`
	Version     int     `json:"version"`
	Description string  `json:"description"`
	Initial     string  `json:"initial"` // the state before the first action
	Start       string  `json:"start"`   // the action that creating a booking plays
	States      []State `json:"states"`
}

// State is one place a booking can be in. A final state has no actions and no timers.
type State struct {
	Name    string   `json:"name"`
	Holds   Holds    `json:"holds"`
	Final   bool     `json:"final,omitempty"`
	Actions []Action `json:"actions,omitempty"`
	Timers  []Timer  `json:"timers,omitempty"`
}

// Action is one arrow out of a state.
type Action struct {
	Name       string  `json:"name"`
	To         string  `json:"to"`
	By         []Actor `json:"by"`
	Inputs     []Input `json:"inputs,omitempty"`
	OnConflict string  `json:"on_conflict,omitempty"` // ConflictRefuse, and only on arrows that take time or a seat
}

// Input is one text an action may bring along, under the name of the step that uses it:
// {"cancel":{"message":"…"}} is Step "cancel", Field "message".
type Input struct {
	Step  string `json:"step"`
	Field string `json:"field"`
	// Timer, when not empty, makes the input an ISO 8601 duration: the new override of the booking's timer of that name.
	Timer string `json:"timer,omitempty"`
}

// Timer plays an action of its state by itself, After a moment, unless the booking leaves the state before.
type Timer struct {
	Action string   `json:"action"`
	After  Duration `json:"after"`
	From   From     `json:"from"`
	Min    Duration `json:"min"`              // shortest After a booking may ask for
	Max    Duration `json:"max"`              // longest After a booking may ask for
	Switch string   `json:"switch,omitempty"` // the booking setting that turns it off: {"<switch>":{"enabled":false}}
}

// State returns the state of that name.
func (g *Graph) State(name string) (*State, bool) {
	for i := range g.States {
		if g.States[i].Name == name {
			return &g.States[i], true
		}
	}
	return nil, false
}

// HasState tells whether the graph has a state of that name.
func (g *Graph) HasState(name string) bool {
	_, ok := g.State(name)
	return ok
}

// Final tells whether a booking in that state is over. An unknown state is not.
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

// MayPlay tells whether an actor is among those the action is open to.
func (a *Action) MayPlay(actor Actor) bool {
	return slices.Contains(a.By, actor)
}

func (s *State) action(name string) (*Action, bool) {
	for i := range s.Actions {
		if s.Actions[i].Name == name {
			return &s.Actions[i], true
		}
	}
	return nil, false
}
