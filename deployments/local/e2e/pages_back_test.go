package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestBackShowsWhatWasBooked also without a claim token: the form of a time that the visit has booked leads to the booking,
// wherever it was moved since, and is a form again once that is over.
func TestBackShowsWhatWasBooked(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	page := s.visitor.get(t, s.path).want(t, http.StatusOK)
	picked := page.first(t)
	done := s.take(t, page)
	back := func() string {
		return s.visitor.get(t, picked.href).want(t, http.StatusSeeOther).header.Get("Location")
	}
	if to := back(); to != done {
		t.Errorf("going back leads to %s, not to %s", to, done)
	}
	path := strings.TrimSuffix(done, "?done=true")
	other := s.visitor.get(t, path+"?reschedule=true").slots(t)[2]
	moved := s.visitor.get(t, other.href).want(t, http.StatusOK)
	s.visitor.submit(t, path, moved.form(nil)).want(t, http.StatusSeeOther)
	if to := back(); to != done {
		t.Errorf("after a move going back leads to %s", to)
	}
	if to := s.visitor.get(t, other.href).want(t, http.StatusSeeOther).header.Get("Location"); !strings.HasPrefix(to, path) {
		t.Errorf("the question for the time it has leads to %s", to)
	}
	s.visitor.submit(t, path, s.visitor.get(t, path+"?decline=true").form(nil)).want(t, http.StatusSeeOther)
	again := s.visitor.get(t, picked.href).want(t, http.StatusOK).says(t, "Your details")
	second := s.visitor.submit(t, s.path, again.form(marty)).want(t, http.StatusSeeOther).header.Get("Location")
	if second == done {
		t.Error("the second booking is the first")
	}
	if to := back(); to != second {
		t.Errorf("going back leads to %s, not to %s", to, second)
	}
	stranger := mustQuery(t, picked.href)
	stranger.Set("visit", mustQuery(t, s.visitor.get(t, s.path).first(t).href).Get("visit"))
	s.visitor.get(t, s.path+"?"+stranger.Encode()).want(t, http.StatusOK).says(t, "This time has been taken meanwhile.")
}

func mustQuery(t testing.TB, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

const allKinds = `,"questions":[{"name":"phone_number","label":"Telephone","type":"tel"},{"name":"notes","label":"Anything else?","type":"textarea"},
	{"name":"site","label":"Site","type":"url"},{"name":"agree","label":"I agree","type":"checkbox","required":true}]`

// TestTypedIsKept through faults, a lost time and the choice of another, and nowhere else.
func TestTypedIsKept(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings+`,"customer_fields":{"size":{"title":"Size","format":"number"},"cut":{"title":"Cut","format":"select","enum":["Short","Long"]}}`, allKinds)
	page := s.visitor.get(t, s.path).want(t, http.StatusOK)
	picked := page.first(t)
	typed := map[string]string{
		"name": "Marty Kept", "email": "kept@example.com", "phone_number": "call me", "notes": "Two cats\nand a <dog>", "site": "kept.example",
		"size": "1e999", "cut": "Long", "agree": "yes",
	}
	form := s.visitor.get(t, picked.href).want(t, http.StatusOK)
	faulty := s.resend(t, s.path, form.form(typed)).says(t, "3 fields need another look.")
	for _, name := range []string{"phone_number", "site", "size"} {
		if faulty.faults()[name] == "" {
			t.Errorf("nothing is wrong with %s", name)
		}
	}
	shows := func(page answer) {
		t.Helper()
		for _, part := range []string{`value="Marty Kept"`, `value="kept@example.com"`, `value="call me"`, `<dog&gt;`, `value="1e999"`, `<option selected>Long`, `value="yes" checked`} {
			if !strings.Contains(page.body, strings.Replace(part, "<dog", "&lt;dog", 1)) {
				t.Errorf("the form has lost %s", part)
			}
		}
	}
	shows(faulty)
	other := s.visitor.get(t, page.slots(t)[1].href).want(t, http.StatusOK)
	shows(other)
	if len(other.faults()) > 0 {
		t.Error("the next form begins with faults", other.faults())
	}
	fresh := s.visitor.get(t, s.path).want(t, http.StatusOK)
	if stranger := s.visitor.get(t, fresh.first(t).href); strings.Contains(stranger.body, "Marty Kept") {
		t.Error("another visit reads what was typed")
	}
	rival := s.visitor.get(t, fresh.first(t).href).want(t, http.StatusOK).form(map[string]string{"name": "Rival", "email": "rival@example.com", "agree": "yes"})
	if to := s.visitor.submit(t, s.path, rival).want(t, http.StatusSeeOther).header.Get("Location"); !strings.HasPrefix(to, "/rts/") {
		t.Fatal(to)
	}
	typed["phone_number"], typed["site"], typed["size"] = "+44 (0)20 7946-0018", "https://kept.example", "4,5"
	times := s.resend(t, s.path, faulty.form(typed)).says(t, "This time has been taken meanwhile.")
	next := s.visitor.get(t, times.first(t).href).want(t, http.StatusOK)
	if !strings.Contains(next.body, `value="&#43;44 (0)20 7946-0018"`) || !strings.Contains(next.body, `value="4,5"`) {
		t.Error(next.body)
	}
	var kept int
	s.record(t, &kept, `SELECT count(*) FROM kept_forms WHERE app_id = (SELECT app_id FROM public_links WHERE id = $1) AND expires_at < now() + interval '31 minutes'`, s.link)
	if kept != 1 {
		t.Errorf("%d forms are kept", kept)
	}
	s.visitor.submit(t, actionOf(t, next), next.form(typed)).want(t, http.StatusSeeOther)
	s.record(t, &kept, `SELECT count(*) FROM kept_forms WHERE app_id = (SELECT app_id FROM public_links WHERE id = $1)`, s.link)
	if kept != 0 {
		t.Errorf("%d forms are kept after the booking", kept)
	}
	if strings.Contains(s.log.String(), "kept@example.com") {
		t.Error("the log has what was typed")
	}
}

