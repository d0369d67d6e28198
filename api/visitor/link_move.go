package visitor

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// linkMoves answers visitors of a link to reschedule with the pages of a request.
type linkMoves struct {
	calendars *postgres.Calendars
	page      *pageEdge
	pages     *requestPages
	actions   *requestActions
}

// movesByPage reports whether a link to reschedule opens the picker of times. The booking then moves in one step, and keeps its time
// until it has another. A program, and a visitor whom the app's own page awaits behind a one_click link, get Timekit's action
// instead, which ends the booking.
func (l *link) movesByPage(k *call) bool {
	if l == nil || l.claims.Action != booking.RescheduleAction || k.acceptsJSON() {
		return false
	}
	return l.redirect == nil || l.app.Settings.ActionLinks != tenant.OneClick
}

// hasMoved reports whether a link cannot act because its booking was moved, into a state in which it cannot be moved again.
func (l *link) hasMoved(err error) bool {
	return l != nil && len(l.passed) > 0 && l.booking != nil && fault.CodeOf(err) == fault.ActionNotAvailable
}

// moveByLink answers GET and HEAD of such a link: times to choose from, the question whether to take one, or the booking.
func (h *linkMoves) moveByLink(k *call, l *link) error {
	return h.onMovePage(k, l, k.Query("tz"), func(r *requested) error {
		switch {
		case k.Query("done") != "" || !r.mayReschedule():
			return h.pages.showRequest(k, r) // and why there is nothing to choose from
		case k.Query("start") != "":
			return h.pages.confirmTime(k, r)
		}
		return h.pages.showNewTimes(k, r, k.Query("said"))
	})
}

// takeByLink answers the button of that question.
func (h *linkMoves) takeByLink(k *call, l *link) error {
	return h.onMovePage(k, l, k.formValue("tz"), func(r *requested) error { return h.actions.takeTime(k, r) })
}

// onMovePage treats the holder of the link as a visitor: the project's rules hold, and the address is what is counted. The link
// is not spent: like the page of a request it leads to the booking as long as that can be moved.
func (h *linkMoves) onMovePage(k *call, l *link, zone string, do func(*requested) error) error {
	k.App, k.Kind, k.Clock = l.app, tenant.WidgetKey, timekit.Clock{}
	err := h.page.meterVisitor(k)
	var r *requested
	if err == nil {
		r, err = h.requestedBy(k, l, zone)
	}
	if err == nil {
		err = do(r)
	}
	if err != nil {
		return h.page.errorPage(k, err)
	}
	return nil
}

// requestedBy is the link's booking as the page of a request has it; one that nobody asked for by a page gets a request made up.
// Without a project the rules of its resource say which times are offered. A resource without rules offers none: that nobody
// has said no is not an offer.
func (h *linkMoves) requestedBy(k *call, l *link, zone string) (*requested, error) {
	b, request := l.booking, l.booking.Request
	r := &requested{path: k.Request.URL.Path, base: url.Values{}, alone: true}
	if request == nil {
		id, _ := uuid.Parse(l.claims.BookingID) // it was checked against the path
		request = &booking.SchedulingRequest{
			ID: uuid.NewSHA1(id, []byte("moved by link")), AppID: b.AppID, ProjectID: b.Related.Project, Offer: []byte("{}"), Summary: b.What,
		}
		if b.Related.Project == nil {
			resource, err := h.calendars.Resource(k, b.AppID, b.Resource.ID)
			if edge.UnlessNotFound(err) != nil {
				return nil, err
			}
			r.unruled = err != nil || len(resource.Constraints) < len(`[{}]`)
			request.Offer, _ = json.Marshal(map[string][]uuid.UUID{"resources": {b.Resource.ID}}) //nolint:errchkjson // UUIDs only
		}
	}
	names := []string{zone}
	if len(b.Customers) > 0 {
		names = append(names, b.Customers[0].Timezone)
	}
	for _, name := range []string{"signature", "redirect"} {
		if value := k.Query(name); value != "" {
			r.base.Set(name, value)
		}
	}
	r.RequestWithBooking, r.zone = &postgres.RequestWithBooking{Request: request, Booking: b}, zoneOf(append(names, b.Resource.Timezone)...)
	return r, nil
}

// sentByPage reports whether a request is a form of our own page, and not a program's.
func (k *call) sentByPage() bool {
	return k.readForm() == nil && k.Request.PostForm.Get("page") != ""
}

// parsedID reads an id of an address; what is none is as nothing.
func parsedID(text string) (uuid.UUID, bool) {
	id, err := uuid.Parse(text)
	return id, err == nil
}

// showOutcome answers with how a link's action went: the page that its button has led to. False for a link that was used at
// another time.
func (h *linkHandlers) showOutcome(k *call, l *link) (bool, error) {
	id, ok := parsedID(k.Query("said"))
	if !ok || l == nil || l.booking == nil || k.acceptsJSON() {
		return false, nil
	}
	a, err := h.actions.Action(k, id)
	if err != nil || a.AppID != l.app.ID || a.Name != l.claims.Action || a.Channel != booking.ChannelLink || a.Status == booking.Refused {
		return false, edge.UnlessNotFound(err)
	}
	return true, donePage(k, l, a.Status)
}

// backToLink leads from the button to the link's page: to what was done with it, or to why it could not be.
func backToLink(k *call, said string) error {
	query := url.Values{}
	for name, values := range k.Request.URL.Query() {
		if name != "said" {
			query[name] = values
		}
	}
	if said != "" {
		query.Set("said", said)
	}
	k.linkHeaders("")
	k.Redirect(http.StatusSeeOther, k.Request.URL.Path+"?"+query.Encode())
	return nil
}
