package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"time"
)

func home(v *visit) error { return v.redirect(here("webhooks")) }

func listWebhooks(v *visit) error {
	all, err := fetch[[]endpoint](v, at("webhooks"), nil)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "webhooks", "Webhooks", all)
}

// webhookPage is one webhook with the last of what was sent to it.
type webhookPage struct {
	endpoint
	Deliveries []delivery
	Projects   []string // names
	Services   []string
}

func showWebhook(v *visit) error {
	e, err := loadEndpoint(v)
	if err != nil {
		return err
	}
	latest, err := fetch[[]delivery](v, at("webhooks", e.ID, "deliveries"), url.Values{"limit": {"5"}})
	if err != nil {
		return err
	}
	names, err := loadNames(v, e)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "webhook", e.URL, webhookPage{e, latest, names.of("projects", e.Projects), names.of("services", e.Services)})
}

func loadEndpoint(v *visit) (endpoint, error) {
	return fetch[endpoint](v, at("webhooks", v.id()), nil)
}

// offered are the things a webhook can be narrowed down to, by kind.
type offered map[string][]named

var offers = map[string]string{"projects": at("projects"), "services": at("location", "services")}

// loadOffered asks for the projects and services of the app.
func loadOffered(v *visit) (offered, error) {
	all := offered{}
	for kind, path := range offers {
		list, err := fetch[[]named](v, path, url.Values{"limit": {"1000"}})
		if err != nil {
			return nil, err
		}
		all[kind] = list
	}
	return all, nil
}

// loadNames asks for the names of what a webhook is narrowed down to; most are not.
func loadNames(v *visit, e endpoint) (offered, error) {
	if len(e.Projects)+len(e.Services) == 0 {
		return offered{}, nil
	}
	return loadOffered(v)
}

// Of are the names of ids, for pages.
func (o offered) Of(kind string, ids ...string) []string { return o.of(kind, ids) }

// of are the names of ids; one that is not known is its own name.
func (o offered) of(kind string, ids []string) []string {
	var names []string
	for _, id := range ids {
		name := id
		for _, one := range o[kind] {
			if one.ID == id {
				name = one.Name
			}
		}
		names = append(names, name)
	}
	return names
}

func pauseWebhook(v *visit) error { return switchWebhook(v, "pause", "paused") }

func resumeWebhook(v *visit) error { return switchWebhook(v, "resume", "resumed") }

func switchWebhook(v *visit, what, done string) error {
	if err := v.post(at("webhooks", v.id(), what), nil, nil); err != nil {
		return err
	}
	return v.redirectWithNotice(done, "webhooks", v.id())
}

func askDeleteWebhook(v *visit) error {
	e, err := loadEndpoint(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "delete-webhook", "Delete this webhook?", e)
}

func deleteWebhook(v *visit) error {
	if err := v.call(request{method: http.MethodDelete, path: at("webhooks", v.id())}, nil); err != nil {
		return err
	}
	return v.redirectWithNotice("deleted", "webhooks")
}

func plain(n int) string { return strconv.Itoa(n) }

// deliveriesPage is a stretch of the log of one webhook.
type deliveriesPage struct {
	endpoint
	Filter     url.Values // as it was typed
	Types      []string
	Statuses   []string
	Deliveries []delivery
	Next       string // the address of what is older; "" when nothing is
	Newest     string // the address of the first page; "" when this is it
	Faults     faultList
}

var deliveryStatuses = []string{"pending", "delivered", "exhausted", "cancelled"}

func listDeliveries(v *visit) error {
	e, err := loadEndpoint(v)
	if err != nil {
		return err
	}
	types, err := fetch[[]eventType](v, at("webhooks", "event_types"), nil)
	if err != nil {
		return err
	}
	given := query(v.r.URL.Query(), "status", "event_type", "booking_id", "since", "test")
	page := deliveriesPage{endpoint: e, Filter: given, Types: single(types), Statuses: deliveryStatuses}
	if err := fillDeliveries(v, &page); err != nil {
		return err
	}
	return v.show(http.StatusOK, "deliveries", "Deliveries", page)
}

// fillDeliveries asks for the deliveries that the filter names.
func fillDeliveries(v *visit, page *deliveriesPage) error {
	q := query(page.Filter, "status", "event_type", "booking_id", "since", "test")
	if since := q.Get("since"); since != "" {
		q.Set("since", instant(since))
	}
	q.Set("limit", "50")
	self := here("webhooks", page.ID, "deliveries") + "?"
	if cursor := v.r.URL.Query().Get("cursor"); cursor != "" {
		q.Set("cursor", cursor)
		page.Newest = self + page.Filter.Encode()
	}
	var got struct {
		Data []delivery `json:"data"`
		More bool       `json:"has_more"`
		Next string     `json:"next_cursor"`
	}
	err := v.get(at("webhooks", page.ID, "deliveries"), q, &got)
	if faults, is := faultsOf(err); is {
		page.Faults = faults
		return nil
	}
	if page.Deliveries = got.Data; got.More {
		next := query(page.Filter, "status", "event_type", "booking_id", "since", "test")
		next.Set("cursor", got.Next)
		page.Next = self + next.Encode()
	}
	return err
}

// deliveryPage is one delivery with all that was tried.
type deliveryPage struct {
	delivery
	Endpoint endpoint
	Soon     bool // it may have changed by the time it was read
}

func showDelivery(v *visit) error {
	d, err := fetch[delivery](v, at("deliveries", v.id()), nil)
	if err != nil {
		return err
	}
	e, err := fetch[endpoint](v, at("webhooks", d.EndpointID), nil)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "delivery", "Delivery of "+d.EventType, deliveryPage{d, e, d.soon(e)})
}

// soon reports whether the next attempt is about to be made. A test waits for nothing.
func (d delivery) soon(e endpoint) bool {
	return d.Status == "pending" && (d.Test || e.Status == "active" && (d.NextAt == nil || time.Until(*d.NextAt) < time.Minute))
}

// Later reports whether the next attempt is not due yet.
func (d delivery) Later() bool { return d.NextAt != nil && d.NextAt.After(time.Now()) }

func retryDelivery(v *visit) error {
	if err := v.post(at("deliveries", v.id(), "retry"), nil, nil); err != nil {
		return err
	}
	return v.redirectWithNotice("retried", "deliveries", v.id())
}
