package scheduling

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/apps"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/timekit"
)

// publicLinkHandlers answers requests about public links, and checks claim tokens for them.
type publicLinkHandlers struct {
	catalogue *postgres.Catalogue
	requests  *postgres.Requests
	tokens    *service.Tokens
}

func (h *publicLinkHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/public_links", edge.RequireServer, h.listPublicLinks),
		edge.On(http.MethodPost, "/v2/public_links", edge.RequireServer, h.createPublicLink).Once(),
		edge.On(http.MethodGet, "/v2/public_links/:id", edge.RequireServer, h.getPublicLink),
		edge.On(http.MethodPut, "/v2/public_links/:id", edge.RequireServer, h.updatePublicLink),
		edge.On(http.MethodDelete, "/v2/public_links/:id", edge.RequireServer, h.deletePublicLink),
		edge.On(http.MethodPost, "/v2/public_links/:id/check", edge.RequireServer, h.checkClaimToken),
	}
}

const (
	maxHorizon   = 366
	maxQuestions = 20
	maxMinutes   = 24 * 60
)

var (
	questionName  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	questionTypes = []string{"text", "textarea", "tel", "url", "checkbox"}
	// customerTexts is what a customer has beside name and e-mail address.
	customerTexts = []string{"phone", "voip", "timezone"}
)

type publicLinkInput struct {
	ProjectID    *string               `json:"project_id"`
	Title        *string               `json:"title"`
	Description  *string               `json:"description"`
	Duration     optionalInt           `json:"duration"`
	HorizonDays  *int                  `json:"horizon_days"`
	Questions    *[]catalogue.Question `json:"questions"`
	RequireClaim *bool                 `json:"require_claim_token"`
	Enabled      *bool                 `json:"enabled"`
}

// optionalInt is a number that may be null, which differs from one that is not named.
type optionalInt struct {
	named bool
	value *int
}

// UnmarshalJSON is called for what the body names only.
func (o *optionalInt) UnmarshalJSON(raw []byte) error {
	o.named = true
	return json.Unmarshal(raw, &o.value)
}

// apply writes what the body names onto l and checks the whole.
func (in publicLinkInput) apply(l *catalogue.PublicLink, problems fault.Problems) {
	if in.ProjectID != nil {
		l.ProjectID = edge.ParseID(*in.ProjectID, "project_id", problems)
	}
	if in.Title != nil {
		l.Title = strings.TrimSpace(*in.Title)
	}
	if in.Description != nil {
		l.Description = *in.Description
	}
	if in.Duration.named {
		l.DurationMinutes = in.Duration.value
	}
	if in.HorizonDays != nil {
		l.HorizonDays = *in.HorizonDays
	}
	if in.Questions != nil {
		l.Questions = *in.Questions
	}
	if in.RequireClaim != nil {
		l.RequireClaimToken = *in.RequireClaim
	}
	if in.Enabled != nil {
		l.Enabled = *in.Enabled
	}
	checkPublicLink(l, problems)
}

func checkPublicLink(l *catalogue.PublicLink, problems fault.Problems) {
	if l.Title == "" {
		problems.Add("title", "is required")
	}
	edge.CheckLength(l.Title, "title", 200, problems)
	edge.CheckLength(l.Description, "description", 20_000, problems)
	if d := l.DurationMinutes; d != nil && (*d < 1 || *d > maxMinutes) {
		problems.Add("duration", "must lie between 1 and %d minutes", maxMinutes)
	}
	if l.HorizonDays < 1 || l.HorizonDays > maxHorizon {
		problems.Add("horizon_days", "must lie between 1 and %d", maxHorizon)
	}
	if len(l.Questions) > maxQuestions {
		problems.Add("questions", "must not be more than %d", maxQuestions)
	}
	checkQuestions(l.Questions, problems)
}

