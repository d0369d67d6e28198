package visitor

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

// TestHeadlines: what the page of a request says of every state of every graph is true of that state.
func TestHeadlines(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, c := range []struct {
		graph, state string
		begins       time.Duration
		own, done    bool
		title, text  string
	}{
		{"instant", "confirmed", time.Hour, false, true, "You are booked", "can be changed here"},
		{"instant", "confirmed", time.Hour, false, false, "Your booking", ""},
		{"instant", "confirmed", -time.Minute, false, false, "Your booking", "It has begun"},
		{"instant", "cancelled", time.Hour, false, false, "Cancelled", "given up"},
		{"confirm_decline", "tentative", time.Hour, false, true, "Not confirmed yet", "Acme has been asked and has to confirm it. Until then the time is not held"},
		{"confirm_decline", "tentative", -time.Minute, false, false, "Not confirmed", "This time has passed, and it was never confirmed."},
		{"confirm_decline", "declined", time.Hour, false, false, "Declined", "could not be confirmed"},
		{"confirm_decline", "declined", time.Hour, true, false, "Withdrawn", "You have withdrawn this request."},
		{"confirm_decline", "confirmed", time.Hour, false, true, "You are booked", ""},
		{"instant_payment", "tentative", time.Hour, false, true, "Not paid yet", "If it is not paid by then, it is given up. The payment is made with Acme, not on this page."},
		{"instant_payment", "tentative", -time.Minute, false, false, "Not paid yet", "If it is not paid by then"},
		{"instant_payment", "unpaid", time.Hour, false, false, "Not paid in time", "given up"},
		{"instant_payment", "unpaid", time.Hour, true, false, "Given up", "nothing has to be paid"},
		{"instant_payment", "paid", time.Hour, false, true, "You are booked", ""},
		{"request", "tentative", 48 * time.Hour, false, true, "Not confirmed yet", "The time is held for you until "},
		{"request", "withdrawn", time.Hour, false, false, "Withdrawn", "Nothing is booked"},
		{"request", "expired", time.Hour, false, false, "No answer in time", "Nothing is booked"},
		{"confirm_decline@2", "tentative", 48 * time.Hour, false, true, "Not confirmed yet", "Until then the time is not held"},
		{"instant@2", "attended", -2 * time.Hour, false, false, "This is over", ""},
		{"instant@2", "no_show", -2 * time.Hour, false, false, "This is over", ""},
		{"instant", "completed", -2 * time.Hour, false, false, "This is over", ""},
		{"paid_booking", "tentative", time.Hour, false, true, "Not paid yet", "If it is not paid by then"},
		{"paid_booking", "expiring", time.Hour, false, false, "Not paid yet", "until it is sure that no payment is under way"},
		{"paid_booking", "requested", 48 * time.Hour, false, false, "Not confirmed yet", "Your payment is held as well, and taken only when"},
		{"paid_booking", "requested", -time.Minute, false, false, "Not confirmed", "Nothing is booked"},
		{"paid_booking", "paid", time.Hour, false, true, "You are booked", ""},
		{"paid_booking", "unpaid", time.Hour, false, false, "Not paid in time", "given up"},
		{"paid_booking", "lapsed", time.Hour, false, false, "Not paid in time", "given up"},
		{"paid_booking", "refunded_late", time.Hour, false, false, "Paid too late", "the money is given back"},
		{"paid_booking", "expired", time.Hour, false, false, "No answer in time", "Nothing is booked"},
		{"request", "tentative", 48 * time.Hour, false, true, "Not confirmed yet", "it is given up. Keep the address"},
		{"paid_booking", "balance_due", time.Hour, false, false, "Balance to be paid", "The time stays yours meanwhile. Please ask Acme how"},
		{"paid_seat", "balance_overdue", time.Hour, false, true, "Balance overdue", "still held for you, and Acme decides what becomes of it."},
		{"paid_booking", "balance_overdue", -time.Minute, false, false, "Your booking", "It has begun"},
		{"paid_booking", "settled", time.Hour, false, true, "Paid in full", "Nothing more has to be paid"},
	} {
		r := requestedIn(t, c.graph, c.state, now.Add(c.begins))
		r.own = c.own
		title, text := r.headline("Acme", c.done)
		if title != c.title || !strings.Contains(text, c.text) {
			t.Errorf("%s %s in %s: %q, %q", c.graph, c.state, c.begins, title, text)
		}
		for _, promise := range []string{"mail", "You will hear", "message"} { // nobody sends one
			if strings.Contains(text, promise) {
				t.Errorf("%s %s promises a message: %q", c.graph, c.state, text)
			}
		}
	}
}

