package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// session makes a session of one hour and returns its id. Settings are what its settings hold beside the seats.
func (b *bundle) session(t testing.TB, resource string, hour, seats int, settings ...string) string {
	t.Helper()
	more := fmt.Sprintf(`,"settings":{"max_seats":%d%s}`, seats, strings.Join(settings, ""))
	return b.book(t, resource, "group_owner", hour, more)
}

// seat is the body of a booking of a seat.
func seat(session, graph string, more ...string) string {
	return fmt.Sprintf(`{"graph":%q,"related":{"owner_booking_id":%q},"customer":{"name":"Marty McFly","email":"marty@example.com"}%s}`,
		graph, session, strings.Join(more, ""))
}

func (b *bundle) sit(t testing.TB, session, graph string, more ...string) string {
	t.Helper()
	return b.post(t, "/v2/bookings", seat(session, graph, more...)).want(t, http.StatusCreated).str("data.id")
}

// taken fails the test unless a session has so many seats taken, however it is asked for.
func (b *bundle) taken(t testing.TB, session, want string) {
	t.Helper()
	const seats = "attributes.group_booking.current_seats"
	one := b.get(t, "/v2/bookings/groups/"+session).want(t, http.StatusOK).str("data." + seats)
	all := b.get(t, "/v2/bookings/groups?search=id:"+session).want(t, http.StatusOK).str("data.0." + seats)
	plain := b.get(t, "/v2/bookings/"+session+"?include=attributes").want(t, http.StatusOK).str("data." + seats)
	if one != want || all != want || plain != want {
		t.Errorf("seats taken: %s by itself, %s in the list, %s as a booking; want %s", one, all, plain, want)
	}
}

// TestAHundredForTenSeats: ten are in, ninety hear that it is sold out, and a seat that is given back can be had again.
func TestAHundredForTenSeats(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	session := b.session(t, b.resource(t), 9, 10)
	const crowd = 100
	answers := b.crowd(t, crowd, func(int) (string, string, string) {
		return http.MethodPost, "/v2/bookings", seat(session, "group_customer")
	})
	var in []string
	for _, a := range answers {
		if a.status == http.StatusCreated {
			in = append(in, a.str("data.id"))
			continue
		}
		a.refused(t, http.StatusConflict, "sold_out")
	}
	if len(in) != 10 {
		t.Fatalf("%d seats were sold, want 10", len(in))
	}
	b.taken(t, session, "10")
	if total := b.get(t, "/v2/bookings?search=graph:group_customer").str("total"); total != "10" {
		t.Errorf("%s seats are on record, want 10", total)
	}
	b.put(t, "/v2/bookings/"+in[0]+"/cancel_by_customer", "").want(t, http.StatusOK)
	b.put(t, "/v2/bookings/"+in[1]+"/cancel_by_owner", "").want(t, http.StatusOK)
	b.taken(t, session, "8")
	b.sit(t, session, "group_customer")
	b.sit(t, session, "group_customer")
	b.post(t, "/v2/bookings", seat(session, "group_customer")).refused(t, http.StatusConflict, "sold_out")
	b.taken(t, session, "10")
	if seats := b.get(t, "/v2/bookings/groups/"+session).str("data.attributes.group_booking.max_seats"); seats != "10" {
		t.Errorf("max_seats %s, want 10", seats)
	}
}

