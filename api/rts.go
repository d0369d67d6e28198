package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

// requested is a visitor on the page of a scheduling request.
type requested struct {
	*postgres.Requested
	zone    *time.Location
	offer   *offering  // of a time, the first or another; nil until asked for
	own     bool       // what ended the booking was done on this page
	path    string     // of the page
	base    url.Values // what every address of the page has
	unruled bool       // nobody has said which times are offered
	alone   bool       // the page lets choose another time, and nothing else
}

// requestPage shows where a request stands, and what can be done about it now.
type requestPage struct {
	frame
	Notice       string // what has just happened
	Text         string
	When         string
	ZoneText     string
	Groups       []zoneGroup
	Odd          bool
	Keep         url.Values
	What         string
	With         string
	Where        string
	State        string
	Over         bool
	Calendar     string
	CalendarText string
	Reschedule   string
	Decline      string
	DeclineText  string
}

// openRequest answers GET and HEAD: the booking of a request, a picker of times, or a question. Nothing is changed by it.
func (s *Server) openRequest(k *call) error {
	r, err := s.request(k, k.Query("tz"))
	if err != nil {
		return err
	}
	switch {
	case k.Query("start") != "" && (r.unpicked() || k.Query("reschedule") != ""):
		return s.confirmTime(k, r)
	case r.unpicked():
		return s.openUnpicked(k, r)
	case k.Query("reschedule") != "" && r.mayReschedule():
		return s.showNewTimes(k, r, k.Query("said"))
	case k.Query("decline") != "" && r.givesUp().action != "":
		return s.askDecline(k, r)
	}
	return s.showRequest(k, r)
}

// request finds the request of a page, in the zone the visitor asks for, or said when they booked.
func (s *Server) request(k *call, zone string) (*requested, error) {
	code := k.code()
	found, app, err := s.DB.OpenRequest(k, code)
	if err != nil {
		return nil, err
	}
	k.app = app
	r := &requested{Requested: found, path: requestPath(found.Request)}
	names := []string{zone}
	if b := r.Booking; b != nil {
		if len(b.Customers) > 0 {
			names = append(names, b.Customers[0].Timezone)
		}
		r.zone = zoneOf(append(names, b.Resource.Timezone)...)
		return r, nil
	}
	question, err := s.questionOf(k, r.Request)
	if err != nil {
		return nil, err
	}
	r.zone, err = s.zoneFor(k, &offering{question: question, zone: time.UTC}, zone)
	return r, err
}

func (r *requested) unpicked() bool { return r.Booking == nil }

// questionOf is what a request offers, as a question for availability: its own words over its project's.
func (s *Server) questionOf(k *call, r *booking.SchedulingRequest) (map[string]json.RawMessage, error) {
	question := map[string]json.RawMessage{}
	if r.ProjectID != nil {
		project, err := s.DB.Project(k, k.app.ID, *r.ProjectID)
		if err != nil {
			return nil, err
		}
		question = projectAvailability(project)
	}
	return question, json.Unmarshal(r.Offer, &question)
}

// offers finds the times that the request can be given. The time that it has counts as free.
func (s *Server) offerTimes(k *call, r *requested) error {
	question, err := s.questionOf(k, r.Request)
	if err != nil {
		return err
	}
	r.offer = &offering{question: question, zone: r.zone, length: time.Duration(r.Request.DurationMinutes) * time.Minute}
	if b := r.Booking; b != nil {
		question["reservation_id"], r.offer.length = quoted(b.ID.String()), b.End.Sub(b.Start)
		if r.Request.ProjectID == nil && question["resources"] == nil {
			question["resources"], _ = json.Marshal([]string{b.Resource.ID.String()})
		}
	}
	if r.Request.PublicLink != nil {
		link, err := s.DB.PublicLink(k, k.app.ID, *r.Request.PublicLink)
		if unlessMissing(err) != nil {
			return err
		}
		if r.offer.days = usualHorizon; err == nil {
			r.offer.days = link.HorizonDays
		}
	}
	return r.offer.read()
}

// mayReschedule tells whether the customer may have another time: the graph says so, and the time has not begun.
func (r *requested) mayReschedule() bool {
	return r.open(booking.RescheduleAction) && !r.begun() && !r.unruled
}

func (r *requested) begun() bool { return !time.Now().Before(r.Booking.Start) }

func (r *requested) open(action string) bool { return slices.Contains(r.openActions(), action) }

func (r *requested) openActions() []string {
	if r.Booking == nil {
		return nil
	}
	graph, err := r.Booking.RuleBook()
	if err != nil {
		return nil
	}
	return graph.OpenTo(r.Booking.State, graphs.ActorCustomerLink)
}

// ahead is what has to happen before the time is the visitor's, and until when it can be paid.
func (r *requested) ahead() (outlook, time.Time) {
	graph, err := r.Booking.RuleBook()
	if err != nil {
		return outlook{}, time.Time{}
	}
	return lookAhead(graph, r.Booking.State, r.Booking.Times(), r.Booking.Settings.Timers)
}

