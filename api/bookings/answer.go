package bookings

import (
	"net/http"
	"strconv"

	"holdfast/api/rules"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// renderer answers with bookings as the caller may see them.
type renderer struct {
	bookings  *postgres.Bookings
	effects   *postgres.Effects
	payments  *postgres.Payments
	catalogue *postgres.Catalogue
	contacts  *postgres.Contacts
	vault     *links.Vault
	links     links.Maker
}

// show answers with one booking as the record has it.
func (h *renderer) show(k *call, status int, b *booking.Booking) error {
	views, err := h.views(k, []*booking.Booking{b})
	if err != nil {
		return err
	}
	k.Header("ETag", etag(b))
	return k.Answer(status, views[0])
}

// views renders bookings with the includes the request asks for, and some more.
func (h *renderer) views(k *call, all []*booking.Booking, more ...string) ([]timekit.Object, error) {
	w := &included{wanted: k.Includes()}
	for _, name := range more {
		w.wanted[name] = true
	}
	if err := h.look(k, w, all); err != nil {
		return nil, err
	}
	list := []timekit.Object{}
	for _, b := range all {
		view, err := h.view(k, b, w)
		if err != nil {
			return nil, err
		}
		list = append(list, view)
	}
	return list, nil
}

func (h *renderer) view(k *call, b *booking.Booking, w *included) (timekit.Object, error) {
	v := timekit.View{Booking: b, Clock: k.Clock}
	o := v.Bare()
	if len(w.wanted) == 0 {
		return o, nil
	}
	parts := map[string]func() any{
		"attributes":        func() any { return v.Attributes() },
		"event":             func() any { return v.Event() },
		"calendar":          func() any { return v.Calendar() },
		"customers":         func() any { return v.Customers() },
		"resource":          func() any { return timekit.ResourceFor(k.Kind, &b.Resource, k.Clock) },
		"user":              func() any { return timekit.ResourceFor(k.Kind, &b.Resource, k.Clock) },
		"available_actions": func() any { return v.OpenActionsAt(b.Clock.Now()) },
		"action_windows":    func() any { return v.ActionWindows() },
		"meta":              func() any { return b.Meta },
		"policy":            func() any { return v.Policy() },
		"assignment":        func() any { return w.assignments[b.ID] },
		"payment":           func() any { return rules.TermsView(k.Clock, b, w.payments[b.ID], h.links.BaseURL) },
		"contacts":          func() any { return w.contacts(b) },
		"effects":           func() any { return effectViews(k, w.effects[b.ID]) },
		"logs":              func() any { return v.Logs(w.logs[b.ID]) },
		"provider_event":    func() any { return nil },
		"project":           func() any { return w.project(k, b) },
		"owner_booking":     func() any { return w.owner(k, b) },
		"bulked_bookings":   func() any { return w.bulked(k, b) },
	}
	if k.Kind != tenant.ServerKey {
		delete(parts, "assignment")
		delete(parts, "contacts")
		delete(parts, "effects")
		delete(parts, "payment")
	}
	for name, part := range parts {
		if w.wanted[name] {
			o[name] = part()
		}
	}
	if w.wanted["customer_action_links"] && !k.unlinked {
		links, err := h.links.CustomerAt(b, b.Clock.Now())
		if err != nil {
			return nil, err
		}
		o["customer_action_links"] = links
	}
	return o, nil
}

// answer writes what became of an action: the booking as it stands, 202 while the action is not decided.
func (h *renderer) answer(k *call, status int, out service.Outcome) error {
	return h.answerWith(k, status, out, func(map[string]any) {})
}

// answerWith is answer with something added to the booking's view.
func (h *renderer) answerWith(k *call, status int, out service.Outcome, add func(map[string]any)) error {
	if out.Booking == nil {
		return fault.Errorf(fault.NotFound, "The booking does not exist.")
	}
	if out.Action.Status == booking.Pending {
		status = http.StatusAccepted
	}
	if status != http.StatusOK {
		k.Header("Location", "/v2/bookings/"+out.Booking.ID.String())
	}
	k.Header("Holdfast-Action-Id", out.Action.ID.String())
	k.Header("Holdfast-Seq", strconv.Itoa(out.Booking.Seq))
	views, err := h.views(k, []*booking.Booking{out.Booking})
	if err != nil {
		return err
	}
	add(views[0])
	k.Header("ETag", etag(out.Booking))
	return k.Answer(status, views[0])
}
