package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/workflows"
)

// owing books what costs 45.00 EUR, and opens its payment as the effect of the booking would. The app has an account.
func (f *fixture) owing(resource string, hour float64, more ...string) (booking string, p *payment.Payment) {
	f.t.Helper()
	id := f.post(f.server, "/v2/bookings", `{"graph":"paid_booking","price":{"amount":4500,"currency":"EUR"},`+slot(resource, hour, 1)+strings.Join(more, "")+`}`).id(f.t)
	return id, f.opened(id)
}

// opened opens the payment of a booking, as its effect would.
func (f *fixture) opened(id string) *payment.Payment {
	f.t.Helper()
	a, err := f.DB.AccountFor(f.t.Context(), f.app.ID, "")
	check(f.t, err)
	p, err := f.DB.EnsurePayment(f.t.Context(), &payment.Payment{
		ID: edge.NewID(), AppID: f.app.ID, BookingID: uuid.MustParse(id), AccountID: a.ID, Provider: a.Provider, Code: uuid.NewString(),
		Kind: payment.Full, Capture: payment.CaptureNow, Currency: "EUR", Amount: 4500, ExpiresAt: noon,
	})
	check(f.t, err)
	_, err = f.DB.RecordOpened(f.t.Context(), p.ID, "P-"+id, "", time.Time{}, noon)
	check(f.t, err)
	found, err := f.DB.WatchedPayment(f.t.Context(), p.ID)
	check(f.t, err)
	return found.Payment
}

// carryOn does what the workflow of a payment does: it decides the action that is on record, and looks again.
func (f *fixture) carryOn(p *payment.Payment) {
	f.t.Helper()
	action := value[uuid.UUID](f, `SELECT action_id FROM payments WHERE id = $1`, p.ID)
	check(f.t, f.temporal.commit(f.t.Context(), booking.Signal{ActionID: action}))
	_, err := f.DB.Settle(f.t.Context(), p.ID, nil)
	check(f.t, err)
}

// fail has the provider refuse the refund that is due.
func (f *fixture) fail(p *payment.Payment) {
	f.t.Helper()
	f.sql(`UPDATE refunds SET next_at = now() WHERE payment_id = $1 AND state = 'pending'`, p.ID)
	r, err := f.DB.ClaimRefund(f.t.Context(), p.ID)
	check(f.t, err)
	_, err = f.DB.RecordRefund(f.t.Context(), p.ID, payment.SeenRefund{Key: r.Key(), State: payment.RefundFailed, ErrorCode: "not_supported"})
	check(f.t, err)
}

// says fails the test unless a page has a text.
func (f *fixture) says(p *payment.Payment, text string) {
	f.t.Helper()
	a := f.send("", http.MethodGet, "/pay/"+p.Code, "", "Accept", "text/html").want(f.t, http.StatusOK)
	if !strings.Contains(a.Body.String(), text) {
		f.t.Errorf("the page does not say %q:\n%s", text, a.Body)
	}
}

