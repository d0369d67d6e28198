package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// pageStory is one visit: what js/pages.js is told, and what has to be true afterwards.
type pageStory struct {
	Name     string            `json:"name"`
	Play     string            `json:"play"` // in js/stories/pages.js
	URL      string            `json:"url"`
	Near     []string          `json:"near,omitempty"`
	Other    string            `json:"other,omitempty"`
	To       string            `json:"to,omitempty"`
	Nth      int               `json:"nth,omitempty"`
	Answers  map[string]string `json:"answers,omitempty"`
	Timezone string            `json:"timezone"`
	Home     string            `json:"home"` // the zone that the page shows without being asked
	Phone    bool              `json:"phone"`
	Dark     bool              `json:"dark"`
	Plain    bool              `json:"plain"` // without JavaScript

	check func(t *testing.T, seen answer)
}

// TestPagesInABrowser lets visitors book by public links in a real browser.
func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	stories := pageStories(t)
	seen := inBrowser(t, "pages.js", "public-links", map[string]any{"stories": stories})
	for _, story := range stories {
		t.Run(story.Name, func(t *testing.T) { story.check(t, seen(t, story.Name)) })
	}
}

func pageStories(t *testing.T) (all []pageStory) {
	t.Helper()
	for name, story := range map[string]pageStory{
		"phone-light": {Phone: true, Timezone: "Europe/Berlin"}, "phone-dark": {Phone: true, Dark: true, Timezone: "America/New_York"},
		"desk-light": {Timezone: "Asia/Tokyo"}, "desk-dark": {Dark: true, Timezone: "Europe/Berlin"},
		"without-script": {Plain: true, Timezone: "America/New_York", Phone: true},
	} {
		story.Name = name
		all = append(all, journeyStory(t, story))
	}
	all = append(all, waitingStory(t, "confirm_decline", "Not confirmed yet"), waitingStory(t, "instant_payment", "Not paid yet"))
	all = append(all, linkStories(t)...)
	return append(all, zoneStory(t), clockStory(t), loseStory(t), moveStory(t), cancelStory(t), noticeStory(t, "expired", "token_expired"),
		noticeStory(t, "replayed", "claim_token_replayed"), noticeStory(t, "empty", "There are no free times in this week."))
}

// app is the web site of somebody who uses a link: /book mints a claim token and sends the visitor on.
func (s *linkShop) app(t *testing.T) string {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/book" {
			http.NotFound(w, r)
			return
		}
		http.Redirect(w, r, s.api+s.claimed(t, nil, "&correlation_id=order-1&utm_source=mail"), http.StatusFound)
	}))
	t.Cleanup(site.Close)
	return site.URL + "/book"
}

func journeyStory(t *testing.T, story pageStory) pageStory {
	t.Helper()
	s := newLinkShop(t, mornings, questions)
	story.Play, story.URL, story.Near, story.Home = "journey", s.app(t), []string{s.api}, "Europe/Berlin"
	story.Answers = map[string]string{"name": "Marty McFly", "email": "marty@example.com", "phone_number": "0118 999", "agree": "yes"}
	story.check = func(t *testing.T, seen answer) {
		zone := story.Timezone
		if story.Plain {
			zone = story.Home
		}
		seen.same(t, "seen.zone", zone)
		if address := seen.str("seen.address"); strings.Contains(address, "claim_token") || strings.Contains(address, "order-1") {
			t.Error(address)
		}
		seen.same(t, "seen.done.title", "You are booked")
		made := s.bookings(t)
		made.same(t, "total", "1")
		picked, _ := time.Parse(time.RFC3339, seen.str("seen.picked.at"))
		if booked, _ := time.Parse(time.RFC3339, made.str("data.0.event.start")); !booked.Equal(picked) {
			t.Errorf("picked %s, booked %s", picked, booked)
		}
		if words := seen.str("seen.done.words"); !strings.Contains(words, clock(t, zone, picked)[11:]) || !strings.Contains(words, strings.ReplaceAll(zone, "_", " ")) {
			t.Error(words)
		}
		if back := seen.str("seen.back"); !strings.Contains(back, "/rts/") {
			t.Errorf("going back leads to %s", back)
		}
		if r := s.requestOf(t, back(seen, s)); !r.Attributed || asJSON(r.Metadata) != `{"correlation_id":"order-1","utm_source":"mail"}` {
			t.Errorf("%+v", r)
		}
	}
	return story
}

func back(seen answer, s *linkShop) string { return strings.TrimPrefix(seen.str("seen.back"), s.api) }

func zoneStory(t *testing.T) pageStory {
	t.Helper()
	s := newLinkShop(t, mornings, "")
	return pageStory{
		Name: "other-zone", Play: "zones", URL: s.api + s.path, Timezone: "Asia/Tokyo", Home: "Europe/Berlin", To: "America/New_York",
		check: func(t *testing.T, seen answer) {
			picked, _ := time.Parse(time.RFC3339, seen.str("seen.picked.at"))
			if booked, _ := time.Parse(time.RFC3339, s.bookings(t).str("data.0.event.start")); !booked.Equal(picked) {
				t.Errorf("picked %s, booked %s", picked, booked)
			}
			if words := seen.str("seen.words"); !strings.Contains(words, "America/New York") || !strings.Contains(words, clock(t, "America/New_York", picked)[11:]) {
				t.Error(words)
			}
		},
	}
}

