// Package effect holds what is done outside after transitions, as the record has it, and the inputs and results of the workflow and the
// activity that do it. It does nothing by itself.
package effect

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/clock"
)

// Effect is something that is done outside after a transition.
type Effect struct {
	ID        uuid.UUID
	AppID     uuid.UUID
	BookingID uuid.UUID
	Seq       int           // of the transition
	Number    int           // among the effects of the transition, 1 for the first
	Does      graphs.Effect // what is done
	Status    Status
	Attempts  int        // made so far
	Tries     int        // the same, counted since it was last taken up again by hand
	Round     int        // how often it was taken up again by hand after it had failed
	NextAt    *time.Time // when it is due, while it is pending
	GiveUpAt  *time.Time // nil before the first attempt
	Answer    *bool      // yes or no, once it is done
	ErrorCode string     // of the last attempt
	ErrorText string     // the same for people
	Plays     *Played    // nil for nothing
	CreatedAt time.Time
	EndedAt   *time.Time
	Clock     clock.Clock // of the app; the times of the effect are the app's
}

// Played is the action that an effect has played in the end. One that the booking does not take any more is refused.
type Played struct {
	ID     uuid.UUID
	Name   string
	Status string // see booking.Status
}

// Status says how far an effect is.
type Status string

// The statuses of an effect.
const (
	Pending Status = "pending"
	Done    Status = "done"
	Failed  Status = "failed" // given up, by time or by hand
)

// ID is the id of an effect: the same whenever the commit is repeated.
func ID(bookingID uuid.UUID, seq, number int) uuid.UUID {
	return uuid.NewSHA1(bookingID, fmt.Appendf(nil, "effect/%d/%d", seq, number))
}

// ActionID is the id of the action that the end of an effect plays: the same whenever the end is repeated, and another one after the effect
// was taken up again by hand.
func (e *Effect) ActionID() uuid.UUID {
	return uuid.NewSHA1(e.ID, fmt.Appendf(nil, "end/%d", e.Round))
}

// PaymentID is the id of the payment that an effect opens: the same on every attempt, and another one after the effect was taken up again
// by hand.
func (e *Effect) PaymentID() uuid.UUID {
	return uuid.NewSHA1(e.ID, fmt.Appendf(nil, "payment/%d", e.Round))
}

// Action returns the action that an effect plays when it has ended that way, "" for none.
func (e *Effect) Action(status Status, answer bool) string {
	switch {
	case status == Failed:
		return e.Does.OnFailure
	case answer:
		return e.Does.Then
	}
	return e.Does.Else
}

// Failure is what the event of an effect that has failed says of it.
type Failure struct {
	ID       uuid.UUID `json:"id"`
	Kind     string    `json:"kind"`
	Sequence int       `json:"sequence"` // of the transition that it belongs to
	Number   int       `json:"number"`   // among the effects of the transition
	Attempts int       `json:"attempts"`
	Error    Error     `json:"error"`
	Action   string    `json:"action,omitempty"` // what it plays now
}

// Error is why an attempt has failed, without personal data.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Input is the input of the workflow that carries out the effects of a booking, and of its activity.
type Input struct {
	BookingID uuid.UUID `json:"booking_id"`
}

// Result is what the activity did, and when it is to come again.
type Result struct {
	Next time.Time `json:"next"`           // when the next attempt is due; zero when nothing is pending
	Last *Attempt  `json:"last,omitempty"` // nil when nothing was due
}

// Attempt is one attempt of an effect, as Temporal may have it: without names, addresses and answers.
type Attempt struct {
	EffectID uuid.UUID `json:"effect_id"`
	Seq      int       `json:"seq"`
	Number   int       `json:"number"`
	Kind     string    `json:"kind"`
	Attempt  int       `json:"attempt"`
	Status   Status    `json:"status"` // after it
	Code     string    `json:"code,omitempty"`
}