// TestPaymentsByHand: a payment is found, paid at the desk, and given back in two parts, of which one has to be paid by hand.
func TestPaymentsByHand(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	f.post(f.server, "/v2/payment_accounts", `{"name":"desk","provider":"manual"}`).id(t)
	id, p := f.owing(resource, 1)
	path := "/v2/payments/" + p.Name()
	for query, want := range map[string]int{"": 1, "?state=open": 1, "?state=captured": 0, "?booking_id=" + id: 1, "?booking_id=" + uuid.NewString(): 0} {
		a := f.send(f.server, http.MethodGet, "/v2/payments"+query, "").want(t, http.StatusOK)
		if got := strings.Count(a.Body.String(), p.Name()); got != want {
			t.Errorf("%q finds %d payments, want %d", query, got, want)
		}
	}
	f.send(f.server, http.MethodGet, "/v2/payments?state=paid", "").refused(t, fault.Invalid, "state")
	f.send(f.server, http.MethodGet, "/v2/payments?booking_id=x", "").refused(t, fault.Invalid, "booking_id")
	f.send(f.server, http.MethodGet, "/v2/payments?needs=x", "").refused(t, fault.Invalid, "needs")
	f.send(f.server, http.MethodGet, "/v2/payments/"+p.ID.String(), "").want(t, http.StatusOK)
	f.says(p, "To be paid")
	f.post(f.server, path+"/refunds", "").refused(t, fault.PaymentState, "")
	before := f.temporal.wakes(workflows.PaymentID(p.ID))
	f.post(f.server, path+"/refresh", "").want(t, http.StatusAccepted)
	if n := f.temporal.wakes(workflows.PaymentID(p.ID)) - before; n != 1 {
		t.Errorf("it is looked at %d times", n)
	}

	for range 2 { // the second time nothing is left to say
		f.post(f.server, path+"/mark_paid", "").want(t, http.StatusOK)
	}
	f.says(p, "Your payment is under way")
	f.carryOn(p)
	f.says(p, "Your payment has arrived")
	if got := value[string](f, `SELECT state FROM bookings WHERE id = $1`, id); got != "paid" {
		t.Errorf("the booking is %s", got)
	}
	shown := f.send(f.server, http.MethodGet, "/v2/bookings/"+id+"?include=payment", "").want(t, http.StatusOK)
	if !strings.Contains(shown.Body.String(), `"captured":4500`) || !strings.Contains(shown.Body.String(), `"price":{"amount":4500,"currency":"EUR"}`) {
		t.Errorf("%s", shown.Body)
	}
	if a := f.asResource(resource)(http.MethodGet, "/v2/bookings/"+id+"?include=payment", "").want(t, http.StatusOK); strings.Contains(a.Body.String(), "4500") {
		t.Errorf("a resource is shown money: %s", a.Body)
	}

	for body, field := range map[string]string{`{"amount":0}`: "amount", `{"amount":-1}`: "amount", `{"amount":1,"note":"` + strings.Repeat("x", 501) + `"}`: "note"} {
		f.post(f.server, path+"/refunds", body).refused(t, fault.Invalid, field)
	}
	f.post(f.server, path+"/refunds", `{"amount":1,"currency":"USD"}`).refused(t, fault.Invalid, "currency")
	f.post(f.server, path+"/refunds", `{"amount":4501}`).refused(t, fault.PaymentState, "")
	half := path + "/refunds/" + f.post(f.server, path+"/refunds", `{"amount":2000,"note":"Half of the time"}`).id(t)
	f.post(f.server, half+"/mark_paid", "").refused(t, fault.PaymentState, "")
	f.says(p, "Money goes back to you")
	f.fail(p)
	f.says(p, "could not be given back automatically")
	needing := func(want bool) {
		t.Helper()
		for _, need := range []string{"any", "failed_refund"} {
			a := f.send(f.server, http.MethodGet, "/v2/payments?needs="+need, "").want(t, http.StatusOK)
			if got := strings.Contains(a.Body.String(), p.Name()); got != want {
				t.Errorf("%s finds the payment: %v", need, got)
			}
		}
	}
	needing(true)
	f.post(f.server, half+"/retry", "").want(t, http.StatusOK)
	needing(false)
	f.fail(p)
	if got := f.post(f.server, half+"/mark_paid", `{"note":"In cash"}`).want(t, http.StatusOK).text(t, "state"); got != "by_hand" {
		t.Errorf("the refund is %s", got)
	}
	f.post(f.server, half+"/retry", "").refused(t, fault.PaymentState, "")
	var rest struct {
		Data struct {
			Amount int64
			At     time.Time `json:"created_at"`
			Next   time.Time `json:"next_attempt_at"`
		}
	}
	whole := f.post(f.server, path+"/refunds", `{"currency":"EUR"}`).want(t, http.StatusCreated)
	check(t, json.Unmarshal(whole.Body.Bytes(), &rest))
	if rest.Data.Amount != 2500 || rest.Data.At.IsZero() || rest.Data.Next.IsZero() {
		t.Errorf("the rest is %+v", rest.Data)
	}
	f.post(f.server, path+"/refunds", "").refused(t, fault.PaymentState, "")
	var history struct {
		Data struct {
			Refundable int64
			Events     []struct{ Type string }
		}
	}
	check(t, json.Unmarshal(f.send(f.server, http.MethodGet, path+"?include=events", "").want(t, http.StatusOK).Body.Bytes(), &history))
	var happened []string
	for _, e := range history.Data.Events {
		happened = append(happened, e.Type)
	}
	const all = "payment.open payment.captured refund.created refund.failed refund.failed refund.created"
	if got := strings.Join(happened, " "); got != all || history.Data.Refundable != 0 {
		t.Errorf("%s, and %d can go back", got, history.Data.Refundable)
	}
	for _, other := range []string{"/v2/payments/pay_" + uuid.NewString(), "/v2/payments/nothing"} {
		f.send(f.server, http.MethodGet, other, "").refused(t, fault.NotFound, "")
		for _, more := range []string{"/refresh", "/mark_paid", "/refunds", "/refunds/rfd_" + uuid.NewString() + "/retry"} {
			f.post(f.server, other+more, "").refused(t, fault.NotFound, "")
		}
	}
	f.post(f.server, path+"/refunds/nothing/mark_paid", "").refused(t, fault.NotFound, "")
}

