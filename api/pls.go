package api

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
)

// linkVisit is a visitor on the pages of a public link.
type linkVisit struct {
	*arrival
	project *booking.Project
	offer   *offering
}

// openPublicLink answers GET and HEAD: the times to pick from, or the form of a time. Nothing is changed by it.
func (s *Server) openPublicLink(k *call) error {
	a, err := s.arrive(k, k.Request.URL.Query())
	if err != nil {
		return err
	}
	if a.came {
		return a.begin(k)
	}
	if done, err := s.goToUsed(k, a); done || err != nil {
		return err
	}
	v, err := s.visiting(k, a, k.Query("tz"))
	if err != nil {
		return err
	}
	if k.Query("start") == "" {
		return s.showTimes(k, v, k.Query("said"))
	}
	return s.openForm(k, v)
}

// goToUsed leads a visit that has booked already to what it booked: the back button and a reload are no replay.
func (s *Server) goToUsed(k *call, a *arrival) (bool, error) {
	b, err := s.used(k, a)
	if err != nil || b == nil {
		return false, err
	}
	k.Redirect(http.StatusSeeOther, requestPath(b.Request)+"?done=true")
	return true, nil
}

func requestPath(r *booking.SchedulingRequest) string { return "/rts/" + r.Code }

// visiting finds what the link offers, in the zone the visitor asks for.
func (s *Server) visiting(k *call, a *arrival, zone string) (*linkVisit, error) {
	project, err := s.DB.Project(k, k.app.ID, a.link.ProjectID)
	if err != nil {
		return nil, err
	}
	v := &linkVisit{arrival: a, project: project}
	v.offer = &offering{question: projectAvailability(project), days: a.link.HorizonDays}
	if minutes := a.link.DurationMinutes; minutes != nil {
		v.offer.length = time.Duration(*minutes) * time.Minute
	}
	if v.offer.zone, err = s.zoneFor(k, v.offer, zone); err != nil {
		return nil, err
	}
	return v, v.offer.read()
}

// zoneFor is the visitor's zone where it is known; else the one the question is asked for, or that of its first resource.
func (s *Server) zoneFor(k *call, o *offering, asked string) (*time.Location, error) {
	in, _, err := o.ask(o.question)
	if err != nil {
		return nil, err
	}
	names := []string{asked, in.Zone}
	if zoneOf(names...) != time.UTC || asked == "UTC" {
		return zoneOf(names...), nil
	}
	var ids []uuid.UUID
	for _, text := range in.Resources {
		if id, err := uuid.Parse(text); err == nil {
			ids = append(ids, id)
		}
	}
	all, err := s.DB.Bookable(k, k.app.ID, ids)
	if err == nil && len(all) > 0 {
		names = append(names, all[0].Timezone)
	}
	return zoneOf(names...), err
}

// keep is what every address of the visit has.
func (v *linkVisit) keep() url.Values { return url.Values{"visit": {v.sealed}} }

// showTimes shows the times to pick from. said is a key of notices, or "".
func (s *Server) showTimes(k *call, v *linkVisit, said string) error {
	p := &picker{frame: frame{Title: v.link.Title}, Text: v.link.Description, Notice: notices[said]}
	if err := s.pickFrom(k, p, v.offer, v.keep()); err != nil {
		return err
	}
	return s.showPage(k, http.StatusOK, "picker.html", p)
}

// notices are what a page can say has just happened. The address names them; it cannot bring a text of its own.
var notices = map[string]string{
	saidTaken: "This time has been taken meanwhile. Please choose another.",
	saidOver:  "This time is not offered any more. Please choose another.",
}

const (
	saidTaken = "taken"
	saidOver  = "over"
)

// openForm asks who books the picked time. One that this visit has booked leads to its page; one that is gone meanwhile is
// not asked for.
func (s *Server) openForm(k *call, v *linkVisit) error {
	c, err := s.pick(k, v.offer, k.Query("start"), k.Query("resource"))
	if booking.CodeOf(err) == booking.Invalid {
		return s.showTimes(k, v, saidOver)
	}
	if err != nil {
		return err
	}
	operation, page, err := s.tryOf(k, v, c)
	if err != nil {
		return err
	}
	if page != "" {
		k.Redirect(http.StatusSeeOther, page+"?done=true")
		return nil
	}
	free, err := s.isFree(k, v.offer, c)
	if err != nil {
		return err
	}
	if !free {
		return s.showTimes(k, v, saidTaken)
	}
	kept, err := s.keptForm(k, v.visit.ID)
	if err != nil {
		return err
	}
	f := newForm(v)
	f.operation, f.kept = operation, len(kept.Values) > 0
	f.fillIn(kept, k.Query("again") != "")
	return s.showForm(k, v, c, f)
}

// maxTries bounds how often one visit may try to book one time.
const maxTries = 20

// tryOf finds what a visit has made of a picked time: the page of the booking while it stands or is undecided, else the
// operation of the next try. Operations come of visit, time and resource, so going back to a form finds what it has made.
func (s *Server) tryOf(k *call, v *linkVisit, c *choice) (operation uuid.UUID, page string, err error) {
	operation = uuid.NewSHA1(v.visit.ID, []byte(wire(c.start)+" "+wire(c.end)+" "+c.resource.ID.String()))
	for range maxTries {
		_, made := v.visit.request(k.app.ID, operation)
		tried, err := s.DB.Action(k, firstAction(made))
		if booking.CodeOf(err) == booking.NotFound {
			return operation, "", nil
		}
		if err != nil {
			return operation, "", err
		}
		if page, err = s.standing(k, tried); page != "" || err != nil {
			return operation, page, err
		}
		operation = uuid.NewSHA1(operation, []byte("again"))
	}
	return operation, "", nil
}

