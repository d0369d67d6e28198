package fakepay

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"
)

// order is what POST /control takes. It is for people, and for programs in other processes; tests call the methods.
type order struct {
	Do      string `json:"do"` // advance, fail, heal, press, refund, dispute, close_dispute, deliver or flush
	Session string `json:"session"`
	Outcome string `json:"outcome"` // of press

	Seconds int64 `json:"seconds"` // of advance

	On    string `json:"on"` // of fail
	Fault Kind   `json:"fault"`
	Times int    `json:"times"`

	Refund  string `json:"refund"` // of refund, with status and reason
	Dispute string `json:"dispute"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`

	Hold    bool `json:"hold"` // of deliver
	Drop    bool `json:"drop"`
	Reverse bool `json:"reverse"`
	Copies  int  `json:"copies"`
}

func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	var o order
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&o) != nil || !s.obey(r.Context(), o) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) obey(ctx context.Context, o order) bool {
	switch o.Do {
	case "advance":
		s.Advance(time.Duration(o.Seconds) * time.Second)
	case "fail":
		s.Fail(Fault{On: o.On, Do: o.Fault, Times: o.Times})
	case "heal":
		s.Heal()
	case "press":
		return s.Press(o.Session, o.Outcome)
	case "refund":
		return s.SettleRefund(o.Refund, o.Status, o.Reason)
	case "dispute":
		return s.Dispute(o.Session) != ""
	case "close_dispute":
		return s.CloseDispute(o.Dispute, o.Status)
	case "deliver":
		s.Deliver(Deliveries{Hold: o.Hold, Drop: o.Drop, Reverse: o.Reverse, Copies: o.Copies})
	case "flush":
		s.Flush(ctx)
	default:
		return false
	}
	return true
}

// dump shows sessions, refunds and disputes.
func (s *Server) dump(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	everything := expand([]string{"payment_intent.latest_charge.refunds"})
	shown := []object{}
	for _, one := range s.sortedSessions() {
		shown = append(shown, s.showSession(one, everything, "http://"+r.Host))
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(encode(object{
		"now": s.now().UTC(), "sessions": shown, "refunds": page(s.refunds, 1000, showRefund), "disputes": page(s.disputes, 1000, showDispute),
	}))
}

// Serve runs a fake on a listener until the context ends, webhooks included.
func Serve(ctx context.Context, listener net.Listener, o Options) error {
	fake := New(o)
	server := &http.Server{Handler: fake, ReadHeaderTimeout: 10 * time.Second}
	stopped := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stopped()
	go fake.Run(ctx)
	if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
