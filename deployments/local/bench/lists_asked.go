package main

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// someone is a customer of the record, and the booking.
type someone struct {
	booking, resource, calendar, name, email, phone, ticket string
}

// all are the lists that are measured: each order, filter and search of bookings, and each list of the other nouns.
func (l *lists) all(ctx context.Context) ([]listed, error) {
	const pick = `SELECT b.id::text, b.resource_id::text, b.calendar_id::text, p.name, p.email, p.phone, b.meta->>'ticket'
		FROM bookings b JOIN customers p ON p.booking_id = b.id WHERE p.name LIKE 'Felix %' AND b.created_at > $1 ORDER BY b.created_at LIMIT 1`
	middle := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	var one someone
	err := l.conn.QueryRow(ctx, pick, middle).Scan(&one.booking, &one.resource, &one.calendar, &one.name, &one.email, &one.phone, &one.ticket)
	if err != nil {
		return nil, err
	}
	all := append(listOrders(), listWindows(middle)...)
	all = append(all, listSearches(&one)...)
	all = append(all, listWords(&one)...)
	return append(all, l.others(&one)...), nil
}

func listOrders() (all []listed) {
	for _, order := range []string{"created_at", "updated_at", "completed", "graph", "state", "event.start", "event.end"} {
		all = append(all, listed{"bookings by " + order, at("/v2/bookings", "orderBy", order, "sortedBy", "asc")},
			listed{"bookings by " + order + ", descending", at("/v2/bookings", "orderBy", order, "sortedBy", "desc")},
			listed{"bookings by " + order + ", page 200", at("/v2/bookings", "orderBy", order, "sortedBy", "asc", "page", "200")})
	}
	return all
}

func listWindows(middle time.Time) []listed {
	text := func(days int) string { return middle.AddDate(0, 0, days).Format(time.RFC3339) }
	return []listed{
		{"bookings, `cursor=start`", at("/v2/bookings", "cursor", "start")},
		{"bookings, `cursor=start`, 1000 rows", at("/v2/bookings", "cursor", "start", "limit", "1000")},
		{"bookings, `updated_since` half a year ago", at("/v2/bookings", "updated_since", text(0))},
		{"bookings, `updated_since` when none has changed", at("/v2/bookings", "updated_since", time.Now().Format(time.RFC3339))},
		{"bookings of a day", at("/v2/bookings", "start", text(0), "end", text(1))},
		{"bookings of a day by start", at("/v2/bookings", "start", text(0), "end", text(1), "orderBy", "event.start")},
		{"bookings of half a year by start", at("/v2/bookings", "start", text(-90), "end", text(90), "orderBy", "event.start")},
		{"bookings from a day on", at("/v2/bookings", "start", text(0))},
		{"bookings until a day", at("/v2/bookings", "end", text(0))},
	}
}

// listSearches are searches by keys, each in the usual order and by start, the latest first.
func listSearches(one *someone) (all []listed) {
	for _, search := range []string{
		"id:" + one.booking, "id:" + one.booking[:11] + "*", "graph:instant", "graph:confirm*", "state:confirmed", "state:error", "state:*rr*",
		"completed:true", "resource.id:" + one.resource, "calendar.id:" + one.calendar, "project.id:" + one.booking,
		"owner_booking.id:" + one.booking,
		"graph:instant;state:confirmed", "graph:instant_payment;state:error",
		"customer.email:" + one.email, "customer.email:anna*", "customer.email:*@example.org", "customer.email:*nobody@nowhere*",
		"customer.name:" + one.name, "customer.name:anna*", "customer.name:*" + one.name[len(one.name)-4:],
		"customer.phone:" + one.phone, "customer.phone:*1234*",
		"customer.voip:x", "customer.timezone:europe/berlin", "customer.timezone:asia/*", "customer.note:x", "customer.nothing:*",
		"meta.ticket:" + one.ticket, "meta.ticket:T-77*", "meta.source:web", "meta.source:fax", "meta.nothing:*",
		"customer.name:anna*;state:confirmed", "customer.name:anna*;state:declined", "customer.name:anna*;state:error",
		"customer.name:*a*;graph:instant_payment;state:error", "customer.name:anna*;resource.id:" + one.resource,
	} {
		named := strings.NewReplacer(one.booking, "…", one.booking[:11], "…", one.resource, "…", one.email, "(whole)",
			one.name, "(whole)", one.phone, "(whole)", one.ticket, "(whole)").Replace(search)
		all = append(all, listed{"bookings, `search=" + named + "`", at("/v2/bookings", "search", search)},
			listed{"bookings, `search=" + named + "`, latest first",
				at("/v2/bookings", "search", search, "orderBy", "event.start", "sortedBy", "desc")})
	}
	return all
}

