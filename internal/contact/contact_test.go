package contact_test

import (
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/contact"
)

// TestStops: who has unsubscribed gets no reminders, of one booking or of all; a dead address gets nothing.
func TestStops(t *testing.T) {
	t.Parallel()
	one, other := uuid.New(), uuid.New()
	for name, c := range map[string]struct {
		block                contact.Block
		reminder, otherwise  bool // of the booking
		ofOther, ofOtherMail bool
	}{
		"dead":                      {contact.Block{Kind: contact.Dead}, true, true, true, true},
		"stopped":                   {contact.Block{Kind: contact.Stopped}, true, true, true, true},
		"no reminders":              {contact.Block{Kind: contact.Reminders}, true, false, true, false},
		"no reminders of a booking": {contact.Block{Kind: contact.Reminders, BookingID: &one}, true, false, false, false},
	} {
		got := []bool{c.block.Stops(one, true), c.block.Stops(one, false), c.block.Stops(other, true), c.block.Stops(other, false)}
		for i, want := range []bool{c.reminder, c.otherwise, c.ofOther, c.ofOtherMail} {
			if got[i] != want {
				t.Errorf("%s: case %d is %t", name, i, got[i])
			}
		}
	}
}

// TestNumbers: numbers with their country's code are read however people part them; others are none.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"+4915112345678": "+4915112345678", "+49 151 / 123-456.78": "+4915112345678", "+1 (202) 555-0185": "+12025550185",
		"": "", "0151 12345678": "", "004915112345678": "", "+0151123456": "", "+49": "", "+4915112345678901": "", "+49151x2345678": "",
		"+49１５１12345678": "", "+49151\n12345678": "", "sms:+4915112345678": "",
	} {
		got, ok := contact.Number(text)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q is %q, %t", text, got, ok)
		}
	}
}
