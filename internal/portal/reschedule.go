package portal

import (
	"net/http"
	"net/url"
	"time"

	"holdfast/graphs"
	"holdfast/internal/fault"
	"holdfast/internal/zones"
)

// movePage lets choose another time for a booking: a week of free times, a time by hand, or the question whether to take one.
type movePage struct {
	bookingView
	Moves     bool // it can be given another time
	Anew      bool // nothing is held at the new time until it is confirmed
	Version   string
	Resources []named // that it can be moved to
	Chosen    string  // the id of one of them
	Zone      string  // of the chosen one
	Week      string
	Days      []moveDay
	Earlier   string
	Later     string
	By        string // a date and a time of day, typed by hand
	Fault     string
	Picked    *moveTime // nil while none is
	Waiver    *waiver   // nil where no rule refused something that can be done anyway
}

type moveDay struct {
	ID, Date string
	Times    []moveTime
}

type moveTime struct {
	Start, End *time.Time
	Link       string
}

const moveDays = 7

// askMove shows times to choose from; with a time in the address, the question.
func askMove(v *visit) error {
	return showMovePage(v, http.StatusOK, "", nil)
}

func showMovePage(v *visit, status int, fault string, waiver *waiver) error {
	b, err := loadBooking(v)
	if err != nil {
		return err
	}
	page := movePage{bookingView: b, Version: v.etag, Fault: fault, Waiver: waiver, Chosen: b.Resource.ID, Zone: b.Resource.Timezone}
	if g, err := loadGraph(v, b.Graph); err == nil {
		_, page.Moves = openActions(g, b)
		page.Anew = beginsOpen(g)
	} else if !isMissing(err) {
		return err
	}
	if page.Moves {
		if err := chooseMove(v, &page); err != nil {
			return err
		}
	}
	return v.show(status, "reschedule", "Reschedule", page)
}

// beginsOpen reports whether a new booking of a graph holds no time until somebody confirms it.
func beginsOpen(g *graphs.Graph) bool {
	first, err := g.Next(g.Initial, g.Start, graphs.ActorAPI)
	return err == nil && first.Holds == graphs.HoldsNothing
}

// chooseMove fills in what there is to choose from, or what was chosen.
func chooseMove(v *visit, page *movePage) error {
	if err := loadMoveResources(v, page); err != nil {
		return err
	}
	given := v.r.URL.Query()
	if v.r.Method == http.MethodPost {
		given = v.r.PostForm
	}
	length := page.Event.End.Sub(*page.Event.Start)
	if start, kind, ok := zones.Read(given.Get("start")); ok && kind == zones.Instant {
		page.Picked = pickedAt(start, length)
		return nil
	}
	if page.By = given.Get("by"); page.By != "" {
		wall, kind, ok := zones.Read(page.By)
		if ok && kind == zones.Wall {
			y, m, d := wall.Date()
			page.Picked = pickedAt(time.Date(y, m, d, wall.Hour(), wall.Minute(), 0, 0, place(page.Zone)), length)
			return nil
		}
		page.Fault = "Please give a date and a time of day."
	}
	return loadFreeWeek(v, page, length, given.Get("from"))
}

func pickedAt(start time.Time, length time.Duration) *moveTime {
	end := start.Add(length)
	return &moveTime{Start: &start, End: &end}
}

// loadMoveResources finds the resources that the booking can be moved to, and the one that was chosen.
func loadMoveResources(v *visit, page *movePage) error {
	page.Resources = []named{{page.Resource.ID, page.Resource.Name}}
	if page.Project != nil {
		all, err := fetch[[]resourceView](v, at("projects", page.Project.ID, "resources"), nil)
		if err != nil && !isMissing(err) {
			return err
		}
		for _, one := range all {
			if one.ID != page.Resource.ID {
				page.Resources = append(page.Resources, named{one.ID, one.Name})
			}
		}
	}
	chosen := v.r.FormValue("resource_id")
	if chosen == "" || chosen == page.Chosen {
		return nil
	}
	one, err := fetch[resourceView](v, at("resources", chosen), nil)
	if isMissing(err) {
		return nil
	}
	page.Chosen, page.Zone = one.ID, one.Timezone
	return err
}

