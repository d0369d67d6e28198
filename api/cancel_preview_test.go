package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

type cancelPreview struct {
	State          string
	Currency       *string
	Paid, Refunded int64
	Customer       *cancelEnding
	Owner          *cancelEnding
}

type cancelEnding struct {
	Action                 string
	Refund, Kept, Released int64
	ByPolicy               bool `json:"by_policy"`
	Until                  *time.Time
}

func (f *fixture) previewCancel(id, query string) (p cancelPreview) {
	f.t.Helper()
	var got struct{ Data *cancelPreview }
	got.Data = &p
	check(f.t, json.Unmarshal(f.send(f.server, http.MethodGet, "/v2/bookings/"+id+"/cancel/preview"+query, "").want(f.t, http.StatusOK).Body.Bytes(), &got))
	return p
}

// wantEnding compares all but the moment.
func (f *fixture) wantEnding(got *cancelEnding, action string, refund, kept int64, byPolicy bool) {
	f.t.Helper()
	if got == nil || got.Action != action || got.Refund != refund || got.Kept != kept || got.Released != 0 || got.ByPolicy != byPolicy {
		f.t.Errorf("%+v, want %s: %d back, %d kept, by policy %v", got, action, refund, kept, byPolicy)
	}
}

// TestCancelPreview: what a cancellation would give back is said for both sides, on the pages of their links as well, and nothing happens.
func TestCancelPreview(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	f.post(f.server, "/v2/payment_accounts", `{"name":"desk","provider":"manual"}`).id(t)
	id, p := f.owing(resource, 1, `,"payment_policy":{"refund":[{"until":"PT48H","percent":100},{"until":"PT1M","percent":50,"keep_fee":500}]}`)
	f.beginsIn(id, 50*time.Hour, 51*time.Hour)
	unpaid := f.previewCancel(id, "")
	f.wantEnding(unpaid.Customer, "withdraw", 0, 0, false)
	f.wantEnding(unpaid.Owner, "cancel", 0, 0, false)
	if a := f.send("", http.MethodGet, f.linkTo(id, "withdraw"), "").want(t, http.StatusOK).Body.String(); strings.Contains(a, "EUR") {
		t.Errorf("nothing is paid: %s", a)
	}
	f.post(f.server, "/v2/payments/"+p.Name()+"/mark_paid", "").want(t, http.StatusOK)
	action := value[uuid.UUID](f, `SELECT action_id FROM payments WHERE id = $1`, p.ID)
	check(t, f.temporal.commit(t.Context(), booking.Signal{ActionID: action}))
	f.wantEnding(f.previewCancel(id, "").Customer, "cancel_by_customer", 4500, 0, true) // before it is on record that the booking has the money
	_, err := f.DB.Settle(t.Context(), p.ID, nil)
	check(t, err)

	early := f.previewCancel(id, "?by=customer")
	f.wantEnding(early.Customer, "cancel_by_customer", 4500, 0, true)
	if early.Owner != nil || early.Paid != 4500 || early.Currency == nil || *early.Currency != "EUR" || early.State != "paid" {
		t.Errorf("%+v", early)
	}
	if until := value[time.Time](f, `SELECT start_at - interval '48 hours' FROM bookings WHERE id = $1`, id); early.Customer.Until == nil || early.Customer.Until.Sub(until).Abs() > time.Second {
		t.Errorf("it counts until %v, want %v", early.Customer.Until, until)
	}
	page := func(action, text string) {
		t.Helper()
		if a := f.send("", http.MethodGet, f.linkTo(id, action), "", "Accept", "text/html").want(t, http.StatusOK).Body.String(); !strings.Contains(a, text) {
			t.Errorf("the page does not say %q: %s", text, a)
		}
	}
	page("cancel_by_customer", "You have paid 45.00 EUR, and all of it goes back to you. That counts until ")
	page("cancel", "The customer has paid 45.00 EUR, and all of it goes back to the customer.")

	f.beginsIn(id, 40*time.Hour, 41*time.Hour)
	both := f.previewCancel(id, "")
	f.wantEnding(both.Customer, "cancel_by_customer", 1750, 2750, true)
	f.wantEnding(both.Owner, "cancel", 4500, 0, false)
	if both.Owner.Until != nil {
		t.Errorf("the owner's share ends: %v", both.Owner.Until)
	}
	page("cancel_by_customer", "You have paid 45.00 EUR. Of that 17.50 EUR go back to you, and 27.50 EUR are kept. That counts until ")
	f.post(f.server, "/v2/payments/"+p.Name()+"/refunds", `{"amount":4000}`).want(t, http.StatusCreated)
	rest := f.previewCancel(id, "")
	f.wantEnding(rest.Customer, "cancel_by_customer", 500, 0, true) // no more than is left
	if rest.Paid != 4500 || rest.Refunded != 4000 {
		t.Errorf("%+v", rest)
	}
	f.sql(`UPDATE payments SET disputed = true WHERE id = $1`, p.ID)
	disputed := f.previewCancel(id, "")
	f.wantEnding(disputed.Owner, "cancel", 0, 500, false)

	f.beginsIn(id, -time.Minute, time.Hour)
	if begun := f.previewCancel(id, ""); begun.Customer != nil || begun.Owner == nil {
		t.Errorf("%+v", begun)
	}
	const path = "/cancel/preview"
	f.send(f.server, http.MethodGet, "/v2/bookings/"+id+path+"?by=customer", "").ruled(t, fault.TooLate, fault.Begun)
	if got := value[string](f, `SELECT state FROM bookings WHERE id = $1`, id); got != "paid" {
		t.Errorf("a look has made it %s", got)
	}
	for _, over := range []string{"?by=somebody", "?by=a"} {
		f.send(f.server, http.MethodGet, "/v2/bookings/"+id+path+over, "").refused(t, fault.Invalid, "by")
	}
	f.send(f.server, http.MethodGet, "/v2/bookings/"+uuid.NewString()+path, "").refused(t, fault.NotFound, "")
	f.send(f.widget, http.MethodGet, "/v2/bookings/"+id+path, "").refused(t, fault.Forbidden, "")
}

// TestCancelPreviewWithoutMoney: a booking that costs nothing gives nothing back, a policy's deadline is said, and what is over is refused.
func TestCancelPreviewWithoutMoney(t *testing.T) {
	t.Parallel()
	f, resource, project := policed(t, `{"cancel":{"customer":{"until":"P1D"}}}`)
	id := f.bookThrough(f.server, project, resource, 0, "").id(t)
	free := f.previewCancel(id, "")
	f.wantEnding(free.Customer, "cancel_by_customer", 0, 0, false)
	if free.Currency != nil || free.Paid != 0 {
		t.Errorf("%+v", free)
	}
	f.beginsIn(id, time.Hour, 2*time.Hour)
	f.send(f.server, http.MethodGet, "/v2/bookings/"+id+"/cancel/preview?by=customer", "").ruled(t, fault.TooLate, policy.CancelDeadline)
	f.put(f.server, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
	f.send(f.server, http.MethodGet, "/v2/bookings/"+id+"/cancel/preview", "").refused(t, fault.ActionNotAvailable, "")
}
