package bookings

import (
	"net/http"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
	"holdfast/internal/service"
)

// policyHandlers answers what policies rule.
type policyHandlers struct {
	offers *service.Offers
}

func (h *policyHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPost, "/v2/policies/preview", edge.RequireServer, h.preview),
	}
}

// previewInput is the body of a preview: a time of a resource, and through which project it would be booked, by whom, with which policy
// of its own. The policies of app and project can be tried before they are set.
type previewInput struct {
	rules.Slot

	ProjectID  string         `json:"project_id"`
	ResourceID string         `json:"resource_id"`
	Email      string         `json:"email"`
	Policy     *policy.Policy `json:"policy"`

	AppPolicy     *policy.Policy `json:"app_policy"`
	ProjectPolicy *policy.Policy `json:"project_policy"`
}

// checkPolicies checks those that the body has.
func (in previewInput) checkPolicies(problems fault.Problems) {
	if in.Policy != nil {
		in.Policy.Check("policy", true, problems)
	}
	if in.AppPolicy != nil {
		in.AppPolicy.Check("app_policy", false, problems)
	}
	if in.ProjectPolicy == nil {
		return
	}
	in.ProjectPolicy.Check("project_policy", false, problems)
	if in.ProjectID == "" {
		problems.Add("project_id", "is required with project_policy")
	}
}

// preview answers what would hold for a time: the resolved policy, in words too; whether it can be booked now; until when it could be
// cancelled and rescheduled; and how full its limits are. It takes nothing.
func (h *policyHandlers) preview(k *edge.Call) error {
	var in previewInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	ask := service.PreviewInput{
		Resource: edge.ParseID(in.ResourceID, "resource_id", problems), Customer: in.Email, Policy: in.Policy,
		AppPolicy: in.AppPolicy, ProjectPolicy: in.ProjectPolicy,
	}
	ask.Start, ask.End = in.Times(k.Clock, problems)
	switch {
	case ask.Start.IsZero() && problems["start"] == nil:
		problems.Add("start", "is required")
	case ask.End.IsZero():
		ask.End = ask.Start
	case !ask.Start.Before(ask.End):
		problems.Add("end", "must be after start")
	}
	in.checkPolicies(problems)
	if in.ProjectID != "" {
		if id := edge.ParseID(in.ProjectID, "project_id", problems); id != uuid.Nil {
			project, err := h.offers.Project(k, k.App.ID, id)
			if !edge.IsMissing(err, "project_id", problems) && err != nil {
				return err
			}
			ask.Project = project
		}
	}
	if err := problems.Err(); err != nil {
		return err
	}
	p, err := h.offers.PreviewPolicy(k, k.App, ask)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, showPreview(k, p))
}

func showPreview(k *edge.Call, p *service.Preview) map[string]any {
	limits := []map[string]any{}
	for _, l := range p.Limits {
		limits = append(limits, map[string]any{
			"limit": l.Limit, "text": l.Limit.String(), "taken": l.Taken, "counts": l.Amount, "ends_at": k.Clock.Show(l.Ends, p.Zone),
		})
	}
	view := map[string]any{
		"version": policy.Version, "hash": p.Policy.Hash(), "resolved": p.Policy, "words": p.Policy.Words(),
		"bookable": p.Refusal == nil, "limits": limits,
	}
	if p.Refusal != nil {
		view["refusal"] = map[string]any{
			"code": p.Refusal.Code, "text": p.Refusal.Message(p.Zone), "rule": edge.ShowRule(p.Refusal.Fault()),
		}
	}
	for name, who := range map[string]policy.Who{"cancel_until": policy.Customer, "owner_cancel_until": policy.Owner} {
		if until, ok := p.Policy.CancelUntil(who, p.Held, p.Zone); ok {
			view[name] = k.Clock.Show(until, p.Zone)
		}
	}
	if until, ok := p.Policy.MoveUntil(p.Held, p.Zone); ok {
		view["reschedule_until"] = k.Clock.Show(until, p.Zone)
	}
	if left, ok := p.Policy.MovesLeft(p.Held); ok {
		view["reschedules_left"] = left
	}
	return view
}
