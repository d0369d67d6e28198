package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

// customerLink is the address by which a customer plays an action on a booking.
func (b *bundle) customerLink(t testing.TB, id, action string) string {
	t.Helper()
	link := b.get(t, "/v2/bookings/"+id+"?include=customer_action_links").str("data.customer_action_links." + action)
	if link == "" {
		t.Fatalf("%s has no link for %s", id, action)
	}
	return link
}

// proven is the path that moves a booking, by the token of its customer's link: what a widget key needs.
func (b *bundle) proven(t testing.TB, id string) string {
	t.Helper()
	_, token, _ := strings.Cut(b.customerLink(t, id, "reschedule_by_customer"), "signature=")
	return "/v2/bookings/" + token + "/reschedule"
}

// TestLinksFollowABooking: a customer's first mail still cancels the booking after it was moved.
func TestLinksFollowABooking(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor := b.anonymous()
	first := b.book(t, b.resource(t), "instant", 9)
	link := b.customerLink(t, first, "cancel_by_customer")
	last := first
	for hour := range 3 {
		last = b.move(t, last, float64(12+hour))
	}
	page := visitor.get(t, link).want(t, http.StatusOK)
	if !strings.Contains(page.body, "15:00") || strings.Contains(page.body, "10:00") {
		t.Errorf("the page shows another time: %s", page.body)
	}
	if told := visitor.get(t, link, "Accept", "application/json").want(t, http.StatusOK); told.str("data.id") != last || told.str("data.state") != "confirmed" {
		t.Error(told.body)
	}
	done := visitor.post(t, link, "", "Accept", "application/json").want(t, http.StatusOK)
	if done.str("data.id") != last || b.state(t, last) != "cancelled_by_customer" || b.state(t, first) != "rescheduled_by_customer" {
		t.Errorf("%s; the last is %s", done.body, b.state(t, last))
	}
	visitor.post(t, link, "", "Accept", "application/json").refused(t, http.StatusConflict, "link_used")
	log := b.get(t, "/v2/bookings/"+last+"?include=logs")
	if log.str("data.logs.1.actor") != "customer_link" || log.str("data.logs.1.channel") != "link" {
		t.Error(log.body)
	}
}

// TestOneClickFollowsABooking does the same where the app lets a GET act.
func TestOneClickFollowsABooking(t *testing.T) {
	t.Parallel()
	b := tenant(t, oneClick)
	visitor := b.anonymous()
	first := b.book(t, b.resource(t), "instant", 9)
	path := linkPath(first, "cancel", byHand(payload(first, "cancel", ""), b.key), "https://example.com/bye")
	second := b.move(t, first, 12)
	visitor.call(t, http.MethodHead, path, "").want(t, http.StatusOK)
	if got := b.state(t, second); got != "confirmed" {
		t.Fatalf("a look has changed it to %s", got)
	}
	sent := visitor.get(t, path).want(t, http.StatusFound)
	if sent.header.Get("Location") != "https://example.com/bye" || b.state(t, second) != "cancelled" {
		t.Errorf("%v, %s", sent.header, b.state(t, second))
	}
	visitor.get(t, path, "Accept", "application/json").refused(t, http.StatusConflict, "link_used")
}

// TestALinkActsOnceHoweverOftenItsBookingMoves: who has confirmed one time has not confirmed the next.
func TestALinkActsOnceHoweverOftenItsBookingMoves(t *testing.T) {
	t.Parallel()
	b := tenant(t, oneClick)
	visitor := b.anonymous()
	first := b.book(t, b.resource(t), "confirm_decline", 9)
	path := linkPath(first, "confirm", byHand(payload(first, "confirm", ""), b.key))
	visitor.get(t, path).want(t, http.StatusOK)
	second := b.move(t, first, 12)
	visitor.get(t, path, "Accept", "application/json").refused(t, http.StatusConflict, "link_used")
	if got := b.state(t, second); got != "tentative" {
		t.Errorf("a used link has made it %s", got)
	}
	fresh := linkPath(first, "decline", byHand(payload(first, "decline", ""), b.key))
	visitor.get(t, fresh).want(t, http.StatusOK)
	if got := b.state(t, second); got != "declined" {
		t.Errorf("an unused link has made it %s", got)
	}
}

// TestLinksExplainWhereABookingWent: cancelled, or erased.
func TestLinksExplainWhereABookingWent(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor := b.anonymous()
	first := b.book(t, b.resource(t), "instant", 9)
	link := b.customerLink(t, first, "cancel_by_customer")
	second := b.move(t, first, 12)
	b.put(t, "/v2/bookings/"+second+"/cancel", "").want(t, http.StatusOK)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		page := visitor.call(t, method, link, "", "Accept", "text/html").want(t, http.StatusUnprocessableEntity)
		if !strings.Contains(page.body, "Not possible any more") || !strings.Contains(page.body, "13:00") || !strings.Contains(page.body, "Cancelled") {
			t.Error(page.body)
		}
		visitor.call(t, method, link, "", "Accept", "application/json").refused(t, http.StatusUnprocessableEntity, "action_not_available")
	}
	b.call(t, http.MethodDelete, "/v2/bookings/"+second, "").want(t, http.StatusNoContent)
	visitor.get(t, link, "Accept", "application/json").refused(t, http.StatusNotFound, "not_found")
	if page := visitor.get(t, link).want(t, http.StatusNotFound); !strings.Contains(page.body, "No such booking") {
		t.Error(page.body)
	}
}

// TestALinkNamesItsOwnBooking: the way on does not widen what a signature is good for.
func TestALinkNamesItsOwnBooking(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor := b.anonymous()
	first := b.book(t, b.resource(t), "instant", 9)
	second := b.move(t, first, 12)
	forged := byHand(payload(first, "cancel", ""), b.key)
	visitor.get(t, linkPath(second, "cancel", forged), "Accept", "application/json").refused(t, http.StatusUnauthorized, "link_invalid")
	back := byHand(payload(second, "cancel", ""), b.key)
	visitor.get(t, linkPath(first, "cancel", back), "Accept", "application/json").refused(t, http.StatusUnauthorized, "link_invalid")
}