func requestedIn(t *testing.T, name, state string, start time.Time) *requested {
	t.Helper()
	graph, ok := graphs.Named(name, nil)
	if !ok || !graph.HasState(state) {
		t.Fatalf("there is no %s in %s", state, name)
	}
	b := &booking.Booking{
		Graph: graph.Name, GraphVersion: graph.Version, State: state, Completed: graph.Final(state), Start: start, End: start.Add(time.Hour),
		EnteredAt: time.Now(),
	}
	return &requested{RequestWithBooking: &postgres.RequestWithBooking{Booking: b, Request: &booking.SchedulingRequest{}}, zone: time.UTC}
}

// TestVisitorsCanGiveUp whatever waits for somebody, and nothing that the graph keeps from customers once it is agreed.
func TestVisitorsCanGiveUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		graph, state string
		want         string
		as           graphs.Actor
	}{
		{"instant", "confirmed", "cancel_by_customer", graphs.ActorCustomerLink},
		{"confirm_decline", "tentative", "decline", graphs.ActorAPI},
		{"confirm_decline", "confirmed", "cancel_by_customer", graphs.ActorCustomerLink},
		{"confirm_decline", "declined", "", ""},
		{"instant_payment", "tentative", "timeout", graphs.ActorAPI},
		{"instant_payment", "paid", "", ""},
		{"group_customer", "confirmed", "cancel_by_customer", graphs.ActorCustomerLink},
		{"group_customer_payment", "tentative", "timeout", graphs.ActorAPI},
		{"group_owner", "tentative", "", ""},
		{"request", "tentative", "withdraw", graphs.ActorCustomerLink},
		{"confirm_decline@2", "tentative", "withdraw", graphs.ActorCustomerLink},
		{"instant_payment@2", "tentative", "withdraw", graphs.ActorCustomerLink},
		{"group_customer_payment@2", "tentative", "withdraw", graphs.ActorCustomerLink},
		{"instant@2", "completed", "", ""},
		{"instant@2", "attended", "", ""},
		{"paid_booking", "tentative", "withdraw", graphs.ActorCustomerLink},
		{"paid_booking", "expiring", "withdraw", graphs.ActorCustomerLink},
		{"paid_booking", "requested", "withdraw", graphs.ActorCustomerLink},
		{"paid_booking", "paid", "cancel_by_customer", graphs.ActorCustomerLink},
		{"paid_booking", "unpaid", "", ""},
		{"paid_seat", "requested", "withdraw", graphs.ActorCustomerLink},
	} {
		way := requestedIn(t, c.graph, c.state, time.Now().Add(time.Hour)).wayToGiveUp()
		if way.action != c.want || way.as != c.as {
			t.Errorf("%s %s: %s as %q", c.graph, c.state, way.action, way.as)
		}
		if begun := requestedIn(t, c.graph, c.state, time.Now().Add(-time.Minute)).wayToGiveUp(); begun.action != "" {
			t.Errorf("%s %s: %s once it has begun", c.graph, c.state, begun.action)
		}
	}
}

