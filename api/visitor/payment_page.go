package visitor

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

// paymentHandlers shows customers how their payment stands. Providers send them here after paying, and their own pages may say anything by
// then: this one says what is on record.
type paymentHandlers struct {
	page      *pageEdge
	payments  *postgres.Payments
	bookings  *postgres.Bookings
	catalogue *postgres.Catalogue
	actions   *requestActions
	providers Providers
	dispatch  *dispatch.Dispatcher
	log       *slog.Logger
}

// Providers opens accounts at payment providers. Implementations must be safe for concurrent use.
type Providers interface {
	Of(a *payment.Account) (provider.Provider, error)
}

func (h *paymentHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/pay/:code", edge.RequireNothing, h.page.serve(h.openPayment)),
		edge.On(http.MethodHead, "/pay/:code", edge.RequireNothing, h.page.serve(h.openPayment)),
		edge.On(http.MethodPost, "/pay/:code", edge.RequireNothing, h.page.serve(h.followPayment)),
	}
}

// paymentPage shows where a payment stands.
type paymentPage struct {
	frame
	Text         string
	Amount       string
	What         string
	When         string
	ZoneText     string
	Until        string // until when the time is held; in the zone
	Left         string // how long that is
	Instructions string // how to pay, where no page of a provider says so
	Pay          string // the address where one pays
	GiveUp       string // the button that gives the time up; "" for none
	Form         string // where it is sent
	Back         string // the page of the booking
	BackText     string
	Times        string // where other times can be chosen
}

// lookAgain is how old what the provider has said may be before a look at the page asks anew. The others are how long the page waits until
// it loads itself: while a provider is asked, while a person has to say what has arrived, and before it leads back to the booking.
const (
	lookAgain   = 2 * time.Second
	refresh     = 4 * time.Second
	refreshSlow = 30 * time.Second
	refreshBack = 6 * time.Second
)

// justEnded is how long after its end a payment is looked at once more.
const justEnded = 2 * time.Minute

// visited is a payment as its customer sees it, with its booking; nil for one that was erased.
type visited struct {
	*postgres.PaymentWithRefunds

	booking *booking.Booking
	now     time.Time // of the app
}

func (h *paymentHandlers) find(k *call) (*visited, error) {
	p, err := h.payments.PaymentByCode(k, k.Param("code"))
	if err != nil {
		return nil, err
	}
	v := &visited{PaymentWithRefunds: p}
	target, err := h.bookings.LinkTarget(k, p.BookingID)
	if err != nil {
		return v, edge.UnlessNotFound(err)
	}
	k.App, v.booking, v.now = target.App, target.Booking, target.Booking.Clock.Now()
	return v, nil
}

// openPayment answers GET and HEAD. Nothing is changed by it, but that the provider is asked.
func (h *paymentHandlers) openPayment(k *call) error {
	v, err := h.find(k)
	if err != nil {
		return err
	}
	page := v.view()
	if err := h.fillWays(k, v, page); err != nil {
		return err
	}
	switch {
	case v.waits():
		every := refresh
		if v.Provider == payment.Manual {
			every = refreshSlow
		}
		k.Header("Refresh", strconv.Itoa(int(every.Seconds())))
		h.look(k, v.PaymentWithRefunds)
	case v.isPaid() && page.Back != "":
		k.Header("Refresh", strconv.Itoa(int(refreshBack.Seconds()))+"; url="+page.Back)
	}
	return showPage(k, http.StatusOK, "payment.html", page)
}

