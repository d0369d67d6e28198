package visitor

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/contact"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
)

// unsubscribeHandlers lets customers do without reminders and follow-ups by mail: of one booking, or of the app. The link of a mail is the
// credential. It says nothing of bookings and lets nobody change one.
type unsubscribeHandlers struct {
	page     *pageEdge
	bookings *postgres.Bookings
	contacts *postgres.Contacts
	vault    *links.Vault
}

func (h *unsubscribeHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/unsubscribe/:token", edge.RequireNothing, h.page.serve(h.openSubscription)),
		edge.On(http.MethodHead, "/unsubscribe/:token", edge.RequireNothing, h.page.serve(h.openSubscription)),
		edge.On(http.MethodPost, "/unsubscribe/:token", edge.RequireNothing, h.page.serve(h.changeSubscription)),
	}
}

// subscription is what a link is about, as the record has it.
type subscription struct {
	links.Subscription

	gone      bool // the booking was erased
	ofBooking bool // the address gets no reminders of the booking,
	ofApp     bool // or of none
}

// unsubscribePage says which reminders come, and lets that be changed.
type unsubscribePage struct {
	frame
	Text    string
	Choices []unsubscribeChoice
	Form    string // where they are sent
}

type unsubscribeChoice struct {
	Action, Text string
	Quiet        bool
}

// The choices. oneClick is the field and the value that programs of mail send (RFC 8058).
const (
	leaveBooking  = "leave_booking"
	leaveApp      = "leave_app"
	returnToAll   = "return"
	oneClick      = "List-Unsubscribe"
	oneClickValue = "One-Click"
)

func (h *unsubscribeHandlers) find(k *call) (s subscription, err error) {
	if s.Subscription, err = h.vault.ReadSubscription(k.Param("token")); err != nil {
		return s, err
	}
	target, err := h.bookings.LinkTarget(k, s.Booking)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		s.gone = true
	case err != nil:
		return s, err
	default:
		k.App = target.App
	}
	blocks, err := h.contacts.Blocks(k, s.App, s.Digest)
	has := func(of func(*uuid.UUID) bool) bool {
		return slices.ContainsFunc(blocks, func(b contact.Block) bool { return b.Kind == contact.Reminders && of(b.BookingID) })
	}
	s.ofApp = has(func(id *uuid.UUID) bool { return id == nil })
	s.ofBooking = has(func(id *uuid.UUID) bool { return id != nil && *id == s.Booking })
	return s, err
}

// openSubscription answers GET and HEAD. Nothing is changed by it.
func (h *unsubscribeHandlers) openSubscription(k *call) error {
	s, err := h.find(k)
	if err != nil {
		return err
	}
	return s.show(k)
}

// changeSubscription answers the buttons of the page, and the POST of a program of mail, which has no page to come from and is not sent on.
func (h *unsubscribeHandlers) changeSubscription(k *call) error {
	action, err := k.readChoice()
	if err != nil {
		return err
	}
	s, err := h.find(k)
	if err != nil {
		return err
	}
	if err := h.change(k, s, action); err != nil {
		return err
	}
	if action != oneClick {
		k.Redirect(http.StatusSeeOther, k.Request.URL.Path)
		return nil
	}
	s.ofApp = true
	return s.show(k)
}

// readChoice reads what is to be changed. A form of the page has to come from it.
func (k *call) readChoice() (action string, err error) {
	if strings.HasPrefix(k.Request.Header.Get("Content-Type"), "multipart/form-data") {
		if err := k.Request.ParseMultipartForm(maxEcho); err != nil {
			return "", fault.Wrap(err, fault.Malformed, "The form could not be read.")
		}
	}
	if err := k.readForm(); err != nil {
		return "", err
	}
	if k.formValue(oneClick) == oneClickValue {
		return oneClick, nil
	}
	if err := k.fromHere(); err != nil {
		return "", err
	}
	action = k.formValue("action")
	if !slices.Contains([]string{leaveBooking, leaveApp, returnToAll}, action) {
		return "", fault.Errorf(fault.Malformed, "The form does not say what to do.")
	}
	return action, nil
}

func (h *unsubscribeHandlers) change(k *call, s subscription, action string) error {
	block := contact.Block{AppID: s.App, Channel: contact.Mail, Digest: s.Digest, Kind: contact.Reminders, Reason: "unsubscribed"}
	switch action {
	case returnToAll:
		for _, of := range []*uuid.UUID{nil, &s.Booking} {
			if _, err := h.contacts.Unblock(k, s.App, contact.Mail, s.Digest, contact.Reminders, of); err != nil {
				return err
			}
		}
		return nil
	case leaveBooking:
		block.BookingID = &s.Booking
	}
	return h.contacts.Block(k, block)
}

// show says which reminders come.
func (s subscription) show(k *call) error {
	name := "us"
	if k.App != nil {
		name = k.App.Name
	}
	p := &unsubscribePage{Form: k.Request.URL.Path}
	p.Title = "Reminders by mail"
	const always = " Mails that say that a booking is confirmed, moved or cancelled come in any case."
	leave := unsubscribeChoice{Action: leaveApp, Text: "No reminders from " + name + " at all", Quiet: true}
	back := unsubscribeChoice{Action: returnToAll, Text: "Send me reminders again", Quiet: true}
	switch {
	case s.ofApp:
		p.Text, p.Choices = "You get no reminders from "+name+" by mail any more."+always, []unsubscribeChoice{back}
	case s.ofBooking:
		p.Text, p.Choices = "You get no reminders of this booking by mail any more."+always, []unsubscribeChoice{leave, back}
	default:
		p.Text = "You get reminders of your bookings by mail. Which ones do you want to do without?" + always
		if !s.gone {
			p.Choices = append(p.Choices, unsubscribeChoice{Action: leaveBooking, Text: "No reminders of this booking"})
		}
		p.Choices = append(p.Choices, leave)
	}
	return showPage(k, http.StatusOK, "unsubscribe.html", p)
}
