package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/zones"
)

// Limit bounds what one subject can have booked in one period: by the local day of the start, in the zone of the resource.
type Limit struct {
	Per   Per   `json:"per"`
	Unit  Unit  `json:"unit"`
	Max   int   `json:"max"`
	Count Count `json:"count,omitempty"` // "" = bookings
	// Scope is where the limit was set, and what it counts: "" on the app all bookings, else those of one project or service. It is
	// filled in when a policy is resolved.
	Scope string `json:"scope,omitempty"`
}

// Per is the subject of a limit. Each resource, project or customer is counted for itself.
type Per string

// The subjects. A customer is the address without case, and without what follows a plus: see CustomerKey.
const (
	PerResource Per = "resource"
	PerProject  Per = "project"
	PerCustomer Per = "customer"
	PerApp      Per = "app"
)

// Unit is the period of a limit. A week begins on Monday.
type Unit string

// The units.
const (
	Day   Unit = "day"
	Week  Unit = "week"
	Month Unit = "month"
	Year  Unit = "year"
)

// Count is what a limit counts.
type Count string

// What is counted. Minutes that have begun count.
const (
	Bookings Count = "bookings"
	Minutes  Count = "minutes"
)

// MaxLimits is how many limits one policy may have, MaxMax the highest Max of a limit.
const (
	MaxLimits = 20
	MaxMax    = 1_000_000
)

// String returns the limit in words, such as "2 bookings a week for each customer".
func (l Limit) String() string {
	what := "bookings"
	if l.Count == Minutes {
		what = "minutes"
	}
	if l.Max == 1 {
		what = strings.TrimSuffix(what, "s")
	}
	text := fmt.Sprintf("%d %s a %s", l.Max, what, l.Unit)
	if l.Per == PerApp {
		return text
	}
	return text + " for each " + string(l.Per)
}

// amount is how much a booking counts.
func (l Limit) amount(start, end time.Time) int {
	if l.Count != Minutes {
		return 1
	}
	return int((end.Sub(start) + time.Minute - 1) / time.Minute)
}

// Period returns the first day of the period that a start lies in, and of the next one, as midnights in UTC.
func (u Unit) Period(start time.Time, zone *time.Location) (first, next time.Time) {
	day := zones.DateOf(start, zone)
	switch u { //nolint:exhaustive // a day is what is left
	case Week:
		first = day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
		return first, first.AddDate(0, 0, 7)
	case Month:
		first = time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
		return first, first.AddDate(0, 1, 0)
	case Year:
		first = time.Date(day.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
		return first, first.AddDate(1, 0, 0)
	}
	return day, day.AddDate(0, 0, 1)
}

// Subjects are what the limits of a booking count for. An empty text leaves a subject out.
type Subjects struct {
	Resources []string // their ids; none for a seat of a session, which takes no time of the resource
	Project   string   // its id
	Customers []string // their keys: see CustomerKey
}

// Bucket is what is counted for one subject in one period. Name and First are its key within an app.
type Bucket struct {
	Name   string
	First  time.Time // the first day of the period, as its midnight in UTC
	Amount int       // of this booking
	Limit  Limit
	Ends   time.Time // of the period, an instant
}

// Full returns the refusal of a bucket that has no room for the booking beside what is taken, without the booking itself.
func (b Bucket) Full(taken int) *Refusal {
	if taken+b.Amount <= b.Limit.Max {
		return nil
	}
	return &Refusal{
		Rule: LimitOf, Code: fault.LimitReached, Limit: b.Limit.String(), Ends: b.Ends,
		Text: "No more can be booked: the limit is " + b.Limit.String(),
	}
}

// Name returns the name of a subject's buckets; the subject is "" for an app.
func (l Limit) Name(subject string) string {
	return strings.Join([]string{l.Scope, string(l.Per), subject, string(l.Unit), string(cmp.Or(l.Count, Bookings))}, "|")
}

// Buckets returns the buckets that a booking counts in, in the order in which they are locked: by name and period. Of equal limits
// the lowest counts.
func (p Policy) Buckets(of Subjects, start, end time.Time, zone *time.Location) []Bucket {
	if p.Limits == nil {
		return nil
	}
	all := []Bucket{}
	for _, l := range *p.Limits {
		first, next := l.Unit.Period(start, zone)
		for _, subject := range l.subjects(of) {
			all = append(all, Bucket{l.Name(subject), first, l.amount(start, end), l, zones.StartOf(next, zone)})
		}
	}
	slices.SortFunc(all, func(a, b Bucket) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.First.Compare(b.First), cmp.Compare(a.Limit.Max, b.Limit.Max))
	})
	return slices.CompactFunc(all, func(a, b Bucket) bool { return a.Name == b.Name && a.First.Equal(b.First) })
}