// loadFreeWeek asks for the free times of a week, by the rules of the project or of the resource. The time that the booking has
// counts as free.
func loadFreeWeek(v *visit, page *movePage, length time.Duration, from string) error {
	now, err := appNow(v)
	if err != nil {
		return err
	}
	begin := dateIn(from, page.Zone, 0)
	if begin.IsZero() {
		begin = later(dateIn(page.Event.Start.In(place(page.Zone)).Format(time.DateOnly), page.Zone, 0), now)
	}
	first := begin.In(place(page.Zone))
	date := func(days int) string { return first.AddDate(0, 0, days).Format(time.DateOnly) }
	end := dateIn(date(moveDays), page.Zone, 0)
	page.Week = first.Format("2 January") + " – " + first.AddDate(0, 0, moveDays-1).Format("2 January 2006")
	page.Later = page.address("from", date(moveDays))
	if begin.After(now) {
		page.Earlier = page.address("from", date(-moveDays))
	}
	ask := map[string]any{
		"resources": []string{page.Chosen}, "length": plain(int(length/time.Minute)) + " minutes", "reservation_id": page.ID,
		"from": later(begin, now).UTC().Format(time.RFC3339), "to": end.Add(length).UTC().Format(time.RFC3339),
	}
	if page.Project != nil {
		ask["project_id"] = page.Project.ID
	}
	var got data[[]moveTime]
	if end.Add(length).Before(now) || length < time.Minute {
		return nil
	}
	err = v.call(request{method: http.MethodPost, path: at("availability"), body: ask}, &got)
	if problem, is := faultsOf(err); is { // rules that contradict the question offer nothing
		for _, texts := range problem {
			page.Fault = texts[0]
		}
		return nil
	}
	for _, one := range got.Data {
		if one.Start.Before(end) {
			page.add(one)
		}
	}
	return err
}

func (p *movePage) add(one moveTime) {
	at := one.Start.In(place(p.Zone))
	id := at.Format(time.DateOnly)
	if len(p.Days) == 0 || p.Days[len(p.Days)-1].ID != id {
		p.Days = append(p.Days, moveDay{ID: id, Date: at.Format("Monday, 2 January")})
	}
	one.Link = p.address("start", one.Start.UTC().Format(time.RFC3339))
	last := &p.Days[len(p.Days)-1]
	last.Times = append(last.Times, one)
}

// address is that of the page with a value.
func (p *movePage) address(name, value string) string {
	q := url.Values{"resource_id": {p.Chosen}, name: {value}}
	return here("bookings", p.ID, "reschedule") + "?" + q.Encode()
}

// isAt reports whether a form names the very resource, start and end that the booking has. The API would make a new booking at that
// time, as Timekit does, with its webhooks; a person who picks it expects none.
func (b *bookingView) isAt(form url.Values) bool {
	start, _, _ := zones.Read(form.Get("start"))
	end, _, _ := zones.Read(form.Get("end"))
	return form.Get("resource_id") == b.Resource.ID && start.Equal(*b.Event.Start) && end.Equal(*b.Event.End)
}

// move gives the booking another time, in one step. It keeps the one it has when the other is taken, and when it is the same.
func move(v *visit) error {
	form := v.r.PostForm
	if b, err := loadBooking(v); err != nil {
		return err
	} else if b.isAt(form) {
		return v.redirectWithNotice("same", "bookings", b.ID)
	}
	body := map[string]any{"start": form.Get("start"), "end": form.Get("end"), "resource_id": form.Get("resource_id")}
	if text := form.Get("message"); text != "" {
		body["message"] = text
	}
	if rules := form["override"]; len(rules) > 0 {
		body["override"] = rules
	}
	header := map[string]string{"If-Match": form.Get("version"), "Idempotency-Key": form.Get("once")}
	var got data[bookingView]
	err := v.call(request{method: http.MethodPost, path: at("bookings", v.id(), "reschedule"), body: body, header: header}, &got)
	problem, refused := refusalOf(err)
	switch {
	case err == nil:
		return v.redirectWithNotice("moved", "bookings", got.Data.ID)
	case refused && problem.Code == fault.SlotTaken:
		return v.redirect(here("bookings", v.id(), "reschedule") + "?" + url.Values{
			"said": {"taken"}, "resource_id": {form.Get("resource_id")}, "from": {form.Get("from")},
		}.Encode())
	case refused && (problem.Code == fault.Stale || problem.Code == fault.ActionNotAvailable):
		return v.redirectWithNotice("kept", "bookings", v.id())
	case refused && (problem.Status == http.StatusUnprocessableEntity || problem.Rule != nil):
		return showMovePage(v, problem.Status, detailed(problem), newWaiver(v.r, problem))
	}
	return err
}

// detailed is a refusal with the first of its faults.
func detailed(problem *refusal) string {
	for name, texts := range problem.Fields {
		return phrase(name) + " " + texts[0] + "."
	}
	return problem.Detail
}