// actionOf is where a page's form is sent.
func actionOf(t testing.TB, page answer) string {
	t.Helper()
	_, after, _ := strings.Cut(page.body, `method="post" action="`)
	address, _, found := strings.Cut(after, `"`)
	if !found {
		t.Fatal(page.words())
	}
	return strings.ReplaceAll(address, "&amp;", "&")
}

// TestARequestIsWithdrawn by its visitor before anybody confirms it; the app is told that it was the recipient.
func TestARequestIsWithdrawn(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings+`,"booking":{"graph":"confirm_decline"}`, "")
	form := s.visitor.get(t, s.visitor.get(t, s.path).first(t).href).want(t, http.StatusOK)
	form.says(t, "Barber & Co has to confirm it.", "Until then the time is not held", "Ask for this time")
	path := s.booked(t)
	page := s.visitor.get(t, path).want(t, http.StatusOK).says(t, "Not confirmed yet", "Barber & Co has been asked")
	ask := s.visitor.get(t, page.leads(t, "Withdraw the request")).want(t, http.StatusOK).says(t, "Withdraw this request?", "Nothing has happened yet.")
	id := s.standing(t)[0].str("data.id")
	for range 2 {
		s.visitor.submit(t, path, ask.form(nil)).want(t, http.StatusSeeOther)
	}
	log := s.get(t, "/v2/bookings/"+id+"?include=logs")
	for at, want := range map[string]string{"data.state": "declined", "data.logs.1.action": "decline", "data.logs.1.channel": "link", "data.logs.2": "<nil>"} {
		log.same(t, at, want)
	}
	s.visitor.get(t, path).want(t, http.StatusOK).says(t, "You have withdrawn this request.", "Withdrawn by you")
	s.visitor.get(t, path+"?reschedule=true").want(t, http.StatusOK).says(t, "Withdrawn")

	other := s.booked(t)
	s.put(t, "/v2/bookings/"+s.standing(t)[0].str("data.id")+"/decline", `{}`).want(t, http.StatusOK)
	s.visitor.get(t, other).want(t, http.StatusOK).says(t, "Declined", "could not be confirmed")
}

// TestAnUnpaidTimeIsGivenUp by its visitor. The page says until when it can be paid, by the visitor's clocks.
func TestAnUnpaidTimeIsGivenUp(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings+`,"booking":{"graph":"instant_payment","settings":{"timers":{"timeout":"PT20M"}}}`, "")
	times := s.visitor.get(t, s.path).want(t, http.StatusOK)
	s.visitor.get(t, times.first(t).href).want(t, http.StatusOK).says(t, "held for 20 minutes", "has to be paid", "not on this page")
	path := s.booked(t)
	entered, _ := time.Parse(time.RFC3339, s.get(t, "/v2/bookings/"+s.standing(t)[0].str("data.id")+"?include=logs").str("data.logs.0.created_at"))
	page := s.visitor.get(t, path+"?tz=America/New_York").want(t, http.StatusOK)
	page.says(t, "Not paid yet", "Waiting for payment", "until "+clock(t, "America/New_York", entered.Add(20*time.Minute))[11:], "it is given up")
	s.visitor.get(t, path+"?reschedule=true").want(t, http.StatusOK).says(t, "Another time cannot be chosen here")
	ask := s.visitor.get(t, page.leads(t, "Give this time up")).want(t, http.StatusOK).says(t, "Give this time up?")
	s.visitor.submit(t, path, ask.form(nil)).want(t, http.StatusSeeOther)
	s.visitor.get(t, path).want(t, http.StatusOK).says(t, "Given up by you", "nothing has to be paid")
	if free := s.visitor.get(t, s.path).first(t); !free.at.Equal(times.first(t).at) {
		t.Error("the time is not free again")
	}

	paid := s.booked(t)
	s.put(t, "/v2/bookings/"+s.standing(t)[0].str("data.id")+"/pay", `{}`).want(t, http.StatusOK)
	view := s.visitor.get(t, paid).want(t, http.StatusOK).says(t, "Paid")
	if strings.Contains(view.body, "decline=true") {
		t.Error(view.words())
	}
}
