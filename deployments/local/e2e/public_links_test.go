package e2e_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const questions = `,"description":"Bring your\nhair & <b>time</b>.","questions":[
	{"name":"phone_number","label":"Telephone","type":"tel"},{"name":"notes","label":"Anything else?","type":"textarea"},
	{"name":"agree","label":"I have read the <rules>","type":"checkbox","required":true}]`

// TestPublicLinkJourney goes the whole way of a visitor by plain HTTP, in two zones.
func TestPublicLinkJourney(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"America/New_York", "Asia/Kathmandu"} {
		newLinkShop(t, mornings, questions).journey(t, zone)
	}
}

func (s *linkShop) journey(t *testing.T, zone string) {
	t.Helper()
	sent := s.visitor.get(t, s.claimed(t, nil, "&correlation_id=order%201&utm_source=mail&tz="+zone)).want(t, http.StatusSeeOther)
	to := sent.header.Get("Location")
	for _, gone := range []string{"claim_token", "correlation_id", "utm_", "order"} {
		if strings.Contains(to, gone) {
			t.Errorf("%s is still in the address: %s", gone, to)
		}
	}
	s.visitor.call(t, http.MethodHead, to, "").want(t, http.StatusOK)
	page := s.visitor.get(t, to).want(t, http.StatusOK).says(t, "A haircut", "Barber & Co", "Bring your hair & <b>time</b>.", "1 hour")
	picked := page.first(t)
	if shown := clock(t, zone, picked.at); !strings.HasSuffix(shown, picked.text) {
		t.Errorf("%s is shown as %s", shown, picked.text)
	}
	form := s.visitor.get(t, picked.href).want(t, http.StatusOK)
	form.says(t, "Your details", strings.ReplaceAll(zone, "_", " "), "Telephone (optional)", "I have read the <rules>", "Chair one")
	again := s.resend(t, s.path, form.form(map[string]string{"name": " ", "email": "marty<"}))
	want := `{"agree":"Please tick this box to go on.","email":"Please write an e-mail address, such as marty@example.com.","name":"Please fill this in."}`
	if got := asJSON(again.says(t, "3 fields need another look.").faults()); got != want || !strings.Contains(again.body, `value="marty&lt;"`) {
		t.Error(got, again.body)
	}
	typed := map[string]string{"name": "Marty <i>", "email": "marty@example.com", "phone_number": "0118 999", "notes": "Two\r\ncats", "agree": "yes"}
	done := s.visitor.submit(t, s.path, again.form(typed)).want(t, http.StatusSeeOther).header.Get("Location")
	if !strings.HasPrefix(done, "/rts/") || !strings.HasSuffix(done, "?done=true") {
		t.Fatal(done)
	}
	view := s.visitor.get(t, done).want(t, http.StatusOK)
	view.says(t, "You are booked", strings.ReplaceAll(zone, "_", " "), "Confirmed", "A haircut", picked.text)
	made := s.bookings(t)
	for path, want := range map[string]string{
		"data.0.customers.0.name": "Marty <i>", "data.0.customers.0.timezone": zone, "data.0.attributes.customer.notes": "Two\ncats",
		"data.0.attributes.customer.phone_number": "0118 999", "data.0.attributes.customer.agree": "true", "data.0.graph": "instant",
		"data.0.event.what": "A haircut", "data.0.resource.id": s.resource,
	} {
		made.same(t, path, want)
	}
	if start, _ := time.Parse(time.RFC3339, made.str("data.0.event.start")); !start.Equal(picked.at) {
		t.Errorf("booked is %s, picked was %s", start, picked.at)
	}
	r := s.requestOf(t, done)
	if !r.Attributed || asJSON(r.Metadata) != `{"correlation_id":"order 1","utm_source":"mail"}` || r.Recipient.DisplayName != "Marty <i>" ||
		r.Summary != "A haircut" || r.DurationMinutes != 60 || !strings.HasPrefix(r.Name, "srq_") || len(r.Name) != 28 || len(r.Code) < 22 {
		t.Errorf("%+v", r)
	}
}

