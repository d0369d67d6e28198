package policy

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"holdfast/internal/fault"
)

// Rule names a rule. A server key may lift one by its name: see Lifted.
type Rule string

// The rules.
const (
	Notice         Rule = "notice"         // book.notice
	Horizon        Rule = "horizon"        // book.horizon
	Window         Rule = "window"         // book.from and book.to
	CancelDeadline Rule = "cancel"         // cancel.customer.until and cancel.owner.until
	MoveDeadline   Rule = "reschedule"     // reschedule.customer.until
	MoveCount      Rule = "reschedule_max" // reschedule.customer.max
	LimitOf        Rule = "limits"         // limits
)

// Rules are all of them, in the order in which they are judged.
var Rules = []Rule{Notice, Horizon, Window, CancelDeadline, MoveDeadline, MoveCount, LimitOf}

// Lifted are the rules that a caller does not hold a booking to. It is kept with the action and in the history.
type Lifted []Rule

// Has reports whether a rule is lifted.
func (l Lifted) Has(r Rule) bool { return slices.Contains(l, r) }

// Who plays an action, as deadlines distinguish it.
type Who string

// Who there is.
const (
	Customer Who = "customer"
	Owner    Who = "owner"
)

// Refusal is why a rule refuses something: with TooLate, TooEarly, OutsideWindow or LimitReached.
type Refusal struct {
	Rule  Rule
	Code  fault.Code
	Limit string // as it is set: "PT24H", "2 bookings a week"
	// Ends is the moment that matters: the deadline that has passed (TooLate), when the time can be booked (TooEarly), the edge of
	// the window (OutsideWindow), or when the next period of a limit begins (LimitReached). Zero for a limit without periods.
	Ends time.Time
	Text string // a sentence for people, without the moment
}

// Fault returns the rule of the refusal, for answers.
func (r *Refusal) Fault() *fault.Rule {
	return &fault.Rule{Name: string(r.Rule), Limit: r.Limit, Ends: r.Ends, Text: r.Text}
}

// Err returns the refusal as an error, with the moment in the zone; nil for nil.
func (r *Refusal) Err(zone *time.Location) error {
	if r == nil {
		return nil
	}
	err := fault.Errorf(r.Code, "%s", r.Message(zone))
	err.Rule = r.Fault()
	return err
}

// Message returns the sentence for people with its moment, in the zone.
func (r *Refusal) Message(zone *time.Location) string {
	if r.Ends.IsZero() {
		return r.Text + "."
	}
	joint := map[fault.Code]string{
		fault.TooLate: "That was possible until", fault.TooEarly: "That is possible from", fault.LimitReached: "The next period begins",
		fault.OutsideWindow: "The window ends or begins",
	}[r.Code]
	return fmt.Sprintf("%s. %s %s (%s).", r.Text, joint, r.Ends.In(zone).Format("2006-01-02 15:04"), zone)
}

// Closed is a range of starts that a rule excludes: from From, before To. A zero From or To is without end.
type Closed struct {
	From, To time.Time
	Why      Refusal
}

// Has reports whether a start lies in the range.
func (c Closed) Has(start time.Time) bool {
	return !start.Before(c.From) && (c.To.IsZero() || start.Before(c.To))
}

// ClosedStarts returns the ranges of starts that cannot be booked at a moment, by notice, horizon and window, in the zone of the
// resource. Ends of a refusal by notice is left to JudgeStart, since it depends on the start.
func (p Policy) ClosedStarts(now time.Time, zone *time.Location) (all []Closed) {
	b := p.Book
	if b == nil {
		return nil
	}
	if b.Notice.Exists() {
		all = because(all, b.Notice.closed(now, zone, true), Refusal{
			Rule: Notice, Code: fault.TooLate, Limit: b.Notice.String(), Text: "The time begins too soon to be booked",
		})
	}
	if b.Horizon.Exists() {
		all = because(all, b.Horizon.beyond(now, zone), Refusal{
			Rule: Horizon, Code: fault.TooEarly, Limit: b.Horizon.String(), Text: "The time is too far ahead to be booked",
		})
	}
	if hasDay(b.From) {
		first := b.From.start(zone)
		all = append(all, Closed{To: first, Why: outside(b, first)})
	}
	if hasDay(b.To) {
		end := b.To.next().start(zone)
		all = append(all, Closed{From: end, Why: outside(b, end)})
	}
	return all
}

// because adds ranges with their reason.
func because(all, ranges []Closed, why Refusal) []Closed {
	for _, c := range ranges {
		c.Why = why
		all = append(all, c)
	}
	return all
}

func outside(b *Book, edge time.Time) Refusal {
	text := func(d *Date) string {
		if !hasDay(d) {
			return ""
		}
		return d.String()
	}
	return Refusal{
		Rule: Window, Code: fault.OutsideWindow, Limit: text(b.From) + "/" + text(b.To), Ends: edge,
		Text: "The time lies outside the days that can be booked",
	}
}

