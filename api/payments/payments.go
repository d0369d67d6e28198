// Package payments answers requests about money: accounts at payment providers, payments and their refunds, and the webhooks of providers.
package payments

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/graphs"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// Handlers answers requests about money. All fields are needed.
type Handlers struct {
	Payments  *postgres.Payments
	Bookings  *postgres.Bookings
	Effects   *postgres.Effects
	Dispatch  *dispatch.Dispatcher
	Vault     *links.Vault
	Providers Providers
	BaseURL   string                                    // of pages
	Wake      func(k *edge.Call, endpoints []uuid.UUID) // endpoints with deliveries to send
	Log       *slog.Logger
}

// Providers opens accounts at payment providers, and checks the settings of new ones. Implementations must be safe for concurrent use.
type Providers interface {
	Of(a *payment.Account) (provider.Provider, error)
	// Check adds what is wrong with an account to the problems: under "provider", and under "config" and its fields.
	Check(name string, config json.RawMessage, problems fault.Problems)
}

// Routes returns the rows of the route table that this package answers.
func (h *Handlers) Routes() []edge.Route {
	return slices.Concat(
		(&accountHandlers{payments: h.Payments, vault: h.Vault, providers: h.Providers, baseURL: h.BaseURL}).routes(),
		(&paymentHandlers{
			payments: h.Payments, bookings: h.Bookings, effects: h.Effects, dispatch: h.Dispatch, baseURL: h.BaseURL, wake: h.Wake, log: h.Log,
		}).routes(),
		(&noticeHandlers{payments: h.Payments, providers: h.Providers, dispatch: h.Dispatch, log: h.Log}).routes(),
	)
}

// paymentHandlers answers requests about payments and refunds.
type paymentHandlers struct {
	payments *postgres.Payments
	bookings *postgres.Bookings
	effects  *postgres.Effects
	dispatch *dispatch.Dispatcher
	baseURL  string
	wake     func(k *edge.Call, endpoints []uuid.UUID)
	log      *slog.Logger
}

func (h *paymentHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/payments", edge.RequireServer, h.listPayments),
		edge.On(http.MethodPost, "/v2/payments", edge.RequireServer, h.openPayment).Once(),
		edge.On(http.MethodGet, "/v2/payments/:id", edge.RequireServer, h.getPayment),
		edge.On(http.MethodPost, "/v2/payments/:id/refresh", edge.RequireServer, h.refreshPayment),
		edge.On(http.MethodPost, "/v2/payments/:id/mark_paid", edge.RequireServer, h.markPaid),
		edge.On(http.MethodPost, "/v2/payments/:id/refunds", edge.RequireServer, h.refundPayment).Once(),
		edge.On(http.MethodPost, "/v2/payments/:id/refunds/:refund/retry", edge.RequireServer, h.retryRefund),
		edge.On(http.MethodPost, "/v2/payments/:id/refunds/:refund/mark_paid", edge.RequireServer, h.markRefundPaid),
	}
}

// needs are what payments can be listed by.
var needs = []string{"any", "failed_refund", "dispute", "late"}

// listPayments answers with a page of the app's payments, the newest first.
func (h *paymentHandlers) listPayments(k *edge.Call) error {
	page, err := k.ReadPage()
	if err != nil {
		return err
	}
	problems := fault.Problems{}
	filter := postgres.PaymentFilter{Booking: k.QueryID("booking_id", problems), State: payment.State(k.Query("state"))}
	filter.Needs = k.Query("needs")
	if filter.State != "" && !slices.Contains(payment.States, filter.State) {
		problems.Add("state", "must be one of %v", payment.States)
	}
	if filter.Needs != "" && !slices.Contains(needs, filter.Needs) {
		problems.Add("needs", "must be one of %v", needs)
	}
	if err := problems.Err(); err != nil {
		return err
	}
	all, found, err := h.payments.ListPayments(k, k.App.ID, filter, page)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, p := range all {
		list = append(list, rules.PaymentView(k.Clock, p, h.baseURL))
	}
	return k.AnswerList(list, len(list), found, page)
}

