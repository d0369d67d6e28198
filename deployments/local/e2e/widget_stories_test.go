package e2e_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// barber is an app whose projects stand on a web site.
type barber struct {
	*bundle
	widgetKey string
}

func newBarber(t *testing.T) barber {
	b := tenant(t, plain)
	return barber{b, b.widget(t).key}
}

func (b barber) stories(t *testing.T) []widgetStory {
	t.Helper()
	all := []widgetStory{b.embedded(t), b.hosted(t), b.rescheduled(t), b.group(t), b.taken(t), b.asking(t), b.phone(t), b.picker(t), b.trial(t)}
	return append(all, b.abroad(t)...)
}

// june is a Monday far enough away for any day on which the tests run.
var june = time.Date(2030, 6, 3, 0, 0, 0, 0, time.UTC)

// opening is what a project offers: so many days from one on, by the clocks of Berlin from nine to twelve.
func opening(from time.Time, days int) string {
	return fmt.Sprintf(`,"availability":{"length":"1 hour","from":%q,"to":%q},"availability_constraints":[{"allow_hours":{"start":9,"end":12}}]`,
		from.Format(time.RFC3339), from.AddDate(0, 0, days).Format(time.RFC3339))
}

// offer makes a chair and a project of it, and returns the project and the configuration of its widget.
func (b barber) offer(t *testing.T, name, more string) (answer, map[string]any) {
	t.Helper()
	if !strings.Contains(more, `"ui"`) {
		more += `,"ui":{"time_date_format":"24h-dmy-mon"}`
	}
	made := b.project(t, name, more, b.resource(t))
	return made, map[string]any{"app_key": b.widgetKey, "project_id": made.str("data.id"), "api_base_url": b.api + "/"}
}

// booked returns the only booking of a project, with all that can be told of it.
func (b barber) booked(t *testing.T, project string, more ...string) answer {
	t.Helper()
	var found answer
	eventually(t, "one booking", func() bool { // the widget takes 202 for success
		found = b.get(t, "/v2/bookings?include=attributes,customers,event,project,resource&search=project.id:"+project+strings.Join(more, "")).want(t, http.StatusOK)
		return found.str("total") != "0"
	})
	if found.str("total") != "1" {
		t.Fatalf("%s bookings, want one: %s", found.str("total"), found.body)
	}
	return found
}

// starts fails the test when the booking does not start at the instant that the visitor saw.
func (a answer) starts(t *testing.T, zone, shown string) {
	t.Helper()
	got, err := time.Parse(time.RFC3339, a.str("data.0.event.start"))
	if err != nil {
		t.Fatal(err)
	}
	if want := moment(t, zone, shown); !got.Equal(want) {
		t.Errorf("booked is %s, shown was %s in %s", got, shown, zone)
	}
}

// embedded books tomorrow or so, by a widget key.
func (b barber) embedded(t *testing.T) widgetStory {
	const zone = "Europe/Berlin"
	project, config := b.offer(t, "Haircut", `,"availability":{"length":"1 hour","from":"1 day","to":"1 week"},
		"availability_constraints":[{"allow_hours":{"start":9,"end":17}}],"booking":{"graph":"instant"}`)
	id := project.str("data.id")
	return widgetStory{Name: "embedded", Play: "book", Config: config, Timezone: zone, check: func(t *testing.T, seen answer) {
		slot := seen.str("seen.before.0")
		made := b.booked(t, id)
		made.starts(t, zone, slot)
		for path, want := range map[string]string{
			"state": "confirmed", "graph": "instant", "project.id": id, "event.what": "Haircut", "customers.0.name": "Marty McFly",
			"customers.0.email": "marty@example.com", "customers.0.timezone": zone, "resource.name": "Chair one",
		} {
			made.same(t, "data.0."+path, want)
		}
		for _, later := range []string{"seen.again", "seen.after"} {
			if slices.Contains(seen.list(later), slot) {
				t.Errorf("%s is offered still: %v", slot, seen.list(later))
			}
		}
		if said := seen.str("seen.said"); !strings.Contains(said, "marty@example.com") {
			t.Errorf("the widget said %q", said)
		}
	}}
}

