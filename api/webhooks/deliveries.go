package webhooks

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/mail"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
	"holdfast/internal/webhook"
)

// deliveryHandlers answers requests about deliveries and their attempts.
type deliveryHandlers struct {
	outbox *postgres.Outbox
	links  links.Maker
	waker  *waker
}

func (h *deliveryHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/webhooks/:id/deliveries", edge.RequireServer, h.listDeliveries),
		edge.On(http.MethodGet, "/v2/deliveries", edge.RequireServer, h.listBookingDeliveries),
		edge.On(http.MethodGet, "/v2/deliveries/:id", edge.RequireServer, h.getDelivery),
		edge.On(http.MethodPost, "/v2/deliveries/:id/retry", edge.RequireServer, h.retryDelivery).Once(),
	}
}

// listDeliveries answers with what was sent to a webhook, or is to be, the newest first.
func (h *deliveryHandlers) listDeliveries(k *edge.Call) error {
	endpoint, err := k.ID("id", "The webhook")
	if err != nil {
		return err
	}
	problems := fault.Problems{}
	filter, before, limit := sendingFilter(k, problems), spot(k, problems), k.ReadLimit(problems)
	if err := problems.Err(); err != nil {
		return err
	}
	all, more, err := h.outbox.Deliveries(k, k.App.ID, endpoint, filter, before, limit)
	return followed(k, all, more, err)
}

// listBookingDeliveries answers with the deliveries of one booking's events, the newest first.
func (h *deliveryHandlers) listBookingDeliveries(k *edge.Call) error {
	problems := fault.Problems{}
	filter, before, limit := sendingFilter(k, problems), spot(k, problems), k.ReadLimit(problems)
	if filter.Booking == nil {
		problems.Add("booking_id", "is required; GET /v2/webhooks/:id/deliveries lists those of a webhook")
	}
	if err := problems.Err(); err != nil {
		return err
	}
	of := *filter.Booking
	filter.Booking = nil
	all, more, err := h.outbox.BookingDeliveries(k, k.App.ID, of, filter, before, limit)
	return followed(k, all, more, err)
}

// followed answers with a page of deliveries that is followed by a cursor.
func followed(k *edge.Call, all []outbox.Delivery, more bool, err error) error {
	if err != nil {
		return err
	}
	list, next := []timekit.Object{}, ""
	for i := range all {
		list = append(list, deliveryView(k, &all[i]))
	}
	if more {
		next = cursor(all[len(all)-1])
	}
	k.JSON(http.StatusOK, map[string]any{"data": list, "has_more": more, "next_cursor": next})
	return nil
}

func sendingFilter(k *edge.Call, problems fault.Problems) postgres.DeliveryFilter {
	f := postgres.DeliveryFilter{
		Status: k.Query("status"), Booking: k.QueryID("booking_id", problems),
		Since: k.QueryTime("since", problems), Until: k.QueryTime("until", problems),
	}
	edge.CheckWindow(f.Since, f.Until, "until", problems)
	known := []string{"", postgres.Waiting, postgres.Delivered, postgres.Exhausted, postgres.Cancelled}
	if !slices.Contains(known, f.Status) {
		problems.Add("status", "must be one of %s", strings.Join(known[1:], ", "))
	}
	if names := topics(k, "event_type", problems); len(names) > 1 {
		problems.Add("event_type", "must be one")
	} else if len(names) == 1 {
		f.Type = names[0]
	}
	switch text := k.Query("test"); text {
	case "":
	case "true", "false":
		f.Test = new(text == "true")
	default:
		problems.Add("test", "must be true or false")
	}
	return f
}

// cursor is the place behind a delivery, for nobody but spot to read.
func cursor(s outbox.Delivery) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", s.CreatedAt.UnixMicro(), s.ID))
}

// spot reads a cursor; nil when there is none.
func spot(k *edge.Call, problems fault.Problems) *postgres.DeliveryCursor {
	text := k.Query("cursor")
	if text == "" {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	moment, name, _ := strings.Cut(string(raw), " ")
	at, wrong := strconv.ParseInt(moment, 10, 54) // of microseconds, 285 years to either side
	id, none := uuid.Parse(name)
	if err != nil || wrong != nil || none != nil {
		problems.Add("cursor", "is not a next_cursor of this list")
	}
	return &postgres.DeliveryCursor{At: time.UnixMicro(at), ID: id}
}

func (h *deliveryHandlers) getDelivery(k *edge.Call) error {
	id, err := k.ID("id", "The delivery")
	if err != nil {
		return err
	}
	return h.showDelivery(k, http.StatusOK, id)
}

// retryDelivery sends a delivery again, now. One of a paused webhook waits until that is resumed.
func (h *deliveryHandlers) retryDelivery(k *edge.Call) error {
	id, err := k.ID("id", "The delivery")
	if err != nil {
		return err
	}
	endpoint, err := h.outbox.Resend(k, k.App.ID, id, k.Operation)
	if err != nil {
		return err
	}
	h.waker.wake(k, []uuid.UUID{endpoint}) // also while its breaker is open, and it sleeps until that may close
	sent, _, err := h.outbox.Delivery(k, k.App.ID, id)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusAccepted, deliveryView(k, sent))
}

func deliveryView(k *edge.Call, s *outbox.Delivery) timekit.Object {
	var of struct { // nothing of an event's own delivery
		Kind     *mail.Kind `json:"kind"`
		Customer *uuid.UUID `json:"customer"`
	}
	_ = json.Unmarshal(s.Mail, &of) // written by us
	return timekit.Object{
		"kind": of.Kind, "customer_id": of.Customer,
		"id": s.ID, "webhook_id": s.EndpointID, "event_id": outbox.EventPrefix + s.EventID.String(), "event_type": s.EventType,
		"booking_id": s.BookingID, "sequence": s.Seq, "status": s.Status, "attempt_count": s.Attempts, "test": s.Test,
		"next_attempt_at": k.Moment(s.NextAt), "created_at": k.Clock.Show(s.CreatedAt, time.UTC), "finished_at": k.Moment(s.FinishedAt),
		"last_status": s.LastStatus, "last_error": webhook.ShownCode(s.LastError),
	}
}
