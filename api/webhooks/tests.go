package webhooks

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/payload"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

// testHandlers answers requests for test deliveries.
type testHandlers struct {
	outbox     *postgres.Outbox
	outcomes   *postgres.Outcomes
	deliveries *deliveryHandlers
	waker      *waker
	wait       time.Duration
}

func (h *testHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPost, "/v2/webhooks/:id/test", edge.RequireServer, h.testWebhook).Once(),
	}
}

// pollEvery is how often the record is asked for a test\'s attempt: announcements can be missed.
const pollEvery = time.Second

// testWebhook sends a made-up change to a webhook, also while that is paused or failing: 200 with what came of it, 202 when
// that is not known yet.
func (h *testHandlers) testWebhook(k *edge.Call) error {
	id, err := k.ID("id", "The webhook")
	if err != nil {
		return err
	}
	e, err := h.outbox.Endpoint(k, k.App.ID, id)
	if err != nil {
		return err
	}
	var in struct {
		EventType string `json:"event_type"`
	}
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	c, err := madeUp(e, k.App.Graphs, in.EventType)
	if err != nil {
		return err
	}
	c.ID, c.AppID = k.Operation, e.AppID
	sent, err := h.sendTest(k, e, c)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if sent.Status == postgres.Waiting {
		status = http.StatusAccepted
	}
	return h.deliveries.showDelivery(k, status, sent.ID)
}

// sendTest sends a change and waits for the end of its only attempt, no longer than the caller waits.
func (h *testHandlers) sendTest(k *edge.Call, e *outbox.Endpoint, c *outbox.Event) (*outbox.Delivery, error) {
	delivery := uuid.NewSHA1(c.ID, e.ID[:])
	announced, done := h.outcomes.Expect(delivery)
	defer done()
	sent, err := h.outbox.CreateTestDelivery(k, e.ID, c, delivery)
	if err != nil || sent.Status != postgres.Waiting {
		return sent, err
	}
	h.waker.wake(k, []uuid.UUID{e.ID})
	deadline := time.NewTimer(k.PreferredWait(h.wait))
	defer deadline.Stop()
	again := time.NewTicker(pollEvery)
	defer again.Stop()
	for last := false; err == nil && sent.Status == postgres.Waiting && !last; {
		select {
		case <-announced:
		case <-again.C:
		case <-deadline.C:
			last = true
		case <-k.Done():
			return nil, k.Err()
		}
		sent, _, err = h.outbox.Delivery(k, k.App.ID, delivery)
	}
	return sent, err
}

// madeUp is a made-up change of a type; where none is named, of the first that the endpoint's filters let through.
func madeUp(e *outbox.Endpoint, own *tenant.Graphs, eventType string) (*outbox.Event, error) {
	now := time.Now()
	if eventType != "" {
		c, ok := payload.Sample(own, eventType, now)
		if !ok {
			return nil, fault.Problems{"event_type": {"is none of GET /v2/webhooks/event_types"}}.Err()
		}
		return c, nil
	}
	var first *outbox.Event
	for _, known := range payload.EventTypes(own) {
		c, ok := payload.Sample(own, known.Name, now)
		if ok && matches(e, c, known.Name) {
			return c, nil
		}
		if ok && first == nil {
			first = c
		}
	}
	return first, nil
}

// matches reports whether an endpoint's filters let a made-up event through. A booking's is of one graph out of many, of a project
// that does not exist, and of no scheduling request, so the filters by these do not count.
func matches(e *outbox.Endpoint, c *outbox.Event, name string) bool {
	filters := outbox.Endpoint{EventTypes: e.EventTypes, States: e.States}
	return filters.Matches(outbox.Subject{
		Topics: append(outbox.Topics(c.Type, ""), outbox.Topics(name, "")...), Booking: c.BookingID != nil, State: c.State,
	})
}