func (l Limit) subjects(of Subjects) []string {
	switch {
	case l.Per == PerApp:
		return []string{""}
	case l.Per == PerCustomer:
		return of.Customers
	case l.Per == PerProject && of.Project != "":
		return []string{of.Project}
	case l.Per == PerResource:
		return of.Resources
	}
	return nil
}

// BucketNames returns the names of the buckets that limits count subjects in, but for customers.
func (p Policy) BucketNames(of Subjects) (names []string) {
	if p.Limits == nil {
		return nil
	}
	of.Customers = nil
	for _, l := range *p.Limits {
		for _, subject := range l.subjects(of) {
			names = append(names, l.Name(subject))
		}
	}
	return names
}

// FullPeriods returns the starts within [from, to) that full buckets close for bookings of a length. taken says how much is counted
// in a bucket. Customers are left out: nobody has said who they are.
func (p Policy) FullPeriods(
	of Subjects, from, to time.Time, length time.Duration, zone *time.Location, taken func(name string, first time.Time) int,
) (all []Closed) {
	if p.Limits == nil || !from.Before(to) {
		return nil
	}
	of.Customers = nil
	for _, l := range *p.Limits {
		for _, subject := range l.subjects(of) {
			b := Bucket{Name: l.Name(subject), Amount: l.amount(from, from.Add(length)), Limit: l}
			all = append(all, b.closed(from, to, zone, taken)...)
		}
	}
	return all
}

// closed returns the starts that a bucket of this name closes in those periods of [from, to) in which it is full. When a period begins and
// ends in the zone is asked of full ones only: it takes longer than all else that is done with a period.
func (b Bucket) closed(from, to time.Time, zone *time.Location, taken func(name string, first time.Time) int) (all []Closed) {
	first, next := b.Limit.Unit.Period(from, zone)
	for more := true; more; more = begins(first, to, zone) {
		if count := taken(b.Name, first); b.Full(count) != nil {
			b.Ends = zones.StartOf(next, zone)
			all = append(all, Closed{zones.StartOf(first, zone), b.Ends, *b.Full(count)})
		}
		first, next = b.Limit.Unit.Period(next, time.UTC)
	}
	return all
}

// begins reports whether a date begins before a moment.
func begins(date, moment time.Time, zone *time.Location) bool {
	const wide = 36 * time.Hour // more than any zone's offset
	return date.Add(wide).Before(moment) || date.Add(-wide).Before(moment) && zones.StartOf(date, zone).Before(moment)
}

// CustomerKey returns the key of a customer within an app, by which limits count: a hash, so that no bucket bears an address. Case
// does not matter, nor what follows a plus before the @; nor dots, where the provider ignores them. "" for no address.
func CustomerKey(app, address string) string {
	local, domain, ok := strings.Cut(strings.ToLower(strings.TrimSpace(address)), "@")
	if !ok || local == "" {
		return ""
	}
	local, _, _ = strings.Cut(local, "+")
	if domain == "googlemail.com" {
		domain = "gmail.com"
	}
	if domain == "gmail.com" {
		local = strings.ReplaceAll(local, ".", "")
	}
	sum := sha256.Sum256([]byte(app + "|" + local + "@" + domain))
	return hex.EncodeToString(sum[:16])
}
