package visitor

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/dispatch"
	"holdfast/internal/payment"
	"holdfast/internal/postgres"
)

// paymentHandlers shows customers how their payment stands. Providers send them here after paying, and their own pages may say anything by
// then: this one says what is on record.
type paymentHandlers struct {
	page     *pageEdge
	payments *postgres.Payments
	bookings *postgres.Bookings
	dispatch *dispatch.Dispatcher
	log      *slog.Logger
}

func (h *paymentHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/pay/:code", edge.RequireNothing, h.page.serve(h.showPayment)),
		edge.On(http.MethodHead, "/pay/:code", edge.RequireNothing, h.page.serve(h.showPayment)),
	}
}

// paymentPage shows where a payment stands.
type paymentPage struct {
	frame
	Text     string
	Amount   string
	When     string
	ZoneText string
	Until    string // when the page where one pays closes
	Pay      string // its address
	Back     string // the page of the booking
}

// lookAgain is how old what the provider has said may be before a look at the page asks anew, and how often the page looks by itself.
const (
	lookAgain = 2 * time.Second
	refresh   = 4 * time.Second
)

func (h *paymentHandlers) showPayment(k *call) error {
	p, err := h.payments.PaymentByCode(k, k.Param("code"))
	if err != nil {
		return err
	}
	b, err := h.bookings.Booking(k, p.AppID, p.BookingID)
	if edge.UnlessNotFound(err) != nil {
		return err
	}
	page := viewPayment(p, b)
	if waits(p) {
		k.Header("Refresh", strconv.Itoa(int(refresh.Seconds())))
		h.look(k, p)
	}
	return showPage(k, http.StatusOK, "payment.html", page)
}

// look has the provider asked, unless that was done just now.
func (h *paymentHandlers) look(k *call, p *postgres.PaymentWithRefunds) {
	if p.State == payment.Created || time.Since(p.FetchedAt) < lookAgain {
		return
	}
	if err := h.dispatch.EnsurePaymentRunning(k, p.ID); err != nil {
		h.log.Warn("could not wake the workflow of a payment; the sweep will", "payment", p.ID, "error", err)
	}
}

// waits reports whether something is expected of the payment in the next moments.
func waits(p *postgres.PaymentWithRefunds) bool {
	return !p.State.Over() && p.State != payment.Authorized || p.HasMoney() && !p.Honoured && len(p.Refunds) == 0
}

func viewPayment(p *postgres.PaymentWithRefunds, b *booking.Booking) *paymentPage {
	page := &paymentPage{Amount: payment.Text(p.Amount, p.Currency)}
	zone := time.UTC
	if b != nil {
		zone = b.Resource.Zone()
		page.When, page.ZoneText = whenText(b.Start, b.End, zone), zoneText(zone.String())
	}
	page.Zone = zone.String()
	page.Title, page.Text = paymentText(p, b)
	if p.State == payment.Open && (b == nil || !b.Completed) {
		page.Pay, page.Until = p.CheckoutURL, p.ExpiresAt.In(zone).Format("15:04")
	}
	if b != nil && b.Request != nil {
		page.Back = "/rts/" + b.Request.Code
	}
	return page
}

// paymentText says where the payment stands.
func paymentText(p *postgres.PaymentWithRefunds, b *booking.Booking) (title, text string) {
	switch {
	case len(p.Refunds) > 0:
		return refundText(p)
	case p.HasMoney() && p.Honoured && p.State == payment.Captured:
		return "Paid", "Your payment has arrived, and your time is kept for you."
	case p.HasMoney() && p.Honoured:
		return "Your payment is held", "Nothing is taken before your booking is confirmed. If it is declined, the money is let go."
	case p.LettingGo, p.State == payment.Voided:
		return "Nothing is charged", "The money that was held is let go. It may take some days until your bank shows that."
	case p.HasMoney(), p.State == payment.Processing:
		return "Your payment is under way", "One moment, please: this page says by itself when it has arrived."
	case p.State.Over(), b != nil && b.Completed:
		return "This cannot be paid any more", "Nothing was charged. " +
			"If you have paid just now, this page says so in a moment, and the money goes back."
	case p.State == payment.Open && p.CheckoutURL == "":
		return "To be paid", "Please pay as you were told. This page says so when your payment has arrived."
	case p.State == payment.Open:
		return "To be paid", "Your time is kept for you while you pay."
	}
	return "One moment, please", "The page where you pay is being prepared."
}

// refundText says what has become of money that goes back.
func refundText(p *postgres.PaymentWithRefunds) (title, text string) {
	sum, late, failed := int64(0), false, false
	for _, r := range p.Refunds {
		sum += r.Amount
		late = late || r.Reason == payment.Late
		failed = failed || r.State == payment.RefundFailed
	}
	amount := payment.Text(sum, p.Currency)
	switch {
	case failed:
		return "Your money is to go back", amount + " could not be given back automatically. Please get in touch: it is on record, and not lost."
	case late:
		return "Paid too late", "The time was no longer kept for you when your payment arrived, so " + amount + " go back to you."
	}
	return "Money goes back to you", amount + " go back to you. It may take some days until your bank shows that."
}
