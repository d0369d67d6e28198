// Package booking holds the types of a booking's life, and the inputs and outcomes of its workflow and activities. It does
// nothing by itself.
package booking

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/assign"
	"holdfast/internal/catalogue"
	"holdfast/internal/clock"
	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/internal/policy"
	"holdfast/internal/requires"
)

// Booking is one walk through a graph, as the record in Postgres has it. Times are instants; show them in the
// resource's zone.
type Booking struct {
	ID           uuid.UUID `json:"id"`
	AppID        uuid.UUID `json:"app_id"`
	Graph        string    `json:"graph"`
	GraphVersion int       `json:"graph_version"`
	OwnGraph     bool      `json:"own_graph,omitempty"` // the graph is one of the app's own
	State        string    `json:"state"`
	Seq          int       `json:"seq"`       // number of the last transition; 0 before the first
	Revision     int       `json:"revision"`  // grows with every write, transitions and meta alike
	Completed    bool      `json:"completed"` // the state is final
	Start        time.Time `json:"start"`
	End          time.Time `json:"end"`
	What         string    `json:"what"`
	Where        string    `json:"where"`
	Description  string    `json:"description"`
	Participants []string  `json:"participants"`
	EventID      uuid.UUID `json:"event_id"` // the calendar entry the booking shows as
	Settings     Settings  `json:"settings"`
	Related      Related   `json:"related"`
	Units        int       `json:"units"` // of the resource that it takes; 0 means 1
	// Policy is the policy that it was made with, and is ruled by; nil for none.
	Policy *policy.Snapshot `json:"policy,omitempty"`
	// Payment is what it costs, and what becomes of the money; nil when it costs nothing.
	Payment    *payment.Terms `json:"payment,omitempty"`
	FirstStart time.Time      `json:"first_start,omitzero"` // of the booking that it was moved from, at first; zero unless it was moved
	Moves      int            `json:"moves,omitempty"`      // how often a customer has moved it
	// Parts are the resources that it takes, the first one's first; none for a booking of one resource. Requires is what they were chosen
	// by; nil when they were not chosen.
	Parts     []Part             `json:"parts,omitempty"`
	Requires  *requires.Requires `json:"-"`
	Session   *Session           `json:"session,omitempty"` // the seats of the session this is, or is a seat of
	Reminders []Reminder         `json:"-"`                 // those that are still to come, the earliest first
	// Request is the scheduling request that it answers; Claim the token that is spent on making it.
	Request *SchedulingRequest `json:"scheduling_request,omitempty"`
	Claim   *Claim             `json:"-"`
	// Pool is the resources that its own is chosen from as it is put on record; nil where it is neither chosen nor counted. Assignment is
	// how it was chosen, as it is put on record. Assigned reports of one on record that it was.
	Pool       *catalogue.Pool    `json:"-"`
	Assignment *assign.Assignment `json:"-"`
	Assigned   bool               `json:"-"`

	Meta      json.RawMessage    `json:"meta"` // a JSON object of the app's own
	Customers []Customer         `json:"customers"`
	Resource  catalogue.Resource `json:"resource"`
	Calendar  catalogue.Calendar `json:"calendar"`
	CreatedAt time.Time          `json:"created_at"`
	UpdatedAt time.Time          `json:"updated_at"`
	EnteredAt time.Time          `json:"entered_at"` // when the state was entered

	// Counts is how often each action has moved the booking, for guards; nil where the graph is built in and has none that count.
	Counts map[string]int `json:"-"`

	// Clock is the app's, as the booking was loaded; for its own workflow and for judging it by.
	Clock clock.Clock `json:"-"`

	own *graphs.Graph // if OwnGraph
}

// Takes returns how many units of its resource the booking takes: one, unless it says more.
func (b *Booking) Takes() int { return max(b.Units, 1) }

