package portal

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"holdfast/graphs/drawing"
	"holdfast/internal/fault"
)

// drawBooking draws the graph of a booking with the way it has gone.
func drawBooking(v *visit) error {
	b, err := loadBooking(v)
	if err != nil {
		return err
	}
	g, err := loadGraph(v, b.graphRef())
	if err != nil {
		return err
	}
	return v.svg(drawing.SVGWalked(g, walked(b)))
}

// deliveriesByEvent returns the newest deliveries of a booking, with their webhooks.
func deliveriesByEvent(v *visit, id string) ([]bookingDelivery, error) {
	list, err := fetch[[]delivery](v, at("deliveries"), url.Values{"booking_id": {id}, "limit": {"100"}})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	endpoints, err := fetch[[]endpoint](v, at("webhooks"), nil)
	if err != nil {
		return nil, err
	}
	addresses := map[string]string{}
	for _, e := range endpoints {
		addresses[e.ID] = e.URL
	}
	var all []bookingDelivery
	for _, d := range list {
		all = append(all, bookingDelivery{d, addresses[d.EndpointID]})
	}
	return all, nil
}

// playAction plays an action on the booking as the page showed it. A refusal is shown on the page as it stands now.
func playAction(v *visit) error {
	c := request{
		method: http.MethodPut, path: at("bookings", v.id(), v.r.PathValue("action")), body: inputs(v.r.PostForm),
		header: map[string]string{"If-Match": v.r.PostForm.Get("version")},
	}
	answer, err := v.callAPI(c, v.key)
	if err == nil && answer.status >= http.StatusBadRequest {
		err = answer.asRefusal()
	}
	problem, refused := errors.AsType[*refusal](err)
	switch {
	case refused && problem.Status != http.StatusNotFound && problem.Status < http.StatusInternalServerError && !isRevoked(err):
		return showBookingPage(v, problem.Status, problem.Detail, newWaiver(v.r, problem))
	case err != nil:
		return err
	case answer.status == http.StatusAccepted:
		return v.redirectWithNotice("pending", "bookings", v.id())
	}
	return v.redirectWithNotice("played", "bookings", v.id())
}

// retryEffect has an effect of the booking tried at once.
func retryEffect(v *visit) error { return turnEffect(v, "retry", "effect_retried") }

// giveUpEffect ends an effect of the booking.
func giveUpEffect(v *visit) error { return turnEffect(v, "give_up", "effect_given_up") }

// turnEffect asks the API for something about an effect. A refusal is shown on the page as it stands now.
func turnEffect(v *visit, what, notice string) error {
	err := v.post(at("bookings", v.id(), "effects", v.r.PathValue("effect"), what), nil, nil)
	if problem, refused := errors.AsType[*refusal](err); refused && problem.Status == http.StatusUnprocessableEntity {
		return showBookingPage(v, problem.Status, problem.Detail, nil)
	}
	if err != nil {
		return err
	}
	return v.redirectWithNotice(notice, "bookings", v.id())
}

// inputs are the texts that an action takes along: the field "input.cancel.message" is {"cancel":{"message":"…"}}.
func inputs(form url.Values) map[string]any {
	body := map[string]any{}
	if rules := form["override"]; len(rules) > 0 {
		body["override"] = rules
	}
	if form.Get("bulk") == "one" {
		body["apply_to_bulked_bookings"] = false
	}
	for name, texts := range form {
		if step, field, ok := inputName(name); ok && texts[0] != "" {
			fields, _ := body[step].(map[string]string)
			if fields == nil {
				fields = map[string]string{}
			}
			fields[field] = texts[0]
			body[step] = fields
		}
	}
	return body
}

func inputName(name string) (step, field string, ok bool) {
	rest, ok := strings.CutPrefix(name, "input.")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ".")
}

// waiver lets an owner have what a rule refuses: the form that was sent once more, with a box to tick for each rule that is lifted.
type waiver struct {
	Action string // of the booking; "" for a move
	Rules  []waivedRule
	Fields url.Values // the rest of what was typed
}

// waivedRule is a rule that can be lifted, or was by the form before.
type waivedRule struct {
	ruleView
	Chosen bool
}

// newWaiver offers to lift the rule that refuses a form, beside those that it has lifted already; nil where no rule refuses that can be
// lifted.
func newWaiver(r *http.Request, problem *refusal) *waiver {
	why := problem.Rule
	if why == nil || why.Name == fault.ActionWindow || why.Name == fault.Begun {
		return nil
	}
	w := &waiver{Action: r.PathValue("action"), Fields: url.Values{}}
	for _, name := range r.PostForm["override"] {
		if name != why.Name {
			w.Rules = append(w.Rules, waivedRule{ruleView{Name: name}, true})
		}
	}
	w.Rules = append(w.Rules, waivedRule{*why, false})
	for name, texts := range r.PostForm {
		if _, _, is := inputName(name); is || name == "bulk" || name == "message" {
			w.Fields[name] = texts
		}
	}
	return w
}

// Anyway says what is done although the rule refuses it.
func (r waivedRule) Anyway() string {
	if text := anyway[r.Name]; text != "" {
		return text
	}
	return "although the rule " + words(r.Name) + " refuses it"
}

var anyway = map[string]string{
	"notice": "although the time begins too soon to be booked", "horizon": "although the time is too far ahead to be booked",
	"window": "although the time lies outside the days that can be booked",
	"cancel": "although the deadline for cancelling has passed", "reschedule": "although the deadline for moving has passed",
	"reschedule_max": "although it has been moved as often as it can be", "limits": "although a limit is reached",
}

// Moment says what the moment of the rule is.
func (r waivedRule) Moment() string {
	switch r.Name {
	case "limits":
		return "the next period begins"
	case "horizon":
		return "possible from"
	case "window":
		return "the window ends or begins"
	}
	return "it was possible until"
}