// JudgeStart returns why a start cannot be booked at a moment; nil when it can. Limits are judged by Buckets. Of a hold's time the
// moment is that of the hold.
func (p Policy) JudgeStart(start, now time.Time, zone *time.Location, lifted Lifted) *Refusal {
	for _, c := range p.ClosedStarts(now, zone) {
		if lifted.Has(c.Why.Rule) || !c.Has(start) {
			continue
		}
		switch c.Why.Rule { //nolint:exhaustive // the window has its edge
		case Notice:
			c.Why.Ends = p.Book.Notice.Before(start, zone)
		case Horizon:
			c.Why.Ends = p.Book.Horizon.opens(start, zone)
		}
		return &c.Why
	}
	return nil
}

// Held is a booking as its deadlines see it.
type Held struct {
	Start      time.Time // now
	FirstStart time.Time // when it was made; the zero time counts as Start
	Moves      int       // how often a customer has moved it
}

func (h Held) anchor(a Anchor) time.Time {
	if a == AnchorFirstStart && !h.FirstStart.IsZero() {
		return h.FirstStart
	}
	return h.Start
}

// CancelUntil returns until when a booking can be cancelled, inclusive; false where there is no deadline.
func (p Policy) CancelUntil(by Who, h Held, zone *time.Location) (time.Time, bool) {
	if p.Cancel == nil {
		return time.Time{}, false
	}
	d := p.Cancel.Customer
	if by == Owner {
		d = p.Cancel.Owner
	}
	return d.moment(h, zone)
}

// MoveUntil returns until when a customer can move a booking, inclusive; false where there is no deadline.
func (p Policy) MoveUntil(h Held, zone *time.Location) (time.Time, bool) {
	if p.Reschedule == nil || p.Reschedule.Customer == nil {
		return time.Time{}, false
	}
	return p.Reschedule.Customer.moment(h, zone)
}

func (d *Deadline) moment(h Held, zone *time.Location) (time.Time, bool) {
	if d == nil || !d.Until.Exists() {
		return time.Time{}, false
	}
	return d.Until.Before(h.anchor(d.Anchor), zone), true
}

// JudgeCancel returns why a booking cannot be cancelled at a moment; nil when it can.
func (p Policy) JudgeCancel(by Who, h Held, now time.Time, zone *time.Location, lifted Lifted) *Refusal {
	until, ok := p.CancelUntil(by, h, zone)
	if !ok || lifted.Has(CancelDeadline) || !now.After(until) {
		return nil
	}
	d := p.Cancel.Customer
	if by == Owner {
		d = p.Cancel.Owner
	}
	return &Refusal{
		Rule: CancelDeadline, Code: fault.TooLate, Limit: d.Until.String(), Ends: until,
		Text: "The booking cannot be cancelled so shortly before its time",
	}
}

// JudgeMove returns why a customer cannot move a booking at a moment; nil when they can. Where it arrives is judged by JudgeStart,
// with the policy that holds there.
func (p Policy) JudgeMove(h Held, now time.Time, zone *time.Location, lifted Lifted) *Refusal {
	if until, ok := p.MoveUntil(h, zone); ok && !lifted.Has(MoveDeadline) && now.After(until) {
		return &Refusal{
			Rule: MoveDeadline, Code: fault.TooLate, Limit: p.Reschedule.Customer.Until.String(), Ends: until,
			Text: "The booking cannot be moved so shortly before its time",
		}
	}
	if left, bounded := p.MovesLeft(h); bounded && left == 0 && !lifted.Has(MoveCount) {
		most := int(*p.Reschedule.Customer.Max)
		return &Refusal{Rule: MoveCount, Code: fault.LimitReached, Limit: strconv.Itoa(most), Text: movesText(most)}
	}
	return nil
}

// MovesLeft returns how often a customer can still move a booking; false where nothing bounds it.
func (p Policy) MovesLeft(h Held) (int, bool) {
	if p.Reschedule == nil || p.Reschedule.Customer == nil || !hasBound(p.Reschedule.Customer.Max) {
		return 0, false
	}
	return max(0, int(*p.Reschedule.Customer.Max)-h.Moves), true
}

func movesText(most int) string {
	switch most {
	case 0:
		return "The booking cannot be moved"
	case 1:
		return "The booking can be moved once, and has been"
	}
	return fmt.Sprintf("The booking can be moved %d times, and has been", most)
}

// Around returns the buffers before and after a booking; both 0 for none.
func (p Policy) Around() (before, after time.Duration) {
	if p.Buffer == nil {
		return 0, 0
	}
	return p.Buffer.Before.Of(), p.Buffer.After.Of()
}

// BothSides returns the buffer of one length before and after, of which the longer counts between two bookings.
func BothSides(length time.Duration) *Buffer {
	l := Length(length)
	return &Buffer{Before: &l, After: &l}
}

// Sums reports whether the booking's buffers keep clear of others' buffers too: see BufferSum.
func (p Policy) Sums() bool { return p.Buffer != nil && p.Buffer.Rule == BufferSum }
