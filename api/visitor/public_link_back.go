package visitor

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

// tries finds what visits have tried to book.
type tries struct {
	actions  *postgres.Actions
	bookings *postgres.Bookings
	requests *postgres.Requests
}

// maxTries bounds how often one visit may try to book one time.
const maxTries = 20

// tryOf finds what a visit has made of a picked time: the page of the booking while it stands or is undecided, else the
// operation of the next try. Operations come of visit, time and resource, so going back to a form finds what it has made.
func (h *tries) tryOf(k *call, v *linkVisit, c *service.Choice) (operation uuid.UUID, page string, err error) {
	operation = uuid.NewSHA1(v.visit.ID, []byte(wire(c.Start)+" "+wire(c.End)+" "+c.Host.ID.String()))
	for range maxTries {
		_, made := v.visit.request(k.App.ID, operation)
		tried, err := h.actions.Action(k, service.FirstAction(made))
		if fault.CodeOf(err) == fault.NotFound {
			return operation, "", nil
		}
		if err != nil {
			return operation, "", err
		}
		if page, err = h.pageOfTry(k, tried); page != "" || err != nil {
			return operation, page, err
		}
		operation = uuid.NewSHA1(operation, []byte("again"))
	}
	return operation, "", nil
}

// pageOfTry is the page of what a try has made; "" when it was refused, or what it made is over.
func (h *tries) pageOfTry(k *call, tried *booking.Action) (string, error) {
	if tried.Status == booking.Refused {
		return "", nil
	}
	b, err := h.bookings.Booking(k, k.App.ID, tried.BookingID)
	if err != nil || b.Request == nil {
		return "", edge.UnlessNotFound(err)
	}
	found, _, err := h.requests.SchedulingRequestByCode(k, b.Request.Code)
	if err != nil || found.Booking != nil && found.Booking.Completed {
		return "", edge.UnlessNotFound(err)
	}
	return requestPath(b.Request), nil
}

// backToTimes keeps what was typed and leads to the times; the form of the next one is filled in with it.
func (h *publicLinkHandlers) backToTimes(k *call, v *linkVisit, f *form, said string) error {
	if err := h.forms.keepForm(k, v.visit.ID, f.keep(false)); err != nil {
		return err
	}
	pairs := []string{"tz", v.offer.Zone.String(), "said", said}
	if at := k.ParseTime(k.formValue("start"), "start", fault.Problems{}); !at.IsZero() {
		pairs = append(pairs, "from", at.In(v.offer.Zone).Format(time.DateOnly))
	}
	k.Redirect(http.StatusSeeOther, k.pageAddress(v.keep(), pairs...))
	return nil
}

// backToForm keeps what was typed and what is wrong with it, and leads to the form.
func (h *publicLinkHandlers) backToForm(k *call, v *linkVisit, c *service.Choice, f *form) error {
	if err := h.forms.keepForm(k, v.visit.ID, f.keep(true)); err != nil {
		return err
	}
	k.Redirect(http.StatusSeeOther, k.pageAddress(v.keep(), "tz", v.offer.Zone.String(), "start", wire(c.Start),
		"resource", c.Host.ID.String(), "again", "true"))
	return nil
}
