package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// showNewTimes lets a recipient pick a time, their first or another.
func (s *Server) showNewTimes(k *call, r *requested, status int, said string) error {
	if err := s.offerTimes(k, r); err != nil {
		return err
	}
	if r.Booking == nil && len(r.offer.resources) == 0 {
		return errNothingOffered
	}
	p := &picker{frame: frame{Title: r.Request.Summary}, Text: "Please choose a time.", Notice: said}
	keep := url.Values{}
	if r.Booking != nil {
		keep.Set("reschedule", "true")
		p.Title, p.Back = "Choose another time", requestPath(r.Request)
		p.Text = "Yours is " + whenText(r.Booking.Start, r.Booking.End, r.zone) + ". It stays yours until you have chosen another."
	}
	if err := s.pickFrom(k, p, r.offer, keep); err != nil {
		return err
	}
	return s.showPage(k, status, "picker.html", p)
}

// confirmTime asks before a picked time is booked: following a link changes nothing.
func (s *Server) confirmTime(k *call, r *requested) error {
	if r.over() {
		return s.openRequestAsItIs(k, r)
	}
	if err := s.offerTimes(k, r); err != nil {
		return err
	}
	c, err := k.pick(r.offer, k.Query("start"), k.Query("resource"))
	if booking.CodeOf(err) == booking.Invalid {
		return s.showNewTimes(k, r, http.StatusOK, saidOver)
	}
	if err != nil {
		return err
	}
	if c, err = s.freeFor(k, r.offer, c); err != nil {
		return err
	}
	if c == nil {
		return s.showNewTimes(k, r, http.StatusOK, saidTaken)
	}
	p := &formPage{
		frame: frame{Title: "Book this time?"}, About: r.Request.Summary, When: whenText(c.start, c.end, r.zone),
		ZoneText: zoneText(r.zone.String()), With: c.resource.Name, Action: requestPath(r.Request), Button: "Book this time",
		Hidden: r.hidden("pick"), Back: requestPath(r.Request) + "?tz=" + url.QueryEscape(r.zone.String()),
	}
	p.Hidden["start"], p.Hidden["resource"] = wire(c.start), c.resource.ID.String()
	if r.Booking != nil {
		p.Title, p.Button, p.Hidden["action"] = "Change to this time?", "Change to this time", "reschedule"
		p.Text = "Until now it was " + whenText(r.Booking.Start, r.Booking.End, r.zone) + "."
		p.Back += "&reschedule=true"
	}
	return s.showPage(k, http.StatusOK, "form.html", p)
}

// over tells whether no time can be chosen any more.
func (r *requested) over() bool {
	if r.Booking == nil {
		return r.Request.CancelledAt != nil
	}
	return !r.mayReschedule()
}

func (s *Server) openRequestAsItIs(k *call, r *requested) error {
	if r.unpicked() {
		return s.openUnpicked(k, r)
	}
	return s.showRequest(k, r, http.StatusOK)
}

func (r *requested) hidden(action string) map[string]string {
	return map[string]string{"action": action, "operation": newID().String(), "tz": r.zone.String()}
}

// askDecline asks before a time is given up, and for a word about it.
func (s *Server) askDecline(k *call, r *requested) error {
	b := r.Booking
	return s.showPage(k, http.StatusOK, "decline.html", &formPage{
		frame: frame{Title: "Cancel this booking?"}, About: b.What, When: whenText(b.Start, b.End, r.zone), ZoneText: zoneText(r.zone.String()),
		With: b.Resource.Name, Text: "Nothing has happened yet. The time is given up when you press the button.",
		Action: requestPath(r.Request), Button: "Cancel the booking", Hidden: r.hidden("decline"),
		Back:   requestPath(r.Request) + "?tz=" + url.QueryEscape(r.zone.String()),
		Fields: []*question{{Name: "message", Label: "A word to the other side", Type: "textarea"}},
	})
}

// followRequest answers POST: it picks, changes or gives up the time. A repeat shows what has become of it.
func (s *Server) followRequest(k *call) error {
	if err := k.fromHere(); err != nil {
		return err
	}
	if err := k.readForm(); err != nil {
		return err
	}
	r, err := s.request(k, k.typed("tz"))
	if err != nil {
		return err
	}
	switch k.typed("action") {
	case "decline":
		return s.declineTime(k, r)
	case "reschedule", "pick":
		return s.takeTime(k, r)
	}
	return booking.Errorf(booking.Malformed, "The form does not say what to do.")
}