// Step moves the booking, in memory.
func (b *Booking) Step(move graphs.Move, now time.Time) {
	b.State, b.Completed, b.EnteredAt, b.UpdatedAt = move.To, move.Final, now, now
	b.Seq, b.Revision = b.Seq+1, b.Revision+1
	if b.Counts != nil {
		b.Counts[move.Action]++
	}
	if b.Session != nil && b.Related.OwnerBooking == nil {
		b.Session.Open = !b.Completed
	}
}

// Dropped reports whether the booking is over without its time having come: cancelled, declined, moved, not paid.
func (b *Booking) Dropped() bool {
	return b.Completed && !TookPlace(b.State)
}

// Begun reports whether the booked time has begun. From then on customers cannot change it any more, by no door: not by a link,
// not on a page, not with a widget key. A server key can.
func (b *Booking) Begun(now time.Time) bool { return !now.Before(b.Start) }

// LoadGraph returns the very version of the graph that the booking was made with.
func (b *Booking) LoadGraph() (*graphs.Graph, error) {
	if b.OwnGraph && b.own == nil {
		return nil, fault.Errorf(fault.Internal, "graph %s version %d of the app was not loaded with the booking", b.Graph, b.GraphVersion)
	}
	if b.OwnGraph {
		return b.own, nil
	}
	g, ok := graphs.Version(b.Graph, b.GraphVersion)
	if !ok {
		return nil, fault.Errorf(fault.Internal, "graph %s version %d is not part of this build", b.Graph, b.GraphVersion)
	}
	return g, nil
}

// SetGraph makes a graph the booking's.
func (b *Booking) SetGraph(g *graphs.Graph) {
	b.Graph, b.GraphVersion, b.OwnGraph, b.own = g.Name, g.Version, g.Own, nil
	if g.Own {
		b.own = g
	}
}

// ReadGraph takes over the definition of a graph of the app's own, as it was published. An empty text changes nothing: the graph is
// built in.
func (b *Booking) ReadGraph(definition string) (err error) {
	if definition != "" {
		b.own, err = graphs.ReadOwn(definition)
	}
	return err
}

// Settings are the rules one booking has for itself.
type Settings struct {
	AllowDoubleBookings bool             `json:"allow_double_bookings"`
	IgnoreAllDayEvents  bool             `json:"ignore_all_day_events,omitempty"`
	BufferSeconds       int              `json:"buffer_seconds,omitempty"` // time before and after that nothing else may take
	Timers              graphs.Overrides `json:"timers,omitempty"`
	MailsOff            []string         `json:"mails_off,omitempty"` // steps whose mails are not sent: see mail.Steps

	// Of a session: its seats, and text spans such as "1 day" before its start.
	MaxSeats       int    `json:"max_seats,omitempty"`
	MinCancelTime  string `json:"min_cancel_time,omitempty"`  // seats cannot be cancelled later
	MinBookingTime string `json:"min_booking_time,omitempty"` // nor booked later
	MaxBookingTime string `json:"max_booking_time,omitempty"` // nor booked earlier
}

// Buffer is the time before and after the booking that nothing else may take.
func (s Settings) Buffer() time.Duration { return time.Duration(s.BufferSeconds) * time.Second }

// Customer is a person a booking is for. Everything here is personal data and lives in Postgres only.
type Customer struct {
	ID       uuid.UUID       `json:"id"`
	Name     string          `json:"name"`
	Email    string          `json:"email"`
	Phone    string          `json:"phone"`
	Voip     string          `json:"voip"`
	Timezone string          `json:"timezone"`
	Meta     json.RawMessage `json:"meta"` // a JSON object: every other field the booking form had
}

// Transition is one applied move.
type Transition struct {
	Seq     int          `json:"seq"`
	Action  string       `json:"action"`
	From    string       `json:"from"`
	To      string       `json:"to"`
	Actor   graphs.Actor `json:"actor"`
	Channel Channel      `json:"channel"`
	At      time.Time    `json:"at"`
	// Override lists the rules of the policy that the action was not held to.
	Override policy.Lifted `json:"override,omitempty"`
}