// TestOnlyPeopleAreToldWhatHasArrived: a provider that says so itself is not talked over.
func TestOnlyPeopleAreToldWhatHasArrived(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.post(f.server, "/v2/payment_accounts", `{"name":"main","provider":"stripe","config":{"secret_key":"sk_test_x"}}`).id(t)
	_, p := f.owing(f.resource(`[]`), 1)
	f.post(f.server, "/v2/payments/"+p.Name()+"/mark_paid", "").refused(t, fault.PaymentState, "")
}

// TestPaymentsAreOpenedByEffects: a payment that is asked for by hand is an effect of its booking, once for each key.
func TestPaymentsAreOpenedByEffects(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	f.post(f.server, "/v2/payment_accounts", `{"name":"desk","provider":"manual"}`).id(t)
	id, _ := f.owing(resource, 1)
	free := f.post(f.server, "/v2/bookings", `{"graph":"instant",`+slot(resource, 3, 1)+`}`).id(t)
	f.post(f.server, "/v2/payments", `{}`).refused(t, fault.Invalid, "booking_id")
	f.post(f.server, "/v2/payments", fmt.Sprintf(`{"booking_id":%q,"of":"all"}`, id)).refused(t, fault.Invalid, "of")
	f.post(f.server, "/v2/payments", fmt.Sprintf(`{"booking_id":%q}`, uuid.NewString())).refused(t, fault.NotFound, "")
	f.post(f.server, "/v2/payments", fmt.Sprintf(`{"booking_id":%q}`, free)).refused(t, fault.PaymentState, "")
	before := value[int](f, `SELECT count(*)::int FROM effects WHERE booking_id = $1`, id)
	var names []string
	for range 2 {
		a := f.send(f.server, http.MethodPost, "/v2/payments", fmt.Sprintf(`{"booking_id":%q,"of":"balance"}`, id), "Idempotency-Key", "once")
		names = append(names, a.want(t, http.StatusAccepted).text(t, "id"))
	}
	if n := value[int](f, `SELECT count(*)::int FROM effects WHERE booking_id = $1`, id) - before; n != 1 || names[0] != names[1] || !strings.HasPrefix(names[0], "pay_") {
		t.Errorf("%d effects open %v", n, names)
	}
	if n := f.temporal.wakes(workflows.EffectsID(uuid.MustParse(id))); n == 0 {
		t.Error("nobody carries it out")
	}
}

// TestNoShowConsent: a fee is asked for of customers who have agreed to it; a project cannot agree for them.
func TestNoShowConsent(t *testing.T) {
	t.Parallel()
	f := setup(t, withoutProjects)
	resource := f.resource(`[]`)
	f.post(f.server, "/v2/payment_accounts", `{"name":"desk","provider":"manual"}`).id(t)
	const fee = `,"price":{"amount":4500,"currency":"EUR"},"payment_policy":{"no_show":{"fee":2000,"consent":"Who does not come pays."}}`
	project := f.project(resource, `,"availability":{"length":"1 hour"},"booking":{"graph":"instant","no_show_consent":true}`+fee)
	for i, c := range []struct {
		key, more string
		agreed    bool
	}{
		{f.server, "", false}, {f.server, `,"no_show_consent":true`, true}, {f.server, `,"no_show_consent":false`, false},
		{f.widget, `,"no_show_consent":true`, true}, {f.widget, "", false},
	} {
		body := fmt.Sprintf(`{"graph":"instant",%s,"project_id":%q%s}`, slot(resource, float64(2*i+2), 1), project, c.more)
		id := f.post(c.key, "/v2/bookings", body).id(t)
		shown := f.send(f.server, http.MethodGet, "/v2/bookings/"+id+"?include=payment", "").want(t, http.StatusOK).Body.String()
		if got := !strings.Contains(shown, `"no_show_consented_at":null`); got != c.agreed {
			t.Errorf("%d: agreed %v: %s", i, got, shown)
		}
		a := f.post(f.server, "/v2/payments", fmt.Sprintf(`{"booking_id":%q,"of":"no_show_fee"}`, id))
		if c.agreed {
			a.want(t, http.StatusAccepted)
		} else {
			a.refused(t, fault.PaymentState, "")
		}
	}
}

