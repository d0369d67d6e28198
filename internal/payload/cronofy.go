package payload

import (
	"encoding/json"
	"maps"
	"strings"

	"holdfast/internal/booking"
	"holdfast/internal/outbox"
)

// The notification types. The first is Cronofy's; the others are ours, in its manner: its page mentions later updates
// without naming them, and says that receivers shall ignore unknown types.
const (
	timeChosen  = "scheduling_request_time_chosen"
	rescheduled = "scheduling_request_rescheduled"
	declined    = "scheduling_request_declined"  // by the recipient
	cancelled   = "scheduling_request_cancelled" // by the app or its people, or for want of payment
	updated     = "scheduling_request_updated"   // confirmed, paid, completed: "holdfast" has the state
)

// withdrawAction is how a recipient gives up what is not decided, in graphs that have it.
const withdrawAction = "withdraw"

// The shapes are those of Cronofy's published example, in its order. holdfast is ours.
type (
	cronofyBody struct {
		Notification cronofyNotification `json:"notification"`
		Request      cronofyRequest      `json:"scheduling_request"`
	}

	cronofyNotification struct {
		Type        string `json:"type"`
		TriggeredAt string `json:"triggered_at"`
	}

	cronofyRequest struct {
		ID            string             `json:"scheduling_request_id"`
		SlotSelection string             `json:"slot_selection"`
		SelectURL     string             `json:"primary_select_url"`
		DashboardURL  string             `json:"dashboard_url"`
		Operations    cronofyOperations  `json:"recipient_operations"`
		Summary       string             `json:"summary"`
		Duration      cronofyMinutes     `json:"duration"`
		Recipients    []cronofyRecipient `json:"recipients"`
		Event         cronofyEvent       `json:"event"`
		Metadata      cronofyMetadata    `json:"metadata"` // the same as the event's: some receivers look here
		Holdfast      cronofyHoldfast    `json:"holdfast"`
	}

	cronofyOperations struct {
		ViewURL       string `json:"view_url"`
		RescheduleURL string `json:"reschedule_url,omitempty"`
		DeclineURL    string `json:"decline_url,omitempty"`
	}

	cronofyMinutes struct {
		Minutes int `json:"minutes"`
	}

	cronofyRecipient struct {
		Email        string `json:"email"`
		DisplayName  string `json:"display_name"`
		SelectURL    string `json:"select_url"`
		SlotSelector bool   `json:"slot_selector"`
	}

	cronofyEvent struct {
		ID       string          `json:"event_id,omitempty"`
		Summary  string          `json:"summary"`
		Start    *cronofyTime    `json:"start,omitempty"`
		End      *cronofyTime    `json:"end,omitempty"`
		Metadata cronofyMetadata `json:"metadata"`
	}

	cronofyTime struct {
		Time string `json:"time"`
		TZID string `json:"tzid"`
	}

	cronofyMetadata struct {
		Scheduler map[string]string `json:"scheduler"`
	}

	cronofyHoldfast struct {
		BookingID string `json:"booking_id"`
		State     string `json:"state"`
		Sequence  int    `json:"sequence"`
		Reason    string `json:"reason,omitempty"`
	}
)

// asCronofy renders an event of a scheduling request; what is not about one has our own shape.
func asCronofy(c *outbox.Event, b *booking.Booking, links Links) ([]byte, error) {
	if b.Request == nil || !c.OfTransition() {
		return asHoldfast(c, b, links)
	}
	body := cronofyBody{cronofyNotification{notificationType(c, b), utc(c.At)}, CronofyRequest(b.Request, b, links.Base)}
	body.Request.Holdfast.Sequence, body.Request.Holdfast.Reason = c.Seq, c.Reason()
	return json.Marshal(body)
}

// CronofyRequest renders a scheduling request in Cronofy's shape; b is nil while no time is picked.
func CronofyRequest(r *booking.SchedulingRequest, b *booking.Booking, base string) cronofyRequest { //nolint:revive // for its fields alone
	page := strings.TrimSuffix(base, "/") + "/rts/" + r.Code
	metadata := cronofyMetadata{schedulerMetadata(r, b)}
	out := cronofyRequest{
		ID: r.Name, SlotSelection: "pending", SelectURL: page, Operations: cronofyOperations{ViewURL: page}, Summary: r.Summary,
		Duration: cronofyMinutes{r.DurationMinutes}, Metadata: metadata, Event: cronofyEvent{Summary: r.Summary, Metadata: metadata},
		Recipients: []cronofyRecipient{{r.Recipient.Email, r.Recipient.DisplayName, page, true}},
	}
	if b == nil {
		out.Holdfast.State = "pending"
		if r.CancelledAt != nil {
			out.Holdfast.State = "cancelled"
		}
		return out
	}
	out.SlotSelection = "complete"
	out.DashboardURL = strings.TrimSuffix(base, "/") + "/portal/bookings/" + b.ID.String()
	out.Holdfast = cronofyHoldfast{BookingID: b.ID.String(), State: b.State, Sequence: b.Seq}
	out.Event.ID = b.EventID.String()
	out.Event.Start, out.Event.End = &cronofyTime{utc(b.Start), b.Resource.Timezone}, &cronofyTime{utc(b.End), b.Resource.Timezone}
	if !b.Completed {
		out.Operations.RescheduleURL, out.Operations.DeclineURL = page+"?reschedule=true", page+"?decline=true"
	}
	return out
}

// notificationType sorts a change of a request's booking.
func notificationType(c *outbox.Event, b *booking.Booking) string {
	switch b.Kind() {
	case outbox.BookingsCreate:
		if b.Related.RescheduledFrom != nil {
			return rescheduled
		}
		return timeChosen
	case outbox.BookingsDelete:
		if c.Action == booking.CancelByCustomerAction || c.Action == withdrawAction || booking.ByVisitor(c.Actor, booking.Channel(c.Channel)) {
			return declined
		}
		return cancelled
	}
	return updated
}

// schedulerMetadata is what came with the visitor, and what the form has captured.
func schedulerMetadata(r *booking.SchedulingRequest, b *booking.Booking) map[string]string {
	all := map[string]string{}
	maps.Copy(all, r.Metadata)
	if b == nil {
		return all
	}
	for name, raw := range b.Answers() {
		var text string
		if json.Unmarshal(raw, &text) != nil { // a number, a list: as it was written
			text = string(raw)
		}
		all["captured_data."+name] = text
	}
	if len(b.Customers) > 0 && b.Customers[0].Phone != "" {
		all["captured_data.phone_number"] = b.Customers[0].Phone
	}
	return all
}