// surrender is how a visitor gives their time up: an action, as whom it is played, and the words for it.
type surrender struct {
	action string // "" = not possible
	as     graphs.Actor
	link   string
	title  string
	text   string
	button string
	back   string
	word   bool // it takes a word to the other side along
}

// givesUp finds the action by which the visitor can give their time up. Where the graph has one for customers it is that
// one. A request that nobody has confirmed is withdrawn, and a time that is not paid given up, by the action that ends such a
// state, in the name of the link's app: Timekit's graphs have none for customers there.
func (r *requested) givesUp() surrender {
	if r.Booking == nil || r.begun() {
		return surrender{}
	}
	for _, name := range r.openActions() {
		if name != booking.RescheduleAction && ends(name) {
			return surrender{
				name, graphs.ActorCustomerLink, "Cancel the booking", "Cancel this booking?",
				"Nothing has happened yet. The time is given up when you press the button.", "Cancel the booking", "Keep the booking", true,
			}
		}
	}
	var way surrender
	switch ahead, _ := r.ahead(); {
	case ahead.asks:
		way = surrender{
			"decline", graphs.ActorAPI, "Withdraw the request", "Withdraw this request?",
			"Nothing has happened yet. The request is withdrawn when you press the button.", "Withdraw the request", "Keep the request", false,
		}
	case ahead.pays:
		way = surrender{
			"timeout", graphs.ActorAPI, "Give this time up", "Give this time up?",
			"Nothing has happened yet. The time is given up when you press the button; it cannot be paid any more then.",
			"Give this time up", "Keep this time", false,
		}
	}
	graph, err := r.Booking.RuleBook()
	if way.action == "" || err != nil || !slices.Contains(graph.OpenTo(r.Booking.State, way.as), way.action) {
		return surrender{}
	}
	return way
}

// findOwn finds out whether a booking that was declined or not paid was ended by its visitor, on this page.
func (s *Server) findOwn(k *call, r *requested) error {
	b := r.Booking
	if !b.Completed || b.State != "declined" && b.State != "unpaid" {
		return nil
	}
	moves, err := s.DB.Transitions(k, []uuid.UUID{b.ID})
	if all := moves[b.ID]; len(all) > 0 {
		last := all[len(all)-1]
		r.own = booking.ByVisitor(last.Actor, last.Channel)
	}
	return err
}

// view is the booking of the request as the page shows it.
func (r *requested) view(k *call) *requestPage {
	b := r.Booking
	p := &requestPage{
		What: b.What, When: whenText(b.Start, b.End, r.zone), ZoneText: zoneText(r.zone.String()), Where: b.Where, State: r.stateText(),
		With: b.Resource.Name, Groups: zoneGroups, Odd: !listed(r.zone.String()), Keep: r.base,
		Over: b.Completed && b.State != booking.Completed,
	}
	p.Zone = r.zone.String()
	p.Title, p.Text = r.headline(k.app.Name, k.Query("done") != "")
	if r.mayReschedule() {
		p.Reschedule = r.address("reschedule", "true")
	}
	if r.alone {
		return p
	}
	p.Calendar, p.CalendarText = r.path+"/event.ics", "Add to my calendar"
	if p.Over {
		p.CalendarText = "Strike it from my calendar"
	}
	if way := r.givesUp(); way.action != "" {
		p.Decline, p.DeclineText = r.address("decline", "true"), way.link
	}
	return p
}

// address is that of the request's page, in the zone it is shown in, with these values.
func (r *requested) address(pairs ...string) string {
	query := url.Values{}
	maps.Copy(query, r.base)
	query.Set("tz", r.zone.String())
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	return r.path + "?" + query.Encode()
}

// home is the address that shows the booking.
func (r *requested) home() string {
	if r.alone {
		return r.address("done", "true")
	}
	return r.address()
}

// action is where the forms of the page are sent.
func (r *requested) action() string {
	if len(r.base) == 0 {
		return r.path
	}
	return r.path + "?" + r.base.Encode()
}

// headline says where the booking stands and what comes next. Just after booking it says what has been reached.
func (r *requested) headline(app string, done bool) (title, text string) {
	b := r.Booking
	switch {
	case strings.HasPrefix(b.State, "cancelled"):
		return "Cancelled", "This time has been given up. Nothing more is to be done."
	case b.State == "declined" && r.own:
		return "Withdrawn", "You have withdrawn this request. Nothing is booked."
	case b.State == "declined":
		return "Declined", "This time could not be confirmed. Nothing is booked."
	case b.State == "unpaid" && r.own:
		return "Given up", "You have given this time up. Nothing is booked, and nothing has to be paid."
	case b.State == "unpaid":
		return "Not paid in time", "This time has been given up. Nothing is booked."
	case b.Completed:
		return "This is over", "There is nothing left to change."
	case b.State == "tentative":
		return r.waiting(app)
	case r.begun():
		return "Your booking", "It has begun, so it cannot be changed here any more."
	case r.alone && done:
		return "Your booking", "This is the time now."
	case done:
		return "You are booked", "Keep the address of this page: your booking can be changed here."
	}
	return "Your booking", ""
}

