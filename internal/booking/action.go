package booking

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/clock"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

// Channel is the way an action came in.
type Channel string

// The channels.
const (
	ChannelAPI   Channel = "api"
	ChannelLink  Channel = "link"
	ChannelTimer Channel = "timer"
	ChannelRelay Channel = "relay" // played on another booking, and passed on to this one
	// ChannelEffect is that of an effect which has ended.
	ChannelEffect Channel = "effect"
	// ChannelPayment is that of a payment whose money has arrived.
	ChannelPayment Channel = "payment"
)

// ByVisitor reports whether an action was played by a visitor on a page of this server: as the customer, or in the name of the
// page's app, which is how a request is withdrawn that the graph lets no customer end.
func ByVisitor(actor graphs.Actor, channel Channel) bool {
	return channel == ChannelLink && (actor == graphs.ActorCustomerLink || actor == graphs.ActorAPI)
}

// Status is what became of an action.
type Status string

// The statuses of an action. Applied and refused are for good.
const (
	Pending Status = "pending"
	Applied Status = "applied"
	Refused Status = "refused"
)

// Action is one request to move a booking, with its outcome once there is one. Inputs may hold personal data and never
// leave Postgres.
type Action struct {
	ID        uuid.UUID
	AppID     uuid.UUID
	BookingID uuid.UUID
	Name      string
	Actor     graphs.Actor
	Channel   Channel
	KeyID     *uuid.UUID      // the API key it came with, if any
	Inputs    json.RawMessage // {"step":{"field":"text"}}
	Awaited   bool            // a request waits for its outcome, which is announced then
	Revision  int             // the only revision of the booking it may move; 0 = any
	Lifted    policy.Lifted   // rules of the policy that it is not held to
	Notify    []string        // who gets the mails that it makes: owner, customer; nil for both
	Relay     bool            // play it on the bookings made together with this one, too
	Status    Status
	Code      fault.Code  // why it was refused
	Message   string      // the same for people
	Rule      *fault.Rule // what refused it, if it was bound in time or number
	Seq       int         // the transition it became, when applied
	CreatedAt time.Time
}

// Err is the refusal as an error, nil unless the action was refused.
func (a *Action) Err() error {
	if a.Status != Refused {
		return nil
	}
	return &fault.Error{Code: a.Code, Message: a.Message, Rule: a.Rule}
}

// Announcement says that what somebody waits for has ended: an action is decided, for example. The zero value says that announcements may
// have been missed: look at the record then.
type Announcement struct {
	Ended bool
	// Moved is the booking that the action has moved, as the record had it then. It is nil where the action was refused, where another
	// process has decided it, and where something else has ended. It is the receiver's own, but what it points to is not to be changed.
	Moved *Booking
}

// Signal is what a booking's workflow gets for each action on record. It carries no personal data.
type Signal struct {
	ActionID uuid.UUID    `json:"action_id"`
	Action   string       `json:"action"`
	Actor    graphs.Actor `json:"actor"`
}

// WorkflowInput is the input of a booking's workflow: all it needs to walk, and nothing about people.
type WorkflowInput struct {
	GraphInput

	BookingID uuid.UUID        `json:"booking_id"`
	AppID     uuid.UUID        `json:"app_id"`
	App       string           `json:"app"`   // slug, for the operator's eyes
	Title     string           `json:"title"` // what is booked, with names and addresses of people masked
	Timers    graphs.Overrides `json:"timers,omitempty"`
	Start     time.Time        `json:"start"`
	End       time.Time        `json:"end"`
	// CancelUntil and MoveUntil are the deadlines of the booking's policy, where the graph is one of the app's own; zero for none.
	CancelUntil time.Time   `json:"cancel_until,omitzero"`
	MoveUntil   time.Time   `json:"move_until,omitzero"`
	BalanceDue  time.Time   `json:"balance_due,omitzero"` // when the rest of the price is to be asked for; zero for never
	State       string      `json:"state"`
	Seq         int         `json:"seq"`
	Entered     time.Time   `json:"entered"`
	Reminders   []Reminder  `json:"reminders,omitempty"` // those that are still to come, the earliest first
	Actions     []Signal    `json:"actions"`             // to play first, in order
	Shown       string      `json:"shown"`               // the state in the search index; "" = the server has no search attributes of ours
	Clock       clock.Clock `json:"clock,omitzero"`      // of the app, if it was ever moved
	CarriedOn   int         `json:"carried_on"`          // how often the workflow has continued as new
}

