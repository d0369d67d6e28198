package policy

import (
	"fmt"
	"time"

	"holdfast/internal/zones"
)

// Words says in English what the policy rules, one sentence for each rule; an empty list without rules.
func (p Policy) Words() []string {
	list := []string{}
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if b := p.Book; b != nil {
		if b.Notice.Exists() {
			add("A time can be booked until %s before it begins.", b.Notice.words())
		}
		if b.Horizon.Exists() {
			add("A time can be booked from %s before it begins.", b.Horizon.words())
		}
		if hasDay(b.From) {
			add("The first day that can be booked is %s.", b.From)
		}
		if hasDay(b.To) {
			add("The last day that can be booked is %s.", b.To)
		}
	}
	if c := p.Cancel; c != nil {
		list = append(list, c.Customer.words("The customer can cancel")...)
		list = append(list, c.Owner.words("The owner can cancel")...)
	}
	if r := p.Reschedule; r != nil && r.Customer != nil {
		list = append(list, r.Customer.Deadline.words("The customer can reschedule")...)
		if most := r.Customer.Max; hasBound(most) {
			list = append(list, timesWords(int(*most)))
		}
	}
	if before, after := p.Around(); before > 0 || after > 0 {
		how := "Between two bookings the longer buffer counts."
		if p.Sums() {
			how = "Between two bookings both buffers count."
		}
		add("%s before and %s after a booking stay free. %s", lengthWords(before), lengthWords(after), how)
	}
	if p.Limits != nil {
		for _, l := range *p.Limits {
			add("At most %s.", l)
		}
	}
	return list
}

func timesWords(most int) string {
	switch most {
	case 0:
		return "The customer cannot reschedule."
	case 1:
		return "The customer can reschedule once."
	}
	return fmt.Sprintf("The customer can reschedule %d times.", most)
}

// words is a sentence about a deadline; none where there is no deadline.
func (d *Deadline) words(who string) []string {
	if d == nil || !d.Until.Exists() {
		return nil
	}
	of := "the booking begins"
	if d.Anchor == AnchorFirstStart {
		of = "the time that was booked at first"
	}
	return []string{fmt.Sprintf("%s until %s before %s.", who, d.Until.words(), of)}
}

// words is the lead as a length: "24 hours", "2 days", "21:00 on the day".
func (l *Lead) words() string {
	if l.dayBefore {
		return fmt.Sprintf("%02d:%02d on the day", int(l.clock.Hours()), int(l.clock.Minutes())%60)
	}
	return l.span.Words()
}

func lengthWords(d time.Duration) string { return zones.NewSpan(0, d).Words() }

// String returns the day as 2026-12-24, or "none".
func (d Date) String() string {
	if !hasDay(&d) {
		return noLead
	}
	return time.Time(d).Format(time.DateOnly)
}
