package webhooks

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/contact"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/mail"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// mailHandlers answers requests about mails.
type mailHandlers struct {
	mailers  *postgres.Mailers
	contacts *postgres.Contacts
	bookings *postgres.Bookings
	vault    *links.Vault
	waker    *waker
}

func (h *mailHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/mails", edge.RequireServer, h.listMails),
		edge.On(http.MethodPost, "/v2/mails/:id/retry", edge.RequireServer, h.retryMail).Once(),
	}
}

// listMails answers with the mails of an app, or of one booking, the newest first. None has an address or a text: neither is kept.
func (h *mailHandlers) listMails(k *edge.Call) error {
	problems := fault.Problems{}
	filter, before, limit := sendingFilter(k, problems), spot(k, problems), k.ReadLimit(problems)
	if filter.Kind = k.Query("kind"); filter.Kind != "" && !slices.Contains(mail.Kinds, mail.Kind(filter.Kind)) {
		problems.Add("kind", "is not a kind of mail")
	}
	if err := problems.Err(); err != nil {
		return err
	}
	all, more, err := h.mailers.Mails(k, k.App.ID, filter, before, limit)
	if err != nil {
		return err
	}
	dead, err := h.dead(k, filter.Booking, all)
	if err != nil {
		return err
	}
	list, next := []timekit.Object{}, ""
	for i := range all {
		list = append(list, mailView(k, &all[i], dead))
	}
	if more {
		next = cursor(all[len(all)-1])
	}
	k.JSON(http.StatusOK, map[string]any{"data": list, "has_more": more, "next_cursor": next})
	return nil
}

// dead returns whose addresses do not exist, by mail.Mail.Recipient, among the recipients of one booking's mails; none without a booking.
func (h *mailHandlers) dead(k *edge.Call, id *uuid.UUID, all []outbox.Delivery) (map[string]bool, error) {
	if id == nil || len(all) == 0 {
		return nil, nil
	}
	b, err := h.bookings.Booking(k, k.App.ID, *id)
	if err != nil {
		if fault.CodeOf(err) == fault.NotFound { // erased meanwhile
			return nil, nil
		}
		return nil, err
	}
	recipients, digests := map[string]string{}, [][]byte{}
	for i := range all {
		var of mail.Mail
		_ = json.Unmarshal(all[i].Mail, &of) // written by us
		if address := addressOf(b, of); address != "" {
			digest := h.vault.ContactDigest(k.App.ID, address)
			recipients[of.Recipient()] = string(digest)
			digests = append(digests, digest)
		}
	}
	blocks, err := h.contacts.Blocks(k, k.App.ID, digests...)
	dead := map[string]bool{}
	for recipient, digest := range recipients {
		dead[recipient] = slices.ContainsFunc(blocks, func(b contact.Block) bool { return b.Kind == contact.Dead && string(b.Digest) == digest })
	}
	return dead, err
}

// retryMail sends a mail again, now, with what the booking is like now. One of a paused mailer waits until that is resumed.
func (h *mailHandlers) retryMail(k *edge.Call) error {
	id, err := k.ID("id", "The mail")
	if err != nil {
		return err
	}
	mailer, err := h.mailers.ResendMail(k, k.App.ID, id, k.Operation)
	if err != nil {
		return err
	}
	h.waker.wake(k, []uuid.UUID{mailer})
	sent, err := h.mailers.Mail(k, k.App.ID, id)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusAccepted, mailView(k, sent, nil))
}

// mailView shows a mail. One that could not even be written has neither a kind nor a receiver.
func mailView(k *edge.Call, s *outbox.Delivery, dead map[string]bool) timekit.Object {
	view := timekit.Object{
		"id": s.ID, "event_id": outbox.EventPrefix + s.EventID.String(), "event_type": s.EventType, "booking_id": s.BookingID,
		"kind": nil, "to": nil, "customer_id": nil, "status": s.Status, "attempt_count": s.Attempts, "email_status": nil,
		"next_attempt_at": k.Moment(s.NextAt), "created_at": k.Clock.Show(s.CreatedAt, time.UTC), "finished_at": k.Moment(s.FinishedAt),
		"last_status": s.LastStatus, "last_error": s.LastError,
	}
	var of mail.Mail
	_ = json.Unmarshal(s.Mail, &of) // written by us, or nothing
	if of.Kind == "" {
		return view
	}
	view["kind"], view["to"] = of.Kind, of.To
	if of.To == mail.Customer {
		view["customer_id"] = of.Customer
	}
	if dead[of.Recipient()] {
		view["email_status"] = "dead"
	}
	return view
}