// waiting says what a booking waits for, and what becomes of it otherwise.
func (r *requested) waiting(app string) (title, text string) {
	ahead, until := r.ahead()
	switch {
	case ahead.pays && !until.IsZero():
		return "Not paid yet", "The time is held for you until " + momentText(until, r.zone) + ". If it is not paid by then, it is given up. " +
			"The payment is made with " + theApp(app) + ", not on this page."
	case ahead.pays:
		return "Not paid yet", "The payment is made with " + theApp(app) + ", not on this page."
	case r.begun():
		return "Not confirmed", "This time has passed, and it was never confirmed. Nothing is booked."
	case ahead.asks:
		return "Not confirmed yet", upperFirst(theApp(app)) + " has been asked and has to confirm it. Until then the time is not held, and " +
			"somebody else may get it. Keep the address of this page: it shows the answer."
	}
	return "Not confirmed yet", "Keep the address of this page: it shows what becomes of it."
}

// momentText is a moment as a visitor reads it.
func momentText(at time.Time, zone *time.Location) string {
	at = at.In(zone)
	return clockText(at) + " on " + at.Format("Monday, 2 January")
}

func upperFirst(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

func (r *requested) stateText() string {
	switch {
	case r.own && r.Booking.State == "declined":
		return "Withdrawn by you"
	case r.own && r.Booking.State == "unpaid":
		return "Given up by you"
	case r.Booking.State == "tentative":
		switch ahead, _ := r.ahead(); {
		case ahead.pays:
			return "Waiting for payment"
		case r.begun():
			return "Not confirmed"
		}
	}
	return stateText(r.Booking.State)
}

// stateText is a booking's state as a visitor reads it.
func stateText(state string) string {
	switch state {
	case "cancelled_by_customer":
		return "Cancelled by you"
	case "cancelled_by_owner":
		return "Cancelled"
	case "tentative":
		return "Waiting for confirmation"
	}
	text := words(state)
	return strings.ToUpper(text[:1]) + text[1:]
}

func (s *Server) showRequest(k *call, r *requested) error {
	if err := s.findOwn(k, r); err != nil {
		return err
	}
	p := r.view(k)
	var err error
	if p.Notice, err = s.noticeOf(k); err != nil {
		return err
	}
	if wants := k.Query("reschedule") != "" || r.alone && k.Query("done") == ""; wants && !r.Booking.Completed && !r.begun() && !r.mayReschedule() {
		p.Notice = "Another time cannot be chosen here as things stand. Nothing was changed."
		if r.unruled {
			p.Notice = "No other times are offered here. Please ask " + theApp(k.app.Name) + " for another time. Nothing was changed."
		}
	}
	return s.showPage(k, http.StatusOK, "request.html", p)
}

// noticeOf says what has become of the action that the address names.
func (s *Server) noticeOf(k *call) (string, error) {
	id, err := uuid.Parse(k.Query("action"))
	if err != nil {
		return "", nil
	}
	a, err := s.DB.Action(k, id)
	switch {
	case err != nil || a.AppID != k.app.ID:
		return "", unlessMissing(err)
	case a.Status == booking.Pending:
		return "Your choice has been received and is being carried out. Load this page again in a moment to see how it stands.", nil
	case a.Status == booking.Refused:
		return "Your choice could not be carried out. Nothing was changed.", nil
	}
	return "", nil
}

// openUnpicked shows a request without a booking: its times; or what became of the try to book it.
func (s *Server) openUnpicked(k *call, r *requested) error {
	if r.Request.CancelledAt != nil {
		return s.showPage(k, http.StatusOK, "notice.html", &notice{
			frame: frame{Title: "Withdrawn"}, Text: "No time is asked for any more. There is nothing left to do.",
		})
	}
	tried, err := s.DB.RequestTried(k, r.Request.ID)
	switch {
	case err != nil:
		return err
	case tried != nil && tried.Status == booking.Pending:
		return s.showPage(k, http.StatusAccepted, "notice.html", received(r))
	case tried != nil && r.Request.PublicLink != nil:
		return s.showNotBooked(k, r)
	}
	return s.showNewTimes(k, r, k.Query("said"))
}

// showNotBooked says of a public link's request that its time was lost, and leads back to the link's times.
func (s *Server) showNotBooked(k *call, r *requested) error {
	p := &notice{frame: frame{Title: "Not booked"}, Text: "The time you chose was taken before your booking could be carried out. Nothing is booked."}
	link, err := s.DB.PublicLink(k, k.app.ID, *r.Request.PublicLink)
	switch {
	case err == nil && link.Enabled && !link.RequireClaimToken:
		p.Link, p.LinkFor = "/pls/"+link.Code+"?"+url.Values{"tz": {r.zone.String()}}.Encode(), "Choose another time"
	case unlessMissing(err) != nil:
		return err
	default:
		p.Text += " Please go back to where you found the link, and choose another."
	}
	return s.showPage(k, http.StatusOK, "notice.html", p)
}

func received(r *requested) *notice {
	return &notice{
		frame: frame{Title: "Received"}, Link: r.address("done", "true"), LinkFor: "See how it stands",
		Text: "Your choice has been received and will be carried out in a moment.",
	}
}
