package visitor

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/tenant"
)

// linkHandlers answers visitors of action links.
type linkHandlers struct {
	bookings *postgres.Bookings
	actions  *postgres.Actions
	player   *service.Player
	tokens   *service.Tokens
	payments *postgres.Payments
	edge     *edge.Edge
	links    links.Maker
	moves    *linkMoves
	wait     time.Duration // for the outcome of an action, unless the client says otherwise
}

func (h *linkHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/bookings/:id/external_action/:action", edge.RequireNothing, onPage(h.openLink)),
		edge.On(http.MethodHead, "/v2/bookings/:id/external_action/:action", edge.RequireNothing, onPage(h.openLink)),
		edge.On(http.MethodOptions, "/v2/bookings/:id/external_action/:action", edge.RequireNothing, onPage(linkOptions)),
		edge.On(http.MethodPost, "/v2/bookings/:id/external_action/:action", edge.RequireNothing, onPage(h.followLink)),
	}
}

// maxMoves bounds how often a booking may have been moved since its link was made.
const maxMoves = 50

// link is an action link that has passed every check but the last: that it acts once.
type link struct {
	app            *tenant.App
	booking        *booking.Booking // the one it leads to
	passed         []uuid.UUID      // those it was moved from, beginning with the one that the link names
	actor          graphs.Actor     // as whom it acts; "" while that is not known
	tz             string           // the zone that its address asks for; "" for none
	claims         links.Claims
	redirect       *url.URL // where to send the visitor; nil for our own page
	unsafeRedirect string   // where the link leads although the app does not allow it; shown, not followed
}

// openLink answers GET and HEAD. It shows what the link would do; only where the app has chosen one_click does a GET
// act, and never a HEAD or a prefetch: scanners and browsers follow links that nobody clicked.
func (h *linkHandlers) openLink(k *call) error {
	l, err := h.readLink(k)
	if fault.CodeOf(err) == fault.LinkUsed {
		if done, after := h.showOutcome(k, l); done || after != nil {
			return after
		}
	}
	if l.movesByPage(k) && (err == nil || l.hasMoved(err)) {
		return h.moves.moveByLink(k, l)
	}
	if err != nil {
		return h.linkError(k, l, err)
	}
	if l.app.Settings.ActionLinks == tenant.OneClick && k.Request.Method == http.MethodGet && !k.prefetch() {
		return h.playAction(k, l, http.StatusFound)
	}
	if err := service.CheckPolicy(l.booking, l.claims.Action, l.actor); err != nil {
		return h.linkError(k, l, err)
	}
	if err := h.player.HasRoom(k, l.booking, l.claims.Action, l.actor); err != nil {
		return h.linkError(k, l, err)
	}
	return h.confirmPage(k, l)
}

// followLink answers POST: the button of the page, or a backend.
func (h *linkHandlers) followLink(k *call) error {
	if err := http.NewCrossOriginProtection().Check(k.Request); err != nil {
		return h.linkError(k, nil, fault.Wrap(err, fault.Forbidden, "This request came from another site."))
	}
	if err := k.readForm(); err != nil {
		return h.linkError(k, nil, err)
	}
	l, err := h.readLink(k)
	if err != nil && (k.sentByPage() || l.movesByPage(k) && l.hasMoved(err)) && !isTemporary(fault.CodeOf(err)) {
		return backToLink(k, "")
	}
	if err != nil {
		return h.linkError(k, l, err)
	}
	if l.movesByPage(k) && k.Request.PostForm.Has("start") {
		return h.moves.takeByLink(k, l)
	}
	return h.playAction(k, l, http.StatusSeeOther)
}

func linkOptions(k *call) error {
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
func (h *linkHandlers) readLink(k *call) (*link, error) {
	id, err := k.ID("id", "The booking")
	if err != nil {
		return nil, err
	}
	token := k.Query("signature")
	if token == "" || len(token) > links.MaxToken {
		return nil, fault.Errorf(fault.LinkInvalid, "This link is not valid.")
	}
	target, err := h.bookings.LinkTarget(k, id)
	if err != nil {
		return nil, err
	}
	claims, err := h.tokens.VerifyLink(target, token)
	if err != nil {
		return nil, err
	}
	if err := claims.For(id.String(), k.Param("action")); err != nil {
		return nil, err
	}
	l := &link{app: target.App, booking: target.Booking, claims: claims, tz: k.Query("tz")}
	if err := h.followMoves(k, l); err != nil {
		return nil, err
	}
	l.setRedirect(k.Query("redirect"))
	return l, h.checkLink(k, l)
}

// followMoves finds the booking that a link leads to: the one it names, or the one that has taken that one's place since.
func (h *linkHandlers) followMoves(k *call, l *link) (err error) {
	for next := l.booking.Related.RescheduledTo; next != nil; next = l.booking.Related.RescheduledTo {
		if l.passed = append(l.passed, l.booking.ID); len(l.passed) > maxMoves {
			return fault.Errorf(fault.LinkExpired, "The booking has been moved too often since this link was made.")
		}
		if l.booking, err = h.bookings.Booking(k, l.app.ID, *next); err != nil {
			return err
		}
	}
	return nil
}

// checkLink asks whether the link has acted before, on this booking or on one that was moved since, and whether its action is
// open to a link in the booking's state.
func (h *linkHandlers) checkLink(k *call, l *link) error {
	spent, err := h.bookings.LinkSpent(k, append(l.passed, l.booking.ID), l.claims.SpendKey())
	if err != nil {
		return err
	}
	if spent {
		return fault.Errorf(fault.LinkUsed, "This link has been used already.")
	}
	l.actor = graphs.ActorOwnerLink
	_, err = service.Allow(l.booking, l.claims.Action, l.actor)
	if fault.CodeOf(err) == fault.ActionNotAvailable { // one that is not open yet is the owner's still
		l.actor = graphs.ActorCustomerLink
		_, err = service.Allow(l.booking, l.claims.Action, l.actor)
	}
	if err != nil {
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
		l.unsafeRedirect = target.String()
	}
}

// playAction plays the link's action. The link is spent in the transaction that puts the action on record, and given back if
// the action is refused. Our own page leads on to the link's page afterwards, so that Back and Reload send nothing again.
func (h *linkHandlers) playAction(k *call, l *link, redirect int) error {
	out, err := h.player.Play(k, booking.Caller{App: l.app}, l.booking, service.PlayInput{
		ID: edge.NewID(), Name: l.claims.Action, Actor: l.actor, Channel: booking.ChannelLink, Spend: l.claims.SpendKey(), Wait: h.wait,
	})
	if err != nil && (k.sentByPage() || l.movesByPage(k) && l.hasMoved(err)) && !isTemporary(fault.CodeOf(err)) {
		return backToLink(k, "")
	}
	if err != nil {
		return h.linkError(k, l, err)
	}
	if out.Booking != nil {
		l.booking = out.Booking
	}
	switch {
	case l.redirect != nil && !k.acceptsJSON():
		k.linkHeaders("")
		k.Redirect(redirect, l.redirect.String())
		return nil
	case k.sentByPage():
		return backToLink(k, out.Action.ID.String())
	}
	return donePage(k, l, out.Action.Status)
}
