package stripe

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
)

// sessionOf is a session as Stripe shows it, with the fields of its intent and of its charge.
func sessionOf(status, intent, charge string) string {
	if charge != "" {
		intent += `,"latest_charge":{"id":"ch_1","object":"charge",` + charge + `}`
	}
	expanded := "null"
	if intent != "" {
		expanded = `{"id":"pi_1","object":"payment_intent","currency":"eur","amount":1250,` + intent + `}`
	}
	return fmt.Sprintf(`{"id":"cs_1","object":"checkout.session","status":%q,"currency":"eur","expires_at":1795219200,"url":null,"payment_intent":%s}`, status, expanded)
}

const noRefunds = `"amount_refunded":0,"disputed":false,"refunds":{"data":[],"has_more":false}`

func TestFetchMapsStates(t *testing.T) {
	t.Parallel()
	expires, before := time.Unix(1795219200, 0).UTC(), time.Unix(1795800000, 0).UTC()
	for name, c := range map[string]struct {
		body string
		want payment.Seen
	}{
		"open":                    {sessionOf("open", "", ""), payment.Seen{State: payment.Open}},
		"expired":                 {sessionOf("expired", "", ""), payment.Seen{State: payment.Expired}},
		"complete without intent": {sessionOf("complete", "", ""), payment.Seen{}},
		"unknown":                 {sessionOf("paused", "", ""), payment.Seen{}},
		"declined, open": {
			sessionOf("open", `"status":"requires_payment_method","last_payment_error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds"}`, `"amount_refunded":0`),
			payment.Seen{State: payment.Open, FailureCode: "insufficient_funds"},
		},
		"at the bank":        {sessionOf("open", `"status":"requires_action"`, ""), payment.Seen{State: payment.Open}},
		"to be confirmed":    {sessionOf("open", `"status":"requires_confirmation"`, ""), payment.Seen{State: payment.Open}},
		"expired while paid": {sessionOf("expired", `"status":"canceled","cancellation_reason":"abandoned"`, ""), payment.Seen{State: payment.Expired}},
		"expired, declined":  {sessionOf("expired", `"status":"requires_payment_method"`, ""), payment.Seen{State: payment.Expired}},
		"processing":         {sessionOf("complete", `"status":"processing"`, ""), payment.Seen{State: payment.Processing}},
		"async failure": {
			sessionOf("complete", `"status":"requires_payment_method","last_payment_error":{"type":"card_error","code":"payment_intent_payment_attempt_failed"}`, ""),
			payment.Seen{State: payment.Failed, FailureCode: "payment_intent_payment_attempt_failed"},
		},
		"authorized": {
			sessionOf("complete", `"status":"requires_capture","capture_method":"manual","amount_capturable":1250`, noRefunds+`,"payment_method_details":{"card":{"capture_before":1795800000}}`),
			payment.Seen{State: payment.Authorized, Authorized: 1250, CaptureBefore: before},
		},
		"voided": {sessionOf("complete", `"status":"canceled","cancellation_reason":"requested_by_customer"`, noRefunds), payment.Seen{State: payment.Voided}},
		"authorization ended": {
			sessionOf("complete", `"status":"canceled","cancellation_reason":"expired"`, noRefunds), payment.Seen{State: payment.Voided, FailureCode: "authorization_expired"},
		},
		"captured": {
			sessionOf("complete", `"status":"succeeded","capture_method":"automatic_async","amount_received":1250`, noRefunds), payment.Seen{State: payment.Captured, Captured: 1250},
		},
		"captured though expired": {
			sessionOf("expired", `"status":"succeeded","amount_received":1250`, noRefunds), payment.Seen{State: payment.Captured, Captured: 1250},
		},
		"captured in part": {
			sessionOf("complete", `"status":"succeeded","capture_method":"manual","amount_received":1000`, noRefunds),
			payment.Seen{State: payment.Captured, Authorized: 1250, Captured: 1000},
		},
		"refunded in part": {
			sessionOf("complete", `"status":"succeeded","amount_received":1250`, `"amount_refunded":250,"refunds":{"has_more":false,"data":[
				{"id":"re_5","amount":1,"currency":"eur","status":"lost"},
				{"id":"re_4","amount":1,"currency":"eur","status":"canceled"},
				{"id":"re_3","amount":1,"currency":"eur","status":"requires_action"},
				{"id":"re_2","amount":100,"currency":"eur","status":"failed","failure_reason":"insufficient_funds"},
				{"id":"re_1","amount":250,"currency":"eur","status":"succeeded","metadata":{"holdfast_refund_id":"`+refundID.String()+`"}}]}`),
			payment.Seen{State: payment.Captured, Captured: 1250, Refunded: 250, Refunds: []payment.SeenRefund{
				{Ref: "re_5", Amount: 1},
				{Ref: "re_4", Amount: 1, State: payment.RefundCanceled},
				{Ref: "re_3", Amount: 1, State: payment.RefundPending},
				{Ref: "re_2", Amount: 100, State: payment.RefundFailed, ErrorCode: "insufficient_funds"},
				{Ref: "re_1", Key: refundID.String(), Amount: 250, State: payment.RefundSucceeded},
			}},
		},
		"intent unknown": {sessionOf("complete", `"status":"resting"`, ""), payment.Seen{}},
	} {
		s := newStub(t, says(http.StatusOK, c.body))
		got, err := s.provider(Config{}).Fetch(t.Context(), provider.Charge{Ref: "cs_1", Currency: "EUR"})
		c.want.Currency, c.want.ExpiresAt = "EUR", expires
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
		if a := s.asked(); len(a) != 1 || a[0].path != "/v1/checkout/sessions/cs_1" || a[0].form.Get("expand[]") != "payment_intent.latest_charge.refunds" {
			t.Errorf("%s: asked %+v", name, a)
		}
	}
}

