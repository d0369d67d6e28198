package bookings

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

// draftReader makes drafts of bookings from what bodies ask for.
type draftReader struct {
	booker *service.Booker
	offers *service.Offers
	rules  rules.Reader
	wait   time.Duration // for the outcome of an action, unless the client says otherwise
}

// createBooking makes a booking and plays its graph's first action: 201, 202 when the outcome is not known yet, 409
// when the slot is taken.
func (h *bookingHandlers) createBooking(k *call) error {
	var in rules.BookingInput
	if err := k.DecodeBy(rules.BookingRules(), &in); err != nil {
		return err
	}
	in.KeepSwitches(k.Raw)
	turn, err := h.admission.Enter(k)
	if err != nil {
		return err
	}
	defer turn.Leave()
	d, err := h.drafts.draft(k, k.Operation, in, false, fault.Problems{})
	if err != nil {
		return err
	}
	out, err := h.booker.BookDraft(k, d, turn)
	if err != nil {
		return err
	}
	if k.Includes()["payment"] && out.Booking != nil {
		awaitPage(k, h.payments, out.Booking)
	}
	return h.renderer.answer(k, http.StatusCreated, out)
}

// A caller who asks for the payment of a new booking needs the page to send its customer to: how long the page of the provider is waited
// for.
const (
	pageWait = 5 * time.Second
	pageLook = 100 * time.Millisecond
)

// awaitPage waits until the payment of a booking is opened, if its graph asks for one by itself, for a bounded time.
func awaitPage(k *call, payments *postgres.Payments, b *booking.Booking) {
	graph, err := b.LoadGraph()
	if b.Payment == nil || b.Payment.Price.Due() == 0 || err != nil || !graph.OpensPayments() {
		return
	}
	ctx, cancel := context.WithTimeout(k, pageWait)
	defer cancel()
	for {
		all, err := payments.PaymentsOf(ctx, b.AppID, []uuid.UUID{b.ID})
		if of := all[b.ID]; err != nil || len(of) > 0 && of[0].State != payment.Created {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pageLook):
		}
	}
}

// draft makes a booking of what a body asks for, with every fault found on the way. The caller has a turn for it.
func (h *draftReader) draft(k *call, id uuid.UUID, in rules.BookingInput, hold bool, problems fault.Problems) (*service.Draft, error) {
	project, err := h.projectOf(k, in.ProjectID, problems)
	if err != nil {
		return nil, err
	}
	n, err := h.rules.NewBooking(k.Caller, k.Clock, in, project, hold, problems)
	if err != nil {
		return nil, err
	}
	if k.IsVisitor() {
		for i := range n.Customers {
			rules.Speaks(&n.Customers[i], k.Request.Header.Get("Accept-Language"))
		}
	}
	n.ID, n.Retried, n.Wait = id, k.Repeated, k.PreferredWait(h.wait)
	return h.booker.Draft(k, k.Caller, n)
}

// projectOf loads the project that a body names; nil for none, or when it does not exist.
func (h *draftReader) projectOf(k *call, text string, problems fault.Problems) (*service.Project, error) {
	if text == "" {
		return nil, nil
	}
	id := edge.ParseID(text, "project_id", problems)
	if id == uuid.Nil {
		return nil, nil
	}
	p, err := h.offers.Project(k, k.App.ID, id)
	if edge.IsMissing(err, "project_id", problems) || err != nil {
		return nil, edge.UnlessNotFound(err)
	}
	return p, nil
}
