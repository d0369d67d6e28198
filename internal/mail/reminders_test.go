package mail

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// TestWhenRemindersSaySomething: of a booking that stands, and a follow-up also of one that has taken place.
func TestWhenRemindersSaySomething(t *testing.T) {
	t.Parallel()
	before, after := NewReminder(Customer, "", false), NewReminder(Customer, "", true)
	stands := map[string]bool{"confirmed": true, "paid": true, "balance_due": true, "balance_overdue": true, "settled": true}
	over := map[string]bool{"completed": true, "attended": true}
	for _, g := range graphs.Published() {
		for i := range g.States {
			b := &booking.Booking{Graph: g.Name, GraphVersion: g.Version, State: g.States[i].Name}
			if got, want := before.Reminds(b), stands[b.State]; got != want {
				t.Errorf("a reminder in %s: %v", b.State, got)
			}
			if got, want := after.Reminds(b), stands[b.State] || over[b.State]; got != want {
				t.Errorf("a follow-up in %s: %v", b.State, got)
			}
		}
	}
	session := &booking.Booking{Graph: "group_owner", State: "tentative", Session: &booking.Session{}}
	if !before.Reminds(session) {
		t.Error("a session that is open makes no reminder")
	}
	session.Related.OwnerBooking = &uuid.UUID{}
	if before.Reminds(session) {
		t.Error("a seat that is not paid makes a reminder")
	}
}

// TestRemindersComeBeforeTheStart, and follow-ups at any time.
func TestRemindersComeBeforeTheStart(t *testing.T) {
	t.Parallel()
	start := time.Date(2030, 12, 1, 10, 0, 0, 0, time.UTC)
	b := &booking.Booking{Start: start}
	for _, one := range []struct {
		afterwards bool
		at         time.Time
		late       bool
	}{{false, start.Add(-1), false}, {false, start, true}, {true, start, false}, {true, start.Add(time.Hour), false}} {
		if got := NewReminder(Owner, "", one.afterwards).IsTooLate(b, one.at); got != one.late {
			t.Errorf("%v at %s: %v", one.afterwards, one.at, got)
		}
	}
}

// TestSubjectsOfReminders: the reminder's own, as one line, or that of its text.
func TestSubjectsOfReminders(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]string{"": "Reminder: Haircut", "See you\r\nBcc: all": "See you Bcc: all", " \u200b": "Reminder: Haircut"} {
		if got := written(t, NewReminder(Customer, subject, false), Default, sample(Customer)).Subject; got != want {
			t.Errorf("%q: got %q, want %q", subject, got, want)
		}
	}
}

// TestRemindersAreForOneSide: the owner, or each customer.
func TestRemindersAreForOneSide(t *testing.T) {
	t.Parallel()
	b := &booking.Booking{Customers: []booking.Customer{{ID: uuid.New()}, {ID: uuid.New()}}}
	if got := OfReminder(NewReminder(Owner, "Soon", false), b); len(got) != 1 || got[0].Recipient() != "owner" || got[0].Subject != "Soon" {
		t.Errorf("to the owner: %v", got)
	}
	if got := OfReminder(NewReminder(Customer, "", true), b); len(got) != 2 || got[0].Recipient() == got[1].Recipient() || got[0].Kind != FollowUp {
		t.Errorf("to the customers: %v", got)
	}
}