// TestSeatsThatArePaidFor: a seat is taken by the payment, not by the wish.
func TestSeatsThatArePaidFor(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	const paying = "group_customer_payment"
	session := b.session(t, b.resource(t), 9, 2)
	first, second, late := b.sit(t, session, paying), b.sit(t, session, paying), b.sit(t, session, paying)
	lazy := b.sit(t, session, paying, `,"settings":{"timers":{"timeout":"PT2S"}}`)
	b.taken(t, session, "0")
	pay := func(id string) answer { return b.put(t, "/v2/bookings/"+id+"/pay", `{"pay":{"payment_id":"pi_1"}}`) }
	pay(first).want(t, http.StatusOK)
	b.taken(t, session, "1")
	eventually(t, "unpaid", func() bool { return b.state(t, lazy) == "unpaid" })
	b.taken(t, session, "1")
	pay(second).want(t, http.StatusOK)
	b.taken(t, session, "2")
	pay(late).refused(t, http.StatusConflict, "sold_out")
	if got := b.state(t, late); got != "tentative" {
		t.Errorf("who paid too late is %s, want tentative", got)
	}
	b.taken(t, session, "2")
	b.put(t, "/v2/bookings/"+first+"/cancel_by_customer", "").want(t, http.StatusOK)
	b.taken(t, session, "1")
	pay(late).want(t, http.StatusOK)
	b.taken(t, session, "2")
}

// TestManyPayForTheLastSeat: the counter is the judge of payments, too.
func TestManyPayForTheLastSeat(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	session := b.session(t, b.resource(t), 9, 1)
	var ids []string
	for range 12 {
		ids = append(ids, b.sit(t, session, "group_customer_payment"))
	}
	count := map[int]int{}
	for _, a := range b.crowd(t, len(ids), func(i int) (string, string, string) {
		return http.MethodPut, "/v2/bookings/" + ids[i] + "/pay", ""
	}) {
		count[a.status]++
	}
	if count[http.StatusOK] != 1 || count[http.StatusConflict] != len(ids)-1 {
		t.Errorf("answers %v, want one 200 and %d 409", count, len(ids)-1)
	}
	b.taken(t, session, "1")
}

// TestSeatsAreWhereTheirSessionIs: what a body says of time and place does not count.
func TestSeatsAreWhereTheirSessionIs(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource, other := b.resource(t), b.resource(t)
	session := b.session(t, resource, 9, 3)
	elsewhere := fmt.Sprintf(`,"start":"2031-01-01T00:00:00Z","end":"2031-01-01T02:00:00Z","resource_id":%q`, other)
	made := b.post(t, "/v2/bookings?include=event,resource,owner_booking", seat(session, "group_customer", elsewhere)).want(t, http.StatusCreated)
	for path, want := range map[string]string{
		"data.event.start": "2030-12-01T10:00:00+01:00", "data.event.end": "2030-12-01T11:00:00+01:00", "data.resource.id": resource,
		"data.owner_booking.id": session, "data.event.what": "Haircut", "data.related.owner_booking_id": session,
	} {
		if got := made.str(path); got != want {
			t.Errorf("%s = %q, want %q", path, got, want)
		}
	}
	b.book(t, other, "instant", 9)
	b.post(t, "/v2/bookings", request(resource, "instant", 9)).refused(t, http.StatusConflict, "slot_taken") // the session keeps its hour
	for name, body := range map[string]string{
		"no session":    `{"graph":"group_customer"}`,
		"a booking":     seat(b.book(t, other, "instant", 20), "group_customer"),
		"another graph": seat(session, "instant"),
		"of nowhere":    seat(resource, "group_customer"),
	} {
		if b.post(t, "/v2/bookings", body).refused(t, http.StatusUnprocessableEntity, "invalid").at("errors") == nil {
			t.Errorf("%s: no field is named", name)
		}
	}
}

