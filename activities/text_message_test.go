package activities

import (
	"testing"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/mail"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

// TestTextMessagesWait: quiet hours hold back what is worth reading afterwards. Days that are replayed send nothing.
func TestTextMessagesWait(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	shown := func(at time.Time) tenant.ClockTime { return tenant.ClockTime(at.Format("15:04")) }
	quiet := &tenant.QuietHours{From: shown(now.Add(-time.Hour)), To: shown(now.Add(3 * time.Hour))}
	night := &tenant.App{Settings: tenant.AppSettings{QuietHours: quiet}}
	for name, c := range map[string]struct {
		kind    mail.Kind
		starts  time.Duration // from now on
		since   time.Duration // the event
		again   bool          // sent again by hand
		app     *tenant.App
		waits   bool
		because string
		ended   bool // the booking was cancelled since, and the gateway's filters keep that from it
	}{
		"by day":                             {mail.Confirmed, 9 * time.Hour, 0, false, &tenant.App{}, false, "", false},
		"confirmed at night":                 {mail.Confirmed, 9 * time.Hour, 0, false, night, true, "", false},
		"confirmed for this night":           {mail.Confirmed, 2 * time.Hour, 0, false, night, false, "", false},
		"to be paid":                         {mail.PaymentPending, 9 * time.Hour, 0, false, night, false, "", false},
		"a reminder at night":                {mail.Reminder, 9 * time.Hour, 0, false, night, true, "", false},
		"a reminder of what begins at night": {mail.Reminder, 2 * time.Hour, 0, false, night, false, codeTooLate, false},
		"three days old":                     {mail.Confirmed, 9 * time.Hour, 72 * time.Hour, false, &tenant.App{}, false, codeTooLate, false},
		"three days old, and replayed":       {mail.Confirmed, 9 * time.Hour, 72 * time.Hour, true, &tenant.App{}, false, codeTooLate, false},
		"confirmed, and cancelled since":     {mail.Confirmed, 9 * time.Hour, 0, false, night, false, codePassed, true},
	} {
		state := "confirmed"
		if c.ended {
			state = "cancelled"
		}
		b := &booking.Booking{State: state, Start: now.Add(c.starts), End: now.Add(c.starts + time.Hour)}
		b.Resource.Timezone = "UTC"
		d := outbox.ClaimedDelivery{Attempt: 1, Tries: 1, Event: outbox.Event{At: now.Add(-c.since), State: "confirmed"}}
		if c.again {
			d.Attempt = 3
		}
		one := mail.Mail{Kind: c.kind, To: mail.Customer}
		wait, code := messenger{}.waits(d, one, b, c.app, postgres.MailThread{})
		if (wait > 0) != c.waits || code != c.because || c.waits && (wait < 2*time.Hour || wait > 3*time.Hour+time.Minute) {
			t.Errorf("%s: waits %s, %q", name, wait, code)
		}
	}
}
