package webhooks

import (
	"encoding/json"
	"net/http"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/mail"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// mailHandlers answers requests about mails.
type mailHandlers struct{ outbox *postgres.Outbox }

func (h *mailHandlers) routes() []edge.Route {
	return []edge.Route{edge.On(http.MethodGet, "/v2/mails", edge.RequireServer, h.listMails)}
}

// listMails answers with the mails of one booking's events, the newest first. None has an address or a text: neither is kept.
func (h *mailHandlers) listMails(k *edge.Call) error {
	problems := fault.Problems{}
	filter, before, limit := sendingFilter(k, problems), spot(k, problems), k.ReadLimit(problems)
	if filter.Booking == nil {
		problems.Add("booking_id", "is required")
	}
	if err := problems.Err(); err != nil {
		return err
	}
	of := *filter.Booking
	filter.Booking = nil
	all, more, err := h.outbox.BookingMails(k, k.App.ID, of, filter, before, limit)
	if err != nil {
		return err
	}
	list, next := []timekit.Object{}, ""
	for i := range all {
		list = append(list, mailView(k, &all[i]))
	}
	if more {
		next = cursor(all[len(all)-1])
	}
	k.JSON(http.StatusOK, map[string]any{"data": list, "has_more": more, "next_cursor": next})
	return nil
}

func mailView(k *edge.Call, s *outbox.Delivery) timekit.Object {
	var of mail.Mail
	_ = json.Unmarshal(s.Mail, &of) // written by us
	view := timekit.Object{
		"id": s.ID, "event_id": outbox.EventPrefix + s.EventID.String(), "event_type": s.EventType, "booking_id": s.BookingID,
		"kind": of.Kind, "to": of.To, "customer_id": nil, "status": s.Status, "attempt_count": s.Attempts,
		"next_attempt_at": k.Moment(s.NextAt), "created_at": k.Clock.Show(s.CreatedAt, time.UTC), "finished_at": k.Moment(s.FinishedAt),
		"last_status": s.LastStatus, "last_error": s.LastError,
	}
	if of.To == mail.Customer {
		view["customer_id"] = of.Customer
	}
	return view
}
