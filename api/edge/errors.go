package edge

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

// Statuses maps every code to its status, here and nowhere else.
var Statuses = map[booking.Code]int{
	booking.Malformed:          http.StatusBadRequest,
	booking.Unauthorized:       http.StatusUnauthorized,
	booking.LinkInvalid:        http.StatusUnauthorized,
	booking.Forbidden:          http.StatusForbidden,
	booking.RequestTimeout:     http.StatusRequestTimeout,
	booking.NotFound:           http.StatusNotFound,
	booking.MethodNotAllowed:   http.StatusMethodNotAllowed,
	booking.SlotTaken:          http.StatusConflict,
	booking.SoldOut:            http.StatusConflict,
	booking.SessionClosed:      http.StatusConflict,
	booking.HoldExpired:        http.StatusConflict,
	booking.TooEarly:           http.StatusUnprocessableEntity,
	booking.TooLate:            http.StatusUnprocessableEntity,
	booking.InUse:              http.StatusConflict,
	booking.AlreadyExists:      http.StatusConflict,
	booking.NotFinal:           http.StatusConflict,
	booking.KeyInFlight:        http.StatusConflict,
	booking.LinkUsed:           http.StatusConflict,
	booking.LinkExpired:        http.StatusGone,
	booking.Stale:              http.StatusPreconditionFailed,
	booking.TooLarge:           http.StatusRequestEntityTooLarge,
	booking.Invalid:            http.StatusUnprocessableEntity,
	booking.ActionNotAvailable: http.StatusUnprocessableEntity,
	booking.KeyReused:          http.StatusUnprocessableEntity,
	booking.TooManyRequests:    http.StatusTooManyRequests,
	booking.UnknownZone:        http.StatusUnprocessableEntity,
	booking.NotSupported:       http.StatusNotImplemented,
	booking.Unavailable:        http.StatusServiceUnavailable,
	booking.Overloaded:         http.StatusServiceUnavailable,
	booking.Internal:           http.StatusInternalServerError,

	booking.ClaimMissing:          http.StatusUnauthorized,
	booking.ClaimMalformed:        http.StatusBadRequest,
	booking.ClaimAlgorithm:        http.StatusUnauthorized,
	booking.ClaimUnknownIssuer:    http.StatusUnauthorized,
	booking.ClaimInvalidSignature: http.StatusUnauthorized,
	booking.ClaimWrongAudience:    http.StatusUnauthorized,
	booking.ClaimIssuedInFuture:   http.StatusUnauthorized,
	booking.TokenExpired:          http.StatusUnauthorized,
	booking.ClaimLifetimeTooLong:  http.StatusUnauthorized,
	booking.ClaimMissingID:        http.StatusUnauthorized,
	booking.ClaimReplayed:         http.StatusConflict,
	booking.ClaimNotForLink:       http.StatusForbidden,
	booking.PublicLinkNotFound:    http.StatusNotFound,
	booking.PublicLinkDisabled:    http.StatusGone,
	booking.NoLongerOffered:       http.StatusGone,
	booking.InvalidParameter:      http.StatusBadRequest,
}

// The errors of addresses that have no route.
var (
	ErrNoRoute  = booking.Errorf(booking.NotFound, "There is nothing at this address.")
	ErrNoMethod = booking.Errorf(booking.MethodNotAllowed, "This address does not take that method.")
)

// Problem is an RFC 9457 document that also carries Timekit's error and errors.
type Problem struct {
	Type      string              `json:"type"`
	Title     string              `json:"title"`
	Status    int                 `json:"status"`
	Detail    string              `json:"detail"`
	Code      booking.Code        `json:"code"`
	RequestID string              `json:"request_id"`
	Error     string              `json:"error"`
	Errors    map[string][]string `json:"errors,omitempty"`
	Open      []string            `json:"available_actions,omitzero"` // nil = not told
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
	c.AbortWithStatusJSON(status, Problem{
		Type: "urn:holdfast:problem:" + string(known.Code), Title: http.StatusText(status), Status: status,
		Detail: known.Message, Code: known.Code, RequestID: RequestID(c), Error: known.Message, Errors: known.Fields, Open: known.Open,
	})
}

// ShowRetryAfter sets the header Retry-After when an error says when to try again, in whole seconds.
func ShowRetryAfter(c *gin.Context, err *booking.Error) {
	if err.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(err.RetryAfter/time.Second)))
	}
}

// PublicError is what of an error may be shown.
func (s *Edge) PublicError(c *gin.Context, err error) *booking.Error {
	known, ok := errors.AsType[*booking.Error](err)
	if tooLarge, is := errors.AsType[*http.MaxBytesError](err); is {
		return booking.Errorf(booking.TooLarge, "The body is larger than %d bytes.", tooLarge.Limit)
	}
	if !ok && postgres.Away(err) {
		s.Log.Error("the record cannot be reached", "request_id", RequestID(c), "route", c.FullPath(), "error", err)
		return booking.Errorf(booking.Unavailable, "A part this server needs does not answer. Try again, with the same Idempotency-Key.")
	}
	if !ok || known.Code == booking.Internal {
		s.Log.Error("request failed", "request_id", RequestID(c), "route", c.FullPath(), "error", err)
		return booking.Errorf(booking.Internal, "Something went wrong on our side. The request id helps to find it.")
	}
	if cause := known.Unwrap(); cause != nil {
		s.Log.Debug("request refused", "request_id", RequestID(c), "route", c.FullPath(), "code", known.Code, "cause", cause)
	}
	return known
}

// RequestID is the id of the request, which its answer and every line of the log name.
func RequestID(c *gin.Context) string { return c.GetString("request_id") }

// IsMissing adds a problem to a field whose value names what does not exist, and tells whether err says so.
func IsMissing(err error, field string, problems booking.Problems) bool {
	if booking.CodeOf(err) != booking.NotFound {
		return false
	}
	problems.Add(field, "does not exist")
	return true
}

// UnlessNotFound returns err, or nil when err is NotFound.
func UnlessNotFound(err error) error {
	if booking.CodeOf(err) == booking.NotFound {
		return nil
	}
	return err
}
