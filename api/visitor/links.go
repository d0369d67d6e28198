package visitor

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/service"
	"holdfast/internal/tenant"
)

// maxMoves bounds how often a booking may have been moved since its link was made.
const maxMoves = 50

// link is an action link that has passed every check but the last: that it acts once.
type link struct {
	app      *tenant.App
	booking  *booking.Booking // the one it leads to
	passed   []uuid.UUID      // those it was moved from, beginning with the one that the link names
	actor    graphs.Actor     // as whom it acts; "" while that is not known
	claims   links.Claims
	redirect *url.URL // where to send the visitor; nil for our own page
	leads    string   // where the link leads although the app does not allow it; shown, not followed
}

// openLink answers GET and HEAD. It shows what the link would do; only where the app has chosen one_click does a GET
// act, and never a HEAD or a prefetch: scanners and browsers follow links that nobody clicked.
func (s *Handlers) openLink(k *call) error {
	l, err := s.readLink(k)
	if fault.CodeOf(err) == fault.LinkUsed {
		if done, after := s.afterwards(k, l); done || after != nil {
			return after
		}
	}
	if l.movesByPage(k) && (err == nil || l.hasMoved(err)) {
		return s.moveByLink(k, l)
	}
	if err != nil {
		return s.linkError(k, l, err)
	}
	if l.app.Settings.ActionLinks == tenant.OneClick && k.Request.Method == http.MethodGet && !k.prefetch() {
		return s.act(k, l, http.StatusFound)
	}
	if err := s.Service.HasRoom(k, l.booking, l.claims.Action, l.actor); err != nil {
		return s.linkError(k, l, err)
	}
	return s.confirmPage(k, l)
}

// followLink answers POST: the button of the page, or a backend.
func (s *Handlers) followLink(k *call) error {
	if err := http.NewCrossOriginProtection().Check(k.Request); err != nil {
		return s.linkError(k, nil, fault.Wrap(err, fault.Forbidden, "This request came from another site."))
	}
	if err := k.readForm(); err != nil {
		return s.linkError(k, nil, err)
	}
	l, err := s.readLink(k)
	if err != nil && (k.sentByPage() || l.movesByPage(k) && l.hasMoved(err)) && !passes(fault.CodeOf(err)) {
		return s.backToLink(k, "")
	}
	if err != nil {
		return s.linkError(k, l, err)
	}
	if l.movesByPage(k) && k.Request.PostForm.Has("start") {
		return s.takeByLink(k, l)
	}
	return s.act(k, l, http.StatusSeeOther)
}

func (s *Handlers) linkOptions(k *call) error {
	k.Header("Allow", "GET, HEAD, OPTIONS, POST")
	return k.NoContent()
}

// prefetch reports whether a browser or proxy makes the request ahead of a click.
func (k *call) prefetch() bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		value := strings.ToLower(k.GetHeader(name))
		if strings.Contains(value, "prefetch") || strings.Contains(value, "prerender") || strings.Contains(value, "preview") {
			return true
		}
	}
	return false
}

// readLink checks signature, path, use, and whether the action is open, in this order, and changes nothing. With an
// error it returns as much of the link as may be shown.
func (s *Handlers) readLink(k *call) (*link, error) {
	id, err := k.ID("id", "The booking")
	if err != nil {
		return nil, err
	}
	token := k.Query("signature")
	if token == "" || len(token) > service.MaxToken {
		return nil, fault.Errorf(fault.LinkInvalid, "This link is not valid.")
	}
	target, err := s.DB.LinkTarget(k, id)
	if err != nil {
		return nil, err
	}
	claims, err := s.Service.VerifyLink(target, token)
	if err != nil {
		return nil, err
	}
	if err := claims.For(id.String(), k.Param("action")); err != nil {
		return nil, err
	}
	l := &link{app: target.App, booking: target.Booking, claims: claims}
	if err := s.follow(k, l); err != nil {
		return nil, err
	}
	l.setRedirect(k.Query("redirect"))
	return l, s.checkLink(k, l)
}

// follow finds the booking that a link leads to: the one it names, or the one that has taken that one's place since.
func (s *Handlers) follow(k *call, l *link) (err error) {
	for next := l.booking.Related.RescheduledTo; next != nil; next = l.booking.Related.RescheduledTo {
		if l.passed = append(l.passed, l.booking.ID); len(l.passed) > maxMoves {
			return fault.Errorf(fault.LinkExpired, "The booking has been moved too often since this link was made.")
		}
		if l.booking, err = s.DB.Booking(k, l.app.ID, *next); err != nil {
			return err
		}
	}
	return nil
}

// checkLink asks whether the link has acted before, on this booking or on one that was moved since, and whether its action is
// open to a link in the booking's state.
func (s *Handlers) checkLink(k *call, l *link) error {
	spent, err := s.DB.LinkSpent(k, append(l.passed, l.booking.ID), l.claims.SpendKey())
	if err != nil {
		return err
	}
	if spent {
		return fault.Errorf(fault.LinkUsed, "This link has been used already.")
	}
	l.actor = graphs.ActorOwnerLink
	if _, err := service.Allow(l.booking, l.claims.Action, l.actor); err != nil {
		l.actor = graphs.ActorCustomerLink
	}
	if _, err := service.Allow(l.booking, l.claims.Action, l.actor); err != nil {
		return err
	}
	if l.actor == graphs.ActorCustomerLink {
		return service.CheckNotBegun(l.booking)
	}
	return nil
}

// setRedirect decides where the visitor goes afterwards: to a host the app allows, or where the token itself says.
func (l *link) setRedirect(asked string) {
	if l.claims.Redirect != "" {
		if target, ok := links.SignedRedirect(l.claims.Redirect); ok {
			l.redirect = target
		}
		return
	}
	if asked == "" {
		return
	}
	if target, ok := links.SafeRedirect(asked, l.app.Settings.RedirectHosts); ok {
		l.redirect = target
		return
	}
	if target, ok := links.SignedRedirect(asked); ok {
		l.leads = target.String()
	}
}

// act plays the link's action. The link is spent in the transaction that puts the action on record, and given back if
// the action is refused. Our own page leads on to the link's page afterwards, so that Back and Reload send nothing again.
func (s *Handlers) act(k *call, l *link, redirect int) error {
	out, err := s.Service.Play(k, booking.Caller{App: l.app}, l.booking, service.PlayInput{
		ID: edge.NewID(), Name: l.claims.Action, Actor: l.actor, Channel: booking.ChannelLink, Spend: l.claims.SpendKey(), Wait: s.Wait,
	})
	if err != nil && (k.sentByPage() || l.movesByPage(k) && l.hasMoved(err)) && !passes(fault.CodeOf(err)) {
		return s.backToLink(k, "")
	}
	if err != nil {
		return s.linkError(k, l, err)
	}
	if out.Booking != nil {
		l.booking = out.Booking
	}
	switch {
	case l.redirect != nil && !k.wantsJSON():
		k.linkHeaders("")
		k.Redirect(redirect, l.redirect.String())
		return nil
	case k.sentByPage():
		return s.backToLink(k, out.Action.ID.String())
	}
	return s.donePage(k, l, out.Action.Status)
}
