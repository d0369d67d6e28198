package visitor

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"holdfast/api/rules"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/payment"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

// endingOf foresees what becomes of a booking's money if an action ends it; nil where no payment was asked for.
func endingOf(ctx context.Context, db *postgres.Payments, b *booking.Booking, action string, by graphs.Actor) (*rules.Ending, error) {
	if b.Payment == nil {
		return nil, nil
	}
	all, err := db.PaymentsOf(ctx, b.AppID, []uuid.UUID{b.ID})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	e, err := rules.EndingOf(b, action, by, all[b.ID], b.Clock.Now())
	return &e, err
}

// moneyBackText says what goes back: to the customer, or to the owner about the customer; "" where nothing has come. Until when that counts
// is shown in the zone.
func moneyBackText(e *rules.Ending, toCustomer bool, zone *time.Location) string {
	if e == nil {
		return ""
	}
	sum := func(amount int64) string { return payment.Text(amount, e.Currency) }
	left := e.Paid - e.Refunded
	if left == 0 && e.Released > 0 {
		return sum(e.Released) + " are held, and let go. Nothing is charged."
	}
	if left == 0 {
		return ""
	}
	text, to := "The customer has paid "+sum(left), "to the customer"
	if toCustomer {
		text, to = "You have paid "+sum(left), "to you"
	}
	switch e.Refund {
	case left:
		text += ", and all of it goes back " + to + "."
	case 0:
		text += ", and nothing of it goes back."
	default:
		text += ". Of that " + sum(e.Refund) + " go back " + to + ", and " + sum(e.Kept()) + " are kept."
	}
	if e.ByPolicy && !e.Until.IsZero() {
		text += " That counts until " + momentText(e.Until, zone) + "."
	}
	return text
}

// costText says before booking through a project what is to be paid on the next page; "" where nothing is.
func costText(o service.Outlook, p *catalogue.Project, app string) string {
	due, later := p.Price.Due(), p.Price.Balance()
	switch {
	case due == 0 && later == 0:
		return ""
	case due == 0:
		return "It costs " + payment.Text(later, p.Price.Currency) + ". Nothing has to be paid now."
	}
	text := "You pay " + payment.Text(due, p.Price.Currency) + " now"
	if later > 0 {
		text += ", of " + payment.Text(p.Price.Amount, p.Price.Currency)
	}
	text += ": the next page leads you to it."
	if p.PaymentPolicy.CaptureRule() == payment.CaptureOnConfirm {
		text += " The money is held first, and taken only when " + theApp(app) + " confirms the booking."
	}
	if o.PayTime > 0 {
		text += " The time is held for " + timeToPay(o.PayTime) + " while you pay. If it is not paid by then, it is given up."
	}
	return text
}

// expiringState is the state in which a booking's payment is being ended: nobody is sent to pay any more.
const expiringState = "expiring"

// collects reports whether a booking waits for a payment that its graph asks for by itself, or is about to.
func collects(b *booking.Booking) bool {
	if b == nil || b.Completed || b.Payment == nil || b.Payment.Price.Due() == 0 {
		return false
	}
	graph, err := b.LoadGraph()
	return err == nil && graph.OpensPayments() && (b.State == graph.Initial || b.AwaitsPayment(payment.Full, b.Clock.Now()))
}

// A visitor who has to pay is led on as soon as the payment is on record: how long one request waits for that, and how many requests the
// page makes by itself.
const (
	payWait  = 3 * time.Second
	payLook  = 100 * time.Millisecond
	payAgain = 2 * time.Second
	payLooks = 30
)

// payPath is the page of a booking's payment that has money, or is expected while the booking waits for it; "" while there is none.
func payPath(all []*postgres.PaymentWithRefunds, waits bool) string {
	for _, p := range slices.Backward(all) {
		if p.Kind != payment.Fee && (p.HasMoney() || waits && !p.State.Over()) {
			return "/pay/" + p.Code
		}
	}
	return ""
}

// awaitPayPath waits a moment until there is one.
func (h *requestPages) awaitPayPath(k *call, b *booking.Booking, wait time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(k, wait)
	defer cancel()
	for {
		all, err := h.payments.PaymentsOf(k, b.AppID, []uuid.UUID{b.ID})
		if path := payPath(all[b.ID], collects(b)); path != "" || err != nil || !collects(b) {
			return path, err
		}
		select {
		case <-ctx.Done():
			return "", nil
		case <-time.After(payLook):
		}
	}
}

// leadToPayment leads on to the page of a booking's payment. While there is none, the page says so and loads itself anew, for a bounded
// time.
func (h *requestPages) leadToPayment(k *call, r *requested) error {
	if r.unpicked() {
		tried, err := h.requests.RequestTried(k, r.Request.ID)
		if err != nil {
			return err
		}
		if tried == nil || tried.Status != booking.Pending {
			return h.openUnpicked(k, r)
		}
		return showPayWait(k, r)
	}
	wait := payWait
	if k.Query("pay") != "1" {
		wait = 0 // the page loads itself anew
	}
	path, err := h.awaitPayPath(k, r.Booking, wait)
	switch {
	case err != nil:
		return err
	case path != "":
		k.Redirect(http.StatusSeeOther, path)
		return nil
	case collects(r.Booking):
		return showPayWait(k, r)
	}
	return redirectToRequest(k, r)
}

// showPayWait says that the payment is being prepared.
func showPayWait(k *call, r *requested) error {
	nth, _ := strconv.Atoi(k.Query("pay"))
	next := r.address("pay", strconv.Itoa(max(nth, 1)+1))
	p := &notice{
		frame: frame{Title: "One moment, please"}, Link: next, LinkFor: "Go on",
		Text: "Your choice is on record. The page where you pay is being prepared, and comes by itself.",
	}
	if nth < payLooks {
		k.Header("Refresh", strconv.Itoa(int(payAgain.Seconds()))+"; url="+next)
	} else {
		p.Text = "Your choice is on record. It takes longer than usual to prepare the page where you pay. Please go on in a few minutes."
	}
	return showPage(k, http.StatusOK, "notice.html", p)
}

// fillMoney says on the page of a request what was paid, and leads to the payment that is expected.
func (h *requestPages) fillMoney(k *call, r *requested, p *requestPage) error {
	b := r.Booking
	if b.Payment == nil {
		return nil
	}
	all, err := h.payments.PaymentsOf(k, b.AppID, []uuid.UUID{b.ID})
	if err != nil {
		return err
	}
	kept := int64(0)
	for _, one := range all[b.ID] {
		if one.Honoured {
			kept += one.Left(one.Refunds)
		}
	}
	if kept > 0 {
		p.Paid = payment.Text(kept, b.Payment.Price.Currency)
	}
	switch {
	case r.alone:
	case collects(b) && b.State != expiringState:
		p.Pay, p.PayText = r.path+"?pay=1", "Pay "+payment.Text(b.Payment.Price.Due(), b.Payment.Price.Currency)
	case b.State == balanceDue || b.State == balanceOverdue:
		if one := openBalance(all[b.ID]); one != nil {
			p.Pay, p.PayText, r.pays = "/pay/"+one.Code, "Pay "+payment.Text(one.Amount, one.Currency), true
			p.Title, p.Text = r.headline(k.App.Name, false)
		}
	}
	return nil
}

// openBalance is the newest payment of a balance that can be paid; nil for none.
func openBalance(all []*postgres.PaymentWithRefunds) *postgres.PaymentWithRefunds {
	for _, p := range slices.Backward(all) {
		if p.Kind == payment.Balance && p.Ref != "" && !p.State.Over() {
			return p
		}
	}
	return nil
}
