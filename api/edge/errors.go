package edge

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// Statuses maps every code to its status, here and nowhere else.
var Statuses = map[fault.Code]int{
	fault.Malformed:          http.StatusBadRequest,
	fault.Unauthorized:       http.StatusUnauthorized,
	fault.LinkInvalid:        http.StatusUnauthorized,
	fault.Forbidden:          http.StatusForbidden,
	fault.RequestTimeout:     http.StatusRequestTimeout,
	fault.NotFound:           http.StatusNotFound,
	fault.MethodNotAllowed:   http.StatusMethodNotAllowed,
	fault.SlotTaken:          http.StatusConflict,
	fault.SoldOut:            http.StatusConflict,
	fault.SessionClosed:      http.StatusConflict,
	fault.HoldExpired:        http.StatusConflict,
	fault.TooEarly:           http.StatusUnprocessableEntity,
	fault.TooLate:            http.StatusUnprocessableEntity,
	fault.OutsideWindow:      http.StatusUnprocessableEntity,
	fault.LimitReached:       http.StatusConflict,
	fault.InUse:              http.StatusConflict,
	fault.ClockAdvancing:     http.StatusConflict,
	fault.AlreadyExists:      http.StatusConflict,
	fault.NotFinal:           http.StatusConflict,
	fault.KeyInFlight:        http.StatusConflict,
	fault.LinkUsed:           http.StatusConflict,
	fault.LinkExpired:        http.StatusGone,
	fault.Stale:              http.StatusPreconditionFailed,
	fault.TooLarge:           http.StatusRequestEntityTooLarge,
	fault.Invalid:            http.StatusUnprocessableEntity,
	fault.PaymentState:       http.StatusConflict,
	fault.ActionNotAvailable: http.StatusUnprocessableEntity,
	fault.KeyReused:          http.StatusUnprocessableEntity,
	fault.TooManyRequests:    http.StatusTooManyRequests,
	fault.UnknownZone:        http.StatusUnprocessableEntity,
	fault.NotSupported:       http.StatusNotImplemented,
	fault.Unavailable:        http.StatusServiceUnavailable,
	fault.Overloaded:         http.StatusServiceUnavailable,
	fault.Internal:           http.StatusInternalServerError,

	fault.ClaimMissing:          http.StatusUnauthorized,
	fault.ClaimMalformed:        http.StatusBadRequest,
	fault.ClaimAlgorithm:        http.StatusUnauthorized,
	fault.ClaimUnknownIssuer:    http.StatusUnauthorized,
	fault.ClaimInvalidSignature: http.StatusUnauthorized,
	fault.ClaimWrongAudience:    http.StatusUnauthorized,
	fault.ClaimIssuedInFuture:   http.StatusUnauthorized,
	fault.TokenExpired:          http.StatusUnauthorized,
	fault.ClaimLifetimeTooLong:  http.StatusUnauthorized,
	fault.ClaimMissingID:        http.StatusUnauthorized,
	fault.ClaimReplayed:         http.StatusConflict,
	fault.ClaimNotForLink:       http.StatusForbidden,
	fault.PublicLinkNotFound:    http.StatusNotFound,
	fault.PublicLinkDisabled:    http.StatusGone,
	fault.NoLongerOffered:       http.StatusGone,
	fault.InvalidParameter:      http.StatusBadRequest,
}

// The errors of addresses that have no route.
var (
	ErrNoRoute  = fault.Errorf(fault.NotFound, "There is nothing at this address.")
	ErrNoMethod = fault.Errorf(fault.MethodNotAllowed, "This address does not take that method.")
)

// Problem is an RFC 9457 document that also carries Timekit's error and errors.
type Problem struct {
	Type      string              `json:"type"`
	Title     string              `json:"title"`
	Status    int                 `json:"status"`
	Detail    string              `json:"detail"`
	Code      fault.Code          `json:"code"`
	RequestID string              `json:"request_id"`
	Error     string              `json:"error"`
	Errors    map[string][]string `json:"errors,omitempty"`
	Open      []string            `json:"available_actions,omitzero"` // nil = not said
	Rule      *RuleView           `json:"rule,omitempty"`             // that refuses, with its moment
	Missing   []string            `json:"missing,omitempty"`          // with slot_taken: parts that nobody is free for
}

