// Package fault holds the errors that callers meet: a stable code, a public message and a private cause.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Code names one cause of failure. Codes are stable: clients branch on them.
type Code string

// The codes a caller can meet. Each is mapped to an HTTP status in api. Activities return them as they are, and Temporal tries
// those again like any other failure: what a workflow must not try again is an outcome, not an error.
const (
	Invalid            Code = "invalid"              // the request breaks a rule; Fields says where
	Malformed          Code = "malformed"            // the request is not what it claims to be (bad JSON, bad UUID)
	Unauthorized       Code = "unauthorized"         // no credential, or one that is not known
	Forbidden          Code = "forbidden"            // a good credential that may not do this
	RequestTimeout     Code = "request_timeout"      // the body did not come in time
	NotFound           Code = "not_found"            // unknown, or another app's
	MethodNotAllowed   Code = "method_not_allowed"   // the path exists, the method does not
	SlotTaken          Code = "slot_taken"           // another booking or claim has that time
	SoldOut            Code = "sold_out"             // the session has no seat left
	SessionClosed      Code = "session_closed"       // the session was cancelled or is over
	TooEarly           Code = "too_early"            // what is asked for is not possible yet: bookings of a session, an action
	TooLate            Code = "too_late"             // what is asked for is not possible any more
	OutsideWindow      Code = "outside_window"       // not a day that the policy lets be booked
	LimitReached       Code = "limit_reached"        // the policy allows no more of it
	UnknownZone        Code = "unknown_zone"         // the database of zones does not have that of the resource
	HoldExpired        Code = "hold_expired"         // the hold ran out, was released or became a booking already
	ActionNotAvailable Code = "action_not_available" // not in this state, or not for this actor
	NotFinal           Code = "not_final"            // only bookings that are over can be deleted
	Stale              Code = "stale"                // If-Match names another version
	InUse              Code = "in_use"               // still referred to by something that is alive
	AlreadyExists      Code = "already_exists"       // a unique name is taken
	KeyReused          Code = "idempotency_key_reused"
	KeyInFlight        Code = "idempotency_key_in_flight"
	LinkInvalid        Code = "link_invalid" // not signed by this app, or signed for something else
	LinkUsed           Code = "link_used"    // this signature has acted already
	LinkExpired        Code = "link_expired" // past its exp
	TooLarge           Code = "too_large"
	TooManyRequests    Code = "too_many_requests"
	PaymentState       Code = "payment_state"   // the payment or refund is not in a state that allows it
	NotSupported       Code = "not_supported"   // of Timekit's contract, and deliberately not here
	Unavailable        Code = "unavailable"     // a part behind us is away; try again
	ClockAdvancing     Code = "clock_advancing" // of a test app; until it has arrived
	Overloaded         Code = "overloaded"      // more new bookings than can be carried out; try again
	Internal           Code = "internal"        // our fault; details are in the log only
)

// IsConflict reports whether a code says that what a move takes cannot be had: the time or the seats are another's, a limit has no room, or
// the session of the seat is closed.
func (c Code) IsConflict() bool {
	return c == SlotTaken || c == SoldOut || c == SessionClosed || c == LimitReached
}

// The codes of public links and of the claim tokens that bring visitors to them.
const (
	ClaimMissing          Code = "claim_token_missing" // where the link asks for one
	ClaimMalformed        Code = "claim_token_malformed"
	ClaimAlgorithm        Code = "claim_token_algorithm" // not HS256
	ClaimUnknownIssuer    Code = "claim_token_unknown_issuer"
	ClaimInvalidSignature Code = "claim_token_invalid_signature"
	ClaimWrongAudience    Code = "claim_token_wrong_audience"
	ClaimIssuedInFuture   Code = "claim_token_issued_in_future" // or it does not say when
	TokenExpired          Code = "token_expired"                // or it does not say when
	ClaimLifetimeTooLong  Code = "claim_token_lifetime_too_long"
	ClaimMissingID        Code = "claim_token_missing_jti"
	ClaimReplayed         Code = "claim_token_replayed"                // its jti has made a booking
	ClaimNotForLink       Code = "claim_token_not_authorized_for_link" // good, but another app's
	PublicLinkNotFound    Code = "public_link_not_found"
	PublicLinkDisabled    Code = "public_link_disabled"
	NoLongerOffered       Code = "no_longer_offered" // a page whose project or hosts are gone
	InvalidParameter      Code = "invalid_parameter"
)