// TestDisputes: a dispute forbids refunds while it is open, and when it was lost.
func TestDisputes(t *testing.T) {
	t.Parallel()
	for statuses, want := range map[string]bool{
		"needs_response": true, "under_review": true, "warning_needs_response": true, "warning_under_review": true, "lost": true, "a_new_one": true,
		"won": false, "warning_closed": false, "prevented": false, "": false, "won needs_response": true,
	} {
		s := newStub(t, func(w http.ResponseWriter, a asked) {
			if a.path == "/v1/disputes" {
				var all []string
				for one := range strings.FieldsSeq(statuses) {
					all = append(all, fmt.Sprintf(`{"id":"dp_1","status":%q}`, one))
				}
				says(http.StatusOK, `{"data":[`+strings.Join(all, ",")+`],"has_more":false}`)(w, a)
				return
			}
			says(http.StatusOK, sessionOf("complete", `"status":"succeeded","amount_received":1250`, strings.Replace(noRefunds, "false", "true", 1)))(w, a)
		})
		p := s.provider(Config{})
		seen, err := p.Fetch(t.Context(), provider.Charge{Ref: "cs_1", Currency: "EUR"})
		if err != nil || seen.Disputed != want {
			t.Errorf("%q: disputed %v, %v", statuses, seen.Disputed, err)
		}
		if want {
			_, err = p.Refund(t.Context(), provider.RefundOrder{Charge: provider.Charge{PaymentID: paymentID, Ref: "cs_1", Currency: "EUR"}, RefundID: refundID, Amount: 10, Key: "k"})
			wantError(t, err, provider.Refused, "charge_disputed")
		}
	}
}

// TestManyRefunds: the charge has ten of them; with more, all are listed.
func TestManyRefunds(t *testing.T) {
	t.Parallel()
	s := newStub(t, func(w http.ResponseWriter, a asked) {
		if a.path == "/v1/refunds" && a.form.Get("payment_intent") == "pi_1" {
			one := `{"id":"re_1","amount":1,"currency":"eur","status":"succeeded"}`
			says(http.StatusOK, `{"data":[`+strings.Repeat(one+",", 11)+one+`],"has_more":false}`)(w, a)
			return
		}
		says(http.StatusOK, sessionOf("complete", `"status":"succeeded","amount_received":1250`, strings.Replace(noRefunds, `"has_more":false`, `"has_more":true`, 1)))(w, a)
	})
	seen, err := s.provider(Config{}).Fetch(t.Context(), provider.Charge{Ref: "cs_1", Currency: "EUR"})
	if err != nil || len(seen.Refunds) != 12 {
		t.Errorf("%d refunds, %v", len(seen.Refunds), err)
	}
}
