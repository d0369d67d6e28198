package service

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/payment"
	"holdfast/internal/policy"
	"holdfast/internal/postgres"
	"holdfast/internal/requires"
)

// drafts finds out what drafts take: the resources and calendars, and whether their callers may have the time. Its methods are steps that
// add faults to the draft; an error ends the draft.
type drafts struct {
	db          *postgres.DB
	vault       *links.Vault
	offers      *Offers
	submissions *submissions
}

// NewBooking is a booking that is asked for, as it was read. Zero values say nothing, but for ID and Graph.
type NewBooking struct {
	ID      uuid.UUID // of the booking
	Retried bool      // an earlier try may have put it on record: then its outcome is the answer, and nothing is checked again
	Graph   *graphs.Graph
	Project *Project // it is booked through; nil for none

	Resource    uuid.UUID          // whose time it takes; with a requirement, who has the first part
	Preferred   uuid.UUID          // the resource of a booking that is moved, unless another one is named; else the nil UUID
	Requires    *requires.Requires // what it takes together, instead of what its project requires; nil for that
	Calendar    *uuid.UUID         // of the resource; nil for its first
	Reservation *uuid.UUID         // the hold that it takes the place of
	Session     *uuid.UUID         // whose seat it takes
	Start       time.Time
	End         time.Time

	What          string
	Where         string
	Description   string
	Participants  []string
	Customers     []booking.Customer
	Meta          json.RawMessage // an object of the app's own
	Settings      booking.Settings
	Units         int // of the resource; 0 for those of the booking whose place it takes, or UsualUnits
	UsualUnits    int // of bookings through the project; 0 means 1
	Reminders     []Reminder
	Policy        *policy.Policy  // of its own, over those of the project and the app; nil for none
	Price         *payment.Price  // of its own, instead of its project's; nil for none
	PaymentPolicy *payment.Policy // of its own, instead of its project's; nil for none
	NoShowConsent bool            // the customer agrees to the fee that its payment policy has for a no-show
	Override      policy.Lifted   // rules of the policy that it is not held to
	Notify        []string        // who gets the mails that it makes; nil for both sides
	ByCustomer    bool            // a booking is moved for its customer: the policy holds

	Bulk    *uuid.UUID                 // the request that makes it together with others
	Request *booking.SchedulingRequest // that it answers; put on record with it
	Claim   *booking.Claim             // that it spends
	Offer   *Offer                     // what the page offers that it was picked on; nil for callers with a key

	Wait     time.Duration  // for its outcome
	Problems fault.Problems // found as it was read
}

// Draft is a booking being made, with every fault found on the way. It belongs to one goroutine.
type Draft struct {
	*booking.Booking

	caller   booking.Caller
	in       NewBooking
	graph    *graphs.Graph
	inputs   json.RawMessage  // of its first action
	source   *booking.Booking // the session it is a seat of, or the booking or hold whose place it takes; nil for none
	party    *party           // what its resources are chosen from; nil when it takes one that is named
	begun    *bool            // whether its first action is on record; nil until it was looked up
	problems fault.Problems

	keeps   bool   // it is moved, and keeps its resource if that is free
	offered *Offer // of the project, for all whose time could be chosen; nil where nobody is chosen
	hours   *Offer // by which rules they work
}

// Err returns all faults of the draft as one error; nil for none.
func (d *Draft) Err() error { return d.problems.Err() }

// describe completes when, what and for whom.
func describe(_ context.Context, d *Draft) error {
	d.Start, d.End = d.in.Start, d.in.End
	switch unset := d.Start.IsZero() && d.End.IsZero() && d.problems["start"] == nil && d.problems["end"] == nil; {
	case d.source != nil && (unset || d.in.Session != nil):
		d.Start, d.End = d.source.Start, d.source.End
	default:
		d.requireTimes()
	}
	switch {
	case strings.TrimSpace(d.What) != "":
	case d.source != nil:
		d.What = d.source.What
	case d.in.Project != nil:
		d.What = d.in.Project.Name
	}
	d.check()
	return d.seats()
}

func (d *Draft) requireTimes() {
	if d.Start.IsZero() && d.problems["start"] == nil {
		d.problems.Add("start", "is required")
	}
	if d.End.IsZero() && d.problems["end"] == nil {
		d.problems.Add("end", "is required")
	}
}

// maxDescription is how long a booking's description may be, in characters; maxText its title and its place.
const (
	maxText        = 500
	maxDescription = 20_000
)

func (d *Draft) check() {
	if !d.Start.IsZero() && !d.End.IsZero() && !d.Start.Before(d.End) {
		d.problems.Add("end", "must be after start")
	}
	checkLength(d.What, "what", maxText, d.problems)
	checkLength(d.Where, "where", maxText, d.problems)
	checkLength(d.Description, "description", maxDescription, d.problems)
}

// hasBegun reports whether an earlier try has put the draft's first action on record: then its outcome is the answer, and what is asked
// for must not be checked again. A try that died before that has left nothing.
func (s *drafts) hasBegun(ctx context.Context, d *Draft) (bool, error) {
	if d.begun == nil {
		begun, err := s.submissions.submitted(ctx, FirstAction(d.ID), d.in.Retried)
		if err != nil {
			return false, err
		}
		d.begun = &begun
	}
	return *d.begun, nil
}

// FirstAction is the id of the action that brings a booking to life.
func FirstAction(booking uuid.UUID) uuid.UUID { return uuid.NewSHA1(booking, []byte("first action")) }
