package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

// unsupported are requests of Timekit's contract that have nothing behind them, with a word of what is said instead.
var unsupported = [][3]string{
	{"GET", "/v2/accounts/sync", "/v2/events"}, {"POST", "/v2/accounts/sync", "/v2/events"}, {"POST", "/v2/accounts/microsoft/sync", "/v2/events"},
	{"GET", "/v2/accounts/google/signup?Timekit-App=x&callback=https://example.com", "/v2/events"},
	{"GET", "/v2/accounts/microsoft/signup", "/v2/events"},
	{"POST", "/v2/app/invite", "/v2/keys"}, {"POST", "/v2/resources/resetpassword", "PUT /v2/resources/:id"},
	{"GET", "/v2/users", "/v2/resources"}, {"POST", "/v2/users", "/v2/resources"}, {"GET", "/v2/users/me", "/v2/resources"},
	{"PUT", "/v2/users/x", "/v2/resources"}, {"DELETE", "/v2/users/x", "/v2/resources"},
	{"POST", "/v2/users/resetpassword", "PUT /v2/resources/:id"}, {"GET", "/v2/users/timezone/ada@example.com", "/v2/resources/timezone"},
	{"GET", "/v2/widgets", "/v2/projects"}, {"POST", "/v2/widgets", "/v2/projects"}, {"GET", "/v2/widgets/x", "/v2/projects"},
	{"PUT", "/v2/widgets/x", "/v2/projects"}, {"DELETE", "/v2/widgets/x", "/v2/projects"},
	{"GET", "/v2/widgets/hosted/x", "/v2/projects"}, {"GET", "/v2/widgets/embed/x", "/v2/projects"},
	{"POST", "/v2/findtime", "/v2/availability"}, {"POST", "/v2/findtime/bulk", "/v2/availability"}, {"POST", "/v2/findtime/team", "/v2/availability"},
	{"GET", "/v2/findtime/filtercollections", "/v2/availability"}, {"POST", "/v2/findtime/filtercollections", "/v2/availability"},
	{"GET", "/v2/findtime/filtercollections/x", "/v2/availability"}, {"PUT", "/v2/findtime/filtercollections/x", "/v2/availability"},
	{"DELETE", "/v2/findtime/filtercollections/x", "/v2/availability"},
}

func TestWhatIsNotSupportedSaysWhatToDo(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	widget := b.widget(t)
	for _, u := range unsupported {
		for kind, body := range map[string]string{"": "", "application/x-www-form-urlencoded": "a=b", "application/json": `{"id":`} {
			a := b.call(t, u[0], u[1], body, "Content-Type", kind).refused(t, http.StatusNotImplemented, "not_supported")
			if !strings.Contains(a.str("error"), u[2]) {
				t.Errorf("%s %s does not speak of %s: %s", u[0], u[1], u[2], a.str("error"))
			}
		}
		a := b.anonymous().call(t, u[0], u[1], "")
		if want := strings.Contains(u[1], "/signup"); want != (a.status == http.StatusNotImplemented) {
			t.Errorf("%s %s without a key: %d", u[0], u[1], a.status)
		}
	}
	widget.post(t, "/v2/users", "").refused(t, http.StatusNotImplemented, "not_supported")
	if none := b.get(t, "/v2/accounts").want(t, http.StatusOK); none.str("total") != "0" || none.str("data") != "[]" {
		t.Error(none.body)
	}
}
