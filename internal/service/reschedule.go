package service

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/assign"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

// Move asks for another time of a booking, perhaps of another resource.
type Move struct {
	ID       uuid.UUID // of the booking that takes the old one's place
	Retried  bool      // an earlier try may have put it on record
	Stale    bool      // the caller has seen another version of the old booking
	Resource uuid.UUID // the nil UUID for the old one's
	Calendar *uuid.UUID
	Start    time.Time
	End      time.Time
	Units    int           // of the resource; 0 for as many as the old one takes
	Message  *string       // of the customer; nil for none
	Override policy.Lifted // rules of the policy that it is not held to
	Notify   []string      // who gets the mails that it makes; nil for both sides
	ByOwner  bool          // the policy does not bind who moves it
	Offer    *Offer        // of the page that it was picked on; nil for callers with a key
	Wait     time.Duration // for its outcome
	Problems fault.Problems
}

// MaxInput is how many characters one input of an action may have.
const MaxInput = 10_000

// Reschedule makes a new booking of an old one at another time. In one transaction the old time is given up, the new one taken, and
// the old booking ends; or none of it. Stale for a caller who has seen another version, ActionNotAvailable where the graph lets nobody move
// it, TooLate or LimitReached where its policy does not, SlotTaken when somebody else has the new time.
func (s *Booker) Reschedule(ctx context.Context, c booking.Caller, old *booking.Booking, m Move) (Outcome, error) {
	if m.Problems == nil {
		m.Problems = fault.Problems{}
	}
	d := &Draft{Booking: successor(m.ID, old), caller: c, source: old, problems: m.Problems}
	d.in = NewBooking{ID: m.ID, Retried: m.Retried, Resource: m.Resource, Calendar: m.Calendar, Offer: m.Offer, Wait: m.Wait, Units: m.Units}
	d.in.Override, d.in.Notify, d.in.ByCustomer = m.Override, m.Notify, !m.ByOwner
	if d.in.ByCustomer {
		d.Moves++
	}
	if m.Resource == uuid.Nil && m.Problems["resource_id"] == nil {
		d.in.Resource, d.in.Preferred, d.keeps = old.Resource.ID, old.Resource.ID, m.Calendar == nil
	}
	d.Start, d.End = m.Start, m.End
	if err := s.mayReschedule(ctx, d, m.Stale); err != nil {
		return Outcome{}, err
	}
	if err := s.prepareMove(ctx, d, m.Message); err != nil {
		return Outcome{}, err
	}
	return s.BookDraft(ctx, d, nil)
}

// mayReschedule asks the old booking's graph. A repeat of a try that got no answer may find the old booking over.
func (s *Booker) mayReschedule(ctx context.Context, d *Draft, stale bool) error {
	if begun, err := s.drafts.hasBegun(ctx, d); begun || err != nil {
		return err
	}
	if stale {
		return fault.Errorf(fault.Stale, "The booking has changed since that version.")
	}
	if _, err := Allow(d.source, booking.RescheduleAction, graphs.ActorAPI); err != nil {
		return err
	}
	if d.caller.IsVisitor() {
		if err := CheckNotBegun(d.source); err != nil {
			return err
		}
	}
	return d.judgeLeaving()
}

// prepareMove completes the draft that takes the old booking's place.
func (s *Booker) prepareMove(ctx context.Context, d *Draft, message *string) (err error) {
	d.requireTimes()
	d.check()
	if err := s.askProject(ctx, d); err != nil {
		return err
	}
	if err := s.placeMoved(ctx, d); err != nil {
		return err
	}
	if err := setUnits(ctx, d); err != nil {
		return err
	}
	if d.graph, err = d.LoadGraph(); err != nil {
		return err
	}
	for _, step := range []func(context.Context, *Draft) error{setPolicy, s.drafts.setTerms, s.drafts.choose, s.drafts.judge} {
		if err := step(ctx, d); err != nil {
			return err
		}
	}
	d.inputs = messageInput(message, d.problems)
	raw, err := s.db.ReminderSettings(ctx, d.source.ID)
	if err != nil {
		return err
	}
	d.in.Reminders = s.reader.Reminders(raw, "event_notifications", d.problems)
	return s.drafts.remind(ctx, d)
}

// placeMoved finds the resource and the calendar that a booking is moved to. Where its project chooses and none is named, it keeps its own
// if that can have it, or else one is chosen anew.
func (s *Booker) placeMoved(ctx context.Context, d *Draft) error {
	if d.required() != nil { // see choose
		return nil
	}
	if !d.assigns() || !d.keeps {
		err := s.drafts.findPlace(ctx, d)
		d.count(assign.Named)
		return err
	}
	resource, calendar, err := s.drafts.resource(ctx, d)
	if unlessNotFound(err) != nil {
		return err
	}
	if err := s.drafts.openPool(ctx, d); err != nil || calendar == nil {
		return err
	}
	delete(d.problems, "resource_id") // who keeps it need not be a member
	d.Resource, d.Calendar = *resource, *calendar
	d.Pool.Kept = &catalogue.Member{Resource: *resource, Calendar: *calendar}
	return nil
}

// askProject loads the project that the old booking was made through, if there still is one. What it offers binds visitors; its
// policy holds for all bookings.
func (s *Booker) askProject(ctx context.Context, d *Draft) (err error) {
	if d.Related.Project == nil {
		return nil
	}
	d.in.Project, err = s.offers.Project(ctx, d.AppID, *d.Related.Project)
	return unlessNotFound(err)
}

// successor is the booking once more, at the beginning of its graph. It keeps the version: what the newest one lets people do may be
// more, or less, than what they agreed to.
func successor(id uuid.UUID, old *booking.Booking) *booking.Booking {
	b := *old
	b.ID, b.EventID = id, newID()
	if graph, err := b.LoadGraph(); err == nil {
		b.State = graph.Initial
	}
	b.Seq, b.Revision, b.Completed, b.Reminders = 0, 0, false, nil
	if b.FirstStart.IsZero() {
		b.FirstStart = old.Start
	}
	b.Related = booking.Related{Project: old.Related.Project, RescheduledFrom: &old.ID}
	b.Customers = append([]booking.Customer{}, old.Customers...)
	for i := range b.Customers {
		b.Customers[i].ID = newID()
	}
	return &b
}

// messageInput keeps what the customer said, with the new booking's first action.
func messageInput(message *string, problems fault.Problems) json.RawMessage {
	if message == nil {
		return nil
	}
	checkLength(*message, "message", MaxInput, problems)
	text, _ := json.Marshal(map[string]map[string]string{
		booking.RescheduleAction: {"message": *message},
	})
	return text
}