// maxEvents is how many events of a payment are shown with it.
const maxEvents = 200

// getPayment shows a payment; with include=events also what has happened to it and its refunds, the oldest first.
func (h *paymentHandlers) getPayment(k *edge.Call) error {
	p, err := h.named(k)
	if err != nil {
		return err
	}
	view := rules.PaymentView(k.Clock, p, h.baseURL)
	if k.Includes()["events"] {
		all, err := h.payments.PaymentEvents(k, p.Payment, maxEvents)
		if err != nil {
			return err
		}
		list := []timekit.Object{}
		for _, e := range all {
			list = append(list, timekit.Object{"id": e.ID, "type": e.Type, "timestamp": k.Clock.Show(e.At, time.UTC), "payment": e.Payment})
		}
		view["events"] = list
	}
	return k.Answer(http.StatusOK, view)
}

// openPayment has a payment opened for a booking: what is due, its balance, or its no-show fee. The payment is there a moment later.
func (h *paymentHandlers) openPayment(k *edge.Call) error {
	var in struct {
		Booking string `json:"booking_id"`
		Of      string `json:"of"`
	}
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	id := edge.ParseID(in.Booking, "booking_id", problems)
	if !slices.Contains([]string{"", graphs.OfDue, graphs.OfBalance, graphs.OfNoShowFee}, in.Of) {
		problems.Add("of", "must be %s, %s or %s", graphs.OfDue, graphs.OfBalance, graphs.OfNoShowFee)
	}
	if err := problems.Err(); err != nil {
		return err
	}
	b, err := h.bookings.Booking(k, k.App.ID, id)
	if err != nil {
		return err
	}
	if b.Payment == nil || b.Payment.AccountID == uuid.Nil {
		return fault.Errorf(fault.PaymentState, "The booking has no price, or the app had no payment account when it was made.")
	}
	if in.Of != graphs.OfNoShowFee && b.Related.Payer != nil {
		return fault.Errorf(fault.PaymentState, "Booking %s pays for this one.", b.Related.Payer)
	}
	if in.Of == graphs.OfNoShowFee && b.Payment.NoShowFee() == 0 {
		return fault.Errorf(fault.PaymentState, "There is no fee: the payment policy has none, or the customer has not agreed to it.")
	}
	e, err := h.effects.AddEffect(k, b, k.Operation, graphs.Effect{Kind: graphs.OpenPaymentEffect, Of: in.Of})
	if err != nil {
		return err
	}
	if err := h.dispatch.EnsureEffectsRunning(k, b.ID); err != nil {
		h.log.Warn("could not wake the effects of a booking; the sweep will", "booking", b.ID, "error", err)
	}
	name := (&payment.Payment{ID: e.PaymentID()}).Name()
	k.Header("Location", "/v2/payments/"+name)
	return k.Answer(http.StatusAccepted, timekit.Object{"id": name, "booking_id": b.ID, "effect_id": e.ID})
}

// refreshPayment has the provider asked about a payment now.
func (h *paymentHandlers) refreshPayment(k *edge.Call) error {
	p, err := h.named(k)
	if err != nil {
		return err
	}
	h.watch(k, p.ID)
	return k.Answer(http.StatusAccepted, rules.PaymentView(k.Clock, p, h.baseURL))
}

// markPaid puts on record that the money of a payment has arrived outside, where nobody else says so.
func (h *paymentHandlers) markPaid(k *edge.Call) error {
	p, err := h.named(k)
	if err != nil {
		return err
	}
	switch {
	case p.Provider != payment.Manual:
		return fault.Errorf(fault.PaymentState, "Provider %s says by itself when it is paid.", p.Provider)
	case p.State == payment.Captured:
		return k.Answer(http.StatusOK, rules.PaymentView(k.Clock, p, h.baseURL))
	}
	out, err := h.payments.Settle(k, p.ID, &payment.Seen{State: payment.Captured, Currency: p.Currency, Captured: p.Amount})
	if err != nil {
		return err
	}
	h.wake(k, out.Woken)
	h.watch(k, p.ID) // it hands the action on
	out.Parts = p.Parts
	return k.Answer(http.StatusOK, rules.PaymentView(k.Clock, out.PaymentWithRefunds, h.baseURL))
}