// declineTime plays the customer's cancel action. Where it is not open any more, the page says how things stand.
func (s *Server) declineTime(k *call, r *requested) error {
	name := r.declineAction()
	if name == "" {
		return s.asItStands(k, r)
	}
	b := r.Booking
	a := k.newAction(uuid.NewSHA1(b.ID, fmt.Appendf(nil, "%s/%d", name, b.Seq)), b, name)
	a.Actor, a.Channel = graphs.ActorCustomerLink, booking.ChannelLink
	text, _ := json.Marshal(map[string]any{name: map[string]string{"message": k.typed("message")}, "apply_to_bulked_bookings": false})
	if err := s.prepare(k, b, a, text); err != nil {
		return err
	}
	out, err := s.play(k, k.app, b, a, "", k.wait(s.Wait))
	if booking.CodeOf(err) == booking.ActionNotAvailable {
		return s.asItStands(k, r)
	}
	if err != nil {
		return err
	}
	return s.followed(k, r, out, "")
}

// asItStands leads to the page of the request.
func (s *Server) asItStands(k *call, r *requested) error {
	k.Redirect(http.StatusSeeOther, requestPath(r.Request)+"?tz="+url.QueryEscape(r.zone.String()))
	return nil
}

// takeTime books the first time of a request, or another in the place of the one it has.
func (s *Server) takeTime(k *call, r *requested) error {
	operation, err := uuid.Parse(k.typed("operation"))
	if err != nil {
		operation = newID()
	}
	k.operation, k.repeated = uuid.NewSHA1(r.Request.ID, operation[:]), true // perhaps: see begun
	if r.Booking == nil {
		if k.operation, err = s.firstPick(k, r); err != nil {
			return err
		}
	}
	if r.over() || r.Booking != nil && (r.Booking.ID == k.operation || k.typed("action") == "pick") {
		return s.asItStands(k, r)
	}
	if err := s.offerTimes(k, r); err != nil {
		return err
	}
	c, err := k.pick(r.offer, k.typed("start"), k.typed("resource"))
	if booking.CodeOf(err) == booking.Invalid {
		return s.showNewTimes(k, r, http.StatusConflict, saidOver)
	}
	if err != nil {
		return err
	}
	out, err := s.bookAgain(k, r, c)
	if booking.CodeOf(err) == booking.SlotTaken {
		return s.showNewTimes(k, r, http.StatusConflict, saidTaken)
	}
	if err != nil {
		return err
	}
	return s.followed(k, r, out, "&done=true")
}

// firstPick is the id of a request's first booking: the same for all who pick at once, so that one time is booked, and another
// once a try has been refused.
func (s *Server) firstPick(k *call, r *requested) (uuid.UUID, error) {
	tried, err := s.DB.RequestTried(k, r.Request.ID)
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

// bookAgain moves the booking of a request, or makes its first.
func (s *Server) bookAgain(k *call, r *requested, c *choice) (outcome, error) {
	if r.Booking == nil {
		return s.bookPicked(k, r, c)
	}
	if err := s.mayReschedule(k, r.Booking); err != nil {
		return outcome{}, err
	}
	in := rescheduleInput{ResourceID: c.resource.ID.String()}
	in.Start, in.End = stamp(wire(c.start)), stamp(wire(c.end))
	d, err := s.moved(k, r.Booking, in)
	if err != nil {
		return outcome{}, err
	}
	return s.book(k, d)
}

// bookPicked books the first time of a request that the app has made, for its recipient.
func (s *Server) bookPicked(k *call, r *requested, c *choice) (outcome, error) {
	in := c.input(r.Request.Summary)
	in.Customer = map[string]json.RawMessage{
		"name": quoted(r.Request.Recipient.DisplayName), "email": quoted(r.Request.Recipient.Email), "timezone": quoted(r.zone.String()),
	}
	if r.Request.ProjectID != nil {
		in.ProjectID = r.Request.ProjectID.String()
	} else {
		in.Graph = booking.DefaultGraph
	}
	return s.bookRequest(k, in, r.Request, nil)
}

// followed leads to the page of the request, once the outcome is known.
func (s *Server) followed(k *call, r *requested, out outcome, more string) error {
	if out.action.Status == booking.Pending {
		return s.showPage(k, http.StatusAccepted, "notice.html", received(r))
	}
	k.Redirect(http.StatusSeeOther, requestPath(r.Request)+"?tz="+url.QueryEscape(r.zone.String())+more)
	return nil
}