// TestSameBrowserGoesBack and finds what it has booked, wherever it looks.
func TestSameBrowserGoesBack(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	address := s.claimed(t, nil)
	page := s.arrive(t, address)
	form := s.visitor.get(t, page.first(t).href).want(t, http.StatusOK)
	done := s.visitor.submit(t, s.path, form.form(marty)).want(t, http.StatusSeeOther).header.Get("Location")
	for _, sent := range []answer{
		s.visitor.submit(t, s.path, form.form(marty)), s.visitor.get(t, page.first(t).href), s.visitor.get(t, page.slots(t)[1].href),
		s.visitor.get(t, s.path+"?visit="+form.form(nil).Get("visit")),
	} {
		if got := sent.want(t, http.StatusSeeOther).header.Get("Location"); got != done {
			t.Errorf("sent to %s", got)
		}
	}
	s.visitor.get(t, address).want(t, http.StatusConflict).says(t, "Already used", "claim_token_replayed")
	s.bookings(t).same(t, "total", "1")
}

// TestOneFormBooksOnce however often it is sent, with a claim token and without.
func TestOneFormBooksOnce(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	for n, page := range []answer{s.visitor.get(t, s.path).want(t, http.StatusOK), s.arrive(t, s.claimed(t, nil))} {
		form := s.visitor.get(t, page.slots(t)[n].href).want(t, http.StatusOK).form(marty)
		sent := s.atOnce(t, s.path, form, form, form, form)
		for _, one := range sent {
			if got := one.want(t, http.StatusSeeOther).header.Get("Location"); got != sent[0].header.Get("Location") {
				t.Errorf("sent to %s", got)
			}
		}
		s.bookings(t).same(t, "total", []string{"1", "2"}[n])
	}
}

// atOnce sends forms at the same time.
func (s *linkShop) atOnce(t *testing.T, path string, forms ...url.Values) []answer {
	t.Helper()
	all := make([]answer, len(forms))
	var sent sync.WaitGroup
	for i, form := range forms {
		sent.Go(func() {
			all[i], _ = s.visitor.patiently(t.Context(), http.MethodPost, path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		})
	}
	sent.Wait()
	return all
}

// TestOneTokenBooksOnce though two browsers have it: the second reads that it was used.
func TestOneTokenBooksOnce(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	for range 3 {
		address := s.claimed(t, nil)
		var forms []url.Values
		before := len(s.bookings(t).list("data"))
		for n := range 2 {
			page := s.arrive(t, address)
			forms = append(forms, s.visitor.get(t, page.slots(t)[n].href).want(t, http.StatusOK).form(marty))
		}
		statuses := map[int]answer{}
		for _, one := range s.atOnce(t, s.path, forms...) {
			statuses[one.status] = one
		}
		if statuses[http.StatusSeeOther].status == 0 || statuses[http.StatusConflict].status == 0 {
			t.Fatal(statuses)
		}
		statuses[http.StatusConflict].says(t, "Already used", "claim_token_replayed")
		if now := len(s.bookings(t).list("data")); now != before+1 {
			t.Errorf("%d bookings were made", now-before)
		}
	}
}

// TestTakenMeanwhile is said kindly, with times that are free; the token stays good.
func TestTakenMeanwhile(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	page := s.arrive(t, s.claimed(t, nil))
	picked := page.first(t)
	form := s.visitor.get(t, picked.href).want(t, http.StatusOK)
	s.take(t, s.visitor.get(t, s.path).want(t, http.StatusOK))
	fresh := s.resend(t, s.path, form.form(marty)).says(t, "This time has been taken meanwhile.")
	if fresh.first(t).at.Equal(picked.at) {
		t.Error("the taken time is still shown")
	}
	s.visitor.get(t, picked.href).want(t, http.StatusOK).says(t, "This time has been taken meanwhile.")
	s.take(t, fresh)
	s.bookings(t).same(t, "total", "2")
}

// TestVisitorsMayNotChoose what no page shows: another time, resource, graph, link.
func TestVisitorsMayNotChoose(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, `,"duration":30,"horizon_days":7`)
	other, foreign := s.bundle.resource(t), tenant(t, plain)
	page := s.visitor.get(t, s.path).want(t, http.StatusOK).says(t, "30 minutes")
	form := s.visitor.get(t, page.first(t).href).want(t, http.StatusOK)
	at := page.first(t).at
	for name, change := range map[string]map[string]string{
		"off the hours": {"start": at.Add(-2 * time.Hour).Format(time.RFC3339)}, "off the grid": {"start": at.Add(7 * time.Minute).Format(time.RFC3339)},
		"too far":  {"start": at.AddDate(0, 0, 8).Format(time.RFC3339)},
		"past":     {"start": at.AddDate(0, 0, -7).Format(time.RFC3339)},
		"resource": {"resource": other}, "foreign": {"resource": foreign.resource(t)}, "none": {"resource": "x"}, "no time": {"start": "soon"},
	} {
		t.Run(name, func(t *testing.T) {
			typed := map[string]string{"name": "M", "email": "m@example.com"}
			maps.Copy(typed, change)
			s.resend(t, s.path, form.form(typed)).says(t, "This time is not offered any more.")
		})
	}
	s.bookings(t).same(t, "total", "0")
	typed := map[string]string{"name": "M", "email": "m@example.com", "graph": "confirm_decline", "end": "2040-01-01T00:00:00Z", "meta": "{}"}
	s.resend(t, s.path, form.form(typed)).says(t, "How long a time takes has changed")
	delete(typed, "end")
	s.visitor.submit(t, s.path, form.form(typed)).want(t, http.StatusSeeOther)
	made := s.bookings(t)
	made.same(t, "data.0.graph", "instant")
	end, _ := time.Parse(time.RFC3339, made.str("data.0.event.end"))
	if !end.Equal(at.Add(30 * time.Minute)) {
		t.Error(made.body)
	}
	elsewhere := newLinkShop(t, mornings, "")
	elsewhere.visitor.get(t, elsewhere.path+"?visit="+form.form(nil).Get("visit")).want(t, http.StatusUnauthorized).says(t, "link_invalid")
}

