package bookings

import (
	"net/http"
	"slices"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/timekit"
)

// cancelHandlers answers what a cancellation would give back.
type cancelHandlers struct {
	bookings *postgres.Bookings
	payments *postgres.Payments
}

func (h *cancelHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/bookings/:id/cancel/preview", edge.RequireServer, with(h.preview)),
	}
}

// sides are who can cancel: the customer by a link, the owner by a server key.
var sides = []string{"customer", "owner"}

// preview answers what goes back to the customer if the booking is cancelled now, by its customer and by its owner. It changes nothing. A
// side that cannot cancel is null; asked for by name, or where neither can, it is refused as the action would be.
func (h *cancelHandlers) preview(k *call) error {
	b, err := k.booking(h.bookings)
	if err != nil {
		return err
	}
	by := k.Query("by")
	if by != "" && !slices.Contains(sides, by) {
		return fault.Problems{"by": {"must be customer or owner"}}.Err()
	}
	all, err := h.payments.PaymentsOf(k, k.App.ID, []uuid.UUID{b.ID})
	if err != nil {
		return err
	}
	view := timekit.Object{"booking_id": b.ID, "state": b.State, "customer": nil, "owner": nil}
	var refusal error
	possible := false
	for _, side := range sides {
		if by != "" && by != side {
			continue
		}
		e, err := cancelBy(b, side, all[b.ID])
		if err != nil {
			refusal = err
			continue
		}
		possible = true
		view[side] = endingView(k, b, e)
		view["paid"], view["refunded"], view["currency"] = e.Paid, e.Refunded, nil
		if e.Currency != "" {
			view["currency"] = e.Currency
		}
	}
	if !possible {
		return refusal
	}
	return k.Answer(http.StatusOK, view)
}

// cancelBy foresees a cancellation by one side; the refusal of the action where that is not possible.
func cancelBy(b *booking.Booking, side string, all []*payment.WithRefunds) (rules.Ending, error) {
	actor, usual := graphs.ActorAPI, "cancel"
	if side == "customer" {
		actor, usual = graphs.ActorCustomerLink, booking.CancelByCustomerAction
	}
	now := b.Clock.Now()
	action := usual
	if open := rules.CancelActions(b, actor, now); len(open) > 0 && !slices.Contains(open, usual) {
		action = open[0]
	}
	if _, err := service.Allow(b, action, actor); err != nil {
		return rules.Ending{}, err
	}
	if err := service.CheckPolicy(b, action, actor); err != nil {
		return rules.Ending{}, err
	}
	if actor == graphs.ActorCustomerLink {
		if err := service.CheckNotBegun(b); err != nil {
			return rules.Ending{}, err
		}
	}
	return rules.EndingOf(b, action, actor, all, now)
}

func endingView(k *call, b *booking.Booking, e rules.Ending) timekit.Object {
	o := timekit.Object{
		"action": e.Action, "refund": e.Refund, "kept": e.Kept(), "released": e.Released, "by_policy": e.ByPolicy, "until": nil,
	}
	if !e.Until.IsZero() {
		o["until"] = k.Clock.Show(e.Until, b.Resource.Zone())
	}
	return o
}
