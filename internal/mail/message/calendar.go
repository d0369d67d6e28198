// Package message makes a mail for the wire of what was written: headers, both bodies, and the part that calendars read.
package message

import (
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"holdfast/internal/mail"
)

// Entry is the calendar entry of a booking for one receiver (RFC 5545 and 5546). All mails of a booking, and of those that took its place,
// have one UID; Sequence grows with each move and with the end.
type Entry struct {
	Says     mail.Calendar // CalendarRequest or CalendarCancel
	UID      string
	Sequence int
	Stamp    time.Time // when the mail was made

	Start, End           time.Time
	Summary, Where, Text string
	Page                 string // where it can be changed; "" for none
	Organizer            Person // the sender of the mail: calendars refuse another one
	Attendee             Person // the receiver alone, so that nobody learns of other guests
	Owner                bool   // the receiver is the one who gives the time, who does not have to say that he comes
}

// Person is a name, which may be empty, and an e-mail address.
type Person struct{ Name, Address string }

// method is the METHOD of the entry, and of the part's header, which has to agree with it.
func (e Entry) method() ics.Method {
	if e.Says == mail.CalendarCancel {
		return ics.MethodCancel
	}
	return ics.MethodRequest
}

// file is the entry as a calendar. Times are in UTC, which needs no description of a zone.
func (e Entry) file() string {
	file := ics.NewCalendarFor("holdfast")
	file.SetMethod(e.method())
	v := file.AddEvent(e.UID)
	v.SetDtStampTime(e.Stamp)
	v.SetSequence(e.Sequence)
	v.SetStartAt(e.Start)
	v.SetEndAt(e.End)
	v.SetSummary(e.Summary)
	v.SetStatus(ics.ObjectStatusConfirmed)
	if e.Says == mail.CalendarCancel {
		v.SetStatus(ics.ObjectStatusCancelled)
	}
	if e.Where != "" {
		v.SetLocation(e.Where)
	}
	v.SetDescription(strings.TrimSpace(e.Text + "\n\n" + e.Page))
	if e.Page != "" {
		v.SetURL(e.Page)
	}
	// SCHEDULE-AGENT keeps a server that stores the entry from sending invitations of its own (RFC 6638).
	v.SetOrganizer("mailto:"+e.Organizer.Address, named(e.Organizer, &ics.KeyValues{Key: "SCHEDULE-AGENT", Value: []string{"CLIENT"}})...)
	partstat := ics.ParticipationStatusNeedsAction
	if e.Owner {
		partstat = ics.ParticipationStatusAccepted
	}
	v.AddAttendee("mailto:"+e.Attendee.Address, named(e.Attendee, ics.CalendarUserTypeIndividual, ics.ParticipationRoleReqParticipant,
		partstat, ics.WithRSVP(false))...)
	return file.Serialize(ics.WithNewLineWindows)
}

// plainName has, of a name, what a parameter can have without quotes, which programs read alike (RFC 5545, 3.2). The library puts
// backslashes before the other signs, which are no part of the format: a colon behind one would end the parameters. A caret begins an
// escape of RFC 6868.
var plainName = strings.NewReplacer(`"`, "”", "'", "’", ",", "", ";", "", ":", "", `\`, "", "^", "")

func named(p Person, more ...ics.PropertyParameter) []ics.PropertyParameter {
	name := strings.TrimSpace(plainName.Replace(p.Name))
	if name == "" {
		return more
	}
	return append([]ics.PropertyParameter{ics.WithCN(name)}, more...)
}
