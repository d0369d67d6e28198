package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/internal/webhook"
)

// payments walks through the operations of money with an account at the desk: nobody but the tour says what has arrived.
func (r tour) payments(t *testing.T, resource string) {
	t.Helper()
	accounts := "/v2/payment_accounts"
	r.do(t, http.MethodPost, accounts, `{"name":"Desk","provider":"cash"}`, http.StatusUnprocessableEntity)
	desk := r.do(t, http.MethodPost, accounts, `{"name":"desk","provider":"manual","config":{"instructions":"Pay at the desk."}}`, http.StatusCreated).str("data.id")
	r.do(t, http.MethodPost, accounts, `{"name":"desk","provider":"manual"}`, http.StatusConflict)
	spare := r.do(t, http.MethodPost, accounts, `{"name":"spare","provider":"stripe","config":{"secret_key":"sk_test_tour"}}`, http.StatusCreated).str("data.id")
	r.do(t, http.MethodGet, accounts, "", http.StatusOK)
	r.do(t, http.MethodPut, accounts+"/"+desk, `{"default":true}`, http.StatusOK)
	r.do(t, http.MethodPut, accounts+"/nothing", `{}`, http.StatusNotFound)
	r.do(t, http.MethodDelete, accounts+"/"+spare, "", http.StatusNoContent)
	slug := r.get(t, "/v2/app").want(t, http.StatusOK).str("data.slug")
	r.do(t, http.MethodPost, "/v2/payment_webhooks/manual/"+slug, `{}`, http.StatusBadRequest)
	r.do(t, http.MethodPost, "/v2/payment_webhooks/http/nobody", `{}`, http.StatusNotFound)

	r.noticed(t, slug)
	const terms = `,"price":{"amount":4500,"currency":"EUR","due_now":1500,"items":[{"name":"Haircut","amount":5000},{"name":"Discount","amount":-500}]},
		"payment_policy":{"refund":[{"until":"PT24H","percent":100},{"percent":50,"keep_fee":200}],"balance_due":"PT1H","no_show":{"fee":1000,"consent":"Not coming costs 10 EUR."}}`
	const agreed = `,"no_show_consent":true`
	id := r.do(t, http.MethodPost, "/v2/bookings"+everything, request(resource, "paid_booking", 300, terms, agreed), http.StatusCreated).str("data.id")
	path := "/v2/payments/" + r.opened(t, id, 0)
	r.do(t, http.MethodGet, path, "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/payments/pay_nothing", "", http.StatusNotFound)
	r.do(t, http.MethodGet, "/v2/payments?state=open&booking_id="+id, "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/payments?cursor=start&limit=1", "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/payments?state=paid", "", http.StatusUnprocessableEntity)
	r.do(t, http.MethodPost, path+"/refresh", "", http.StatusAccepted)
	r.do(t, http.MethodPost, path+"/refunds", "", http.StatusConflict)
	page := strings.TrimPrefix(r.get(t, path).str("data.page_url"), r.api)
	r.do(t, http.MethodGet, page, "", http.StatusOK)
	r.do(t, http.MethodGet, page+"x", "", http.StatusNotFound)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	r.do(t, http.MethodPost, page, "action=explode", http.StatusBadRequest, form...)
	r.do(t, http.MethodPost, page+"x", "action=give_up", http.StatusNotFound, form...)
	r.do(t, http.MethodPost, page, "action=give_up", http.StatusForbidden, append(form, "Sec-Fetch-Site", "cross-site")...)
	r.do(t, http.MethodPost, path+"/mark_paid", "", http.StatusOK)
	r.becomes(t, id, "paid")
	r.do(t, http.MethodPost, page, "action=give_up", http.StatusSeeOther, form...) // too late: nothing happens
	r.do(t, http.MethodGet, "/v2/bookings/"+id+everything, "", http.StatusOK)
	r.balance(t, id)
	r.givenBack(t, id, path)
}

