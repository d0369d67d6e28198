// Package clock says what time it is for an app. Rules about bookings are judged by the app's time; leases, sessions, tokens, limits of
// requests and retention go by real time.
package clock

import (
	"time"

	"github.com/google/uuid"
)

// MaxAhead is how far the clock of a test app can be ahead of real time.
const MaxAhead = 400 * 24 * time.Hour

// Clock is an app's own time: real time plus an offset. While the clock is advanced it stands at the moment that is being carried out, so
// that each transition has the time at which it was due. The zero Clock is real time, which all live apps have.
type Clock struct {
	Revision int           `json:"revision"`         // grows with every step; 0 = the clock was never moved
	Offset   time.Duration `json:"offset,omitempty"` // not negative
	At       time.Time     `json:"at,omitzero"`      // where the clock stands; zero while it runs
}

// IsZero reports whether the clock was never moved.
func (c Clock) IsZero() bool { return c.Revision == 0 }

// Stands reports whether the clock is being advanced.
func (c Clock) Stands() bool { return !c.At.IsZero() }

// Now returns the app's time. It is the one place where programs read it; statements read it by holdfast_now, and workflows from what
// they have adopted.
func (c Clock) Now() time.Time { return c.Read(time.Now()) }

// Read returns the app's time at a moment of real time.
func (c Clock) Read(moment time.Time) time.Time {
	if c.Stands() {
		return c.At
	}
	return moment.Add(c.Offset)
}

// Until returns how long it takes, from a moment of real time on, until the clock shows t. Of a clock that stands it is the time that it
// would take once the clock runs again.
func (c Clock) Until(t, moment time.Time) time.Duration { return t.Sub(c.Read(moment)) }

// State is what the clock of a test app shows, and its last advance.
type State struct {
	Clock

	Shows     time.Time
	Advancing bool     // an advance is under way
	Advance   *Advance // the last one; nil for none
}

// Advance is one advance of a clock, in the app's time.
type Advance struct {
	ID        uuid.UUID
	From, To  time.Time
	WrittenBy string // the transaction that has begun it
}

// Unsettled is what keeps a clock from its next step.
type Unsettled struct {
	Bookings []uuid.UUID // something of theirs is due, and their workflow has not reported that it is done
	Effects  []uuid.UUID // bookings with an effect that is due
	Busy     bool        // an attempt of an effect is under way, or an action is not decided
}

// Empty reports whether the clock may go on.
func (u Unsettled) Empty() bool { return len(u.Bookings)+len(u.Effects) == 0 && !u.Busy }

// Timed are bookings whose workflows have timers, which are set anew when a clock has been moved.
type Timed struct {
	Timers  []uuid.UUID // of the booking itself
	Effects []uuid.UUID // of the workflow of its effects
	Last    uuid.UUID   // of all of them
	More    bool
}

// Due is something that fell due during an advance: a transition, or else an event such as a reminder's or a notice's.
type Due struct {
	BookingID *uuid.UUID
	Seq       int
	Type      string
	At        time.Time
	Action    string // "" for what is no transition
	From, To  string
	By        string // the channel of the action
}

// Input names the app whose clock is advanced, and says where the last attempt stopped.
type Input struct {
	AppID   uuid.UUID `json:"app_id"`
	Arrival Arrival   `json:"arrival,omitzero"`
}

// Arrival says which of the bookings with timers have been signalled that a clock which has reached its target runs again.
type Arrival struct {
	Advance   uuid.UUID `json:"advance"`
	Signalled uuid.UUID `json:"signalled"` // the last of them, by id; zero for none
}

// Result is how far a clock has come.
type Result struct {
	At      time.Time `json:"at"`    // what it shows
	Steps   int       `json:"steps"` // it has made
	More    bool      `json:"more"`  // it has not reached its target
	Arrival Arrival   `json:"arrival,omitzero"`
}

// Settled says which step of its app's clock a booking has settled.
type Settled struct {
	BookingID uuid.UUID `json:"booking_id"`
	Revision  int       `json:"revision"`
}