// TestFormsOfOtherSites are refused.
func TestFormsOfOtherSites(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	form := s.visitor.get(t, s.visitor.get(t, s.path).first(t).href).want(t, http.StatusOK)
	from := []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}
	s.visitor.submit(t, s.path, form.form(marty), from...).want(t, http.StatusForbidden).says(t, "forbidden")
	s.bookings(t).same(t, "total", "0")
	done := s.visitor.submit(t, s.path, form.form(marty)).want(t, http.StatusSeeOther).header.Get("Location")
	page := strings.TrimSuffix(done, "?done=true")
	ask := s.visitor.get(t, page+"?decline=true").want(t, http.StatusOK)
	s.visitor.submit(t, page, ask.form(nil), from...).want(t, http.StatusForbidden)
	s.bookings(t).same(t, "data.0.state", "confirmed")
}

// TestUndecidedIsSaid where the outcome is not waited for.
func TestUndecidedIsSaid(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	var form, said answer
	var page string
	for range 20 { // it may be decided all the same by then
		form = s.visitor.get(t, s.visitor.get(t, s.path).first(t).href).want(t, http.StatusOK)
		page = s.visitor.submit(t, s.path, form.form(marty), "Prefer", "respond-async").want(t, http.StatusSeeOther).header.Get("Location")
		if said = s.visitor.get(t, page); said.status != http.StatusOK {
			break
		}
	}
	said.want(t, http.StatusAccepted).says(t, "Received")
	again := said.leads(t, "See how it stands")
	eventually(t, "the page says it is booked", func() bool {
		return s.visitor.get(t, again).title() == "You are booked"
	})
	sent := s.visitor.submit(t, s.path, form.form(marty)).want(t, http.StatusSeeOther)
	if got := sent.header.Get("Location"); got != page {
		t.Errorf("sent to %s", got)
	}
}
