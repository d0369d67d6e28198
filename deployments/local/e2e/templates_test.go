package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// templates asks for the templates of mails.
func (r tour) templates(t *testing.T) {
	t.Helper()
	r.do(t, http.MethodGet, "/v2/templates?language=de", "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/templates?language=xx", "", http.StatusUnprocessableEntity)
	const path = "/v2/templates/request_received"
	r.do(t, http.MethodPut, path, `{"subject":"Asked: {what}","closing":"Bring a towel."}`, http.StatusOK)
	r.do(t, http.MethodPut, path, `{"subject":"{colour}"}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodGet, path+"?to=customer&language=en", "", http.StatusOK)
	r.do(t, http.MethodPost, path+"/preview", `{"lead":"Hello."}`, http.StatusOK)
	r.do(t, http.MethodDelete, path, "", http.StatusNoContent)
	r.do(t, http.MethodGet, "/v2/templates/welcome", "", http.StatusNotFound)
}

// TestTemplates: an app says in its mails what it has written, and what it has not as before.
func TestTemplates(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	const path = "/v2/templates/booking_confirmed?to=customer"
	usual := p.get(t, path).want(t, http.StatusOK)
	if usual.str("data.heading") != "You are booked" || usual.str("data.own") != "[]" || usual.str("data.language") != "en" {
		t.Error(usual.body)
	}
	for body, want := range map[string]string{
		`{"lead":"For {colour}"}`:             "unknown variable {colour} at character 5",
		`{"closing":"{% for %}"}`:             "brace at character 1",
		`{"subject":"Booked"}`:                "title of the booking",
		`{"lead":"` + longText(4001) + `"}`:   "4000 characters",
		`{"heading":["a"]}`:                   "",
		`{"colour":"blue"}`:                   "",
		`{"lead":"{amount}","heading":"{x}"}`: "{amount}",
	} {
		if a := p.put(t, path, body).refused(t, http.StatusUnprocessableEntity, "invalid"); !strings.Contains(a.body, want) {
			t.Errorf("%.60s: %s", body, a.body)
		}
	}
	p.put(t, path, `{"heading":"Until soon, {customer}","lead":"Ring twice.","closing":"{app} is on the second floor."}`).want(t, http.StatusOK)
	changed := p.put(t, path, `{"lead":""}`).want(t, http.StatusOK)
	if changed.str("data.own.0") != "closing" || changed.str("data.own.1") != "heading" || changed.str("data.lead") != usual.str("data.lead") {
		t.Error(changed.body)
	}
	before := len(p.mailbox.Mails())
	shown := p.post(t, "/v2/templates/booking_confirmed/preview", `{"lead":"Only <b>tried</b>."}`).want(t, http.StatusOK)
	if text := shown.str("data.text"); !strings.Contains(text, "Only <b>tried</b>.") || !strings.Contains(text, "Until soon, Ada Lovelace") ||
		!strings.Contains(shown.str("data.html"), "Only &lt;b&gt;tried&lt;/b&gt;.") {
		t.Error(shown.body)
	}
	p.book(t, p.resource, "instant", 10)
	all := p.arrives(t, before+2)
	owner, customer := all[0], all[1]
	for _, want := range []string{"Until soon, Marty McFly\n", "Dr. Grau expects you.", "When: Sunday, 1 December 2030", "Demo is on the second floor."} {
		if !strings.Contains(customer.text, want) {
			t.Errorf("%q is not in\n%s", want, customer.text)
		}
	}
	if customer.Get("Subject") != "Haircut" || customer.field("SUMMARY") != "Haircut" || strings.Contains(customer.text+owner.text, "tried") ||
		!strings.Contains(owner.text, "Marty McFly has booked") {
		t.Errorf("%v\n%s\n%s", customer.Header, customer.calendar, owner.text)
	}
	p.breakTemplates(t)
	if a := p.get(t, path).want(t, http.StatusOK); a.str("data.broken") != "true" {
		t.Error(a.body)
	}
	id := p.book(t, p.resource, "instant", 12)
	for _, one := range p.arrives(t, before+4) {
		if one.to == "marty@example.com" && strings.Contains(one.text, "13:00") && !strings.Contains(one.text, "You are booked\n") {
			t.Errorf("with a template that cannot be written:\n%s", one.text)
		}
	}
	eventually(t, "the mail's record to say so", func() bool {
		a := p.get(t, "/v2/mails?booking_id="+id)
		return strings.Count(a.body, `"last_error":"template_failed"`) == 1 && strings.Count(a.body, `"status":"delivered"`) == 2
	})
	if log := p.log.String(); strings.Count(log, "its template cannot be written") != 1 || strings.Contains(log, "Marty") || strings.Contains(log, "Until soon") {
		t.Error("the log does not say so once, or says what stands in the mail")
	}
	p.call(t, http.MethodDelete, path, "").want(t, http.StatusNoContent)
	if a := p.get(t, path).want(t, http.StatusOK); a.str("data") != usual.str("data") {
		t.Errorf("%s\n%s", a.body, usual.body)
	}
	p.call(t, http.MethodDelete, path, "").want(t, http.StatusNoContent)
	p.get(t, "/v2/templates/booking_declined?to=owner").refused(t, http.StatusUnprocessableEntity, "invalid")
}

func longText(n int) string { return strings.Repeat("x", n) }

// breakTemplates leaves the app's templates with a variable that there is not.
func (b *bundle) breakTemplates(t testing.TB) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.stack.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), `UPDATE mail_templates SET lead = '{gone}'`); err != nil {
		t.Fatal(err)
	}
}