// listWords are searches by words: frequent and rare ones, some with typing errors.
func listWords(one *someone) (all []listed) {
	first, last, _ := strings.Cut(one.name, " ")
	for _, words := range [][2]string{
		{"a whole name", one.name}, {"a first name", first}, {"a last name", last}, {"a whole e-mail address", one.email},
		{"a part of an address", one.email[2:]}, {"a whole id", one.booking}, {"haarschnitt", "haarschnitt"},
		{"prufung (Prüfung)", "prufung"}, {"soren (Søren)", "soren"}, {"room süd (a quarter of the resources)", "room süd"},
		{"a telephone number", one.phone}, {"1234567 (nobody's)", "1234567"},
		{"777777", "777777"}, {"zzzzzz (nowhere)", "zzzzzz"}, {"anna termin", "anna termin"}, {"a last name with a letter too many", last + "x"},
		{"Beratugn (typing error of a frequent word)", "Beratugn"},
	} {
		all = append(all, listed{"bookings, `q=` " + words[0], at("/v2/bookings", "q", words[1])},
			listed{"bookings, `q=` " + words[0] + ", latest first",
				at("/v2/bookings", "q", words[1], "orderBy", "event.start", "sortedBy", "desc")})
	}
	return append(all, listed{"bookings, `q=` soren, page 10", at("/v2/bookings", "q", "soren", "page", "10")})
}

// others are the lists of the other nouns.
func (l *lists) others(one *someone) (all []listed) {
	last := strconv.Itoa(min(200, l.n/50/50))
	now := time.Now().Format(time.RFC3339)
	for _, noun := range []struct {
		path     string
		searches []string
	}{
		{"/v2/resources", []string{"id:" + one.resource, "name:room 77 nord", "name:room 7*", "name:*süd", "email:r77@example.com"}},
		{"/v2/calendars", []string{"id:" + one.calendar, "resource.id:" + one.resource, "name:calendar 77", "name:*77*"}},
		{"/v2/projects", []string{"name:project 77", "name:*77*", "slug:p77"}},
		{"/v2/location/services", []string{"name:service 77", "name:*77*"}},
		{"/v2/locations", []string{"name:place 77", "name:*77*"}},
		{"/v2/credentials", []string{"resource.id:" + one.resource, "type:server-token", "name:token 77"}},
	} {
		all = append(all, listed{noun.path, noun.path + "?page=1"}, listed{noun.path + ", page " + last, at(noun.path, "page", last)},
			listed{noun.path + ", `cursor=start`", at(noun.path, "cursor", "start")},
			listed{noun.path + ", `updated_since` when none has changed", at(noun.path, "updated_since", now)})
		for _, search := range noun.searches {
			named := strings.NewReplacer(one.resource, "…", one.calendar, "…").Replace(search)
			all = append(all, listed{noun.path + ", `search=" + named + "`", at(noun.path, "search", search)})
		}
	}
	for name, days := range map[string]int{"/v2/events of a day": 2, "/v2/events of a month": 31} {
		until := time.Date(2025, 3, days, 0, 0, 0, 0, time.UTC).Format(time.RFC3339)
		all = append(all, listed{name, at("/v2/events", "start", "2025-03-01T00:00:00Z", "end", until)})
	}
	return all
}
