package service

import (
	"context"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
	"holdfast/internal/tenant"
)

// PreviewInput asks what a policy would rule for a time.
type PreviewInput struct {
	Project  *Project // nil for none
	Resource uuid.UUID
	Start    time.Time
	End      time.Time
	Customer string         // an address; "" for nobody
	Policy   *policy.Policy // of the booking itself; nil for none

	// AppPolicy and ProjectPolicy are judged in the place of those that are set, so that a policy can be tried before it is set; nil
	// for those that are set.
	AppPolicy, ProjectPolicy *policy.Policy
}

// rules resolves the policy of the time.
func (in PreviewInput) rules(app *tenant.App) policy.Policy {
	project := in.Project
	if in.AppPolicy != nil {
		tried := *app
		tried.Settings.Policy = in.AppPolicy
		app = &tried
	}
	if in.ProjectPolicy != nil && project != nil {
		tried := *project.Project
		tried.Policy = in.ProjectPolicy
		rules := project.Rules
		rules.Policies = LayersOf(&tried, rules.Query.BufferBefore)
		project = &Project{Project: &tried, Rules: rules}
	}
	resolved := PolicyOf(app, project)
	if in.Policy != nil {
		resolved = policy.Merge(resolved, *in.Policy)
	}
	return resolved
}

// Preview is what a policy rules for a time of a resource.
type Preview struct {
	Policy  policy.Policy
	Zone    *time.Location  // of the resource
	Refusal *policy.Refusal // why it cannot be booked now; nil when it can be
	Held    policy.Held     // the booking that would be made, for its deadlines
	Limits  []Usage         // of every limit that it would count in
}

// Usage is how much of a limit is taken in the period of the time.
type Usage struct {
	policy.Bucket

	Taken int
}

// PreviewPolicy resolves the policy for a time of a resource, and judges it now. It takes nothing, and does not look whether the time is
// free. NotFound when the app has no such resource.
func (s *Offers) PreviewPolicy(ctx context.Context, app *tenant.App, in PreviewInput) (*Preview, error) {
	resource, err := s.db.Resource(ctx, app.ID, in.Resource)
	if err != nil {
		return nil, err
	}
	if !resource.KnownZone() {
		return nil, fault.Errorf(fault.UnknownZone,
			"The resource's time zone, %q, is not in the IANA database: set another one.", resource.Timezone)
	}
	rules := in.rules(app)
	b := &booking.Booking{
		AppID: app.ID, Clock: app.Clock, Resource: *resource, Start: in.Start, End: in.End, Policy: policy.NewSnapshot(rules, in.Policy),
		Customers: []booking.Customer{{Email: in.Customer}},
	}
	if in.Project != nil {
		b.Related.Project = &in.Project.ID
	}
	p := &Preview{Policy: rules, Zone: resource.Zone(), Held: b.Held()}
	p.Refusal = rules.JudgeStart(in.Start, b.Clock.Now(), p.Zone, nil)
	buckets := b.Buckets()
	if len(buckets) == 0 {
		return p, nil
	}
	taken, err := s.db.Taken(ctx, app.ID, buckets)
	if err != nil {
		return nil, err
	}
	for i, k := range buckets {
		p.Limits = append(p.Limits, Usage{k, taken[i]})
		if p.Refusal == nil {
			p.Refusal = k.Full(taken[i])
		}
	}
	return p, nil
}
