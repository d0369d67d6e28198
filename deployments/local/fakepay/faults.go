package fakepay

import (
	"net/http"
)

// Kind is a way for a call to go wrong.
type Kind string

// The kinds of faults.
const (
	Hang             Kind = "hang"               // no answer, and nothing was done
	HangAfter        Kind = "hang_after"         // no answer, and it was done
	Drop             Kind = "drop"               // the connection breaks, and nothing was done
	DropAfter        Kind = "drop_after"         // the connection breaks, and it was done
	ServerError      Kind = "server_error"       // 502, and nothing was done or kept
	ServerErrorAfter Kind = "server_error_after" // 500 though it was done; the 500 is kept under the key
	Conflict         Kind = "conflict"           // 409: a twin of the call is under way
	RateLimit        Kind = "rate_limit"         // 429 with Retry-After
	KeyRevoked       Kind = "key_revoked"        // 401
	Garbage          Kind = "garbage"            // done, and an answer that is not JSON
	Huge             Kind = "huge"               // done, and an answer of 8 MiB
	PaidFirst        Kind = "paid_first"         // expire comes just behind the customer's payment
	Lapsed           Kind = "lapsed"             // capture comes just behind the end of the authorization
	RefundPending    Kind = "refund_pending"     // the refund is not settled at once
	RefundFailed     Kind = "refund_failed"      // the refund is made, and fails
)

// Fault makes calls go wrong.
type Fault struct {
	On    string // the operation: open, get, expire, intent, capture, cancel, refund, refunds, disputes; any when empty
	Do    Kind
	Times int // how often; once when 0, without end when below 0
}

// Fail adds a fault. The oldest one that fits is taken by each call.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults = append(s.faults, &f)
}

// Heal takes all faults away.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Server) takeFault(operation string) Kind {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Times != 0 && (f.On == "" || f.On == operation) {
			f.Times--
			return f.Do
		}
	}
	return ""
}

// hang never answers. It says so on Hanging first.
func (s *Server) hang(r *http.Request, fault Kind) {
	if fault == Hang || fault == HangAfter {
		select {
		case s.hanging <- struct{}{}:
		default:
		}
		<-r.Context().Done()
	}
	panic(http.ErrAbortHandler)
}