// hosted books by the address of a page, without a key.
func (b barber) hosted(t *testing.T) widgetStory {
	slug := unique("shave")
	project, _ := b.offer(t, "Shave", opening(june, 2)+fmt.Sprintf(
		`,"slug":%q,"ui":{"time_date_format":"12h-mdy-sun","display_name":"Barber & Co","localization":{"success_message":"See you! Mail to %%s","submit_button":"Now"}}`, slug))
	config := map[string]any{"project_slug": slug, "api_base_url": b.api + "/"}
	return widgetStory{Name: "hosted", Play: "book", Config: config, Timezone: "Europe/Berlin", check: func(t *testing.T, seen answer) {
		b.booked(t, project.str("data.id")).starts(t, "Europe/Berlin", "2030-06-03 09:00")
		seen.same(t, "seen.before.0", "2030-06-03 09:00")
		seen.same(t, "seen.again.0", "2030-06-03 10:00")
		seen.same(t, "seen.after.0", "2030-06-03 10:00")
		seen.same(t, "seen.said", "See you! Mail to marty@example.com")
		seen.same(t, "seen.heading.0", "June 3, 2030")
		seen.same(t, "seen.heading.1", "09:00am - 10:00am")
	}}
}

// rescheduled gives a booking another time.
func (b barber) rescheduled(t *testing.T) widgetStory {
	project, config := b.offer(t, "Massage", opening(june, 1))
	id := project.str("data.id")
	old := b.post(t, "/v2/bookings", fmt.Sprintf(`{"project_id":%q,"resource_id":%q,"start":"2030-06-03T09:00:00+02:00","end":"2030-06-03T10:00:00+02:00",
		"customer":{"name":"Ada Lovelace","email":"ada@example.com"}}`, id, project.str("data.resources.0"))).want(t, http.StatusCreated).str("data.id")
	_, token, _ := strings.Cut(b.customerLink(t, old, "reschedule_by_customer"), "signature=") // what the widget calls the uuid
	config["reschedule"] = map[string]string{"uuid": token, "action": "reschedule", "eventStart": "2030-06-03T09:00:00+02:00", "eventEnd": "2030-06-03T10:00:00+02:00"}
	return widgetStory{Name: "rescheduled", Play: "move", Config: config, Timezone: "Europe/Berlin", check: func(t *testing.T, seen answer) {
		if state := b.state(t, old); state != "rescheduled_by_customer" {
			t.Errorf("the old booking is %s", state)
		}
		made := b.booked(t, id, ";state:confirmed")
		made.starts(t, "Europe/Berlin", "2030-06-03 11:00")
		made.same(t, "data.0.customers.0.name", "Ada Lovelace")
		made.same(t, "data.0.related.rescheduled_from_id", old)
		if got := seen.str("seen.before"); got != "[2030-06-03 10:00 2030-06-03 11:00]" {
			t.Errorf("offered are %s", got)
		}
		for _, want := range []string{"Date: 3. June 2030", "Time: 09:00 - 10:00", "Time: 11:00 - 12:00"} {
			if !slices.Contains(seen.list("seen.heading"), want) {
				t.Errorf("the form does not say %s: %q", want, seen.list("seen.heading"))
			}
		}
	}}
}

// group takes the last seat of the first session; one that is sold out is not shown.
func (b barber) group(t *testing.T) widgetStory {
	project, config := b.offer(t, "Yoga", `,"booking":{"graph":"group_customer"}`)
	id, room := project.str("data.id"), project.str("data.resources.0")
	session := func(hour, seats int) string {
		body := request(room, "group_owner", hour, fmt.Sprintf(`,"project_id":%q,"settings":{"max_seats":%d}`, id, seats))
		return b.post(t, "/v2/bookings", body).want(t, http.StatusCreated).str("data.id")
	}
	soldOut, last, roomy := session(8, 1), session(10, 2), session(12, 9)
	for _, owner := range []string{soldOut, last} {
		b.post(t, "/v2/bookings", fmt.Sprintf(`{"graph":"group_customer","related":{"owner_booking_id":%q}}`, owner)).want(t, http.StatusCreated)
	}
	return widgetStory{Name: "group", Play: "book", Config: config, Timezone: "Europe/Berlin", check: func(t *testing.T, seen answer) {
		seen.same(t, "seen.before", "[2030-12-01 11:00 2030-12-01 13:00]") // eleven in Berlin is ten in UTC
		seen.same(t, "seen.after", "[2030-12-01 13:00]")
		made := b.booked(t, id, ";graph:group_customer")
		made.same(t, "data.0.state", "confirmed")
		made.same(t, "data.0.customers.0.name", "Marty McFly")
		made.same(t, "data.0.related.owner_booking_id", last)
		b.get(t, "/v2/bookings/groups/"+last).want(t, http.StatusOK).same(t, "data.attributes.group_booking.current_seats", "2")
		b.get(t, "/v2/bookings/groups/"+roomy).want(t, http.StatusOK).same(t, "data.attributes.group_booking.current_seats", "0")
	}}
}