// CommitInput is the input of the one activity that moves a booking.
type CommitInput struct {
	BookingID uuid.UUID    `json:"booking_id"`
	Seq       int          `json:"seq"` // the last transition that the workflow has seen: the fence
	ActionID  uuid.UUID    `json:"action_id"`
	Actor     graphs.Actor `json:"actor"`
	Move      graphs.Move  `json:"move"`
	Graph     string       `json:"graph,omitempty"`   // the version that the workflow walks
	Refusal   *Refusal     `json:"refusal,omitempty"` // set: record that the action was refused, move nothing
	Undoes    bool         `json:"-"`                 // the move takes the one before it back; the record fills it in
	Drainer   uuid.UUID    `json:"-"`                 // the process for which endpoints that wake are reserved; the record fills it in
}

// Refusal is why an action was refused.
type Refusal struct {
	Code    fault.Code  `json:"code"`
	Message string      `json:"message"`
	Rule    *fault.Rule `json:"-"` // what refuses, if it is bound in time or number; the record keeps it with the action
}

// Err is the refusal as an error; nil for none.
func (r *Refusal) Err() error {
	if r == nil {
		return nil
	}
	return &fault.Error{Code: r.Code, Message: r.Message, Rule: r.Rule}
}

// Refused is why a booking cannot give its place away, from the graph's refusal.
func (s *Succession) Refused(err error) *Refusal {
	if s.Action == BookAction {
		return &Refusal{Code: fault.HoldExpired, Message: "The hold has run out, was released, or became a booking already."}
	}
	return &Refusal{Code: fault.ActionNotAvailable, Message: err.Error()}
}

// Outcome is what a commit found or did, and where the record stands after it.
type Outcome struct {
	Result  Result     `json:"result"`
	Code    fault.Code `json:"code,omitempty"` // why it was refused
	State   string     `json:"state"`
	Seq     int        `json:"seq"`
	Entered time.Time  `json:"entered"`
	// Timers are the booking's own timers where this move has changed them.
	Timers graphs.Overrides `json:"timers,omitempty"`
	Relays int              `json:"relays,omitempty"` // actions it put on record for other bookings, which have to be signalled
	Wake   []uuid.UUID      `json:"-"`                // endpoints this commit found asleep
	// Graph is the booking's graph, where the workflow walks another version of it; nil else.
	Graph *GraphInput `json:"graph,omitempty"`
	// Clock is that of the booking's app, if it was ever moved.
	Clock clock.Clock `json:"clock,omitzero"`
	// Effects are the bookings that this commit has left effects of.
	Effects []uuid.UUID `json:"-"`
}

// Result is the kind of an outcome.
type Result string

// The results of a commit.
const (
	ResultApplied Result = "applied" // the move is on record, now or by an earlier try
	ResultRefused Result = "refused" // the refusal is on record
	ResultStale   Result = "stale"   // the record is further than the caller: ask Next again from there
	ResultGone    Result = "gone"    // there is no such booking (any more)
)

// TimerActionID is the id of the action that a timer plays: the same whenever the workflow is replayed or repeated, and
// another one for every stay in a state.
func TimerActionID(bookingID uuid.UUID, seq int, action string) uuid.UUID {
	return uuid.NewSHA1(bookingID, fmt.Appendf(nil, "timer/%d/%s", seq, action))
}

// SweepResult counts what a sweep had to put right.
type SweepResult struct {
	Bookings  int `json:"bookings"`
	Actions   int `json:"actions"`
	Endpoints int `json:"endpoints"`
	Effects   int `json:"effects"`  // bookings whose effects were left alone
	Payments  int `json:"payments"` // payments that nobody looked at
	Clocks    int `json:"clocks"`   // advances set going, and bookings behind their app's clock
	Deleted   int `json:"deleted"`  // rows past their retention
}