// checkQuestions also fills in what a question leaves out.
func checkQuestions(all []catalogue.Question, problems fault.Problems) {
	seen := slices.Clone(rules.FormFields)
	for i := range all {
		q := &all[i]
		q.Label, q.Type = strings.TrimSpace(q.Label), strings.ToLower(q.Type)
		if q.Type == "" {
			q.Type = questionTypes[0]
		}
		if !questionName.MatchString(q.Name) || slices.Contains(seen, q.Name) {
			problems.Add("questions", "need names of a-z, 0-9 and _, each once; %q is not one", q.Name)
		}
		if q.Label == "" || len([]rune(q.Label)) > 200 {
			problems.Add("questions", "need a label of up to 200 characters each")
		}
		if !slices.Contains(questionTypes, q.Type) {
			problems.Add("questions", "have one of the types %s", strings.Join(questionTypes, ", "))
		}
		if q.Type == "checkbox" && slices.Contains(customerTexts, q.Name) {
			problems.Add("questions", "named %s are texts of the customer, not boxes", q.Name)
		}
		seen = append(seen, q.Name)
	}
}

func (h *publicLinkHandlers) listPublicLinks(k *edge.Call) error {
	page, err := k.ReadPage()
	if err != nil {
		return err
	}
	all, found, err := h.catalogue.PublicLinks(k, k.App.ID, page)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, l := range all {
		list = append(list, publicLinkView(k, l))
	}
	return k.AnswerList(list, len(list), found, page)
}

func (h *publicLinkHandlers) createPublicLink(k *edge.Call) error {
	l := &catalogue.PublicLink{ID: k.Operation, AppID: k.App.ID, HorizonDays: service.UsualHorizon, Enabled: true, Code: apps.Code()}
	if err := h.readPublicLink(k, l); err != nil {
		return err
	}
	l, err := h.catalogue.CreatePublicLink(k, l)
	if err != nil {
		return err
	}
	k.Header("Location", "/v2/public_links/"+l.ID.String())
	return k.Answer(http.StatusCreated, publicLinkView(k, l))
}

// readPublicLink reads the body onto l, whose project must be the app's.
func (h *publicLinkHandlers) readPublicLink(k *edge.Call, l *catalogue.PublicLink) error {
	var in publicLinkInput
	if err := k.DecodeKnown(&in, "id", "code", "url", "created_at", "updated_at"); err != nil {
		return err
	}
	problems := fault.Problems{}
	in.apply(l, problems)
	if l.ProjectID == uuid.Nil {
		if in.ProjectID == nil {
			problems.Add("project_id", "is required")
		}
		return problems.Err()
	}
	project, err := h.catalogue.Project(k, k.App.ID, l.ProjectID)
	if edge.IsMissing(err, "project_id", problems) {
		return problems.Err()
	}
	if err != nil {
		return err
	}
	if unfit := service.UnfitForPages(project); unfit != "" {
		problems.Add("project_id", "%s", unfit)
	}
	return problems.Err()
}

func (h *publicLinkHandlers) publicLink(k *edge.Call) (*catalogue.PublicLink, error) {
	id, err := k.ID("id", "The public link")
	if err != nil {
		return nil, err
	}
	return h.catalogue.PublicLink(k, k.App.ID, id)
}

func (h *publicLinkHandlers) getPublicLink(k *edge.Call) error {
	l, err := h.publicLink(k)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, publicLinkView(k, l))
}

func (h *publicLinkHandlers) updatePublicLink(k *edge.Call) error {
	l, err := h.publicLink(k)
	if err != nil {
		return err
	}
	if err := h.readPublicLink(k, l); err != nil {
		return err
	}
	if l, err = h.catalogue.UpdatePublicLink(k, l); err != nil {
		return err
	}
	return k.Answer(http.StatusOK, publicLinkView(k, l))
}

func (h *publicLinkHandlers) deletePublicLink(k *edge.Call) error {
	id, err := k.ID("id", "The public link")
	if err != nil {
		return err
	}
	if err := h.catalogue.DeletePublicLink(k, k.App.ID, id); err != nil {
		return err
	}
	return k.NoContent()
}

func publicLinkView(k *edge.Call, l *catalogue.PublicLink) timekit.Object {
	return timekit.Object{
		"id": l.ID, "code": l.Code, "url": k.Base + "/pls/" + l.Code, "project_id": l.ProjectID, "title": l.Title,
		"description": l.Description, "duration": l.DurationMinutes, "horizon_days": l.HorizonDays,
		"questions": append([]catalogue.Question{}, l.Questions...), "require_claim_token": l.RequireClaimToken, "enabled": l.Enabled,
		"created_at": k.Clock.Show(l.CreatedAt, time.UTC), "updated_at": k.Clock.Show(l.UpdatedAt, time.UTC),
	}
}
