package api

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/payment"
)

// browse asks for a page as a browser does.
func (f *fixture) browse(path string) answer {
	f.t.Helper()
	return f.send("", http.MethodGet, path, "", "Accept", "text/html")
}

// submit sends a form of a page.
func (f *fixture) submit(path string, values url.Values, headers ...string) answer {
	f.t.Helper()
	headers = append([]string{"Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded"}, headers...)
	return f.send("", http.MethodPost, path, values.Encode(), headers...)
}

// reads fails the test unless a page has all the texts.
func (a answer) reads(t *testing.T, texts ...string) answer {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(html.UnescapeString(a.Body.String()), text) {
			t.Errorf("%s does not say %q: %s", a.what, text, a.Body)
		}
	}
	return a
}

var giveUp = url.Values{"action": {"give_up"}}

// TestGivingUpOnThePageOfAPayment: the page says how to pay and until when; its button frees the time at once, and nothing but the button.
func TestGivingUpOnThePageOfAPayment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	f.post(f.server, "/v2/payment_accounts", `{"name":"desk","provider":"manual","config":{"instructions":"IBAN DE02 <b>1203</b>\nor in cash."}}`).id(t)
	id, p := f.owing(resource, 1)
	page := "/pay/" + p.Code
	state := func() string { return value[string](f, `SELECT state FROM bookings WHERE id = $1`, id) }
	shown := f.browse(page).want(t, http.StatusOK)
	shown.reads(t, "To be paid", "IBAN DE02 <b>1203</b>\nor in cash.", "45.00 EUR", "about 5 minutes left", "Give this time up")
	if strings.Contains(shown.Body.String(), "<b>") || shown.Header().Get("Refresh") == "" {
		t.Errorf("%v: %s", shown.Header(), shown.Body)
	}
	f.browse(page+"?action=give_up").want(t, http.StatusOK)
	f.send("", http.MethodHead, page, "", "Accept", "text/html").want(t, http.StatusOK)
	f.submit(page, url.Values{}).want(t, http.StatusBadRequest)
	f.submit(page, giveUp, "Sec-Fetch-Site", "cross-site").want(t, http.StatusForbidden)
	f.submit("/pay/"+uuid.NewString(), giveUp).want(t, http.StatusNotFound)
	if state() != "tentative" {
		t.Fatalf("it is %s before the button is pressed", state())
	}
	for range 2 {
		if to := f.submit(page, giveUp).want(t, http.StatusSeeOther).Header().Get("Location"); to != page {
			t.Errorf("the button leads to %s", to)
		}
	}
	if state() != "withdrawn" {
		t.Errorf("it is %s", state())
	}
	if a := f.browse(page).reads(t, "Given up", "nothing was charged"); strings.Contains(a.Body.String(), "<form") {
		t.Errorf("what is given up can be given up: %s", a.Body)
	}
	f.post(f.server, "/v2/bookings", `{"graph":"instant",`+slot(resource, 1, 1)+`}`).want(t, http.StatusCreated)
}

// TestNobodyGivesUpWhatIsPaid on the page of its payment; the page leads to the booking instead.
func TestNobodyGivesUpWhatIsPaid(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.post(f.server, "/v2/payment_accounts", `{"name":"desk","provider":"manual"}`).id(t)
	id, p := f.owing(f.resource(`[]`), 1)
	f.post(f.server, "/v2/payments/"+p.Name()+"/mark_paid", "").want(t, http.StatusOK)
	f.carryOn(p)
	f.submit("/pay/"+p.Code, giveUp).want(t, http.StatusSeeOther)
	if got := value[string](f, `SELECT state FROM bookings WHERE id = $1`, id); got != "paid" {
		t.Errorf("it is %s", got)
	}
	f.browse("/pay/"+p.Code).reads(t, "Your payment has arrived")
}

// shop is a public link to times that cost 45.00 EUR.
type shop struct {
	*fixture

	path, project string
}

func newShop(t *testing.T, more string) *shop {
	t.Helper()
	f := setup(t)
	f.post(f.server, "/v2/payment_accounts", `{"name":"desk","provider":"manual"}`).id(t)
	project := f.project(f.resource(`[]`), `,"availability":{"length":"1 hour"},"booking":{"graph":"paid_booking"}`+more)
	var link struct{ Data struct{ Code string } }
	check(t, json.Unmarshal(f.post(f.server, "/v2/public_links", fmt.Sprintf(`{"project_id":%q,"title":"Haircut"}`, project)).want(t, http.StatusCreated).Body.Bytes(), &link))
	return &shop{f, "/pls/" + link.Data.Code, project}
}

