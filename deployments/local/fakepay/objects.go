package fakepay

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

type session struct {
	id, account, status, currency, name string
	reference, successURL, cancelURL    string
	amount                              int64
	created, expiresAt                  time.Time
	metadata, intentMetadata            map[string]string
	captureMethod                       string
	fee                                 int64
	intent                              *intent // nil until the customer tries to pay
}

type intent struct {
	id, account, status, currency, captureMethod string
	cancellationReason, declineCode              string
	amount, capturable, received, fee            int64
	captureBefore                                time.Time
	metadata                                     map[string]string
	charge                                       string // the id of the latest charge; empty for none
	session                                      *session
}

type refund struct {
	id, account, status, failureReason, reason, currency string
	amount                                               int64
	metadata                                             map[string]string
	intent                                               *intent
}

type dispute struct {
	id, account, status string
	intent              *intent
}

// id makes one of a kind, such as cs_test_0001.
func (s *Server) id(kind string) string {
	s.count++
	return fmt.Sprintf("%s_test_%06d", kind, s.count)
}

func (s *Server) sortedSessions() []*session {
	all := make([]*session, 0, len(s.sessions))
	for _, one := range s.sessions {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b *session) int { return strings.Compare(a.id, b.id) })
	return all
}

// expanded are the paths that a call asks for as objects.
type expanded map[string]bool

func expand(paths []string) expanded {
	all := expanded{}
	for _, path := range paths {
		for at := range path {
			if path[at] == '.' {
				all[path[:at]] = true
			}
		}
		all[path] = true
	}
	return all
}

func (e expanded) below(name string) expanded {
	inner := expanded{}
	for path := range e {
		if rest, ok := strings.CutPrefix(path, name+"."); ok {
			inner[rest] = true
		}
	}
	return inner
}

type object = map[string]any

func (s *Server) showSession(one *session, e expanded, host string) object {
	o := object{
		"id": one.id, "object": "checkout.session", "mode": "payment", "livemode": false, "status": one.status, "currency": one.currency,
		"amount_total": one.amount, "amount_subtotal": one.amount, "client_reference_id": one.reference, "metadata": one.metadata,
		"created": one.created.Unix(), "expires_at": one.expiresAt.Unix(), "payment_intent": nil, "url": nil, "payment_status": "unpaid",
		"payment_method_types": []string{"card"}, "success_url": one.successURL, "cancel_url": one.cancelURL,
	}
	if one.status == "open" {
		o["url"] = host + "/pay/" + one.id + "#fid"
	}
	if i := one.intent; i != nil {
		o["payment_intent"] = i.id
		if e["payment_intent"] {
			o["payment_intent"] = s.showIntent(i, e.below("payment_intent"))
		}
		if i.status == "succeeded" {
			o["payment_status"] = "paid"
		}
	}
	return o
}

func (s *Server) showIntent(i *intent, e expanded) object {
	o := object{
		"id": i.id, "object": "payment_intent", "livemode": false, "status": i.status, "currency": i.currency, "amount": i.amount,
		"amount_capturable": i.capturable, "amount_received": i.received, "capture_method": i.captureMethod, "metadata": i.metadata,
		"latest_charge": nil, "last_payment_error": nil, "cancellation_reason": nil,
	}
	if i.cancellationReason != "" {
		o["cancellation_reason"] = i.cancellationReason
	}
	if i.declineCode != "" {
		o["last_payment_error"] = object{
			"type": "card_error", "code": "card_declined", "decline_code": i.declineCode, "message": "Your card was declined.",
		}
	}
	if i.charge != "" {
		o["latest_charge"] = i.charge
		if e["latest_charge"] {
			o["latest_charge"] = s.showCharge(i, e.below("latest_charge"))
		}
	}
	return o
}

func (s *Server) showCharge(i *intent, e expanded) object {
	card := object{"brand": "visa", "last4": "4242"}
	if !i.captureBefore.IsZero() && i.status == "requires_capture" {
		card["capture_before"] = i.captureBefore.Unix()
	}
	back := s.givenBack(i)
	o := object{
		"id": i.charge, "object": "charge", "livemode": false, "amount": i.amount, "amount_captured": i.received, "amount_refunded": back,
		"refunded": back > 0 && back == i.received, "disputed": len(s.disputesOf(i)) > 0, "captured": i.received > 0, "currency": i.currency,
		"payment_intent": i.id, "payment_method_details": object{"type": "card", "card": card}, "metadata": i.metadata,
	}
	if e["refunds"] {
		o["refunds"] = page(s.refundsOf(i), 10, showRefund)
	}
	return o
}

func showRefund(r *refund) object {
	o := object{
		"id": r.id, "object": "refund", "amount": r.amount, "currency": r.currency, "status": r.status, "payment_intent": r.intent.id,
		"charge": r.intent.charge, "metadata": r.metadata, "reason": r.reason,
	}
	if r.failureReason != "" {
		o["failure_reason"] = r.failureReason
	}
	return o
}

func showDispute(d *dispute) object {
	return object{
		"id": d.id, "object": "dispute", "livemode": false, "status": d.status, "amount": d.intent.received, "currency": d.intent.currency,
		"charge": d.intent.charge, "payment_intent": d.intent.id, "metadata": object{},
	}
}

// page is one page of a list, the newest first.
func page[T any](all []T, limit int, show func(T) object) object {
	shown := []object{}
	for _, one := range slices.Backward(all) {
		if len(shown) == limit {
			return object{"object": "list", "data": shown, "has_more": true}
		}
		shown = append(shown, show(one))
	}
	return object{"object": "list", "data": shown, "has_more": false}
}

func (s *Server) refundsOf(i *intent) (all []*refund) {
	for _, r := range s.refunds {
		if r.intent == i {
			all = append(all, r)
		}
	}
	return all
}

func (s *Server) disputesOf(i *intent) (all []*dispute) {
	for _, d := range s.disputes {
		if d.intent == i {
			all = append(all, d)
		}
	}
	return all
}

// givenBack is the sum of an intent's refunds that have not failed.
func (s *Server) givenBack(i *intent) (sum int64) {
	for _, r := range s.refundsOf(i) {
		if r.status != "failed" && r.status != "canceled" {
			sum += r.amount
		}
	}
	return sum
}