// Fail renders an error. One without a code is our fault: it is logged with the request id and shown as nothing.
func (s *Edge) Fail(c *gin.Context, err error) {
	if c.Writer.Written() {
		_ = s.PublicError(c, err) // logs it
		return
	}
	if s.FailPage != nil && s.FailPage(c, err) {
		c.Abort()
		return
	}
	known := s.PublicError(c, err)
	status := Statuses[known.Code]
	ShowRetryAfter(c, known)
	if status == http.StatusServiceUnavailable && c.Writer.Header().Get("Retry-After") == "" {
		c.Header("Retry-After", strconv.Itoa(1))
	}
	c.Header("Content-Type", "application/problem+json")
	c.Header("Cache-Control", "no-store")
	problem := Problem{
		Type: "urn:holdfast:problem:" + string(known.Code), Title: http.StatusText(status), Status: status,
		Detail: known.Message, Code: known.Code, RequestID: RequestID(c), Error: known.Message, Errors: known.Fields, Open: known.Open,
		Rule: ShowRule(known.Rule), Missing: known.Missing,
	}
	c.AbortWithStatusJSON(status, problem)
}

// RuleView is what refuses something that is bound in time or number.
type RuleView struct {
	Name   string `json:"name"`              // such as "notice"; of a policy's rule the name to override it by
	Limit  string `json:"limit"`             // as it is set, such as "PT24H"
	EndsAt string `json:"ends_at,omitempty"` // the deadline that has passed, or when it can be tried again, in UTC
}

// ShowRule renders a rule; nil for nil.
func ShowRule(r *fault.Rule) *RuleView {
	if r == nil {
		return nil
	}
	v := &RuleView{Name: r.Name, Limit: r.Limit}
	if !r.Ends.IsZero() {
		v.EndsAt = timekit.Clock{}.Show(r.Ends, time.UTC)
	}
	return v
}

// ShowRetryAfter sets the header Retry-After when an error says when to try again, in whole seconds.
func ShowRetryAfter(c *gin.Context, err *fault.Error) {
	if err.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(err.RetryAfter/time.Second)))
	}
}

// PublicError is what of an error may be shown.
func (s *Edge) PublicError(c *gin.Context, err error) *fault.Error {
	known, ok := errors.AsType[*fault.Error](err)
	if tooLarge, is := errors.AsType[*http.MaxBytesError](err); is {
		return fault.Errorf(fault.TooLarge, "The body is larger than %d bytes.", tooLarge.Limit)
	}
	if !ok && postgres.IsUnavailable(err) {
		s.Log.Error("the record cannot be reached", "request_id", RequestID(c), "route", c.FullPath(), "error", err)
		return fault.Errorf(fault.Unavailable, "A part this server needs does not answer. Try again, with the same Idempotency-Key.")
	}
	if !ok || known.Code == fault.Internal {
		s.Log.Error("request failed", "request_id", RequestID(c), "route", c.FullPath(), "error", err)
		return fault.Errorf(fault.Internal, "Something went wrong on our side. The request id helps to find it.")
	}
	if cause := known.Unwrap(); cause != nil {
		s.Log.Debug("request refused", "request_id", RequestID(c), "route", c.FullPath(), "code", known.Code, "cause", cause)
	}
	return known
}

// RequestID is the id of the request, which its answer and every line of the log name.
func RequestID(c *gin.Context) string { return c.GetString("request_id") }

// IsMissing adds a problem to a field whose value names what does not exist, and returns whether err says so.
func IsMissing(err error, field string, problems fault.Problems) bool {
	if fault.CodeOf(err) != fault.NotFound {
		return false
	}
	problems.Add(field, "does not exist")
	return true
}

// UnlessNotFound returns err, or nil when err is NotFound.
func UnlessNotFound(err error) error {
	if fault.CodeOf(err) == fault.NotFound {
		return nil
	}
	return err
}