// clockStory books the second 01:00 of the night in which the clocks go back.
func clockStory(t *testing.T) pageStory {
	t.Helper()
	const zone = "America/New_York"
	s := newLinkShop(t, `,"availability":{"length":"1 hour"}`, `,"horizon_days":366`)
	_, autumn := changes(t, zone)
	return pageStory{
		Name: "clocks-go-back", Play: "clocks", URL: s.api + s.path + "?from=" + clock(t, zone, autumn)[:10], Timezone: zone, Home: "Europe/Berlin", Nth: 2,
		check: func(t *testing.T, seen answer) {
			first, _ := time.Parse(time.RFC3339, seen.str("seen.times.1.at"))
			second, _ := time.Parse(time.RFC3339, seen.str("seen.picked.at"))
			if second.Sub(first) != time.Hour || clock(t, zone, first) != clock(t, zone, second) || seen.str("seen.times.1.label") == seen.str("seen.times.2.label") {
				t.Errorf("%s", seen.body)
			}
			if booked, _ := time.Parse(time.RFC3339, s.bookings(t).str("data.0.event.start")); !booked.Equal(second) {
				t.Errorf("picked %s, booked %s", second, booked)
			}
			if words := seen.str("seen.words"); !strings.Contains(words, "01:00 (EST)") {
				t.Error(words)
			}
		},
	}
}

func loseStory(t *testing.T) pageStory {
	t.Helper()
	s := newLinkShop(t, mornings, "")
	return pageStory{
		Name: "taken", Play: "lose", URL: s.api + s.claimed(t, nil), Other: s.api + s.path, Timezone: "Europe/Berlin", Home: "Europe/Berlin", Phone: true,
		check: func(t *testing.T, seen answer) {
			seen.same(t, "seen.said", "This time has been taken meanwhile. Please choose another.")
			seen.same(t, "seen.title", "You are booked")
			if seen.str("seen.picked.at") == seen.str("seen.second.at") {
				t.Error("the taken time is still shown")
			}
			s.bookings(t).same(t, "total", "2")
		},
	}
}

func moveStory(t *testing.T) pageStory {
	t.Helper()
	s := newLinkShop(t, mornings, "")
	path := s.booked(t)
	return pageStory{
		Name: "reschedule", Play: "move", URL: s.api + path, Timezone: "Europe/Berlin", Home: "Europe/Berlin",
		check: func(t *testing.T, seen answer) {
			seen.same(t, "seen.outline", "3px")
			picked, _ := time.Parse(time.RFC3339, seen.str("seen.picked.at"))
			now := s.standing(t)
			if start, _ := time.Parse(time.RFC3339, now[0].str("data.event.start")); len(now) != 1 || !start.Equal(picked) {
				t.Errorf("picked %s, booked %s", picked, start)
			}
		},
	}
}

func cancelStory(t *testing.T) pageStory {
	t.Helper()
	s := newLinkShop(t, mornings, "")
	path := s.booked(t)
	return pageStory{
		Name: "decline", Play: "cancel", URL: s.api + path, Timezone: "Europe/Berlin", Home: "Europe/Berlin", Phone: true, Dark: true,
		check: func(t *testing.T, seen answer) {
			seen.same(t, "seen.title", "Cancelled")
			s.bookings(t).same(t, "data.0.state", "cancelled_by_customer")
		},
	}
}

// waitingStory looks at the page of a booking that waits for somebody.
func waitingStory(t *testing.T, graph, says string) pageStory {
	t.Helper()
	s := newLinkShop(t, mornings+`,"booking":{"graph":"`+graph+`"}`, "")
	return readStory("waits-"+graph, s.api+s.booked(t), says, graph == "instant_payment")
}

// linkStories look at the pages of action links: the owner's question, the same once the time is taken, and the customer's picker.
func linkStories(t *testing.T) []pageStory {
	t.Helper()
	b := tenant(t, plain)
	resource := b.resource(t)
	confirm := func(id string) string {
		return b.api + linkPath(id, "confirm", byHand(payload(id, "confirm", ""), b.key))
	}
	asked, taken := b.book(t, resource, "confirm_decline", 9), b.book(t, resource, "confirm_decline", 12)
	b.book(t, resource, "instant", 12)
	_, _, link := moveApp(t, plain, "instant")
	return []pageStory{
		readStory("link-confirm", confirm(asked), "Marty McFly", false), readStory("link-taken", confirm(taken), "Decline the booking", true),
		readStory("link-reschedule", link, "It stays yours until you have chosen another.", false),
	}
}

func readStory(name, address, says string, dark bool) pageStory {
	return pageStory{
		Name: name, Play: "read", URL: address, Timezone: "Europe/Berlin", Home: "Europe/Berlin", Phone: true, Dark: dark,
		check: func(t *testing.T, seen answer) {
			if words := seen.str("seen.words"); !strings.Contains(words, says) {
				t.Error(words)
			}
		},
	}
}

// noticeStory looks at a page without anything to do.
func noticeStory(t *testing.T, name, says string) pageStory {
	t.Helper()
	s := newLinkShop(t, mornings, "")
	address := s.claimed(t, nil)
	switch name {
	case "expired":
		now := time.Now().Unix()
		address = s.claimed(t, map[string]any{"iat": now - 100, "exp": now - 50})
	case "replayed":
		s.take(t, s.arrive(t, address))
	case "empty":
		later := time.Now().AddDate(0, 0, 10).Format(time.DateOnly)
		body := fmt.Sprintf(`{"availability_constraints":[{"allow_period":{"start":%q,"end":%q}}]}`, later+"T08:00:00Z", later+"T10:00:00Z")
		s.put(t, "/v2/projects/"+s.project, body).want(t, http.StatusNoContent)
		address = s.path
	}
	return pageStory{
		Name: name, Play: "read", URL: s.api + address, Timezone: "Europe/Berlin", Home: "Europe/Berlin", Phone: name != "expired", Dark: name == "replayed",
		check: func(t *testing.T, seen answer) {
			if words := seen.str("seen.words"); !strings.Contains(words, says) {
				t.Error(words)
			}
		},
	}
}
