package fakepay

import "strconv"

// findIntent returns an intent of the call's account.
func (s *Server) findIntent(account, id string) (*intent, *problem) {
	i := s.intents[id]
	if i == nil || i.account != account {
		return nil, missing()
	}
	return i, nil
}

func (s *Server) readIntent(q *request) (object, *problem) {
	i, p := s.findIntent(q.account, q.id)
	if p != nil {
		return nil, p
	}
	return s.showIntent(i, expand(q.form["expand[]"])), nil
}

func (s *Server) captureIntent(q *request) (object, *problem) {
	i, p := s.findIntent(q.account, q.id)
	if p != nil {
		return nil, p
	}
	if q.fault == Lapsed && i.status == "requires_capture" {
		s.cancel(i, "expired")
	}
	if i.status != "requires_capture" {
		return nil, refused("payment_intent_unexpected_state")
	}
	amount := i.capturable
	if text := q.get("amount_to_capture"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n <= 0 || n > i.capturable {
			return nil, invalid("amount_too_large", "amount_to_capture")
		}
		amount = n
	}
	if text := q.get("application_fee_amount"); text != "" {
		i.fee, _ = strconv.ParseInt(text, 10, 64)
	}
	if i.fee > amount {
		return nil, invalid("", "application_fee_amount")
	}
	i.status, i.capturable, i.received = "succeeded", 0, amount
	s.emit("payment_intent.succeeded", i.account, s.showIntent(i, nil))
	return s.showIntent(i, nil), nil
}

func (s *Server) cancelIntent(q *request) (object, *problem) {
	i, p := s.findIntent(q.account, q.id)
	if p != nil {
		return nil, p
	}
	if i.status != "requires_capture" { // before that, the session is to be expired
		return nil, refused("payment_intent_unexpected_state")
	}
	s.cancel(i, "requested_by_customer")
	return s.showIntent(i, nil), nil
}

func (s *Server) cancel(i *intent, reason string) {
	i.status, i.capturable, i.cancellationReason = "canceled", 0, reason
	s.emit("payment_intent.canceled", i.account, s.showIntent(i, nil))
}

// minimums are the least amounts of charges, of an account whose bank has the same currency.
var minimums = map[string]int64{
	"usd": 50, "eur": 50, "gbp": 30, "chf": 50, "jpy": 50, "huf": 17500, "czk": 1500, "dkk": 250, "nok": 300, "sek": 300, "pln": 200,
	"ron": 200,
}

// checkAmount holds the rules of Stripe's page on currencies.
func checkAmount(amount int64, currency string) *problem {
	const param = "line_items[0][price_data][unit_amount]"
	switch currency {
	case "isk", "ugx":
		if amount%100 != 0 {
			return invalid("invalid_charge_amount_no_decimal_compatible", param)
		}
	case "bhd", "jod", "kwd", "omr", "tnd":
		if amount%10 != 0 {
			return invalid("parameter_invalid_integer", param)
		}
	case "iqd", "lyd", "":
		return invalid("", "currency")
	}
	switch {
	case amount < max(minimums[currency], 1):
		return invalid("amount_too_small", param)
	case amount > 99_999_999:
		return invalid("amount_too_large", param)
	}
	return nil
}

func (s *Server) createRefund(q *request) (object, *problem) {
	i, p := s.findIntent(q.account, q.get("payment_intent"))
	if p != nil {
		return nil, p
	}
	amount, err := strconv.ParseInt(q.get("amount"), 10, 64)
	left := i.received - s.givenBack(i)
	switch {
	case i.received == 0:
		return nil, refused("charge_not_refundable")
	case s.inDispute(i):
		return nil, refused("charge_disputed")
	case left == 0:
		return nil, refused("charge_already_refunded")
	case err != nil || amount <= 0 || amount > left:
		return nil, invalid("", "amount")
	}
	r := &refund{
		id: s.id("re"), account: q.account, status: "succeeded", currency: i.currency, amount: amount, reason: q.get("reason"),
		metadata: metadata(q, "metadata"), intent: i,
	}
	switch q.fault { //nolint:exhaustive // the others are not about refunds
	case RefundPending:
		r.status = "pending"
	case RefundFailed:
		r.status, r.failureReason = "failed", "insufficient_funds"
	}
	s.refunds = append(s.refunds, r)
	s.emit("refund.created", r.account, showRefund(r))
	if r.status == "failed" {
		s.emit("refund.failed", r.account, showRefund(r))
	}
	return showRefund(r), nil
}

func (s *Server) listRefunds(q *request) (object, *problem) {
	i, p := s.findIntent(q.account, q.get("payment_intent"))
	if p != nil {
		return nil, p
	}
	return page(s.refundsOf(i), limit(q), showRefund), nil
}

func (s *Server) listDisputes(q *request) (object, *problem) {
	i, p := s.findIntent(q.account, q.get("payment_intent"))
	if p != nil {
		return nil, p
	}
	return page(s.disputesOf(i), limit(q), showDispute), nil
}

func limit(q *request) int {
	n, err := strconv.Atoi(q.get("limit"))
	if err != nil || n < 1 || n > 100 {
		return 10
	}
	return n
}

// inDispute reports whether a dispute is open, or was lost.
func (s *Server) inDispute(i *intent) bool {
	for _, d := range s.disputesOf(i) {
		if d.status != "won" && d.status != "warning_closed" && d.status != "prevented" {
			return true
		}
	}
	return false
}

// SettleRefund gives a refund another state: pending, requires_action, succeeded, failed or canceled. One that has succeeded can fail.
// It reports whether there is such a refund.
func (s *Server) SettleRefund(id, status, failureReason string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.refunds {
		if r.id == id {
			r.status, r.failureReason = status, failureReason
			kind := "refund.updated"
			if status == "failed" {
				kind = "refund.failed"
			}
			s.emit(kind, r.account, showRefund(r))
			return true
		}
	}
	return false
}

// Dispute opens a dispute of a session's payment, and returns its id; empty when nothing was captured.
func (s *Server) Dispute(sessionID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.sessions[sessionID]
	if one == nil || one.intent == nil || one.intent.received == 0 {
		return ""
	}
	d := &dispute{id: s.id("dp"), account: one.account, status: "needs_response", intent: one.intent}
	s.disputes = append(s.disputes, d)
	s.emit("charge.dispute.created", d.account, showDispute(d))
	return d.id
}

// CloseDispute ends a dispute: won, lost or prevented. It reports whether there is such a dispute.
func (s *Server) CloseDispute(id, status string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.disputes {
		if d.id == id {
			d.status = status
			s.emit("charge.dispute.closed", d.account, showDispute(d))
			return true
		}
	}
	return false
}
