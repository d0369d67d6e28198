package fakepay

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// known are the parameters of a new session that the fake has; metadata beside them.
var known = []string{
	"mode", "payment_method_types[0]", "adaptive_pricing[enabled]", "client_reference_id", "expires_at", "success_url", "cancel_url",
	"line_items[0][quantity]", "line_items[0][price_data][currency]", "line_items[0][price_data][unit_amount]",
	"line_items[0][price_data][product_data][name]", "payment_intent_data[capture_method]", "payment_intent_data[application_fee_amount]",
	"payment_intent_data[transfer_data][destination]", "expand[]",
}

func (s *Server) createSession(q *request) (object, *problem) {
	amount, currency, p := charged(q)
	if p == nil {
		p = checkForm(q)
	}
	if p != nil {
		return nil, p
	}
	until, p := s.expiry(q)
	if p != nil {
		return nil, p
	}
	fee, _ := strconv.ParseInt(q.get("payment_intent_data[application_fee_amount]"), 10, 64)
	if fee > amount || fee > 0 && q.account == "" && q.get("payment_intent_data[transfer_data][destination]") == "" {
		return nil, invalid("", "payment_intent_data[application_fee_amount]")
	}
	one := &session{
		id: s.id("cs"), account: q.account, status: "open", currency: currency, amount: amount, name: q.get(price + "[product_data][name]"),
		reference: q.get("client_reference_id"), successURL: q.get("success_url"), cancelURL: q.get("cancel_url"),
		created: s.now(), expiresAt: until, metadata: metadata(q, "metadata"), intentMetadata: metadata(q, "payment_intent_data[metadata]"),
		captureMethod: q.get("payment_intent_data[capture_method]"), fee: fee,
	}
	if one.captureMethod == "" {
		one.captureMethod = "automatic_async"
	}
	s.sessions[one.id] = one
	return s.showSession(one, expand(q.form["expand[]"]), q.host), nil
}

const price = "line_items[0][price_data]"

// charged is the price of a new session.
func charged(q *request) (amount int64, currency string, p *problem) {
	amount, err := strconv.ParseInt(q.get(price+"[unit_amount]"), 10, 64)
	if err != nil {
		return 0, "", invalid("parameter_invalid_integer", price+"[unit_amount]")
	}
	currency = q.get(price + "[currency]")
	return amount, currency, checkAmount(amount, currency)
}

// checkForm refuses parameters that are missing or not known.
func checkForm(q *request) *problem {
	for name := range q.form {
		if !slices.Contains(known, name) && !strings.HasPrefix(name, "metadata[") && !strings.HasPrefix(name, "payment_intent_data[metadata][") {
			return invalid("parameter_unknown", name)
		}
	}
	for _, name := range []string{"success_url", price + "[product_data][name]", "line_items[0][quantity]"} {
		if q.get(name) == "" {
			return invalid("parameter_missing", name)
		}
	}
	if q.get("mode") != "payment" || q.get("payment_method_types[0]") != "card" {
		return invalid("parameter_invalid", "mode")
	}
	return nil
}

// expiry is when a session is to expire: 30 minutes to 24 hours from now, the latter without a parameter.
func (s *Server) expiry(q *request) (time.Time, *problem) {
	if q.get("expires_at") == "" {
		return s.now().Add(24 * time.Hour), nil
	}
	unix, err := strconv.ParseInt(q.get("expires_at"), 10, 64)
	until := time.Unix(unix, 0)
	if life := until.Sub(s.now()); err != nil || life < 30*time.Minute-time.Second || life > 24*time.Hour+time.Second {
		return time.Time{}, invalid("", "expires_at")
	}
	return until, nil
}

func metadata(q *request, where string) map[string]string {
	all := map[string]string{}
	for name := range q.form {
		if key, ok := strings.CutPrefix(name, where+"["); ok {
			all[strings.TrimSuffix(key, "]")] = q.get(name)
		}
	}
	return all
}

// find returns a session of the call's account.
func (s *Server) find(q *request) (*session, *problem) {
	one := s.sessions[q.id]
	if one == nil || one.account != q.account {
		return nil, missing()
	}
	return one, nil
}

func (s *Server) readSession(q *request) (object, *problem) {
	one, p := s.find(q)
	if p != nil {
		return nil, p
	}
	return s.showSession(one, expand(q.form["expand[]"]), q.host), nil
}

func (s *Server) expireSession(q *request) (object, *problem) {
	one, p := s.find(q)
	if p != nil {
		return nil, p
	}
	if q.fault == PaidFirst && one.status == "open" {
		s.pay(one)
	}
	if one.status != "open" {
		return nil, refused("")
	}
	s.expire(one)
	return s.showSession(one, expand(q.form["expand[]"]), q.host), nil
}

// expire ends a session, and cancels what was begun in it.
func (s *Server) expire(one *session) {
	one.status = "expired"
	if i := one.intent; i != nil && i.status != "succeeded" && i.status != "requires_capture" {
		s.cancel(i, "abandoned")
	}
	s.emit("checkout.session.expired", one.account, s.showSession(one, nil, ""))
}

// begin makes the intent of a session, as the customer tries to pay.
func (s *Server) begin(one *session) *intent {
	if one.intent == nil {
		one.intent = &intent{
			id: s.id("pi"), account: one.account, currency: one.currency, captureMethod: one.captureMethod, amount: one.amount, fee: one.fee,
			metadata: one.intentMetadata, session: one, status: "requires_payment_method",
		}
		s.intents[one.intent.id] = one.intent
	}
	return one.intent
}

// pay is the customer paying with a good card.
func (s *Server) pay(one *session) {
	i := s.begin(one)
	i.charge, i.declineCode = s.id("ch"), ""
	one.status = "complete"
	if i.captureMethod == "manual" {
		i.status, i.capturable, i.captureBefore = "requires_capture", i.amount, s.now().Add(7*24*time.Hour)
		s.emit("payment_intent.amount_capturable_updated", i.account, s.showIntent(i, nil))
	} else {
		i.status, i.received = "succeeded", i.amount
		s.emit("payment_intent.succeeded", i.account, s.showIntent(i, nil))
	}
	s.emit("checkout.session.completed", one.account, s.showSession(one, nil, ""))
}

// decline is the customer trying a bad card.
func (s *Server) decline(one *session) {
	i := s.begin(one)
	i.charge, i.declineCode, i.status = s.id("ch"), "insufficient_funds", "requires_payment_method"
	s.emit("payment_intent.payment_failed", i.account, s.showIntent(i, nil))
}

// askBank is the customer trying a card whose bank asks for a confirmation.
func (s *Server) askBank(one *session) { s.begin(one).status = "requires_action" }
