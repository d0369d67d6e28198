package visitor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/service"
	"holdfast/internal/tenant"
)

// requestActions books, moves or gives up the time of a scheduling request.
type requestActions struct {
	player   *service.Player
	offers   *service.Offers
	requests *requestOffers
	booker   *timeBooker
	wait     time.Duration // for the outcome of an action, unless the client says otherwise
}

// fillOutlook says on the page of a picked time what happens when its button is pressed.
func (r *requested) fillOutlook(app *tenant.App, p *formPage) {
	if b := r.Booking; b != nil {
		p.Text = "Until now it was " + whenText(b.Start, b.End, r.zone) + "."
		graph, err := b.LoadGraph()
		if err != nil {
			return
		}
		switch ahead := service.StartOutlook(graph, b.Settings.Timers); {
		case ahead.Asks && ahead.Holds:
			p.Danger = true
			p.Text += " The new time is a request: " + theApp(app.Name) + " has to confirm it. The old time is given up at once. " +
				"The new one is held for you until the answer comes."
		case ahead.Asks:
			p.Danger = true
			p.Text += " The new time is a request: " + theApp(app.Name) + " has to confirm it. The old time is given up at once, " +
				"and until the new one is confirmed no time is held for you."
		}
		return
	}
	if r.project != nil {
		ahead := rules.OutlookOf(app, r.project)
		p.Text, p.Button = outlookText(ahead, r.project, app.Name), bookText(ahead, r.project)
	}
}

// saidConsent says on the page of a picked time that its box was not ticked.
const saidConsent = "consent"

// consentBox is what the first booking of the request needs ticked; nil for nothing. One that takes another's place keeps its terms.
func (r *requested) consentBox() *formField {
	if r.Booking != nil {
		return nil
	}
	return consentBox(r.project)
}

// has reports whether the time of the request is the picked one.
func (r *requested) has(c *service.Choice) bool {
	b := r.Booking
	return b != nil && b.Start.Equal(c.Start) && b.End.Equal(c.End) && (b.Resource.ID == c.Host.ID || r.offer.Assigns(r.project))
}

// isSettled reports whether a form has nothing to change any more: no time can be chosen, it was sent before and has made the booking with
// that id, or it asks for what is.
func (r *requested) isSettled(k *call, made uuid.UUID) bool {
	return r.isFinal() || r.keepsTime(k) || r.Booking != nil && (r.Booking.ID == made || k.formValue("action") == "pick")
}

// keepsTime reports whether a form asks for the very time that the request has, which moves nothing: also where nobody offers it any more.
func (r *requested) keepsTime(k *call) bool {
	b := r.Booking
	if b == nil || k.formValue("resource") != b.Resource.ID.String() {
		return false
	}
	problems := fault.Problems{}
	start, end := k.ParseTime(k.formValue("start"), "start", problems), b.End
	if text := k.formValue("end"); text != "" {
		end = k.ParseTime(text, "end", problems)
	}
	return len(problems) == 0 && start.Equal(b.Start) && end.Equal(b.End)
}

// isFinal reports whether no time can be chosen any more.
func (r *requested) isFinal() bool {
	if r.Booking == nil {
		return r.Request.CancelledAt != nil
	}
	return !r.mayReschedule()
}

func (r *requested) hiddenFields(action string) map[string]string {
	return map[string]string{"action": action, "operation": edge.NewID().String(), "tz": r.zone.String()}
}

// declineTime gives the visitor's time up. Where that is not possible any more, the page says how things stand.
func (h *requestActions) declineTime(k *call, r *requested) error {
	way := r.wayToGiveUp()
	if way.action == "" {
		return redirectToRequest(k, r)
	}
	out, err := h.giveUp(k, r.Booking, way)
	if fault.CodeOf(err) == fault.ActionNotAvailable {
		return redirectToRequest(k, r)
	}
	if err != nil {
		return err
	}
	return redirectAfterAction(k, r, out)
}

// giveUp gives a time up. What is done twice is done once.
func (h *requestActions) giveUp(k *call, b *booking.Booking, way surrender) (service.Outcome, error) {
	p := service.PlayInput{
		ID: uuid.NewSHA1(b.ID, fmt.Appendf(nil, "%s/%d", way.action, b.Seq)), Name: way.action, Actor: way.as,
		Channel: booking.ChannelLink, Inputs: map[string]map[string]string{}, Wait: k.PreferredWait(h.wait),
	}
	if way.word {
		word := []rune(k.formValue("message")) // one that is longer than the form lets through is cut: nobody loses a time to a long word
		p.Inputs[way.action] = map[string]string{"message": string(word[:min(len(word), maxAnswer)])}
	}
	return h.player.Play(k, k.Caller, b, p)
}

// redirectToRequest leads to the page of the request.
func redirectToRequest(k *call, r *requested) error {
	k.Redirect(http.StatusSeeOther, r.bookingAddress())
	return nil
}