// refundPayment gives money of a payment back: an amount, or all that is left.
func (h *paymentHandlers) refundPayment(k *edge.Call) error {
	p, err := h.named(k)
	if err != nil {
		return err
	}
	var in struct {
		Amount   *int64 `json:"amount"`
		Currency string `json:"currency"`
		Note     string `json:"note"`
	}
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	edge.CheckLength(in.Note, "note", maxNote, problems)
	if in.Currency != "" && in.Currency != p.Currency {
		problems.Add("currency", "must be that of the payment, %s", p.Currency)
	}
	amount := p.Left(p.Refunds)
	if in.Amount != nil {
		amount = *in.Amount
	}
	if in.Amount != nil && amount < 1 {
		problems.Add("amount", "must be at least 1, in the minor unit of the currency")
	}
	if err := problems.Err(); err != nil {
		return err
	}
	if amount == 0 {
		return fault.Errorf(fault.PaymentState, "Nothing of the payment is left.")
	}
	r, woken, err := h.payments.AskRefund(k, &payment.Refund{
		ID: k.Operation, PaymentID: p.ID, Amount: amount, Reason: payment.ByOwner, Note: in.Note,
	}, true)
	if err != nil {
		return err
	}
	h.wake(k, woken)
	h.watch(k, p.ID)
	k.Header("Location", "/v2/payments/"+p.Name())
	return k.Answer(http.StatusCreated, rules.RefundView(k.Clock, r))
}

// maxNote is the longest note of a refund, in characters.
const maxNote = 500

// retryRefund has a refund that failed tried again.
func (h *paymentHandlers) retryRefund(k *edge.Call) error {
	p, id, err := h.refund(k)
	if err != nil {
		return err
	}
	r, err := h.payments.RetryRefund(k, k.App.ID, p, id)
	if err != nil {
		return err
	}
	if r.State != payment.RefundPending {
		return fault.Errorf(fault.PaymentState, "The refund has not failed: it is %s.", r.State)
	}
	h.watch(k, p)
	return k.Answer(http.StatusOK, rules.RefundView(k.Clock, r))
}

// markRefundPaid puts on record that a refund that failed was paid outside.
func (h *paymentHandlers) markRefundPaid(k *edge.Call) error {
	p, id, err := h.refund(k)
	if err != nil {
		return err
	}
	var in struct {
		Note string `json:"note"`
	}
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	if edge.CheckLength(in.Note, "note", maxNote, problems); problems.Err() != nil {
		return problems.Err()
	}
	r, err := h.payments.MarkRefundByHand(k, k.App.ID, p, id, in.Note)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, rules.RefundView(k.Clock, r))
}

// named returns the payment that a request is about.
func (h *paymentHandlers) named(k *edge.Call) (*postgres.PaymentWithRefunds, error) {
	id, err := idOf(k, "id", "pay_", "The payment")
	if err != nil {
		return nil, err
	}
	return h.payments.Payment(k, k.App.ID, id)
}

// refund returns the ids of the payment and the refund that a request is about.
func (h *paymentHandlers) refund(k *edge.Call) (of, id uuid.UUID, err error) {
	if of, err = idOf(k, "id", "pay_", "The payment"); err == nil {
		id, err = idOf(k, "refund", "rfd_", "The refund")
	}
	return of, id, err
}

// idOf reads an id with its prefix, or without.
func idOf(k *edge.Call, name, prefix, what string) (uuid.UUID, error) {
	id, err := uuid.Parse(strings.TrimPrefix(k.Param(name), prefix))
	if err != nil {
		return uuid.Nil, fault.Errorf(fault.NotFound, "%s does not exist.", what)
	}
	return id, nil
}

// watch has the workflow of a payment look at it.
func (h *paymentHandlers) watch(k *edge.Call, id uuid.UUID) {
	if err := h.dispatch.EnsurePaymentRunning(k, id); err != nil {
		h.log.Warn("could not wake the workflow of a payment; the sweep will", "payment", id, "error", err)
	}
}