// TestSeatsAreBookedInTime: a session says from when and until when, and how late a seat may be given back.
func TestSeatsAreBookedInTime(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	soon := func(settings string) string {
		from := time.Now().UTC().Add(5 * time.Hour).Truncate(time.Second)
		return b.post(t, "/v2/bookings", fmt.Sprintf(`{"resource_id":%q,"graph":"group_owner","start":%q,"end":%q,"what":"Yoga","settings":{"max_seats":3%s}}`,
			b.resource(t), from.Format(time.RFC3339), from.Add(time.Hour).Format(time.RFC3339), settings)).want(t, http.StatusCreated).str("data.id")
	}
	ask := func(session string) answer { return b.post(t, "/v2/bookings", seat(session, "group_customer")) }
	ask(soon(`,"max_booking_time":"4 hours"`)).refused(t, http.StatusUnprocessableEntity, "too_early")
	ask(soon(`,"max_booking_time":"6 hours"`)).want(t, http.StatusCreated)
	ask(soon(`,"min_booking_time":"6 hours"`)).refused(t, http.StatusUnprocessableEntity, "too_late")
	ask(soon(`,"min_booking_time":"4 hours"`)).want(t, http.StatusCreated)
	firm := soon(`,"min_cancel_time":"1 day"`)
	id := ask(firm).want(t, http.StatusCreated).str("data.id")
	b.put(t, "/v2/bookings/"+id+"/cancel_by_customer", "").refused(t, http.StatusUnprocessableEntity, "too_late")
	b.taken(t, firm, "1")
	b.put(t, "/v2/bookings/"+id+"/cancel_by_owner", "").want(t, http.StatusOK) // the owner may
	b.taken(t, firm, "0")
	over := b.session(t, b.resource(t), 9, 3)
	b.put(t, "/v2/bookings/"+over+"/cancel", "").want(t, http.StatusOK)
	ask(over).refused(t, http.StatusConflict, "session_closed")
}

// TestWidgetsSeeSessionsTheyCanBook: with seats left, in time, and without the people who have a seat already.
func TestWidgetsSeeSessionsTheyCanBook(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	open, full, gone, later := b.session(t, resource, 9, 2), b.session(t, resource, 10, 1), b.session(t, resource, 11, 1),
		b.session(t, resource, 12, 1, `,"max_booking_time":"1 day"`)
	b.sit(t, open, "group_customer")
	b.sit(t, full, "group_customer")
	b.put(t, "/v2/bookings/"+gone+"/cancel", "").want(t, http.StatusOK)
	visitor := b.widget(t)
	seen := visitor.get(t, "/v2/bookings/groups?include=customers,attributes,event,logs,customer_action_links").want(t, http.StatusOK)
	if seen.str("total") != "1" || seen.str("data.0.id") != open || seen.str("data.0.attributes.group_booking.current_seats") != "1" {
		t.Errorf("a widget sees %s, want %s alone", seen.body, open)
	}
	one := visitor.get(t, "/v2/bookings/groups/"+open+"?include=customers,attributes,event,bulked_bookings").want(t, http.StatusOK)
	for _, personal := range []string{"Marty", "marty@"} { // the owner's own session has a customer in request(), and the seat has one
		if strings.Contains(seen.body+one.body, personal) {
			t.Errorf("a widget reads %q: %s", personal, seen.body)
		}
	}
	for _, oracle := range []string{"customer.email:marty*", "customer.name:*", "meta.note:*"} { // asking is reading
		visitor.get(t, "/v2/bookings/groups?search="+oracle).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
	if total := visitor.get(t, "/v2/bookings/groups?search=resource.id:"+resource+"%3Bstate:tentative").str("total"); total != "1" {
		t.Errorf("a widget finds %s sessions of the resource, want 1", total)
	}
	if total := b.get(t, "/v2/bookings/groups").str("total"); total != "4" {
		t.Errorf("a server key sees %s sessions, want 4 (%s cannot be booked yet)", total, later)
	}
	visitor.get(t, "/v2/bookings/"+open).refused(t, http.StatusForbidden, "forbidden")
	visitor.post(t, "/v2/bookings", request(resource, "group_owner", 30, `,"settings":{"max_seats":2}`)).refused(t, http.StatusForbidden, "forbidden")
	visitor.sit(t, open, "group_customer")
	if total := visitor.get(t, "/v2/bookings/groups").str("total"); total != "0" {
		t.Errorf("%s sessions are left for the widget, want none", total)
	}
}
