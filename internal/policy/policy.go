// Package policy holds the rules of a business about bookings: notice and window, deadlines for cancelling and rescheduling,
// limits and buffers. A policy is data. The functions are pure: the clock and the counts are arguments.
//
// A policy is set on an app, a service, a project or a booking. The nearer one wins, field by field (Merge). The result is copied
// onto the booking when it is made (Snapshot), and rules it from then on. One function per rule judges both what is offered and
// what is asked for: Closed lists the starts that the rules of a booking exclude, and Judge looks one start up in the same list.
package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Policy is a set of rules. A rule that is nil says nothing: the policy that is further away decides.
type Policy struct {
	Book       *Book       `json:"book,omitempty"`
	Cancel     *Cancel     `json:"cancel,omitempty"`
	Reschedule *Reschedule `json:"reschedule,omitempty"`
	Buffer     *Buffer     `json:"buffer,omitempty"`
	Limits     *[]Limit    `json:"limits,omitempty"` // an empty list has no limits, and hides those that are further away
}

// Book says when a time can be booked. It holds for every booking, and for the arrival of one that is rescheduled.
type Book struct {
	Notice  *Lead `json:"notice,omitempty"`  // at the latest so long before the start: too_late
	Horizon *Lead `json:"horizon,omitempty"` // at the earliest so long before the start: too_early. Days last until their midnight
	From    *Date `json:"from,omitempty"`    // the first day that can be booked: outside_window
	To      *Date `json:"to,omitempty"`      // the last one, inclusive
}

// Cancel says until when a booking can be cancelled, by whom.
type Cancel struct {
	Customer *Deadline `json:"customer,omitempty"`
	Owner    *Deadline `json:"owner,omitempty"`
}

// Deadline ends what can be done to a booking so long before its start. At the deadline itself it can still be done.
type Deadline struct {
	Until  *Lead  `json:"until,omitempty"`
	Anchor Anchor `json:"anchor,omitempty"` // "" = current
}

// Reschedule says how a customer can move a booking. Owners can always.
type Reschedule struct {
	Customer *Moves `json:"customer,omitempty"`
}

// Moves bounds rescheduling.
type Moves struct {
	Deadline

	Max *times `json:"max,omitempty"` // how often; limit_reached
}

// Anchor is the start that a deadline counts back from.
type Anchor string

// The anchors. With first_start a deadline does not move with the booking.
const (
	AnchorCurrent    Anchor = "current"
	AnchorFirstStart Anchor = "first_start"
)

// Buffer is time around a booking that nothing else may take.
type Buffer struct {
	Before *Length    `json:"before,omitempty"`
	After  *Length    `json:"after,omitempty"`
	Rule   BufferRule `json:"rule,omitempty"` // "" = max
}

// BufferRule says how far two bookings with buffers are apart.
type BufferRule string

// The buffer rules.
const (
	BufferMax BufferRule = "max" // by the longer of the two buffers between them
	BufferSum BufferRule = "sum" // by both buffers, one after the other
)

// MaxBuffer is the longest buffer on one side.
const MaxBuffer = 24 * time.Hour

// Merge lays the nearer policy over the further one, field by field. Neither is changed. Limits are one field.
func Merge(further, nearer Policy) Policy {
	return Policy{
		Book:       mergeBook(further.Book, nearer.Book),
		Cancel:     mergeCancel(further.Cancel, nearer.Cancel),
		Reschedule: mergeReschedule(further.Reschedule, nearer.Reschedule),
		Buffer:     mergeBuffer(further.Buffer, nearer.Buffer),
		Limits:     or(nearer.Limits, further.Limits),
	}
}

// or is the first of two values, or the second where the first is nil.
func or[T any](first, second *T) *T {
	if first != nil {
		return first
	}
	return second
}

// both merges two values; where one of them is nil it is the other one.
func both[T any](further, nearer *T, merge func(further, nearer T) T) *T {
	if further == nil || nearer == nil {
		return or(nearer, further)
	}
	merged := merge(*further, *nearer)
	return &merged
}

func mergeBook(further, nearer *Book) *Book {
	return both(further, nearer, func(f, n Book) Book {
		return Book{or(n.Notice, f.Notice), or(n.Horizon, f.Horizon), or(n.From, f.From), or(n.To, f.To)}
	})
}

func mergeCancel(further, nearer *Cancel) *Cancel {
	return both(further, nearer, func(f, n Cancel) Cancel {
		return Cancel{both(f.Customer, n.Customer, mergeDeadline), both(f.Owner, n.Owner, mergeDeadline)}
	})
}

func mergeDeadline(f, n Deadline) Deadline {
	merged := Deadline{or(n.Until, f.Until), f.Anchor}
	if n.Anchor != "" {
		merged.Anchor = n.Anchor
	}
	return merged
}

func mergeReschedule(further, nearer *Reschedule) *Reschedule {
	return both(further, nearer, func(f, n Reschedule) Reschedule {
		return Reschedule{both(f.Customer, n.Customer, func(f, n Moves) Moves {
			return Moves{mergeDeadline(f.Deadline, n.Deadline), or(n.Max, f.Max)}
		})}
	})
}

func mergeBuffer(further, nearer *Buffer) *Buffer {
	return both(further, nearer, func(f, n Buffer) Buffer {
		merged := Buffer{or(n.Before, f.Before), or(n.After, f.After), f.Rule}
		if n.Rule != "" {
			merged.Rule = n.Rule
		}
		return merged
	})
}

// IsZero reports whether the policy has no rule.
func (p Policy) IsZero() bool { return p == (Policy{}) }

// Version is the version of the format that policies are written in. A snapshot keeps it.
const Version = 1

// Snapshot is the policy that a booking was made with.
type Snapshot struct {
	Version  int     `json:"version"` // of the format: see Version
	Hash     string  `json:"hash"`    // of the resolved policy: see Policy.Hash
	Resolved Policy  `json:"resolved"`
	Own      *Policy `json:"own,omitempty"` // what was set on the booking itself, which goes along when it is moved
}

// NewSnapshot returns the snapshot of a resolved policy; nil for one without rules. own is what was set on the booking itself, if
// anything.
func NewSnapshot(resolved Policy, own *Policy) *Snapshot {
	if resolved.IsZero() {
		return nil
	}
	return &Snapshot{Version, resolved.Hash(), resolved, own}
}

// Policy returns the resolved policy; one without rules for a nil snapshot.
func (s *Snapshot) Policy() Policy {
	if s == nil {
		return Policy{}
	}
	return s.Resolved
}

// Hash returns the SHA-256 of the policy's canonical JSON, as 64 hexadecimal digits. Policies with the same rules have the same
// hash, in whatever order and form they were written.
func (p Policy) Hash() string {
	text, _ := json.Marshal(p) //nolint:errchkjson // of texts and numbers
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