// followPayment answers the button that gives the time up. Where that is not possible any more, the page says how things stand.
func (h *paymentHandlers) followPayment(k *call) error {
	if err := k.fromHere(); err != nil {
		return err
	}
	if err := k.readForm(); err != nil {
		return err
	}
	if k.formValue("action") != "give_up" {
		return fault.Errorf(fault.Malformed, "The form does not say what to do.")
	}
	v, err := h.find(k)
	if err != nil {
		return err
	}
	if way := v.wayToGiveUp(); way.action != "" {
		_, err = h.actions.giveUp(k, v.booking, way)
	}
	if err != nil && fault.CodeOf(err) != fault.ActionNotAvailable {
		return err
	}
	k.Redirect(http.StatusSeeOther, k.Request.URL.Path)
	return nil
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

// fillWays says how to pay by hand, and where to choose another time when the money came too late.
func (h *paymentHandlers) fillWays(k *call, v *visited, page *paymentPage) error {
	switch {
	case v.isPayable() && v.CheckoutURL == "":
		text, err := h.instructions(k, v.Payment)
		page.Instructions = text
		return err
	case v.booking != nil && v.isOver():
		link, err := h.linkToTimes(k, v.booking)
		if link != nil {
			page.Times = "/pls/" + link.Code + "?" + url.Values{"tz": {page.Zone}}.Encode()
		}
		return err
	}
	return nil
}

// instructions are what the owner of an account has written for those who pay by hand.
func (h *paymentHandlers) instructions(k *call, p *payment.Payment) (string, error) {
	account, err := h.payments.Account(k, p.AppID, p.AccountID)
	if err != nil {
		return "", edge.UnlessNotFound(err)
	}
	at, err := h.providers.Of(account)
	if err != nil {
		h.log.Error("a payment account cannot be opened", "account", account.ID, "error", provider.CodeOf(err))
		return "", nil
	}
	if one, ok := at.(provider.Instructor); ok {
		return one.Instructions(), nil
	}
	return "", nil
}

// linkToTimes is the public link that a booking was made by, or one of its project; nil when there is none that is open to everybody.
func (h *paymentHandlers) linkToTimes(k *call, b *booking.Booking) (link *catalogue.PublicLink, err error) {
	if b.Request != nil && b.Request.PublicLink != nil {
		link, err = h.catalogue.PublicLink(k, b.AppID, *b.Request.PublicLink)
		if err == nil && link.Enabled && !link.RequireClaimToken {
			return link, nil
		}
		if edge.UnlessNotFound(err) != nil {
			return nil, err
		}
	}
	if b.Related.Project == nil || *b.Related.Project == uuid.Nil {
		return nil, nil
	}
	link, err = h.catalogue.LinkToTimes(k, b.AppID, *b.Related.Project)
	if err != nil {
		return nil, edge.UnlessNotFound(err)
	}
	return link, nil
}

// waits reports whether something is expected of the payment in the next moments: money can be under way when it has just ended.
func (v *visited) waits() bool {
	if v.State.Over() && !v.HasMoney() {
		return time.Since(v.UpdatedAt) < justEnded
	}
	return !v.State.Over() && v.State != payment.Authorized || v.HasMoney() && !v.Honoured && len(v.Refunds) == 0
}

// isPaid reports whether the money has arrived, and its booking has taken it.
func (v *visited) isPaid() bool {
	return v.State == payment.Captured && v.Honoured && len(v.Refunds) == 0
}

// isPayable reports whether the customer can pay now. A fee does not depend on what its booking waits for.
func (v *visited) isPayable() bool {
	if v.State != payment.Open {
		return false
	}
	return v.Kind == payment.Fee || v.booking != nil && v.booking.State != expiringState && v.booking.AwaitsPayment(v.Kind, v.now)
}

// isOver reports whether the time is not kept any more for want of money in time.
func (v *visited) isOver() bool {
	b := v.booking
	return v.Kind != payment.Fee && (b.Dropped() || !v.Honoured && v.State.Over() && !b.AwaitsPayment(v.Kind, v.now))
}

// wayToGiveUp is how the customer gives up a time that waits for the payment.
func (v *visited) wayToGiveUp() surrender {
	if v.booking == nil || v.Kind == payment.Fee || v.Kind == payment.Balance || v.HasMoney() || !v.booking.AwaitsPayment(v.Kind, v.now) {
		return surrender{}
	}
	return (&requested{RequestWithBooking: &postgres.RequestWithBooking{Booking: v.booking}}).wayToGiveUp()
}

func (v *visited) view() *paymentPage {
	page := &paymentPage{Amount: payment.Text(v.Amount, v.Currency)}
	page.Title, page.Text = v.text()
	b, zone := v.booking, time.UTC
	if b != nil {
		zone = b.Resource.Zone()
		page.What, page.When, page.ZoneText = b.What, whenText(b.Start, b.End, zone), zoneText(zone.String())
	}
	page.Zone = zone.String()
	if v.isPayable() {
		page.Pay = v.CheckoutURL
		until := v.heldUntil()
		page.Until, page.Left = momentText(until, zone), leftText(until.Sub(v.now))
	}
	if way := v.wayToGiveUp(); way.action != "" {
		page.GiveUp, page.Form = way.button, "/pay/"+v.Code
	}
	if b != nil && b.Request != nil {
		page.Back, page.BackText = requestPath(b.Request), "Your booking"
		if v.isPaid() {
			page.Back += "?done=true"
		}
	}
	return page
}

// IsBack reports whether all that is left is to go back to the booking.
func (p *paymentPage) IsBack() bool { return p.Pay == "" && p.Times == "" }

// heldUntil is until when the booking waits for the money, or the provider takes it, whichever is earlier, by the app's time. Providers go
// by real time.
func (v *visited) heldUntil() time.Time {
	if v.booking == nil {
		return v.ExpiresAt
	}
	until := v.ExpiresAt.Add(time.Until(v.now).Round(time.Second))
	graph, err := v.booking.LoadGraph()
	if err != nil {
		return until
	}
	_, held := service.LookAhead(graph, v.booking.State, v.booking.Times(), v.booking.Settings.Timers)
	if v.Kind != payment.Fee && !held.IsZero() && held.Before(until) {
		return held
	}
	return until
}

// leftText says how long a time is, roughly.
func leftText(left time.Duration) string {
	switch minutes := int(left.Round(time.Minute) / time.Minute); {
	case left <= 0:
		return "the time is over"
	case left < time.Minute:
		return "less than a minute left"
	case minutes == 1:
		return "about a minute left"
	case minutes < 100:
		return fmt.Sprintf("about %d minutes left", minutes)
	case minutes < 48*60:
		return fmt.Sprintf("about %d hours left", (minutes+30)/60)
	default:
		return fmt.Sprintf("about %d days left", (minutes+12*60)/(24*60))
	}
}

// text says where the payment stands.
func (v *visited) text() (title, text string) {
	switch {
	case len(v.Refunds) > 0:
		return refundText(v.PaymentWithRefunds)
	case v.isPaid():
		return "Paid", "Your payment has arrived, and your time is kept for you."
	case v.HasMoney() && v.Honoured:
		return "Your payment is held", "Nothing is taken before your booking is confirmed. If it is declined, the money is let go."
	case v.LettingGo, v.State == payment.Voided:
		return "Nothing is charged", "The money that was held is let go. It may take some days until your bank shows that."
	case v.HasMoney(), v.State == payment.Processing:
		return "Your payment is under way", "One moment, please: this page says by itself when it has arrived."
	}
	return v.unpaidText()
}

// unpaidText says how a payment stands of which no money is known.
func (v *visited) unpaidText() (title, text string) {
	const justPaid = "If you have paid just now, this page says so in a moment, and the money goes back."
	b := v.booking
	switch {
	case v.isPayable() && v.CheckoutURL == "":
		return "To be paid", "Please pay as follows. This page says so when your payment has arrived."
	case v.isPayable() && v.Kind == payment.Fee:
		return "To be paid", "The next page is that of the payment provider."
	case v.isPayable():
		return "To be paid", "Your time is kept for you while you pay."
	case b != nil && b.State == expiringState:
		return "The time to pay is over", "Your time is kept a moment longer, in case your payment is under way. " +
			"This page says what has become of it."
	case b != nil && b.State == "withdrawn":
		return "Given up", "You have given this time up, and nothing was charged. " + justPaid
	case v.State.Over(), v.State == payment.Open, b != nil && b.Completed:
		return "This cannot be paid any more", "Nothing was charged. " + justPaid
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
