package booking

import (
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

// Related are the ties of a booking to others, and to the project it was made through.
type Related struct {
	Project         *uuid.UUID `json:"project_id,omitempty"`
	OwnerBooking    *uuid.UUID `json:"owner_booking_id,omitempty"`    // the session it is a seat of
	Reservation     *uuid.UUID `json:"reservation_id,omitempty"`      // the hold that became it
	RescheduledFrom *uuid.UUID `json:"rescheduled_from_id,omitempty"` // the booking it replaced
	RescheduledTo   *uuid.UUID `json:"rescheduled_to_id,omitempty"`   // the booking that replaced it
	Bulk            *uuid.UUID `json:"bulk_id,omitempty"`             // shared by bookings whose actions are played together
	Payer           *uuid.UUID `json:"payer_id,omitempty"`            // the seat whose payment pays for it; nil for one that pays itself
}

// Succession is how a booking takes the place of another: the action that one ends by, and who plays it.
type Succession struct {
	Of     uuid.UUID
	Action string
	Actor  graphs.Actor
}

// Succeeds returns whose place the booking takes, in the transaction that brings it to life; nil when nobody's.
func (r Related) Succeeds() *Succession {
	switch {
	case r.RescheduledFrom != nil:
		return &Succession{*r.RescheduledFrom, RescheduleAction, graphs.ActorAPI}
	case r.Reservation != nil:
		return &Succession{*r.Reservation, BookAction, graphs.ActorBooking}
	}
	return nil
}

// Promised is why a booking cannot give its place away while another one is about to take it.
func (s *Succession) Promised() *Refusal {
	if s.Action == BookAction {
		return &Refusal{Code: fault.HoldExpired, Message: "The hold is becoming a booking already."}
	}
	return &Refusal{Code: fault.ActionNotAvailable, Message: "The booking is being moved already."}
}

// The actions that one booking plays on another.
const (
	RescheduleAction    = "reschedule_by_customer" // on the booking that is replaced
	BookAction          = "book"                   // on the hold that becomes a booking
	CancelByOwnerAction = "cancel_by_owner"        // on the seats of a session that is cancelled
)

// The states of a booking whose time has come, in every graph that has them. Any other final state ends a booking before that.
const (
	Completed = "completed" // it took place
	attended  = "attended"  // it took place, and its customer came
	noShow    = "no_show"   // its customer did not come
)

// CancelByCustomerAction is bound by a session's CancelUntil.
const CancelByCustomerAction = "cancel_by_customer"

// Session is a group booking's seats. A zero time sets no bound.
type Session struct {
	MaxSeats    int       `json:"max_seats"`
	Taken       int       `json:"current_seats"`
	Open        bool      `json:"open"`         // the owner's booking stands
	BookFrom    time.Time `json:"book_from"`    // seats may be booked from then
	BookUntil   time.Time `json:"book_until"`   // until then
	CancelUntil time.Time `json:"cancel_until"` // and given back by their customers until then
}

// RefusesClaimed says why a session does not let a booking have the seat that it has claimed in time.
func (s *Session) RefusesClaimed() *Refusal {
	if s.Open {
		return nil
	}
	return &Refusal{Code: fault.SessionClosed, Message: "The session is closed."}
}

// Refuses says why a session does not let one of its seats make a move: nil when it does. first means that the move
// brings the seat's booking to life. What the seat's policy rules is not judged here: see BoundBySession.
func (s *Session) Refuses(seat *Booking, move graphs.Move, first bool, now time.Time) *Refusal {
	books, cancels := seat.BoundBySession()
	if (first || move.Takes) && !s.Open {
		return &Refusal{Code: fault.SessionClosed, Message: "The session is closed."}
	}
	if first && books {
		if why := s.refusesTime(now); why != nil {
			return why
		}
	}
	switch {
	case move.Takes && s.Taken >= s.MaxSeats:
		return &Refusal{Code: fault.SoldOut, Message: "The session has no seat left."}
	case move.Action == CancelByCustomerAction && cancels && isOver(s.CancelUntil, now):
		return sessionRefusal(fault.TooLate, policy.CancelDeadline, "Seats of this session could be cancelled until ", s.CancelUntil, ".")
	}
	return nil
}

// refusesTime says why seats cannot be booked at a time; nil when they can.
func (s *Session) refusesTime(now time.Time) *Refusal {
	switch {
	case now.Before(s.BookFrom):
		return sessionRefusal(fault.TooEarly, policy.Horizon, "Seats of this session can be booked from ", s.BookFrom, " on.")
	case isOver(s.BookUntil, now):
		return sessionRefusal(fault.TooLate, policy.Notice, "Seats of this session could be booked until ", s.BookUntil, ".")
	}
	return nil
}

// isOver reports whether a bound has passed; a zero time is no bound.
func isOver(bound, now time.Time) bool { return !bound.IsZero() && now.After(bound) }

// sessionRefusal refuses what a session does not allow at the time, with its bound as a moment.
func sessionRefusal(code fault.Code, name policy.Rule, text string, bound time.Time, end string) *Refusal {
	limit := boundText(bound)
	return &Refusal{Code: code, Rule: &fault.Rule{Name: string(name), Limit: limit, Ends: bound}, Message: text + limit + end}
}
