package payments

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// noticeHandlers receives the webhooks of payment providers.
type noticeHandlers struct {
	payments  *postgres.Payments
	providers Providers
	dispatch  *dispatch.Dispatcher
	log       *slog.Logger
}

func (h *noticeHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPost, "/v2/payment_webhooks/:provider/:app", edge.RequireNothing, h.receive),
	}
}

// receive takes a webhook request of a provider. It is on record before it is answered, and says only that a payment is to be looked at:
// the provider's API says how it is. A request that none of the app's accounts recognizes is refused.
func (h *noticeHandlers) receive(k *edge.Call) error {
	body, err := k.ReadBody()
	if err != nil {
		return err
	}
	accounts, err := h.payments.AccountsOf(k, k.Param("app"), k.Param("provider"))
	if err != nil {
		return err
	}
	for _, a := range accounts {
		notices, ok := h.verify(k, a, body)
		if !ok {
			continue
		}
		if err := h.note(k, a, h.find(k, a, notices)); err != nil {
			return err
		}
		return k.Answer(http.StatusOK, timekit.Object{"received": len(notices)})
	}
	return fault.Errorf(fault.Malformed, "The request is not signed with a secret of the app's accounts, or too old.")
}

func (h *noticeHandlers) verify(k *edge.Call, a *payment.Account, body []byte) ([]provider.Notice, bool) {
	at, err := h.providers.Of(a)
	if err != nil {
		h.log.Error("a payment account cannot be opened", "account", a.ID, "error", provider.CodeOf(err))
		return nil, false
	}
	notices, err := at.Verify(k.Request.Header, body, time.Now())
	return notices, err == nil
}

// find asks the provider about which payment a notice is that names none of ours. What it does not say is only noted.
func (h *noticeHandlers) find(k *edge.Call, a *payment.Account, notices []provider.Notice) []provider.Notice {
	at, err := h.providers.Of(a)
	finder, ok := at.(provider.Finder)
	if err != nil || !ok {
		return notices
	}
	for i, n := range notices {
		if n.PaymentID != uuid.Nil || n.Ref == "" {
			continue
		}
		if id, err := finder.Find(k, n.Ref); err == nil {
			notices[i].PaymentID = id
		}
	}
	return notices
}

// note puts the events on record, and has the payments that they are about looked at.
func (h *noticeHandlers) note(k *edge.Call, a *payment.Account, notices []provider.Notice) error {
	var events []postgres.ProviderEvent
	for _, n := range notices {
		events = append(events, postgres.ProviderEvent{ID: n.EventID, Type: n.Type, PaymentID: n.PaymentID, Ref: n.Ref})
	}
	about, err := h.payments.NoteProviderEvents(k, a.ID, events)
	if err != nil {
		return err
	}
	for _, id := range about {
		if err := h.dispatch.EnsurePaymentRunning(k, id); err != nil {
			h.log.Warn("could not wake the workflow of a payment; the sweep will", "payment", id, "error", err)
		}
	}
	return nil
}