// TestPrices: a project's price and policy are copied onto its bookings; a price of 0 takes it away; only a server key says another one.
func TestPrices(t *testing.T) {
	t.Parallel()
	f := setup(t, withoutProjects)
	resource := f.resource(`[]`)
	f.post(f.server, "/v2/payment_accounts", `{"name":"desk","provider":"manual"}`).id(t)
	const priced = `,"price":{"amount":4500,"currency":"EUR"},"payment_policy":{"late":"refund"}`
	project := f.project(resource, `,"availability":{"length":"1 hour"}`+priced)
	for body, field := range map[string]string{
		`{"price":{"amount":1,"currency":"eur"}}`:                                      "price.currency",
		`{"price":{"amount":-1,"currency":"EUR"}}`:                                     "price.amount",
		`{"price":{"amount":10,"currency":"EUR","due_now":11}}`:                        "price.due_now",
		`{"price":{"amount":10,"currency":"EUR","items":[{"name":"x","amount":9}]}}`:   "price.items",
		`{"payment_policy":{"capture":"later"}}`:                                       "payment_policy.capture",
		`{"payment_policy":{"refund":[{"percent":100},{"until":"PT1H","percent":0}]}}`: "payment_policy.refund[0].until",
		`{"payment_policy":{"refund":[{"until":"PT1H","percent":101}]}}`:               "payment_policy.refund[0].percent",
		`{"payment_policy":{"no_show":{"fee":100}}}`:                                   "payment_policy.no_show.consent",
	} {
		f.put(f.server, "/v2/projects/"+project, body).refused(t, fault.Invalid, field)
		more := strings.TrimSuffix(strings.TrimPrefix(body, "{"), "}")
		f.post(f.server, "/v2/bookings", `{"graph":"instant",`+more+`,`+slot(resource, 1, 1)+`}`).refused(t, fault.Invalid, field)
	}
	hour := 0.0
	kept := func(key, through, more string) string {
		t.Helper()
		hour += 2
		f.from = fmt.Sprintf("198.51.100.%d", int(hour)) // or the visitor holds too much
		body := `{"graph":"instant",` + slot(resource, hour, 1) + more
		if through != "" {
			body += fmt.Sprintf(`,"project_id":%q`, through)
		}
		id := f.post(key, "/v2/bookings", body+`}`).id(t)
		return value[string](f, `SELECT COALESCE(concat_ws(' ', payment->'price'->>'amount', payment->'policy'->>'late', payment->'policy'->>'refund',
			payment->>'provider'), '') FROM bookings WHERE id = $1`, id)
	}
	const own, policy = `,"price":{"amount":1,"currency":"EUR"}`, `,"payment_policy":{"late":"reacquire_or_refund","refund":[]}`
	for _, c := range []struct{ key, through, more, want string }{
		{f.server, project, "", "4500 refund manual"}, {f.widget, project, "", "4500 refund manual"},
		{f.widget, project, own, "4500 refund manual"}, {f.widget, project, policy, "4500 refund manual"},
		{f.widget, "", own, ""}, {f.widget, "", own + policy, ""},
		{f.server, project, own, "1 refund manual"}, {f.server, project, policy, "4500 reacquire_or_refund [] manual"},
		{f.server, "", own, "1 manual"}, {f.server, "", policy, ""},
	} {
		if got := kept(c.key, c.through, c.more); got != c.want {
			t.Errorf("a key %.6s… through %q with %s keeps %q, want %q", c.key, c.through, c.more, got, c.want)
		}
	}
	f.put(f.server, "/v2/projects/"+project, `{"price":{"amount":0,"currency":"EUR"}}`).want(t, http.StatusNoContent)
	if got := kept(f.server, project, ""); got != "" {
		t.Errorf("a price of 0 leaves %q", got)
	}
}