// standing is the page of what a try has made; "" when it was refused, or what it made is over.
func (s *Server) standing(k *call, tried *booking.Action) (string, error) {
	if tried.Status == booking.Refused {
		return "", nil
	}
	b, err := s.DB.Booking(k, k.app.ID, tried.BookingID)
	if err != nil || b.Request == nil {
		return "", unlessMissing(err)
	}
	found, _, err := s.DB.OpenRequest(k, b.Request.Code)
	if err != nil || found.Booking != nil && found.Booking.Completed {
		return "", unlessMissing(err)
	}
	return requestPath(b.Request), nil
}

func (s *Server) pick(k *call, o *offering, start, resource string) (*choice, error) {
	problems := booking.Problems{}
	at := k.parseTime(start, "start", problems)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return s.choose(k, o, at, resource)
}

// bookByLink answers POST: it books, once for one form and once for one claim token. Whatever the outcome, the visitor is
// redirected, so that Back and Reload never ask to send the form again.
func (s *Server) bookByLink(k *call) error {
	v, c, err := s.submitted(k)
	if err != nil || v == nil {
		return err
	}
	form := readForm(k, v)
	if c == nil {
		return s.backToTimes(k, v, form, saidOver)
	}
	if form.faulty() {
		return s.backToForm(k, v, c, form)
	}
	out, err := s.bookForm(k, v, c, form)
	switch code := booking.CodeOf(err); {
	case code == booking.SlotTaken || code == booking.SoldOut || code == booking.SessionClosed:
		return s.backToTimes(k, v, form, saidTaken)
	case code == booking.ClaimReplayed:
		return s.replayed(k, v.arrival, err)
	case code == booking.Invalid && form.blame(err):
		return s.backToForm(k, v, c, form)
	case refusesTime(err):
		return s.backToTimes(k, v, form, saidOver)
	case err != nil:
		return err
	}
	if k.Query("kept") != "" {
		s.dropForm(k, v.visit.ID)
	}
	return s.booked(k, out)
}

// refusesTime tells whether a refusal is about the time that was picked.
func refusesTime(err error) bool {
	known, ok := errors.AsType[*booking.Error](err)
	return ok && (known.Code == booking.TooEarly || known.Code == booking.TooLate ||
		known.Code == booking.Invalid && (known.Fields["start"] != nil || known.Fields["resource_id"] != nil))
}

// backToTimes keeps what was typed and leads to the times; the form of the next one is filled in with it.
func (s *Server) backToTimes(k *call, v *linkVisit, f *form, said string) error {
	if err := s.keepForm(k, v.visit.ID, f.keep(false)); err != nil {
		return err
	}
	pairs := []string{"tz", v.offer.zone.String(), "said", said}
	if at := k.parseTime(k.typed("start"), "start", booking.Problems{}); !at.IsZero() {
		pairs = append(pairs, "from", at.In(v.offer.zone).Format(time.DateOnly))
	}
	k.Redirect(http.StatusSeeOther, k.with(v.keep(), pairs...))
	return nil
}

// backToForm keeps what was typed and what is wrong with it, and leads to the form.
func (s *Server) backToForm(k *call, v *linkVisit, c *choice, f *form) error {
	if err := s.keepForm(k, v.visit.ID, f.keep(true)); err != nil {
		return err
	}
	k.Redirect(http.StatusSeeOther, k.with(v.keep(), "tz", v.offer.zone.String(), "start", wire(c.start),
		"resource", c.resource.ID.String(), "again", "true"))
	return nil
}

// submitted reads where a form comes from and what it asks for: no choice when that is not offered any more, no visit when
// the visitor has been sent on.
func (s *Server) submitted(k *call) (*linkVisit, *choice, error) {
	if err := k.fromHere(); err != nil {
		return nil, nil, err
	}
	if err := k.Request.ParseForm(); err != nil {
		return nil, nil, k.badForm(err)
	}
	a, err := s.arrive(k, k.Request.PostForm)
	if err != nil {
		return nil, nil, err
	}
	if done, err := s.goToUsed(k, a); done || err != nil {
		return nil, nil, err
	}
	v, err := s.visiting(k, a, k.typed("tz"))
	if err != nil {
		return nil, nil, err
	}
	c, err := s.pick(k, v.offer, k.typed("start"), k.typed("resource"))
	if booking.CodeOf(err) == booking.Invalid {
		return v, nil, nil
	}
	return v, c, err
}

// replayed is the end for all but the visit that spent the token, perhaps just now from another tab.
func (s *Server) replayed(k *call, a *arrival, err error) error {
	if done, used := s.goToUsed(k, a); done || used != nil {
		return used
	}
	return err
}

// booked leads to the page of the request, which also says that something is not decided yet.
func (s *Server) booked(k *call, out outcome) error {
	if out.booking == nil || out.booking.Request == nil {
		return booking.Errorf(booking.NotFound, "The booking does not exist any more.")
	}
	k.Redirect(http.StatusSeeOther, requestPath(out.booking.Request)+"?done=true")
	return nil
}
