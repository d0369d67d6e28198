package service

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/google/uuid"

	"holdfast/internal/availability"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
	"holdfast/internal/requires"
	"holdfast/internal/tenant"
)

// maxCombinations is how many combinations of resources are tried for one booking.
const maxCombinations = 20

// party is what a draft that takes several resources chooses from.
type party struct {
	*Draft

	drafts    *drafts
	places    []requires.Place
	hosts     []*catalogue.Resource
	calendars map[uuid.UUID]*catalogue.Calendar
	look      availability.Look
	full      map[uuid.UUID]bool // those whose limits have no room
	strictest int                // the strictness of the first choice: later ones are no laxer
}

// required is what the draft takes: its own requirement, that of the hold or booking whose place it takes, or the project's. A booking
// that is moved has what it was made with.
func (d *Draft) required() *requires.Requires {
	switch {
	case d.isSeat():
		return nil
	case d.in.Requires != nil:
		return d.in.Requires
	case d.source != nil && (d.source.Requires != nil || d.Related.RescheduledFrom != nil):
		return d.source.Requires
	case d.in.Project != nil:
		return d.in.Project.Requires
	}
	return nil
}

// choose chooses the resources of a draft that takes several: of those that can have a part, a combination that is free. The record decides
// when they are claimed: see createChosen. SlotTaken names the parts that nobody is free for.
func (s *drafts) choose(ctx context.Context, d *Draft) error {
	wanted := d.required()
	if wanted == nil || len(d.problems) > 0 {
		return nil
	}
	if begun, err := s.hasBegun(ctx, d); begun || err != nil {
		return err
	}
	d.party = &party{Draft: d, drafts: s}
	if err := d.party.gather(ctx, wanted); err != nil || len(d.problems) > 0 {
		return err
	}
	d.Requires = wanted
	if err := d.party.choose(ctx, 0); err != nil {
		return err
	}
	return d.seats() // by the clocks of the first resource
}

// gather loads who can have the draft's parts.
func (d *party) gather(ctx context.Context, wanted *requires.Requires) error {
	var choices []requires.Choice
	if p := d.in.Project; p != nil && p.Requires == wanted {
		choices = p.Choices
	} else {
		var err error
		if choices, err = d.drafts.db.Choices(ctx, d.AppID, wanted); err != nil {
			return err
		}
		if err = d.checkNamed(ctx); err != nil {
			return err
		}
	}
	d.places = wanted.Places(choices)
	if named := d.in.Resource; named != uuid.Nil && d.in.Preferred == uuid.Nil {
		if !slices.Contains(d.places[0].From, named) {
			d.problems.Add("resource_id", "cannot have the first part of what is required")
		}
		d.places[0].From = []uuid.UUID{named}
	}
	ids := requires.Resources(d.places)
	if len(ids) > requires.MaxResources {
		d.problems.Add("requires", "has more than %d resources by now, with those of its pools", requires.MaxResources)
		return nil
	}
	for _, p := range d.places {
		if from, to := p.Times(d.Start, d.End); !from.Before(to) {
			d.problems.Add("end", "comes before %s begins", p.Name)
		}
	}
	var err error
	d.hosts, d.calendars, err = d.drafts.db.Hosts(ctx, d.AppID, ids)
	return err
}

// checkNamed adds a problem for each thing that the draft's own requirement names and the app does not have.
func (d *party) checkNamed(ctx context.Context) error {
	if d.in.Requires == nil {
		return nil
	}
	lacking, err := d.drafts.db.MissingFrom(ctx, d.AppID, d.in.Requires)
	for _, id := range lacking {
		d.problems.Add("requires", "%s does not exist", id)
	}
	return err
}

// choose looks who is free now and sets the draft's parts. Each try begins elsewhere in the lists.
func (d *party) choose(ctx context.Context, try uint64) error {
	if err := d.glance(ctx); err != nil {
		return err
	}
	places := requires.Rotated(d.places, binary.BigEndian.Uint64(d.ID[8:])+try, d.before())
	picks, missing := d.pick(places)
	if picks != nil {
		return d.settle(ctx, places, picks)
	}
	if err := d.notOffered(places); err != nil {
		return err
	}
	return &fault.Error{Code: fault.SlotTaken, Message: "The time slot is already taken.", Missing: missing}
}

// pick finds a combination, as strictly as one can be found; nil, and the parts that go without, when there is none.
func (d *party) pick(places []requires.Place) (picks []uuid.UUID, missing []string) {
	for strict := strictest; strict >= max(d.strictest, d.laxest()); strict-- {
		picks, missing = requires.Choose(places, func(place int, id uuid.UUID) bool { return d.canHave(place, id, strict) })
		if picks != nil {
			d.strictest = strict
			return picks, nil
		}
	}
	return nil, missing
}

// How strictly resources are chosen. Who is free is always asked, unless the booking may overlap others.
const (
	anyFree   = iota // also against the rules of the resources: for server keys alone
	byRules          // also where a limit has no room, which the record refuses then
	strictest        // within rules and limits
)

// laxest is how far a choice may go for the draft's caller.
func (d *party) laxest() int {
	if d.caller.Kind == tenant.ServerKey {
		return anyFree
	}
	return byRules
}

func (d *party) canHave(place int, id uuid.UUID, strict int) bool {
	i := slices.IndexFunc(d.hosts, func(r *catalogue.Resource) bool { return r.ID == id })
	if i < 0 || d.calendars[id] == nil {
		return false
	}
	from, to := d.places[place].Times(d.Start, d.End)
	switch {
	case strict >= strictest && d.full[id], strict >= byRules && !d.look.Allows(i, from, to):
		return false
	}
	return d.Settings.AllowDoubleBookings || d.look.Free(i, from, to)
}

