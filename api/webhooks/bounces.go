package webhooks

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/booking"
	"holdfast/internal/contact"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/mail"
	"holdfast/internal/mail/relay"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// bounceHandlers answers requests about addresses that do not exist.
type bounceHandlers struct {
	mailers  *postgres.Mailers
	contacts *postgres.Contacts
	bookings *postgres.Bookings
	vault    *links.Vault
	waker    *waker
}

func (h *bounceHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPost, "/v2/mails/bounces", edge.RequireServer, h.noteBounce),
		edge.On(http.MethodPost, "/v2/mails/revive", edge.RequireServer, h.reviveAddress),
	}
}

// bounceInput is what a mail server's program says of a mail that came back.
type bounceInput struct {
	MessageID string `json:"message_id"`
	MailID    string `json:"mail_id"`
	Status    string `json:"status"`
	// Programs of mail servers have these at hand. They are neither kept nor believed.
	Reason    string `json:"reason"`
	Recipient string `json:"recipient"`
}

var enhancedStatus = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}$`)

// mail is the id of the mail. A Message-ID begins with it, with or without angle brackets; so does what is behind the plus sign of the
// envelope's sender.
func (in *bounceInput) mail(problems fault.Problems) (id uuid.UUID) {
	field, text := "mail_id", in.MailID
	switch {
	case in.MailID != "" && in.MessageID != "":
		problems.Add("message_id", "goes without mail_id")
	case in.MessageID != "":
		field = "message_id"
		text, _, _ = strings.Cut(strings.Trim(in.MessageID, "<> "), "@")
		text, _, _ = strings.Cut(text, ".")
	case in.MailID == "":
		problems.Add("mail_id", "is required, or message_id")
		return id
	}
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 {
		problems.Add(field, "is not one of a mail")
	}
	if !enhancedStatus.MatchString(in.Status) {
		problems.Add("status", "must be a status of RFC 3463, such as 5.1.1")
	}
	return id
}

// noteBounce takes in that a mail came back. One that says that there is no such address has it get no more mails; any other changes
// nothing.
func (h *bounceHandlers) noteBounce(k *edge.Call) error {
	var in bounceInput
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	id := in.mail(problems)
	if err := problems.Err(); err != nil {
		return err
	}
	sent, err := h.mailers.Mail(k, k.App.ID, id)
	if err != nil {
		return err
	}
	var of mail.Mail
	_ = json.Unmarshal(sent.Mail, &of) // written by us
	address, err := h.address(k, k.App.ID, sent, of)
	if err != nil {
		return err
	}
	dead := relay.IsDead(in.Status) && address != ""
	if dead {
		code := "smtp_" + in.Status
		woken, err := h.contacts.MarkDead(k, contact.Block{
			AppID: k.App.ID, Digest: h.vault.ContactDigest(k.App.ID, address), Reason: code,
		}, *sent.BookingID, of.Bounced(id, code), true)
		if err != nil {
			return err
		}
		h.waker.wake(k, woken)
	}
	return k.Answer(http.StatusOK, timekit.Object{"mail_id": id, "address_dead": dead})
}

// address is whom a mail is for, as the booking has it now; empty for nobody any more. NotFound when the booking was erased.
func (h *bounceHandlers) address(ctx context.Context, app uuid.UUID, sent *outbox.Delivery, of mail.Mail) (string, error) {
	if sent.BookingID == nil {
		return "", fault.Errorf(fault.NotFound, "The mail does not exist.")
	}
	b, err := h.bookings.Booking(ctx, app, *sent.BookingID)
	if err != nil {
		return "", err
	}
	return addressOf(b, of), nil
}

func addressOf(b *booking.Booking, of mail.Mail) string {
	if of.To == mail.Owner {
		return b.Resource.Email
	}
	for i := range b.Customers {
		if b.Customers[i].ID == of.Customer {
			return b.Customers[i].Email
		}
	}
	return ""
}

// reviveAddress has an address get mails again that was found not to exist.
func (h *bounceHandlers) reviveAddress(k *edge.Call) error {
	var in struct {
		Email string `json:"email"`
	}
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	if in.Email == "" {
		problems.Add("email", "is required")
	}
	rules.CheckEmail(in.Email, "email", problems)
	if err := problems.Err(); err != nil {
		return err
	}
	digest := h.vault.ContactDigest(k.App.ID, in.Email)
	removed, err := h.contacts.Unblock(k, k.App.ID, contact.Mail, digest, contact.Dead, nil)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Object{"revived": removed})
}
