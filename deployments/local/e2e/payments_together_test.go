package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

// company books so many seats of a session in one request, to be paid together, and returns their ids, the payer's first.
func (s *cashDesk) company(t *testing.T, session string, seats int, more ...string) (ids []string) {
	t.Helper()
	var list []string
	for range seats {
		list = append(list, seat(session, "paid_seat", append(more, price)...))
	}
	a := s.post(t, "/v2/bookings/bulk?include=payment", `{"pay_together":true,"bookings":[`+strings.Join(list, ",")+`]}`).want(t, http.StatusCreated)
	a.promised(t, http.MethodPost, "/v2/bookings/bulk")
	for _, index := range []string{"0", "1", "2", "3"}[:seats] {
		ids = append(ids, a.str("data."+index+".id"))
	}
	return ids
}

// TestPayTogether: one payment moves all seats of a request, each that leaves has its part back, and all are made or none.
func TestPayTogether(t *testing.T) {
	t.Parallel()
	s := startCashDesk(t)
	all := func(t *testing.T, ids []string, state string) {
		t.Helper()
		for _, id := range ids {
			s.becomes(t, id, state)
		}
	}
	t.Run("one of four leaves", func(t *testing.T) {
		session := s.session(t, s.resource, 10, 5)
		ids := s.company(t, session, 4, `,"payment_policy":{"refund":[{"percent":50}]}`)
		payer := ids[0]
		s.reaches(t, payer, "state", "open")
		if amount, parts := s.payment(t, payer, "amount"), s.payment(t, payer, "parts.3.amount"); amount != "18000" || parts != "4500" {
			t.Errorf("one payment of %s, with a part of %s", amount, parts)
		}
		s.put(t, "/v2/bookings/"+ids[1]+"/pay", "").refused(t, http.StatusUnprocessableEntity, "action_not_available")
		s.press(t, payer, "pay")
		all(t, ids, "paid")
		a := s.get(t, "/v2/bookings/"+ids[2]+"?include=payment").want(t, http.StatusOK)
		a.promised(t, http.MethodGet, "/v2/bookings/:id")
		if a.str("data.payment.payer_id") != payer || a.str("data.payment.payments.0.id") != s.payment(t, payer, "id") {
			t.Errorf("a seat does not say who pays for it:\n%s", a.body)
		}
		preview := s.get(t, "/v2/bookings/"+ids[2]+"/cancel/preview").want(t, http.StatusOK)
		if preview.str("data.customer.refund") != "2250" || preview.str("data.owner.refund") != "4500" {
			t.Errorf("the preview says:\n%s", preview.body)
		}
		s.put(t, "/v2/bookings/"+ids[2]+"/cancel_by_customer", "").want(t, http.StatusOK)
		s.reaches(t, payer, "refunded", "2250")
		s.put(t, "/v2/bookings/"+session+"/cancel", "").want(t, http.StatusOK)
		s.reaches(t, payer, "refunded", "15750")
		all(t, []string{ids[0], ids[1], ids[3]}, "cancelled_by_owner")
		if kept, _, _ := s.fake.Totals(); kept != 2250 {
			t.Errorf("the provider keeps %d", kept)
		}
	})
	t.Run("never paid", func(t *testing.T) {
		session := s.session(t, s.resource, 20, 3)
		ids := s.company(t, session, 3, `,"settings":{"timers":{"timeout":"PT2S"}}`)
		all(t, ids, "unpaid")
		s.reaches(t, ids[0], "state", "expired")
		s.taken(t, session, "0")
	})
	t.Run("all or none", func(t *testing.T) {
		session := s.session(t, s.resource, 30, 3)
		body := func(bookings ...string) string {
			return `{"pay_together":true,"bookings":[` + strings.Join(bookings, ",") + `]}`
		}
		one := seat(session, "paid_seat", price)
		s.post(t, "/v2/bookings/bulk", body(one, one, one, one)).refused(t, http.StatusConflict, "sold_out")
		eventually(t, "seats that are given back", func() bool {
			return s.get(t, "/v2/bookings/groups/"+session).str("data.attributes.group_booking.current_seats") == "0"
		})
		for field, bad := range map[string]string{
			"bookings":                          body(one),
			"bookings.1.graph":                  body(one, seat(session, "group_customer_payment", price)),
			"bookings.1.price.currency":         body(one, seat(session, "paid_seat", `,"price":{"amount":4500,"currency":"USD"}`)),
			"bookings.1.price.due_now":          body(one, seat(session, "paid_seat", `,"price":{"amount":4500,"currency":"EUR","due_now":1}`)),
			"bookings.1.payment_policy.capture": body(one, seat(session, "paid_seat", price, `,"payment_policy":{"capture":"on_confirm"}`)),
			"bookings.1.settings.timers":        body(one, seat(session, "paid_seat", price, `,"settings":{"timers":{"timeout":"PT9S"}}`)),
			"bookings.1.related.owner_booking_id": body(one,
				seat(s.session(t, s.resource, 40+len(session)%2, 3), "paid_seat", price)),
		} {
			a := s.post(t, "/v2/bookings/bulk", bad).refused(t, http.StatusUnprocessableEntity, "invalid")
			if !strings.Contains(a.body, `"`+field+`"`) {
				t.Errorf("%s is not named:\n%s", field, a.body)
			}
		}
		s.post(t, "/v2/bookings/bulk", `{"pay_together":"yes","bookings":[`+one+`,`+one+`]}`).want(t, http.StatusUnprocessableEntity)
		s.taken(t, session, "0")
	})
}
