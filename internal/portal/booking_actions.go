package portal

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"holdfast/graphs/drawing"
)

// drawBooking draws the graph of a booking with the way it has gone.
func drawBooking(v *visit) error {
	b, err := v.booking()
	if err != nil {
		return err
	}
	g, err := v.graph(b.graphRef())
	if err != nil {
		return err
	}
	return v.svg(drawing.SVGWalked(g, walked(b)))
}

// deliveriesByEvent returns the newest deliveries of a booking, with their webhooks.
func (v *visit) deliveriesByEvent(id string) ([]bookingDelivery, error) {
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
		return v.showBookingPage(problem.Status, problem.Detail)
	case err != nil:
		return err
	case answer.status == http.StatusAccepted:
		return v.redirectWithNotice("pending", "bookings", v.id())
	}
	return v.redirectWithNotice("played", "bookings", v.id())
}

// inputs are the texts that an action takes along: the field "input.cancel.message" is {"cancel":{"message":"…"}}.
func inputs(form url.Values) map[string]any {
	body := map[string]any{}
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
