package service

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/availability"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/policy"
	"holdfast/internal/postgres"
	"holdfast/internal/requires"
	"holdfast/internal/tenant"
)

// Offer is which times can be picked, on a page or with a widget key. It is made once per request: the rules that make its times
// (FreeTimes) are those that judge what is picked (Judge).
type Offer struct {
	Rules Rules
	Hosts []*catalogue.Resource // that can be picked, in order of priority; none = nothing is offered
	Zone  *time.Location        // the page's
	From  time.Time             // the window
	To    time.Time             // its end; zero where nothing ends it
	Hold  uuid.UUID             // a booking whose time counts as free

	Policy policy.Policy // of what is booked by it

	now       time.Time                         // of the app, when the offer was made
	plans     []availability.Resource           // of the hosts, without what is busy
	party     []*catalogue.Resource             // that can have a part, hosts too; nil where bookings take one resource
	calendars map[uuid.UUID]*catalogue.Calendar // the first of each host, by the host's id; nil where they were not loaded
	everyone  bool                              // times name everybody who has them, not the first only
}

// aheadDays are looked through at once for the next time that is free.
const aheadDays = 28

// usualLength is that of a page's times where the rules give whole free stretches, which are nothing to click on.
const usualLength = 30 * time.Minute

// Offers finds out which times are free: it makes offers and answers questions. It is safe for concurrent use.
type Offers struct {
	db     *postgres.DB
	reader Reader
}

// NewOffer makes an offer of rules and the resources they name, without those that are deleted. Invalid when the rules cannot be read.
func (s *Offers) NewOffer(ctx context.Context, app *tenant.App, rules Rules) (*Offer, error) {
	o := &Offer{Rules: rules, Zone: time.UTC, Policy: PolicyOf(app, &Project{Rules: rules}), now: app.Clock.Now()}
	o.Rules.Query.Seed = rand.Uint64() //nolint:gosec // fairness, not a secret
	if err := rules.Problems.Err(); err != nil {
		return nil, err
	}
	if len(rules.Hosts) == 0 {
		return o, nil
	}
	ids := slices.Clone(rules.Hosts)
	for _, id := range requires.Resources(rules.Places) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	hosts, calendars, err := s.db.Hosts(ctx, app.ID, ids)
	o.party = hosts
	o.setHosts(slices.DeleteFunc(slices.Clone(hosts), func(r *catalogue.Resource) bool { return !slices.Contains(rules.Hosts, r.ID) }))
	o.calendars = calendars
	return o, err
}

// OfferOf makes an offer of rules and hosts that were loaded before, at a moment of the app's time. It draws the order in which free hosts
// are taken.
func OfferOf(rules Rules, hosts []*catalogue.Resource, now time.Time) *Offer {
	o := &Offer{Rules: rules, Zone: time.UTC, now: now}
	o.Rules.Query.Seed = rand.Uint64() //nolint:gosec // fairness, not a secret
	o.setHosts(hosts)
	return o
}

func (o *Offer) setHosts(hosts []*catalogue.Resource) { o.Hosts, o.plans = hosts, plans(hosts) }

// Length is how long a page's times are; 0 before Open when the rules do not say it.
func (o *Offer) Length() time.Duration { return o.Rules.Query.Length }

// Open reads the window for a page: with dates of the visitor's zone, for times of a length unless it is 0, and for days ahead
// where the rules do not say how far. The window begins now at the earliest.
func (o *Offer) Open(zone *time.Location, length time.Duration, days int) error {
	o.Zone = zone
	if length == 0 && o.Rules.Query.Length == 0 {
		length = usualLength
	}
	if length > 0 {
		if err := o.Rules.setLength(length); err != nil {
			return err
		}
	}
	from, to, err := o.Rules.window(zone, o.now)
	if err != nil {
		return err
	}
	o.From, o.To = Later(from, o.now), to
	if last := o.now.AddDate(0, 0, days); days > 0 && (o.Rules.To == "" || last.Before(o.To)) {
		o.To = last
	}
	return nil
}

// Fits reports whether a booking is as long as the rules say, by the calendar of its resource's zone.
func (o *Offer) Fits(b *booking.Booking) bool {
	zone := b.Resource.Zone()
	return o.Rules.Query.Length > 0 && o.Rules.Query.End(b.Start, zone).Equal(b.End)
}

// OpenAnywhere reads the window for a caller whose zone is not known. It is the widest that a visitor may have been shown it in:
// "2026-12-24" begins in New Zealand first and ends in Hawaii last. It ends where the rules say, and nowhere else.
func (o *Offer) OpenAnywhere(own *time.Location) error {
	for i, zone := range []*time.Location{own, time.FixedZone("", 14*60*60), time.FixedZone("", -12*60*60)} {
		from, to, err := o.Rules.window(zone, o.now)
		if err != nil {
			return err
		}
		if i == 0 || from.Before(o.From) {
			o.From = from
		}
		if o.Rules.To != "" {
			o.To = Later(o.To, to)
		}
	}
	return nil
}

