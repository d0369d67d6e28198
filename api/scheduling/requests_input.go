package scheduling

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/service"
	"holdfast/internal/timekit"
)

const usualMinutes = 30

// schedulingInput is the body of POST /v1/scheduling_requests, in Cronofy's shape. A sub is a resource's id; project_id is
// ours, and brings its resources and rules.
type schedulingInput struct {
	ProjectID string    `json:"project_id"`
	Host      *memberIn `json:"host"`
	HostGroup *struct {
		memberIn
		Members  []memberIn      `json:"members"`
		Required json.RawMessage `json:"required"` // 1, or "all" of one
	} `json:"host_group"`
	Collaborators json.RawMessage `json:"collaborator_groups"`
	Recipients    []struct {
		Email       string `json:"email"`
		DisplayName string `json:"display_name"`
	} `json:"recipients"`
	Event struct {
		Summary string `json:"summary"`
	} `json:"event"`
	Duration minutesIn `json:"duration"`
	Buffer   struct {
		Before minutesIn `json:"before"`
		After  minutesIn `json:"after"`
	} `json:"buffer"`
	CorrelationID string `json:"correlation_id"`
}

type memberIn struct {
	Sub string `json:"sub"`
}

type minutesIn struct {
	Minutes int `json:"minutes"`
}

func (in *schedulingInput) recipient(r *booking.SchedulingRequest, problems fault.Problems) {
	if len([]rune(in.CorrelationID)) > service.MaxParameter {
		problems.Add("correlation_id", "must not be longer than %d characters", service.MaxParameter)
	}
	if in.CorrelationID != "" {
		r.Metadata["correlation_id"] = in.CorrelationID
	}
	if len(in.Recipients) != 1 {
		problems.Add("recipients", "must be one")
		return
	}
	to := in.Recipients[0]
	if !rules.IsEmail(to.Email) {
		problems.Add("recipients.0.email", "must be an e-mail address")
	}
	edge.CheckLength(to.DisplayName, "recipients.0.display_name", 200, problems)
	r.Recipient = booking.Recipient{Email: to.Email, DisplayName: to.DisplayName}
}

// what reads what the time is for, and how much of it is asked for.
func (in *schedulingInput) what(r *booking.SchedulingRequest, problems fault.Problems) {
	r.Summary, r.DurationMinutes = strings.TrimSpace(in.Event.Summary), in.Duration.Minutes
	if r.Summary == "" {
		problems.Add("event.summary", "is required")
	}
	edge.CheckLength(r.Summary, "event.summary", 500, problems)
	if r.DurationMinutes == 0 {
		r.DurationMinutes = usualMinutes
	}
	if r.DurationMinutes < 1 || r.DurationMinutes > maxMinutes {
		problems.Add("duration.minutes", "must lie between 1 and %d", maxMinutes)
	}
	for field, minutes := range map[string]int{
		"buffer.before.minutes": in.Buffer.Before.Minutes, "buffer.after.minutes": in.Buffer.After.Minutes,
	} {
		if minutes < 0 || minutes > maxMinutes {
			problems.Add(field, "must lie between 0 and %d", maxMinutes)
		}
	}
	if others := strings.TrimSpace(string(in.Collaborators)); others != "" && others != "null" && others != "[]" {
		problems.Add("collaborator_groups", "are not known here; name everybody in host_group, with required: all")
	}
}

// whose reads whose time is asked for.
func (h *requestHandlers) whose(k *edge.Call, in *schedulingInput, r *booking.SchedulingRequest, problems fault.Problems) error {
	if in.ProjectID != "" {
		id := edge.ParseID(in.ProjectID, "project_id", problems)
		if id == uuid.Nil {
			return nil
		}
		r.ProjectID = &id
		project, err := h.catalogue.Project(k, k.App.ID, id)
		if edge.IsMissing(err, "project_id", problems) || err != nil {
			return edge.UnlessNotFound(err)
		}
		if unfit := service.UnfitForPages(project); unfit != "" {
			problems.Add("project_id", "%s", unfit)
		}
		return nil
	}
	hosts, err := h.hosts(k, in, problems)
	if err != nil || len(hosts) == 0 {
		return err
	}
	in.checkRequired(hosts, problems)
	r.Offer, err = json.Marshal(in.offer(hosts))
	return err
}

// hosts are the resources that the body names, each once.
func (h *requestHandlers) hosts(k *edge.Call, in *schedulingInput, problems fault.Problems) (ids []uuid.UUID, err error) {
	named := map[uuid.UUID]string{}
	add := func(m memberIn, field string) {
		id := edge.ParseID(m.Sub, field, problems)
		if id != uuid.Nil && named[id] == "" {
			named[id], ids = field, append(ids, id)
		}
	}
	if in.Host != nil {
		add(*in.Host, "host.sub")
	}
	if in.HostGroup != nil && in.HostGroup.Sub != "" {
		problems.Add("host_group.sub", "is not known here; name the members")
	}
	if in.HostGroup != nil {
		for i, m := range in.HostGroup.Members {
			add(m, fmt.Sprintf("host_group.members.%d.sub", i))
		}
	}
	if in.Host == nil && (in.HostGroup == nil || len(in.HostGroup.Members) == 0 && in.HostGroup.Sub == "") {
		problems.Add("host", "is required, or host_group with members, or project_id")
	}
	found, err := h.calendars.AvailabilityResources(k, k.App.ID, ids)
	for _, r := range found {
		delete(named, r.ID)
	}
	for _, field := range named {
		problems.Add(field, "does not exist")
	}
	return ids, err
}

// checkRequired refuses to ask for several hosts at once: a booking holds the time of one, and would promise people who may
// be elsewhere.
func (in *schedulingInput) checkRequired(hosts []uuid.UUID, problems fault.Problems) {
	if in.HostGroup == nil {
		return
	}
	switch required := strings.TrimSpace(string(in.HostGroup.Required)); {
	case slices.Contains([]string{"", "null", "1", `"1"`}, required):
	case required == `"all"` && len(hosts) <= 1:
	default:
		problems.Add("host_group.required", "must be 1: a booking holds the time of one host")
	}
}

// offer is the question for free time that the recipient's page asks: any one of the hosts.
func (in *schedulingInput) offer(hosts []uuid.UUID) timekit.Object {
	offer := timekit.Object{
		"resources": slices.Clone(hosts), "mode": "roundrobin_prioritized", "to": fmt.Sprintf("%d days", service.UsualHorizon),
	}
	if buffer := max(in.Buffer.Before.Minutes, in.Buffer.After.Minutes); buffer > 0 {
		offer["buffer"] = fmt.Sprintf("%d minutes", buffer)
	}
	return offer
}