// form is the form of the first time that is offered.
func (s *shop) form() (a answer, values url.Values) { return s.formAt(s.path) }

// formAt is the form of the first time that a page offers.
func (s *shop) formAt(path string) (a answer, values url.Values) {
	s.t.Helper()
	at := timeLinks.FindStringSubmatch(s.browse(path).want(s.t, http.StatusOK).Body.String())
	if at == nil {
		s.t.Fatal("no time is offered")
	}
	a = s.browse(html.UnescapeString(at[1])).want(s.t, http.StatusOK)
	values = url.Values{"name": {"Ann"}, "email": {"ann@example.com"}}
	for _, field := range hidden.FindAllStringSubmatch(a.Body.String(), -1) {
		values.Set(field[1], html.UnescapeString(field[2]))
	}
	return a, values
}

const priceOf45 = `,"price":{"amount":4500,"currency":"EUR"}`

// TestPublicLinksLeadToThePayment: the form says what is paid before the click; behind it the visitor is led to the payment, as soon as that is
// on record, and from there back to the booking.
func TestPublicLinksLeadToThePayment(t *testing.T) {
	t.Parallel()
	s := newShop(t, priceOf45)
	form, values := s.form()
	form.reads(t, "You pay 45.00 EUR now: the next page leads you to it. The time is held for 5 minutes while you pay.", "Book and pay 45.00 EUR")
	to := s.submit(s.path, values).want(t, http.StatusSeeOther).Header().Get("Location")
	if !strings.HasPrefix(to, "/rts/") || !strings.HasSuffix(to, "?pay=1") {
		t.Fatalf("the form leads to %s", to)
	}
	request := strings.TrimSuffix(to, "?pay=1")
	wait := s.browse(request+"?pay=2").want(t, http.StatusOK).reads(t, "One moment, please", "is being prepared")
	if got := wait.Header().Get("Refresh"); !strings.HasPrefix(got, "2; url="+request+"?pay=3") {
		t.Errorf("it loads itself anew as %q", got)
	}
	if late := s.browse(request+"?pay=30").want(t, http.StatusOK).reads(t, "longer than usual"); late.Header().Get("Refresh") != "" {
		t.Errorf("it loads itself for ever: %s", late.Header().Get("Refresh"))
	}
	id := value[string](s.fixture, `SELECT id::text FROM bookings`)
	s.browse(request).want(t, http.StatusOK).reads(t, "Not paid yet", "The time is held for you until", "Pay 45.00 EUR", request+"?pay=1")
	p := s.opened(id)
	if got := s.browse(to).want(t, http.StatusSeeOther).Header().Get("Location"); got != "/pay/"+p.Code {
		t.Errorf("it leads to %s", got)
	}
	s.browse("/pay/"+p.Code).reads(t, "Acme", "Pay by", "Your booking", request)
	s.post(s.server, "/v2/payments/"+p.Name()+"/mark_paid", "").want(t, http.StatusOK)
	s.carryOn(p)
	paid := s.browse("/pay/"+p.Code).want(t, http.StatusOK).reads(t, "Your payment has arrived", request+"?done=true")
	if got := paid.Header().Get("Refresh"); got != "6; url="+request+"?done=true" {
		t.Errorf("it leads back by %q", got)
	}
	s.browse(request+"?done=true").want(t, http.StatusOK).reads(t, "You are booked", "45.00 EUR")
	decline := s.browse(request+"?decline=true").want(t, http.StatusOK)
	decline.reads(t, "You have paid 45.00 EUR, and all of it goes back to you.")
}

// TestWhatIsPaidIsSaid before the click, as the price and the policy of the project have it.
func TestWhatIsPaidIsSaid(t *testing.T) {
	t.Parallel()
	for more, want := range map[string][2]string{
		``:        {"", "Book this time"},
		priceOf45: {"You pay 45.00 EUR now:", "Book and pay 45.00 EUR"},
		`,"price":{"amount":4500,"currency":"EUR","due_now":1500}`: {"You pay 15.00 EUR now, of 45.00 EUR:", "Book and pay 15.00 EUR"},
		`,"price":{"amount":500,"currency":"JPY","due_now":0}`:     {"It costs 500 JPY. Nothing has to be paid now.", "Book this time"},
		priceOf45 + `,"payment_policy":{"capture":"on_confirm"}`:   {"taken only when Acme confirms the booking.", "Book and pay 45.00 EUR"},
	} {
		form, _ := newShop(t, more).form()
		form.reads(t, want[0], ">"+want[1]+"<")
		if want[0] == "" && strings.Contains(form.Body.String(), "EUR") {
			t.Errorf("%s: %s", more, form.Body)
		}
	}
}