// HasZones reports whether the zones of an offer's hosts leave anybody whose time can be offered: one that is known, or in mode
// mutual all of them.
func (o *Offer) HasZones(names []string) bool {
	unknown := func(name string) bool { return !(&catalogue.Resource{Timezone: name}).KnownZone() }
	if o.Rules.mutual() {
		return !slices.ContainsFunc(names, unknown)
	}
	return slices.ContainsFunc(names, func(name string) bool { return !unknown(name) })
}

// IsOver reports whether no time fits between now and the end of an open window any more. A length in days is taken as a day
// shorter, since it goes by the clocks of hosts.
func (o *Offer) IsOver(now time.Time) bool {
	length := o.Length()
	if o.Rules.Query.LengthDays > 0 {
		length = max(0, length-longestShift)
	}
	return !o.To.IsZero() && Later(o.From, now).Add(length).After(o.To)
}

// RoundRobin reports whether any one of the hosts will do for the visitor who picks a time.
func (o *Offer) RoundRobin() bool {
	mode := o.Rules.Query.Mode
	return mode == availability.RoundRobinRandom || mode == availability.RoundRobinPrioritized
}

// Question is the question for free time of a window, with the hosts of the offer.
func (o *Offer) Question(from, to time.Time) *Question {
	q := &Question{Query: o.Rules.Query, Hosts: o.Hosts, Hold: o.Hold, Policy: o.Policy, Project: o.Rules.Project, Now: o.now}
	q.From, q.To, q.Resources = from, to, slices.Clone(o.plans)
	if len(o.Rules.Places) > 0 {
		others := slices.DeleteFunc(slices.Clone(o.party), func(r *catalogue.Resource) bool { return o.position(r.ID) >= 0 })
		q.Require(o.places(), slices.Concat(o.Hosts, others))
	}
	return q
}

// places are those of the rules, the first one for the hosts that can be picked.
func (o *Offer) places() []requires.Place {
	all := slices.Clone(o.Rules.Places)
	all[0].From = slices.DeleteFunc(slices.Clone(all[0].From), func(id uuid.UUID) bool { return o.position(id) < 0 })
	return all
}

// FreeTimes finds the free times of the window that begin in [from, until), with one host each.
func (s *Offers) FreeTimes(ctx context.Context, app uuid.UUID, o *Offer, from, until time.Time) ([]availability.Slot, error) {
	return s.firstTimes(ctx, app, o, from, until, maxShown)
}

// maxShown is more times than a page can show: slots, each counted for every resource it names.
const maxShown = 200_000

// firstTimes is FreeTimes until about so many are found.
func (s *Offers) firstTimes(
	ctx context.Context, app uuid.UUID, o *Offer, from, until time.Time, most int,
) ([]availability.Slot, error) {
	from = Later(from, o.From)
	to := until.Add(o.Length())
	if o.Rules.Query.LengthDays > 0 {
		to = to.Add(longestShift) // a day may be longer than 24 hours
	}
	if to.After(o.To) {
		to = o.To
	}
	if !from.Before(to) || len(o.Hosts) == 0 {
		return nil, nil
	}
	q := o.Question(from, to)
	if q.Mode == availability.Exclusive && !o.everyone {
		q.Mode = availability.RoundRobinPrioritized // the first of those that it would name
	}
	release, err := q.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := s.LoadBusy(ctx, app, q); err != nil {
		return nil, err
	}
	q.Most, q.Stop = most, func() bool { return ctx.Err() != nil }
	slots := q.Slots()
	if ctx.Err() != nil {
		return nil, ErrHungUp
	}
	return slices.DeleteFunc(slots, func(slot availability.Slot) bool { return !slot.Start.Before(until) }), nil
}

// NextFree finds the first free time from a moment on; the zero time when there is none in the window.
func (s *Offers) NextFree(ctx context.Context, app uuid.UUID, o *Offer, from time.Time) (time.Time, error) {
	for ; from.Before(o.To); from = from.AddDate(0, 0, aheadDays) {
		slots, err := s.firstTimes(ctx, app, o, from, from.AddDate(0, 0, aheadDays), 1)
		if err != nil || len(slots) > 0 {
			return firstStart(slots), err
		}
	}
	return time.Time{}, nil
}

func firstStart(slots []availability.Slot) time.Time {
	if len(slots) == 0 {
		return time.Time{}
	}
	return slots[0].Start
}