// Codes are all of them, for tables that must be complete.
var Codes = []Code{
	Invalid, Malformed, Unauthorized, Forbidden, RequestTimeout, NotFound, MethodNotAllowed, SlotTaken, SoldOut, SessionClosed,
	TooEarly, TooLate, OutsideWindow, LimitReached, UnknownZone, HoldExpired, ActionNotAvailable,
	NotFinal, Stale, InUse, AlreadyExists, KeyReused, KeyInFlight, LinkInvalid, LinkUsed, LinkExpired,
	TooLarge, TooManyRequests, PaymentState, NotSupported, Unavailable, Overloaded, ClockAdvancing, Internal,
	ClaimMissing, ClaimMalformed, ClaimAlgorithm, ClaimUnknownIssuer, ClaimInvalidSignature, ClaimWrongAudience, ClaimIssuedInFuture,
	TokenExpired, ClaimLifetimeTooLong, ClaimMissingID, ClaimReplayed, ClaimNotForLink, PublicLinkNotFound, PublicLinkDisabled,
	NoLongerOffered, InvalidParameter,
}

// Error is a failure with a code. Error() is the public text; a private cause is reachable by Unwrap only, so that
// printing an error to a client leaks nothing.
type Error struct {
	Code    Code
	Message string
	Fields  map[string][]string // by field name, for Invalid
	Open    []string            // with ActionNotAvailable: the actions that the caller may play instead; nil = not said
	// RetryAfter is when the caller may try again, at the earliest; 0 = not said. With Overloaded.
	RetryAfter time.Duration
	Rule       *Rule // that refuses: of a policy, a graph or a session; nil for other errors
	// Missing are, with SlotTaken for a booking of several resources, the names of the parts that nobody is free for; nil = not said.
	Missing []string

	cause error
}

// Rule is what refuses something that is bound in time or number: the rule of a policy, ActionWindow, or Begun. An action keeps it as
// JSON, with its outcome.
type Rule struct {
	Name  string    `json:"name"`             // such as "notice"
	Limit string    `json:"limit"`            // as it is set, such as "PT24H"
	Ends  time.Time `json:"ends_at,omitzero"` // the deadline that has passed, or when it can be tried again; zero for never
	Text  string    `json:"-"`                // a sentence for people without the moment and without a full stop; "" = not said
}

// The names of rules that are no policy's.
const (
	ActionWindow = "action_window" // a graph opens the action for a time only; the limit is from/until, each empty for no bound
	Begun        = "begun"         // the booked time has begun
)

func (e *Error) Error() string { return e.Message }

// Unwrap gives the private cause, for logs.
func (e *Error) Unwrap() error { return e.cause }

// Errorf makes an error with a public message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap hides a cause behind a public message.
func Wrap(cause error, code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), cause: cause}
}

// CodeOf returns the code of an error, Internal for one without, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if known, ok := errors.AsType[*Error](err); ok {
		return known.Code
	}
	return Internal
}

// Problems collects faults by field, so that a caller gets all of them at once.
type Problems map[string][]string

// Add notes one fault of a field.
func (p Problems) Add(field, format string, args ...any) {
	p[field] = append(p[field], fmt.Sprintf(format, args...))
}

// Err is an Invalid error with all faults, or nil when there are none.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Message: "The request has invalid fields.", Fields: p}
}
