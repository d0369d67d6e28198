package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestPublicLinkJourney goes the whole way of a visitor by plain HTTP, in two zones.
func TestPublicLinkJourney(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, `,"description":"Bring your\nhair & <b>time</b>.","questions":[
		{"name":"phone_number","label":"Telephone","type":"tel"},{"name":"notes","label":"Anything else?","type":"textarea"},
		{"name":"agree","label":"I have read the <rules>","type":"checkbox","required":true}]`)
	sent := s.visitor.get(t, s.claimed(t, nil, "&correlation_id=order%201&utm_source=mail&tz=America/New_York")).want(t, http.StatusSeeOther)
	to := sent.header.Get("Location")
	for _, gone := range []string{"claim_token", "correlation_id", "utm_", "order"} {
		if strings.Contains(to, gone) {
			t.Errorf("%s is still in the address: %s", gone, to)
		}
	}
	page := s.visitor.get(t, to).want(t, http.StatusOK).says(t, "A haircut", "Barber & Co", "Bring your hair & <b>time</b>.", "1 hour")
	t.Log(page.words())
	first := page.first(t)
	form := s.visitor.get(t, first.href).want(t, http.StatusOK).says(t, "Your details", "America/New York", "Telephone", "I have read the <rules>")
	t.Log(form.body)
	again := s.visitor.submit(t, s.path, form.form(map[string]string{"name": "", "email": "marty"})).want(t, http.StatusUnprocessableEntity)
	if got := asJSON(again.faults()); got != `{"agree":"Please tick this box to go on.","email":"Please write an e-mail address, such as marty@example.com.","name":"Please fill this in."}` {
		t.Error(got)
	}
	typed := map[string]string{"name": "Marty McFly", "email": "marty@example.com", "phone_number": "0118 999", "notes": "Two\ncats", "agree": "yes"}
	done := s.visitor.submit(t, s.path, again.form(typed)).want(t, http.StatusSeeOther).header.Get("Location")
	if !strings.HasPrefix(done, "/rts/") || !strings.HasSuffix(done, "?done=true") {
		t.Fatal(done)
	}
	view := s.visitor.get(t, done).want(t, http.StatusOK).says(t, "You are booked", "America/New York", "Confirmed", "Chair one")
	t.Log(view.words())
	t.Log(s.bookings(t).body)
}