// TestOutlook: a form says before booking what has to happen afterwards.
func TestOutlook(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		``: "", `{}`: "", `{"graph":"instant"}`: "",
		`{"graph":"confirm_decline"}`:   "This asks for the time: Acme has to confirm it.",
		`{"graph":"request"}`:           "This asks for the time: Acme has to confirm it. It is held for you until then",
		`{"graph":"confirm_decline@2"}`: "This asks for the time: Acme has to confirm it. Until then the time is not held",
		`{"graph":"instant_payment"}`:   "The time is held for 5 minutes and has to be paid within them.",
		`{"graph":"paid_booking"}`:      "", // it costs nothing
		`{"graph":"instant_payment","settings":{"timers":{"timeout":"PT90S"}}}`: "held for 1 minute ",
		`{"graph":"instant_payment","settings":{"timers":{"timeout":"PT30S"}}}`: "held for 30 seconds ",
		`{"graph":"instant_payment","settings":{"timers":{"timeout":"P3D"}}}`:   "held for 3 days ",
	} {
		p := &catalogue.Project{Booking: json.RawMessage(body)}
		got := outlookText(rules.OutlookOf(&tenant.App{}, p), p, "Acme")
		if !strings.HasPrefix(got, want) && !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q", body, got)
		}
	}
}

// TestFieldsAreChecked by their types.
func TestFieldsAreChecked(t *testing.T) {
	t.Parallel()
	for kind, texts := range map[string]struct{ good, bad []string }{
		"number": {
			[]string{"42", "-1", "+7", "3.14", "3,14", ".5", "5.", "1e3", "0", "1e308"},
			[]string{"abc", "1e999", "-1e999", "Inf", "NaN", "0x10", "1_000", "1 000", "--1", "e5", "1e1000", "12abc", "١٢", strings.Repeat("9", 400)},
		},
		"tel": {
			[]string{"+44 20 7946 0018", "0118 999", "(030) 12 34-56", "112", "+1 (555) 010-9999 ext. 12", "030/123456", "+49 (0)30 1234567x12"},
			[]string{"call me", "+", "12", "++44 20", "0118 999 call", "()", "+-+", strings.Repeat("1", 25), "１２３４", "123\n456"},
		},
		"url":   {[]string{"https://example.com"}, []string{"example.com", "javascript:alert(1)", "https://"}},
		"email": {[]string{"marty@example.com"}, []string{"marty", "marty@"}},
	} {
		for want, all := range map[bool][]string{true: texts.good, false: texts.bad} {
			for _, text := range all {
				one := formField{Field: rules.Field{Name: "field", Type: kind}}
				if one.read(text); (one.Fault == "") != want {
					t.Errorf("%s %q: %q", kind, text, one.Fault)
				}
			}
		}
	}
}

// TestTroubleLosesNothingTyped: a form that cannot be carried out comes back with all it had, to be sent again; what another
// site sent does not.
func TestTroubleLosesNothingTyped(t *testing.T) {
	t.Parallel()
	s := &pageEdge{edge: &edge.Edge{Log: slog.New(slog.DiscardHandler)}}
	typed := url.Values{"name": {`Marty "<b>"`}, "notes": {"Two\r\ncats"}, "operation": {"x"}}
	send := func(err error, headers ...string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(w)
		c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/pls/code?kept=true", strings.NewReader(typed.Encode()))
		c.Request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i+1 < len(headers); i += 2 {
			c.Request.Header.Set(headers[i], headers[i+1])
		}
		if fault := s.errorPage(&call{Call: &edge.Call{Context: c}}, err); fault != nil {
			t.Error(fault)
		}
		return w
	}
	for _, code := range []fault.Code{fault.Overloaded, fault.Unavailable, fault.TooManyRequests, fault.Internal} {
		w := send(fault.Errorf(code, "Not now."))
		body := w.Body.String()
		for _, part := range []string{
			`<form method="post" action="/pls/code?kept=true"`, `name="name" value="Marty &#34;&lt;b&gt;&#34;"`, "value=\"Two\ncats\"", `name="operation" value="x"`, "Try again",
		} {
			if !strings.Contains(body, part) {
				t.Errorf("%s: the page has lost %s: %s", code, part, body)
			}
		}
		if w.Header().Get("Retry-After") == "" || w.Code != edge.Statuses[code] {
			t.Errorf("%s: %d %v", code, w.Code, w.Header())
		}
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"another site's": send(fault.Errorf(fault.Unavailable, "Not now."), "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"),
		"a final answer": send(fault.Errorf(fault.NotFound, "No.")),
	} {
		if strings.Contains(w.Body.String(), "Marty") {
			t.Errorf("%s form comes back: %s", name, w.Body)
		}
	}
}

