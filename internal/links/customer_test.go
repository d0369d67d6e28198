package links

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

func confirmedBooking() *booking.Booking {
	return &booking.Booking{
		ID: uuid.MustParse(testBooking), AppID: uuid.MustParse(testApp), Graph: "instant", GraphVersion: 1, State: "confirmed", Seq: 1,
		EnteredAt: testNow.Add(123 * time.Millisecond), Start: testNow.Add(24 * time.Hour), End: testNow.Add(25 * time.Hour),
	}
}

func customerLinks(t *testing.T, b *booking.Booking) map[string]string {
	t.Helper()
	return customerLinksAt(t, b, b.EnteredAt)
}

func customerLinksAt(t *testing.T, b *booking.Booking, now time.Time) map[string]string {
	t.Helper()
	m := Maker{Keyring: testKeyring(t), BaseURL: "https://book.example.com/base/"}
	all, err := m.CustomerAt(b, now)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// claimsOf follows a link to what its token says at a moment.
func claimsOf(t *testing.T, link string, now time.Time) (Claims, error) {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return testKeyring(t).Verify(u.Query().Get("signature"), testApp, nil, now)
}

func TestCustomerLinks(t *testing.T) {
	t.Parallel()
	b := confirmedBooking()
	all := customerLinks(t, b)
	if got := slices.Sorted(maps.Keys(all)); !slices.Equal(got, []string{"cancel_by_customer", "reschedule_by_customer"}) {
		t.Fatalf("links %v", got)
	}
	for action, link := range all {
		if !strings.HasPrefix(link, "https://book.example.com/base/v2/bookings/"+testBooking+"/external_action/"+action+"?signature=") {
			t.Errorf("link %s", link)
		}
		for _, moment := range []time.Time{testNow, b.End.Add(-time.Second)} {
			claims, err := claimsOf(t, link, moment)
			if err != nil || claims.For(testBooking, action) != nil || !claims.Own || !claims.ExpiresAt.Equal(b.End) {
				t.Errorf("%s: %+v, %v", action, claims, err)
			}
		}
		if _, err := claimsOf(t, link, b.End.Add(time.Minute)); fault.CodeOf(err) != fault.LinkExpired {
			t.Errorf("%s after the end: %v", action, err)
		}
	}
}

// TestCustomerLinksOfEveryState: a link for each action that is open to the customer, none elsewhere.
func TestCustomerLinksOfEveryState(t *testing.T) {
	t.Parallel()
	for _, g := range graphs.Published() {
		for _, s := range g.States {
			b := confirmedBooking()
			b.Graph, b.GraphVersion, b.State = g.Name, g.Version, s.Name
			want := g.OpenTo(s.Name, graphs.ActorCustomerLink)
			slices.Sort(want)
			if got := slices.Sorted(maps.Keys(customerLinks(t, b))); !slices.Equal(got, want) {
				t.Errorf("%s in %s: %v, want %v", g.Name, s.Name, got, want)
			}
		}
	}
}

func TestCustomerLinksOfOneStayAreTheSame(t *testing.T) {
	t.Parallel()
	b := confirmedBooking()
	once := customerLinks(t, b)
	b.Revision, b.UpdatedAt, b.What = 7, testNow.Add(time.Hour), "changed"
	if again := customerLinks(t, b); !maps.Equal(once, again) {
		t.Errorf("the links changed:\n%v\n%v", once, again)
	}
	spent := func(link string) string {
		claims, err := claimsOf(t, link, testNow.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return claims.SpendKey()
	}
	keys := map[string]bool{}
	for range 2 {
		for _, link := range customerLinks(t, b) {
			keys[spent(link)] = true
		}
		b.Seq++ // another stay in the same state
	}
	if len(keys) != 4 {
		t.Errorf("%d links can be used once each, want 4", len(keys))
	}
}

func TestCustomerLinksLiveForAnHourAtLeast(t *testing.T) {
	t.Parallel()
	b := confirmedBooking()
	b.Start, b.End = testNow.Add(-time.Hour), testNow.Add(time.Minute)
	for action, link := range customerLinks(t, b) {
		if _, err := claimsOf(t, link, testNow.Add(59*time.Minute)); err != nil {
			t.Errorf("%s: %v", action, err)
		}
		if _, err := claimsOf(t, link, testNow.Add(61*time.Minute)); fault.CodeOf(err) != fault.LinkExpired {
			t.Errorf("%s: %v", action, err)
		}
	}
}

// TestNoCustomerLinksWithoutTheirGraph: in the middle of a deploy there are none, and that is no fault.
func TestNoCustomerLinksWithoutTheirGraph(t *testing.T) {
	t.Parallel()
	b := confirmedBooking()
	b.GraphVersion = 99
	if all, err := (Maker{Keyring: testKeyring(t)}).Customer(b); err != nil || all == nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// TestCustomerLinksEndWithTheStart: what has begun cannot be changed by its customer any more, so there is nothing to hand out.
func TestCustomerLinksEndWithTheStart(t *testing.T) {
	t.Parallel()
	b := confirmedBooking()
	for now, want := range map[time.Time]int{b.Start.Add(-time.Second): 2, b.Start: 0, b.Start.Add(time.Minute): 0, b.End.Add(time.Hour): 0} {
		if all := customerLinksAt(t, b, now); all == nil || len(all) != want {
			t.Errorf("at %s: %v, want %d links", now, all, want)
		}
		b := confirmedBooking()
		b.EnteredAt = now
		if told, err := (Maker{Keyring: testKeyring(t)}).Customer(b); err != nil || len(told) != want {
			t.Errorf("of a state entered at %s: %v, %v, want %d links", now, told, err, want)
		}
	}
}
