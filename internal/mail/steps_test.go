package mail

import (
	"testing"

	"holdfast/internal/booking"
	"holdfast/internal/tenant"
)

// TestSwitches: each step turns its mails off, and no others; the app turns all off.
func TestSwitches(t *testing.T) {
	t.Parallel()
	off := map[string][]string{
		"send_confirm_decline_email_to_owner": {"booking_requested owner", "request_expired owner", "booking_withdrawn owner"},
		"notify_owner_by_email":               {"booking_confirmed owner", "booking_rescheduled owner", "booking_cancelled owner"},
		"notify_customer_by_email": {
			"request_received customer", "request_expired customer", "booking_confirmed customer", "booking_rescheduled customer",
			"booking_cancelled customer", "payment_expired customer",
		},
		"notify_customer_declined_by_email": {"booking_declined customer"},
	}
	for _, step := range Steps {
		b, left := &booking.Booking{Settings: booking.Settings{MailsOff: []string{step}}}, map[string]bool{}
		for _, name := range off[step] {
			left[name] = true
		}
		for _, kind := range Kinds {
			for _, to := range []Role{Owner, Customer} {
				m, name := Mail{Kind: kind, To: to}, string(kind)+" "+string(to)
				if _, ok := Default.lookup(kind, to); ok && m.IsOff(b, &tenant.AppSettings{}) != left[name] {
					t.Errorf("%s: %s is off: %v", step, name, !left[name])
				}
				if !m.IsOff(&booking.Booking{}, &tenant.AppSettings{DisableEmail: true}) || m.IsOff(&booking.Booking{}, &tenant.AppSettings{}) {
					t.Errorf("%s does not go by the app's setting", name)
				}
			}
		}
	}
}

// TestWhoIsNotified: both sides, unless the action names those that are.
func TestWhoIsNotified(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		notify          []string
		owner, customer bool
	}{{nil, true, true}, {[]string{}, false, false}, {[]string{"owner"}, true, false}, {[]string{"customer"}, false, true}} {
		owner, customer := Mail{To: Owner}.IsFor(one.notify), Mail{To: Customer}.IsFor(one.notify)
		if owner != one.owner || customer != one.customer {
			t.Errorf("%v: owner %v, customer %v", one.notify, owner, customer)
		}
	}
}