// TestStatesOfPaidBookings: what the state is called, and what it is in a calendar.
func TestStatesOfPaidBookings(t *testing.T) {
	t.Parallel()
	for state, want := range map[string][2]string{
		"tentative": {"Waiting for payment", "TENTATIVE"}, "expiring": {"Waiting for payment", "TENTATIVE"},
		"requested": {"Waiting for confirmation", "TENTATIVE"}, "paid": {"Paid", "CONFIRMED"}, "unpaid": {"Not paid in time", "CANCELLED"},
		"balance_due": {"Balance to be paid", "CONFIRMED"}, "balance_overdue": {"Balance overdue", "CONFIRMED"},
		"settled": {"Paid in full", "CONFIRMED"},
		"lapsed":  {"Not paid in time", "CANCELLED"}, "refunded_late": {"Paid too late", "CANCELLED"}, "completed": {"Completed", "CONFIRMED"},
	} {
		r := requestedIn(t, "paid_booking", state, time.Now().Add(time.Hour))
		if got := [2]string{r.stateText(), string(calendarStatus(r.Booking))}; got != want {
			t.Errorf("%s: %v, want %v", state, got, want)
		}
	}
}

// TestMoneyBackText: both sides read the same sums.
func TestMoneyBackText(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 3, 27, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		ending *rules.Ending
		mine   bool
		want   string
	}{
		{nil, true, ""}, {&rules.Ending{Currency: "EUR"}, true, ""},
		{&rules.Ending{Currency: "EUR", Paid: 4500, Refund: 4500}, true, "You have paid 45.00 EUR, and all of it goes back to you."},
		{&rules.Ending{Currency: "EUR", Paid: 4500, Refund: 4500}, false, "The customer has paid 45.00 EUR, and all of it goes back to the customer."},
		{&rules.Ending{Currency: "JPY", Paid: 4500, ByPolicy: true}, true, "You have paid 4500 JPY, and nothing of it goes back."},
		{&rules.Ending{Currency: "KWD", Paid: 4500, Refunded: 500, Refund: 1000, ByPolicy: true, Until: until}, true,
			"You have paid 4.000 KWD. Of that 1.000 KWD go back to you, and 3.000 KWD are kept. That counts until 10:00 on Friday, 27 March."},
		{&rules.Ending{Currency: "EUR", Paid: 4500, Refunded: 4500}, true, ""},
		{&rules.Ending{Currency: "EUR", Released: 4500}, true, "45.00 EUR are held, and let go. Nothing is charged."},
	} {
		if got := moneyBackText(c.ending, c.mine, time.UTC); got != c.want {
			t.Errorf("%+v: %q, want %q", c.ending, got, c.want)
		}
	}
}

// TestLeftText counts down in words.
func TestLeftText(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]string{
		-time.Second: "the time is over", 0: "the time is over", time.Second: "less than a minute left", time.Minute: "about a minute left",
		89 * time.Second: "about a minute left", 90 * time.Second: "about 2 minutes left", 99 * time.Minute: "about 99 minutes left",
		100 * time.Minute: "about 2 hours left", 47 * time.Hour: "about 47 hours left", 48 * time.Hour: "about 2 days left",
		6 * 24 * time.Hour: "about 6 days left",
	} {
		if got := leftText(left); got != want {
			t.Errorf("%s: %q, want %q", left, got, want)
		}
	}
}