// notOffered refuses a time at which the rules leave a part to nobody, busy or not, to callers who are held to them.
func (d *party) notOffered(places []requires.Place) error {
	if d.laxest() == anyFree {
		return nil
	}
	picks, _ := requires.Choose(places, func(place int, id uuid.UUID) bool {
		i := slices.IndexFunc(d.hosts, func(r *catalogue.Resource) bool { return r.ID == id })
		from, to := d.places[place].Times(d.Start, d.End)
		return i >= 0 && d.look.Allows(i, from, to)
	})
	if picks == nil && requiresSomebody(places) {
		d.problems.Add(faultStart.Field, "%s", faultStart.Text)
		return d.problems.Err()
	}
	return nil
}

// requiresSomebody reports whether there are resources for all places, were all of them free.
func requiresSomebody(places []requires.Place) bool {
	_, missing := requires.Choose(places, func(int, uuid.UUID) bool { return true })
	return len(missing) == 0
}

// before are the resources that the draft's places had in the booking or hold whose place it takes.
func (d *party) before() (all []uuid.UUID) {
	if d.source == nil {
		return nil
	}
	for _, p := range d.source.Parts {
		all = append(all, p.Resource)
	}
	return all
}

// glance loads what keeps the resources from being taken now.
func (d *party) glance(ctx context.Context) error {
	q := d.question()
	if err := d.drafts.offers.LoadBusy(ctx, d.AppID, q); err != nil {
		return err
	}
	d.look = q.Look()
	return d.countLimits(ctx)
}

// question asks about the time of all places, with the buffers of the booking. Limits are counted by resource: see countLimits.
func (d *party) question() *Question {
	q := &Question{Policy: d.Rules(), Whole: true, Now: d.Clock.Now()}
	q.From, q.To, q.Units = d.Start, d.End, d.Units
	for _, p := range d.places {
		from, to := p.Times(d.Start, d.End)
		if from.Before(q.From) {
			q.From = from
		}
		q.To = Later(q.To, to)
	}
	if how := d.Related.Succeeds(); how != nil {
		q.Hold = how.Of
	}
	q.IgnoreAllDay = d.Settings.IgnoreAllDayEvents
	q.BufferBefore, q.BufferAfter = d.Buffers()
	q.Policy.Limits = nil
	q.Ask(d.hosts)
	return q
}

// countLimits finds the resources whose own limits have no room for the draft. Those that it had before are counted already.
func (d *party) countLimits(ctx context.Context) error {
	d.full = map[uuid.UUID]bool{}
	rules := d.Rules()
	if rules.Limits == nil || d.in.Override.Has(policy.LimitOf) {
		return nil
	}
	own := slices.DeleteFunc(slices.Clone(*rules.Limits), func(l policy.Limit) bool { return l.Per != policy.PerResource })
	rules.Limits = &own
	zone := d.hosts[0].Zone()
	var buckets []policy.Bucket
	var of []uuid.UUID // whose each of them is
	for _, r := range d.hosts {
		if slices.Contains(d.before(), r.ID) {
			continue
		}
		own := rules.Buckets(policy.Subjects{Resources: []string{r.ID.String()}}, d.Start, d.End, zone)
		buckets = append(buckets, own...)
		of = append(of, slices.Repeat([]uuid.UUID{r.ID}, len(own))...)
	}
	if len(buckets) == 0 {
		return nil
	}
	taken, err := d.drafts.db.Taken(ctx, d.AppID, buckets)
	for i, n := range taken {
		d.full[of[i]] = d.full[of[i]] || buckets[i].Full(n) != nil
	}
	return err
}

// settle makes the picks the draft's resources. The first one is the booking's own.
func (d *party) settle(ctx context.Context, places []requires.Place, picks []uuid.UUID) error {
	d.Parts = make([]booking.Part, len(picks))
	for i := range d.Parts {
		p := &d.Parts[i]
		p.Resource, p.Role = picks[i], places[i].Role
		p.Start, p.End = places[i].Times(d.Start, d.End)
	}
	first := slices.IndexFunc(d.hosts, func(r *catalogue.Resource) bool { return r.ID == picks[0] })
	d.Resource, d.Calendar = *d.hosts[first], *d.calendars[picks[0]]
	if d.in.Calendar == nil {
		return nil
	}
	_, calendar, err := d.drafts.db.Place(ctx, d.AppID, d.Resource.ID, d.in.Calendar)
	switch {
	case err != nil:
		return err
	case calendar == nil:
		d.problems.Add("calendar_id", "does not exist")
	default:
		d.Calendar = *calendar
	}
	return nil
}

// Require makes the question one about slots that take several resources. hosts are all that can have a part.
func (q *Question) Require(places []requires.Place, hosts []*catalogue.Resource) {
	q.Ask(hosts)
	q.Needs = nil
	for _, p := range places {
		n := availability.Need{Offset: p.Offset, Length: p.Length, Name: p.Name}
		for _, id := range p.From {
			if i := slices.IndexFunc(hosts, func(r *catalogue.Resource) bool { return r.ID == id }); i >= 0 {
				n.Resources = append(n.Resources, i)
			}
		}
		q.Needs = append(q.Needs, n)
	}
}

// PlacesOf returns what a booking through a project takes; nil for the time of one resource. The first place is for those of hosts alone.
func PlacesOf(p *catalogue.Project, hosts []uuid.UUID) []requires.Place {
	if p == nil || p.Requires == nil {
		return nil
	}
	places := p.Requires.Places(p.Choices)
	places[0].From = slices.DeleteFunc(slices.Clone(places[0].From), func(id uuid.UUID) bool { return !slices.Contains(hosts, id) })
	return places
}