// TestFreeTimesStandBesideMoneyThatCameTooLate: where the project has a public link that everybody may use.
func TestFreeTimesStandBesideMoneyThatCameTooLate(t *testing.T) {
	t.Parallel()
	s := newShop(t, priceOf45)
	id := s.post(s.server, "/v2/bookings", fmt.Sprintf(`{"project_id":%q,`+slot(s.resource(`[]`), 1, 1)+`}`, s.project)).id(t)
	p := s.opened(id)
	s.sql(`UPDATE bookings SET state = 'refunded_late', completed = true WHERE id = $1`, id)
	s.sql(`UPDATE payments SET state = 'captured', captured = 4500, late = true WHERE id = $1`, p.ID)
	_, err := s.DB.Settle(t.Context(), p.ID, nil)
	check(t, err)
	s.browse("/pay/"+p.Code).want(t, http.StatusOK).reads(t, "Paid too late", "45.00 EUR go back to you", "Choose another time", s.path)
	s.sql(`UPDATE public_links SET require_claim_token = true`)
	if a := s.browse("/pay/"+p.Code).want(t, http.StatusOK); strings.Contains(a.Body.String(), "/pls/") {
		t.Error("it leads where nobody can choose")
	}
}

// TestTheTimeToPayIsOver: while the payment is being ended nobody is sent to pay.
func TestTheTimeToPayIsOver(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.post(f.server, "/v2/payment_accounts", `{"name":"desk","provider":"manual"}`).id(t)
	id, p := f.owing(f.resource(`[]`), 1)
	f.sql(`UPDATE payments SET checkout_url = 'https://pay.example.com/x' WHERE id = $1`, p.ID)
	link := `href="https://pay.example.com/x"`
	f.browse("/pay/"+p.Code).reads(t, link, "Pay 45.00 EUR")
	f.put(f.server, "/v2/bookings/"+id+"/timeout", "").want(t, http.StatusOK)
	if a := f.browse("/pay/"+p.Code).reads(t, "The time to pay is over"); strings.Contains(a.Body.String(), link) {
		t.Errorf("it leads to the provider: %s", a.Body)
	}
	f.sql(`UPDATE payments SET kind = 'fee' WHERE id = $1`, p.ID)
	f.sql(`UPDATE bookings SET state = 'no_show', completed = true WHERE id = $1`, id)
	f.browse("/pay/"+p.Code).reads(t, link, "The next page is that of the payment provider.")
	f.sql(`DELETE FROM bookings WHERE id = $1`, id)
	f.sql(`UPDATE payments SET kind = $2 WHERE id = $1`, p.ID, payment.Full)
	f.browse("/pay/"+p.Code).want(t, http.StatusOK).reads(t, "This cannot be paid any more")
}

// TestRequestsLeadToThePayment as public links do: their pages say what is paid, and the button leads on to it.
func TestRequestsLeadToThePayment(t *testing.T) {
	t.Parallel()
	s := newShop(t, priceOf45)
	made := s.post(s.server, "/v1/scheduling_requests", fmt.Sprintf(`{"project_id":%q,"event":{"summary":"Interview"},"duration":{"minutes":60},
		"recipients":[{"email":"ada@example.com","display_name":"Ada"}]}`, s.project)).want(t, http.StatusCreated)
	var request struct {
		Of struct {
			URL string `json:"primary_select_url"`
		} `json:"scheduling_request"`
	}
	check(t, json.Unmarshal(made.Body.Bytes(), &request))
	_, path, _ := strings.Cut(request.Of.URL, "example.com")
	form, values := s.formAt(path)
	form.reads(t, "You pay 45.00 EUR now", "Book and pay 45.00 EUR")
	to := s.submit(path, values).want(t, http.StatusSeeOther).Header().Get("Location")
	if !strings.HasPrefix(to, path+"?") || !strings.Contains(to, "pay=1") {
		t.Fatalf("the button leads to %s", to)
	}
	p := s.opened(value[string](s.fixture, `SELECT id::text FROM bookings`))
	if got := s.browse(to).want(t, http.StatusSeeOther).Header().Get("Location"); got != "/pay/"+p.Code {
		t.Errorf("it leads to %s", got)
	}
	s.submit("/pay/"+p.Code, giveUp).want(t, http.StatusSeeOther)
	if got := s.browse(path+"?pay=1").want(t, http.StatusSeeOther).Header().Get("Location"); !strings.HasPrefix(got, path) {
		t.Errorf("what is given up leads to %s", got)
	}
}