// taken lets somebody else have the slot while the visitor types.
func (b barber) taken(t *testing.T) widgetStory {
	project, config := b.offer(t, "Beard", opening(june, 1))
	id := project.str("data.id")
	meanwhile := map[string]any{
		"url":     b.api + "/v2/bookings",
		"headers": map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(":"+b.key)), "Content-Type": "application/json"},
		"body": fmt.Sprintf(`{"project_id":%q,"resource_id":%q,"start":"2030-06-03T09:30:00+02:00","end":"2030-06-03T10:30:00+02:00"}`,
			id, project.str("data.resources.0")),
	}
	return widgetStory{Name: "taken", Play: "lose", Config: config, Timezone: "Europe/Berlin", Meanwhile: meanwhile, check: func(t *testing.T, seen answer) {
		seen.same(t, "seen.first", "2030-06-03 09:00")
		seen.same(t, "seen.other", "201")
		b.booked(t, id).starts(t, "Europe/Berlin", "2030-06-03 09:30")
		if said := seen.str("seen.said"); !strings.Contains(said, "An error with Timekit Create Booking") || !strings.Contains(said, "taken") {
			t.Errorf("the widget said %q", said)
		}
	}}
}

// asking requests a time that the owner has to confirm; until then others may ask for it, too.
func (b barber) asking(t *testing.T) widgetStory {
	project, config := b.offer(t, "Tattoo", opening(june, 1)+`,"booking":{"graph":"confirm_decline"}`)
	id := project.str("data.id")
	return widgetStory{Name: "confirm_decline", Play: "book", Config: config, Timezone: "Europe/Berlin", check: func(t *testing.T, seen answer) {
		made := b.booked(t, id)
		made.same(t, "data.0.state", "tentative")
		made.same(t, "data.0.graph", "confirm_decline")
		seen.same(t, "seen.after", "[2030-06-03 09:00 2030-06-03 10:00 2030-06-03 11:00]")
		b.put(t, "/v2/bookings/"+made.str("data.0.id")+"/confirm", "{}").want(t, http.StatusOK).same(t, "data.state", "confirmed")
		free := b.post(t, "/v2/availability", fmt.Sprintf(`{"project_id":%q,"output_timezone":"Europe/Berlin"}`, id)).want(t, http.StatusOK)
		free.same(t, "data.0.start", "2030-06-03T10:00:00+02:00")
	}}
}

// phone books on a small screen, with a form of every kind of field.
func (b barber) phone(t *testing.T) widgetStory {
	project, config := b.offer(t, "Colour", opening(june, 3)+`,"ui":{"time_date_format":"12h-mdy-sun"},"customer_fields":{
		"name":{"title":"Name","required":true,"split_name":true},"email":{"title":"E-mail","required":true},"phone":{"title":"Telephone"},
		"shade":{"title":"Shade","format":"select","enum":["copper","plum"],"required":true},
		"patch":{"title":"I had a patch test","format":"checkbox"},"comment":{"title":"Anything else?"}}`)
	answers := map[string]string{
		"first_name": "Zoë", "last_name": "O'Neil", "email": "zoe@example.com", "phone": "+49 (30) 1234", "shade": "plum", "patch": "", "comment": "Two cats.\nÄÖÜ ☎",
	}
	return widgetStory{Name: "phone", Play: "book", Config: config, Timezone: "Europe/Berlin", Phone: true, Answers: answers, check: func(t *testing.T, seen answer) {
		made := b.booked(t, project.str("data.id"))
		made.starts(t, "Europe/Berlin", "2030-06-03 09:00")
		for path, want := range map[string]string{
			"customers.0.name": "Zoë O'Neil", "customers.0.phone": "+49 (30) 1234", "attributes.customer.shade": "plum", "attributes.customer.patch": "[true]",
			"attributes.customer.comment": "Two cats.\nÄÖÜ ☎",
		} {
			made.same(t, "data.0."+path, want)
		}
		seen.same(t, "seen.before", "[2030-06-03 09:00 2030-06-03 10:00 2030-06-03 11:00]") // a small screen shows one day
		seen.same(t, "seen.after", "[2030-06-03 10:00 2030-06-03 11:00]")
	}}
}

// trial shows a project of an app in test mode; a header that crosses from one site to the other says so.
func (b barber) trial(t *testing.T) widgetStory {
	demo := start(t)
	project := demo.project(t, "Trial", opening(june, 1), demo.resource(t)).str("data.id")
	config := map[string]any{"app_key": demo.widget(t).key, "project_id": project, "api_base_url": b.api + "/"}
	return widgetStory{Name: "trial", Play: "ribbon", Config: config, Timezone: "Europe/Berlin", check: func(t *testing.T, seen answer) {
		seen.same(t, "seen.text", "Test Mode")
	}}
}

