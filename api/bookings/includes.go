package bookings

import (
	"github.com/google/uuid"

	"holdfast/api/rules"
	"holdfast/internal/assign"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/contact"
	"holdfast/internal/effect"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// included is what the includes of a list need to be looked up, once for the whole list.
type included struct {
	wanted map[string]bool
	logs   map[uuid.UUID][]booking.Transition
	// assignments are how the resources of the list's bookings were chosen.
	assignments map[uuid.UUID]*assign.Assignment
	effects     map[uuid.UUID][]*effect.Effect
	payments    map[uuid.UUID][]*postgres.PaymentWithRefunds
	blocks      []contact.Block                            // of the addresses and numbers of the list's bookings
	digest      func(app uuid.UUID, address string) []byte // of one of these
	others      []*booking.Booking                         // sessions of seats, and bookings made together with those of the list
	projects    []*catalogue.Project
}

func (h *renderer) look(k *call, w *included, all []*booking.Booking) (err error) {
	var ids, owners, bulks, projects []uuid.UUID
	for _, b := range all {
		ids = append(ids, b.ID)
		if owner := b.Related.OwnerBooking; owner != nil && w.wanted["owner_booking"] {
			owners = append(owners, *owner)
		}
		if bulk := b.Related.Bulk; bulk != nil && w.wanted["bulked_bookings"] {
			bulks = append(bulks, *bulk)
		}
		if project := b.Related.Project; project != nil && w.wanted["project"] {
			projects = append(projects, *project)
		}
	}
	if w.wanted["logs"] {
		if w.logs, err = h.bookings.Transitions(k, ids); err != nil {
			return err
		}
	}
	if err := h.lookInside(k, w, ids, all); err != nil {
		return err
	}
	if len(projects) > 0 {
		if w.projects, err = h.catalogue.ProjectsByID(k, k.App.ID, projects); err != nil {
			return err
		}
	}
	if len(owners)+len(bulks) > 0 {
		w.others, err = h.bookings.RelatedBookings(k, k.App.ID, owners, bulks)
	}
	return err
}

// lookInside looks up how resources were chosen, and what effects there are, for server keys only.
func (h *renderer) lookInside(k *call, w *included, ids []uuid.UUID, all []*booking.Booking) (err error) {
	if k.Kind != tenant.ServerKey {
		return nil
	}
	if w.wanted["assignment"] {
		w.assignments, err = h.bookings.Assignments(k, ids)
	}
	if err == nil && w.wanted["effects"] {
		w.effects, err = h.effects.EffectsOf(k, ids)
	}
	if err == nil && w.wanted["payment"] {
		w.payments, err = h.payments.PaymentsOf(k, k.App.ID, ids)
	}
	if err == nil && w.wanted["contacts"] {
		w.digest = h.vault.ContactDigest
		w.blocks, err = h.contacts.Blocks(k, k.App.ID, digests(all, w.digest)...)
	}
	return err
}

// project is the one a booking was made through.
func (w *included) project(k *call, b *booking.Booking) any {
	for _, p := range w.projects {
		if b.Related.Project != nil && p.ID == *b.Related.Project {
			return rules.ProjectView(k.Kind, p, k.Clock, k.App.Clock.Now())
		}
	}
	return nil
}

// owner is the session a seat belongs to.
func (w *included) owner(k *call, b *booking.Booking) any {
	for _, other := range w.others {
		if b.Related.OwnerBooking != nil && other.ID == *b.Related.OwnerBooking {
			return timekit.View{Booking: other, Clock: k.Clock}.Bare()
		}
	}
	return nil
}

// bulked are the bookings made together with one.
func (w *included) bulked(k *call, b *booking.Booking) []timekit.Object {
	list := []timekit.Object{}
	for _, other := range w.others {
		if bulk := other.Related.Bulk; bulk != nil && b.Related.Bulk != nil && *bulk == *b.Related.Bulk && other.ID != b.ID {
			list = append(list, timekit.View{Booking: other, Clock: k.Clock}.Bare())
		}
	}
	return list
}