// noticed is a webhook of a provider of the app's own. It is about no payment.
func (r tour) noticed(t *testing.T, slug string) {
	t.Helper()
	calls, webhooks := webhook.NewSecret(), webhook.NewSecret()
	r.do(t, http.MethodPost, "/v2/payment_accounts", fmt.Sprintf(
		`{"name":"own","provider":"http","config":{"url":"https://pay.example.com/","secrets":[%q],"webhook_secrets":[%q]}}`, calls, webhooks), http.StatusCreated)
	const body = `{"type":"payment.changed","ref":"P-4711"}`
	at := time.Now()
	signature, err := webhook.Sign("evt-1", at, []byte(body), webhooks)
	if err != nil {
		t.Fatal(err)
	}
	r.do(t, http.MethodPost, "/v2/payment_webhooks/http/"+slug, body, http.StatusOK,
		"Webhook-Id", "evt-1", "Webhook-Timestamp", fmt.Sprint(at.Unix()), "Webhook-Signature", signature)
}

// opened waits until a booking's payment can be paid, and returns its id.
func (b *bundle) opened(t testing.TB, booking string, nth int) (id string) {
	t.Helper()
	at := fmt.Sprintf("data.payment.payments.%d.", nth)
	eventually(t, "an open payment", func() bool {
		a := b.get(t, "/v2/bookings/"+booking+"?include=payment").want(t, http.StatusOK)
		id = a.str(at + "id")
		return a.str(at+"state") == "open"
	})
	return id
}

// balance opens another payment of a booking.
func (r tour) balance(t *testing.T, booking string) {
	t.Helper()
	body := fmt.Sprintf(`{"booking_id":%q,"of":"no_show_fee"}`, booking)
	r.do(t, http.MethodPost, "/v2/payments", `{"of":"everything"}`, http.StatusUnprocessableEntity)
	once := []string{"Idempotency-Key", "tour-fee"}
	asked := r.do(t, http.MethodPost, "/v2/payments", body, http.StatusAccepted, once...)
	r.do(t, http.MethodPost, "/v2/payments", body, http.StatusAccepted, once...)
	if id := r.opened(t, booking, 1); id != asked.str("data.id") {
		t.Errorf("%s was announced, and %s is there", asked.str("data.id"), id)
	}
}

// givenBack refunds a payment in two parts. Nobody but a person gives money back at the desk.
func (r tour) givenBack(t *testing.T, booking, path string) {
	t.Helper()
	r.do(t, http.MethodPost, path+"/refunds", `{"amount":0}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodPost, path+"/refunds", `{"amount":9000}`, http.StatusConflict)
	refund := path + "/refunds/" + r.do(t, http.MethodPost, path+"/refunds", `{"amount":1000,"note":"Half an hour less"}`, http.StatusCreated).str("data.id")
	failed := func() {
		t.Helper()
		eventually(t, "a refund that has failed", func() bool {
			return r.get(t, path).want(t, http.StatusOK).str("data.refunds.0.state") == "failed"
		})
	}
	failed()
	r.do(t, http.MethodPost, refund+"/retry", "", http.StatusOK)
	failed()
	r.do(t, http.MethodPost, refund+"/mark_paid", `{"note":"In cash"}`, http.StatusOK)
	r.do(t, http.MethodPost, refund+"/retry", "", http.StatusConflict)
	r.do(t, http.MethodPost, refund+"x/retry", "", http.StatusNotFound)
	r.do(t, http.MethodGet, path, "", http.StatusOK)
	r.do(t, http.MethodGet, path+"?include=events", "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/payments?needs=any", "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/payments?needs=all", "", http.StatusUnprocessableEntity)
	r.do(t, http.MethodGet, "/v2/bookings/"+booking+everything, "", http.StatusOK)
	preview := "/v2/bookings/" + booking + "/cancel/preview"
	r.do(t, http.MethodGet, preview, "", http.StatusOK)
	r.do(t, http.MethodGet, preview+"?by=nobody", "", http.StatusUnprocessableEntity)
}