// picker changes the time zone on the page; whichever one the widget offers has to be understood.
func (b barber) picker(t *testing.T) widgetStory {
	_, config := b.offer(t, "Nails", opening(june, 1))
	return widgetStory{Name: "picker", Play: "zones", Config: config, Timezone: "Europe/Berlin", check: func(t *testing.T, seen answer) {
		seen.same(t, "seen.before.0", "2030-06-03 09:00")
		seen.same(t, "seen.after.0", "2030-06-03 16:00")
		zones := seen.list("seen.all")
		if len(zones) < 300 {
			t.Errorf("%d zones", len(zones))
		}
		for _, zone := range zones {
			a := b.post(t, "/v2/availability/count", fmt.Sprintf(`{"project_id":%q,"output_timezone":%q}`, config["project_id"], zone))
			if a.status != http.StatusOK {
				t.Errorf("%s: %s", zone, a.body)
			}
		}
	}}
}

// abroad books in Berlin from elsewhere, while the clocks change here or there. What the calendar shows is held against
// Go's own knowledge of time zones. The headings of the format 24h-dmy-mon are a day early in every zone west of Greenwich,
// whatever the server says, unless the page writes them itself (plain_days): docs/timekit-widget.md tells of it.
func (b barber) abroad(t *testing.T) []widgetStory {
	const newYork, kathmandu, american, european = "America/New_York", "Asia/Kathmandu", "12h-mdy-sun", "24h-dmy-mon"
	var all []widgetStory
	for _, c := range []struct {
		zone, format, change string
		friday               time.Time
	}{
		{newYork, american, "us-spring", time.Date(2030, 3, 8, 0, 0, 0, 0, time.UTC)},
		{newYork, european, "eu-spring", time.Date(2030, 3, 29, 0, 0, 0, 0, time.UTC)},
		{newYork, american, "eu-autumn", time.Date(2030, 10, 25, 0, 0, 0, 0, time.UTC)},
		{kathmandu, european, "eu-spring", time.Date(2030, 3, 29, 0, 0, 0, 0, time.UTC)},
		{kathmandu, american, "eu-autumn", time.Date(2030, 10, 25, 0, 0, 0, 0, time.UTC)},
	} {
		project, config := b.offer(t, "Call", opening(c.friday, 5)+fmt.Sprintf(`,"ui":{"time_date_format":%q,"booking_time_format":"HH:mm"}`, c.format))
		config["plain_days"] = c.format == european
		pages := weeks(t, c.zone, c.friday, 5, map[string]int{american: 2, european: 3}[c.format])
		at := pages[1][0] // the first one of the second week
		name := strings.ToLower(strings.Split(c.zone, "/")[1]) + "-" + c.change
		all = append(all, widgetStory{Name: name, Play: "look", Config: config, Timezone: c.zone, At: at, check: func(t *testing.T, seen answer) {
			for i, want := range pages {
				if got := seen.list(fmt.Sprintf("seen.pages.%d", i)); !slices.Equal(got, want) {
					t.Errorf("week %d shows\n%v, want\n%v", i, got, want)
				}
			}
			if said := seen.str("seen.said"); !strings.Contains(said, "marty@example.com") {
				t.Fatalf("the widget said %q", said)
			}
			made := b.booked(t, project.str("data.id"))
			made.starts(t, c.zone, at)
			if got := made.str("data.0.customers.0.timezone"); strings.Replace(got, "Katmandu", "Kathmandu", 1) != c.zone { // browsers spell it so
				t.Errorf("the customer is in %s", got)
			}
			if !strings.HasPrefix(seen.str("seen.heading.1"), at[11:]+" - ") {
				t.Errorf("the form says %v, want %s", seen.list("seen.heading"), at)
			}
		}})
	}
	return all
}

// weeks are the slots of opening, as somebody in a zone sees them in two weeks; the second one begins so many days later.
func weeks(t *testing.T, zone string, from time.Time, days, second int) [2][]string {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	var pages [2][]string
	turn := from.AddDate(0, 0, second).Format(time.DateOnly)
	for day := range days {
		for hour := 9; hour < 12; hour++ {
			shown := clock(t, zone, time.Date(from.Year(), from.Month(), from.Day()+day, hour, 0, 0, 0, berlin))
			page := 0
			if shown >= turn {
				page = 1
			}
			pages[page] = append(pages[page], shown)
		}
	}
	return pages
}
