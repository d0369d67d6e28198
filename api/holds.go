package api

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/booking"
)

const (
	holdGraph    = "reservation"
	holdTimer    = "expire"
	extendAction = "extend"
)

// holdTime reads how long a hold is to last: a number of seconds, also as a text.
func holdTime(raw json.RawMessage, problems booking.Problems) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	var seconds json.Number
	if json.Unmarshal(raw, &seconds) != nil {
		problems.Add("reservation_time", "must be a number of seconds")
		return ""
	}
	n, err := seconds.Int64()
	after := graphs.Duration(time.Duration(min(max(n, 0), 1_000_000)) * time.Second).String()
	graph, _ := graphs.Latest(holdGraph)
	problem := graph.CheckOverrides(graphs.Overrides{holdTimer: after})[holdTimer]
	if err != nil || problem != "" {
		problems.Add("reservation_time", "must be a number of seconds from 1 to 3600")
	}
	return after
}

// reserve keeps a slot for somebody for a short while: 201 with reservation_id and expires_at.
func (s *Server) reserve(k *call) error {
	var in struct {
		bookingInput
		Time json.RawMessage `json:"reservation_time"`
	}
	if err := k.DecodeBy(bookingRules(), &in); err != nil {
		return err
	}
	d, err := s.draft(k, k.Operation, in.bookingInput, holdGraph)
	if err != nil {
		return err
	}
	if after := holdTime(in.Time, d.problems); after != "" {
		d.Settings.Timers = graphs.Overrides{holdTimer: after}
	}
	out, err := s.bookHold(k, d)
	if err != nil {
		return err
	}
	return s.answerHold(k, http.StatusCreated, out)
}

// What visitors may keep from others without booking it.
const (
	maxHolds    = 10        // at once, with one key from one address
	maxHoldLife = time.Hour // of one hold, however often it is extended
)

// bookHold makes a hold of a draft. Visitors may have so many at once.
func (s *Server) bookHold(k *call, d *draft) (outcome, error) {
	if !k.IsVisitor() {
		return s.book(k, d)
	}
	if err := d.problems.Err(); err != nil {
		return outcome{}, err
	}
	owner := sha256.Sum256([]byte(k.KeyID.String() + " " + k.Address()))
	if err := s.DB.ReserveHold(k, owner[:], d.ID, maxHolds); err != nil {
		return outcome{}, err
	}
	out, err := s.book(k, d)
	if err != nil {
		if err := s.DB.ReleaseHold(k, d.ID); err != nil {
			s.Log.Warn("a hold that was not made counts for a minute", "request_id", edge.RequestID(k.Context), "error", err)
		}
	}
	return out, err
}

// extendable refuses a visitor an extension that would let a hold live for too long. after is how long it is to last from now on,
// "" as long as the last time.
func (k *call) extendable(hold *booking.Booking, after string) error {
	if !k.IsVisitor() {
		return nil
	}
	graph, err := hold.RuleBook()
	if err != nil {
		return err
	}
	timers, now := hold.Settings.Timers, time.Now()
	if after != "" {
		timers = graphs.Overrides{holdTimer: after}
	}
	times := hold.Times()
	last := times.Entered
	times.Entered = now
	for _, d := range graph.Deadlines(hold.State, times, timers) {
		last = later(last, d.At)
	}
	if last.After(hold.CreatedAt.Add(maxHoldLife)) {
		return booking.Problems{"reservation_time": {"would keep the hold for more than an hour in all"}}.Err()
	}
	return nil
}

// extendHold starts a hold's time again.
func (s *Server) extendHold(k *call) error {
	var in struct {
		ReservationID string          `json:"reservation_id"`
		Time          json.RawMessage `json:"reservation_time"`
	}
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := booking.Problems{}
	id := edge.ParseID(in.ReservationID, "reservation_id", problems)
	after := holdTime(in.Time, problems)
	if err := problems.Err(); err != nil {
		return err
	}
	hold, err := s.hold(k, id)
	if err != nil {
		return err
	}
	if err := k.extendable(hold, after); err != nil {
		return err
	}
	a := k.newAction(k.Operation, hold, extendAction)
	if a.Inputs, err = json.Marshal(map[string]map[string]string{extendAction: {"reservation_time": after}}); err != nil {
		return err
	}
	out, err := s.play(k, k.App, hold, a, "", k.PreferredWait(s.Wait))
	if booking.CodeOf(err) == booking.ActionNotAvailable {
		return errHoldOver
	}
	if err != nil {
		return err
	}
	k.hidePeople(out)
	return s.answerHold(k, http.StatusOK, out)
}

var errHoldOver = booking.Errorf(booking.HoldExpired, "The hold has run out, was released, or became a booking already.")

// hold finds a hold that still stands.
func (s *Server) hold(k *call, id uuid.UUID) (*booking.Booking, error) {
	b, err := s.DB.Booking(k, k.App.ID, id)
	if err == nil && b.Graph != holdGraph {
		err = booking.Errorf(booking.NotFound, "The hold does not exist.")
	}
	if err == nil {
		err = s.ownsHold(k, b)
	}
	if err == nil && b.Completed {
		err = errHoldOver
	}
	return b, err
}

// ownsHold refuses a resource a hold of another one's time, unless it was made through a project that the caller belongs to.
func (s *Server) ownsHold(k *call, hold *booking.Booking) error {
	refused := k.RequireOwner(hold.Resource.ID, "The hold")
	if refused == nil || hold.Related.Project == nil {
		return refused
	}
	p, err := s.DB.Project(k, k.App.ID, *hold.Related.Project)
	if err != nil && booking.CodeOf(err) != booking.NotFound {
		return err
	}
	if k.SharesProject(p) {
		return nil
	}
	return refused
}

// answerHold tells of a hold, and when it runs out.
func (s *Server) answerHold(k *call, status int, out outcome) error {
	return s.answerWith(k, status, out, func(view map[string]any) {
		view["reservation_id"] = out.booking.ID
		graph, err := out.booking.RuleBook()
		if err != nil {
			return
		}
		for _, d := range graph.Deadlines(out.booking.State, out.booking.Times(), out.booking.Settings.Timers) {
			view["expires_at"] = k.Clock.Show(d.At, out.booking.Resource.Zone())
		}
	})
}
