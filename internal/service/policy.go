package service

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

// PolicyOf resolves the policy of bookings through a project: the app's, its services', the project's, and the nearer wins. The
// project is nil for bookings through none.
func PolicyOf(app *tenant.App, p *Project) policy.Policy {
	layers := []policy.Layer{}
	if app != nil {
		layers = append(layers, policy.Layer{Policy: app.Settings.Policy})
	}
	if p != nil {
		layers = append(layers, p.Rules.Policies...)
	}
	return policy.Resolve(layers...)
}

// LayersOf returns the policies of a project and its services, the furthest first. Timekit's buffer of the project counts where
// the project's policy has none.
func LayersOf(p *catalogue.Project, buffer time.Duration) []policy.Layer {
	layers := slices.Clone(p.ServicePolicies)
	own := policy.Policy{}
	if p.Policy != nil {
		own = *p.Policy
	}
	if own.Buffer == nil && buffer > 0 {
		own.Buffer = policy.BothSides(buffer)
	}
	return append(layers, policy.Layer{Scope: "project:" + p.ID.String(), Policy: &own})
}

// setPolicy copies the policy that rules the draft onto it. Timekit's fields of a session are part of its policy, and a seat inherits that
// of its session; a moved booking gets the one that holds now, with what was its own.
func setPolicy(_ context.Context, d *Draft) error {
	resolved := PolicyOf(d.caller.App, d.in.Project)
	if d.IsSupply() {
		resolved = policy.Merge(resolved, d.Settings.Rules())
	}
	if d.source != nil && d.isSeat() {
		resolved = policy.Merge(policy.Merge(resolved, d.source.Settings.Rules()), d.source.Rules())
	}
	if d.Related.RescheduledFrom != nil && d.source != nil && d.source.Policy != nil {
		d.in.Policy = d.source.Policy.Own
	}
	if d.in.Policy != nil {
		d.in.Policy.Check("policy", true, d.problems)
		resolved = policy.Merge(resolved, *d.in.Policy)
	}
	d.Policy = policy.NewSnapshot(resolved, d.in.Policy)
	return nil
}

// judgePolicy refuses a start that the draft's policy excludes: with the code and the moment of the rule. Sessions are what is sold,
// and an owner may move a booking to any time. A hold's time was judged when it was held.
func (s *drafts) judgePolicy(ctx context.Context, d *Draft) error {
	if d.Policy == nil || d.IsSupply() || len(d.problems) > 0 || d.movedByOwner() {
		return nil
	}
	if begun, err := s.hasBegun(ctx, d); begun || err != nil {
		return err
	}
	now := d.Clock.Now()
	if d.source != nil && d.source.Graph == HoldGraph && d.source.Start.Equal(d.Start) {
		now = d.source.CreatedAt
	}
	zone := d.Resource.Zone()
	return d.Rules().JudgeStart(d.Start, now, zone, d.in.Override).Err(zone)
}

// movedByOwner reports whether the draft moves a booking for its owner, whom the policy does not bind.
func (d *Draft) movedByOwner() bool {
	return d.Related.RescheduledFrom != nil && !d.in.ByCustomer
}

// judgeLeaving refuses a customer who may not move the old booking any more, by the policy that it was made with.
func (d *Draft) judgeLeaving() error {
	if d.movedByOwner() {
		return nil
	}
	old := d.source
	zone := old.Resource.Zone()
	return old.Rules().JudgeMove(old.Held(), old.Clock.Now(), zone, d.in.Override).Err(zone)
}

// CheckOverride refuses rules that do not exist, and all callers but server keys and the resource itself.
func CheckOverride(c booking.Caller, override policy.Lifted, problems fault.Problems) error {
	if len(override) == 0 {
		return nil
	}
	if c.IsVisitor() {
		return fault.Errorf(fault.Forbidden, "A widget key may not override rules.")
	}
	for _, rule := range override {
		if !slices.Contains(policy.Rules, rule) {
			problems.Add("override", "has no rule %q; rules are %v", rule, policy.Rules)
		}
	}
	return nil
}

// closed sets what the policy of a question excludes of each resource's starts. Limits cost one query for all of them.
func (s *Offers) closed(ctx context.Context, app uuid.UUID, q *Question) error {
	rules := q.Policy
	counts, err := s.counts(ctx, app, q)
	if err != nil {
		return err
	}
	now, byZone := q.Now, map[string][]policy.Closed{}
	for i, r := range q.Hosts {
		one := &q.Resources[i]
		if one.UnknownZone {
			continue
		}
		zone := r.Zone()
		starts, ok := byZone[zone.String()]
		if !ok {
			starts = rules.ClosedStarts(now, zone)
			byZone[zone.String()] = starts
		}
		one.Closed = append(slices.Clone(starts), rules.FullPeriods(q.subjects(r), q.From, q.To, q.Length, zone, counts)...)
	}
	return nil
}

func (q *Question) subjects(r *catalogue.Resource) policy.Subjects {
	of := policy.Subjects{Resources: []string{r.ID.String()}}
	if q.Project != uuid.Nil {
		of.Project = q.Project.String()
	}
	return of
}

// longestPeriod is more than any period of a limit is long.
const longestPeriod = 367 * 24 * time.Hour

// counts loads what is taken in the buckets that the question's window touches.
func (s *Offers) counts(ctx context.Context, app uuid.UUID, q *Question) (func(string, time.Time) int, error) {
	names := []string{}
	for _, r := range q.Hosts {
		names = append(names, q.Policy.BucketNames(q.subjects(r))...)
	}
	if len(names) == 0 {
		return nil, nil
	}
	slices.Sort(names)
	taken, err := s.db.BucketsTaken(ctx, app, slices.Compact(names), q.From.Add(-longestPeriod), q.To.Add(longestPeriod))
	if err != nil {
		return nil, err
	}
	return func(name string, first time.Time) int { return taken[postgres.BucketKey{Name: name, First: first}] }, nil
}