// takeTime books the first time of a request, or another in the place of the one it has.
func (h *requestActions) takeTime(k *call, r *requested) error {
	operation, err := uuid.Parse(k.formValue("operation"))
	if err != nil {
		operation = edge.NewID()
	}
	id := uuid.NewSHA1(r.Request.ID, operation[:])
	if r.Booking == nil {
		if id, err = h.firstPick(k, r); err != nil {
			return err
		}
	}
	if r.isSettled(k, id) {
		return redirectToRequest(k, r)
	}
	if err := h.requests.offerTimes(k, r); err != nil {
		return err
	}
	c, said, err := k.choose(r.offer, k.formValue("start"), k.formValue("end"), k.formValue("resource"))
	if said != "" {
		return backToNewTimes(k, r, said)
	}
	if err != nil {
		return err
	}
	if r.has(c) {
		return redirectToRequest(k, r)
	}
	if r.consentBox() != nil && k.formValue(consentField) == "" {
		k.Redirect(http.StatusSeeOther, r.address("start", wire(c.Start), "end", wire(c.End), "resource", c.Host.ID.String(), "said", saidConsent))
		return nil
	}
	out, c, err := h.bookAnyHost(k, r, c, id)
	if c == nil {
		return redirectToRequest(k, r)
	}
	switch {
	case fault.CodeOf(err) == fault.SlotTaken:
		return backToNewTimes(k, r, saidTaken)
	case refusesTime(err):
		return backToNewTimes(k, r, saidOver)
	case err != nil:
		return err
	}
	if collects(out.Booking) {
		k.Redirect(http.StatusSeeOther, r.address("pay", "1"))
		return nil
	}
	return redirectAfterAction(k, r, out, "done", "true")
}

// backToNewTimes leads to the times again, from the week of the one that could not be had.
func backToNewTimes(k *call, r *requested, said string) error {
	pairs := []string{"said", said}
	if r.Booking != nil {
		pairs = append(pairs, "reschedule", "true")
	}
	if at := k.ParseTime(k.formValue("start"), "start", fault.Problems{}); !at.IsZero() {
		pairs = append(pairs, "from", at.In(r.zone).Format(time.DateOnly))
	}
	k.Redirect(http.StatusSeeOther, r.address(pairs...))
	return nil
}

// firstPick is the id of a request's first booking: the same for all who pick at once, so that one time is booked, and another
// once a try has been refused.
func (h *requestActions) firstPick(k *call, r *requested) (uuid.UUID, error) {
	tried, err := h.requests.RequestTried(k, r.Request.ID)
	switch {
	case err != nil:
		return uuid.Nil, err
	case tried == nil:
		return uuid.NewSHA1(r.Request.ID, []byte("first pick")), nil
	case tried.Status == booking.Refused:
		return uuid.NewSHA1(r.Request.ID, tried.BookingID[:]), nil
	}
	return tried.BookingID, nil
}

// bookAnyHost books the picked time, or with somebody else who is free then and offered, if the picked host was taken meanwhile. It
// returns who it was; nobody when the request has that time already.
func (h *requestActions) bookAnyHost(
	k *call, r *requested, c *service.Choice, id uuid.UUID,
) (out service.Outcome, with *service.Choice, err error) {
	for range r.offer.Hosts {
		if out, err = h.bookAgain(k, r, c, id); fault.CodeOf(err) != fault.SlotTaken {
			return out, c, err
		}
		other, lookErr := h.offers.FreeFor(k, k.App.ID, r.offer, c)
		switch {
		case lookErr != nil || other == nil || other.Host.ID == c.Host.ID:
			return out, c, cmp.Or(lookErr, err)
		case r.Booking != nil && r.Booking.Start.Equal(c.Start) && r.Booking.End.Equal(c.End): // the form came twice
			return out, nil, nil
		case r.Booking != nil:
			id = uuid.NewSHA1(id, other.Host.ID[:])
		default:
			if id, lookErr = h.firstPick(k, r); lookErr != nil {
				return out, c, lookErr
			}
		}
		c = other
	}
	return out, c, err
}

// bookAgain moves the booking of a request, or makes its first.
func (h *requestActions) bookAgain(k *call, r *requested, c *service.Choice, id uuid.UUID) (service.Outcome, error) {
	if r.Booking == nil {
		return h.bookPicked(k, r, c, id)
	}
	host := c.Host.ID
	if r.offer.Assigns(r.project) {
		host = uuid.Nil // the booking keeps its resource if that is free, or the project chooses
	}
	return h.booker.Reschedule(k, k.Caller, r.Booking, service.Move{
		ID: id, Retried: true, Resource: host, Start: c.Start, End: c.End, Offer: r.offer, Wait: k.PreferredWait(h.wait),
	})
}

// bookPicked books the first time of a request that the app has made, for its recipient.
func (h *requestActions) bookPicked(k *call, r *requested, c *service.Choice, id uuid.UUID) (service.Outcome, error) {
	to := r.Request.Recipient
	p := pick{
		id: id, title: r.Request.Summary, offer: r.offer, choice: c, request: r.Request, consent: k.formValue(consentField) != "",
		customer: booking.Customer{
			ID: edge.NewID(), Name: strings.TrimSpace(to.DisplayName), Email: strings.TrimSpace(to.Email), Timezone: r.zone.String(),
			Meta: json.RawMessage("{}"),
		},
	}
	if r.project != nil {
		p.project = &service.Project{Project: r.project, Rules: r.offer.Rules}
	}
	return h.booker.bookPick(k, p)
}

// redirectAfterAction leads to the page of the request, which also says that something is not decided yet.
func redirectAfterAction(k *call, r *requested, out service.Outcome, more ...string) error {
	if out.Action.Status == booking.Pending {
		more = append(more, "action", out.Action.ID.String())
	}
	k.Redirect(http.StatusSeeOther, r.address(more...))
	return nil
}
