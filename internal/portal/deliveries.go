package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"time"
)

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
	e, err := v.loadEndpoint()
	if err != nil {
		return err
	}
	types, err := fetch[[]eventType](v, at("webhooks", "event_types"), nil)
	if err != nil {
		return err
	}
	given := query(v.r.URL.Query(), "status", "event_type", "booking_id", "since", "test")
	page := deliveriesPage{endpoint: e, Filter: given, Types: single(types), Statuses: deliveryStatuses}
	if err := v.fill(&page); err != nil {
		return err
	}
	return v.show(http.StatusOK, "deliveries", "Deliveries", page)
}

// fill asks for the deliveries that the filter names.
func (v *visit) fill(page *deliveriesPage) error {
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
