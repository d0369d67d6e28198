package catalogue

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/assign"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
	"holdfast/internal/postgres"
	"holdfast/internal/requires"
	"holdfast/internal/strictjson"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// projectHandlers answers requests about projects.
type projectHandlers struct {
	catalogue *postgres.Catalogue
	rules     rules.Reader
}

func (h *projectHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/projects", edge.RequireKey, h.listProjects),
		edge.On(http.MethodPost, "/v2/projects", edge.RequireServer, h.createProject).Once(),
		edge.On(http.MethodGet, "/v2/projects/:id", edge.RequireServer, h.getProject),
		edge.On(http.MethodPut, "/v2/projects/:id", edge.RequireServer, h.updateProject),
		edge.On(http.MethodDelete, "/v2/projects/:id", edge.RequireServer, h.deleteProject),
	}
}

type projectInput struct {
	Name           *string         `json:"name"`
	Slug           string          `json:"slug"`
	Resources      json.RawMessage `json:"resources"`
	Locations      json.RawMessage `json:"locations"`
	Services       json.RawMessage `json:"services"`
	Availability   json.RawMessage `json:"availability"`
	Constraints    json.RawMessage `json:"availability_constraints"`
	Booking        json.RawMessage `json:"booking"`
	CustomerFields json.RawMessage `json:"customer_fields"`
	UI             json.RawMessage `json:"ui"`
	Reminders      json.RawMessage `json:"reminders"`
	Meta           json.RawMessage `json:"meta"`
	Policy         *policy.Policy  `json:"policy"`
	Requires       json.RawMessage `json:"requires"` // null lifts it
	Assign         json.RawMessage `json:"assign"`
}

// readProject reads and checks the body. Fields that it does not have are empty or nil, and stay as they are. fresh says that the project
// is being created.
func (h *projectHandlers) readProject(k *edge.Call, id uuid.UUID, fresh bool) (*catalogue.Project, error) {
	var in projectInput
	if err := k.DecodeBy(strictjson.Rules{Unknown: strictjson.RefuseMisspelt}, &in); err != nil {
		return nil, err
	}
	problems := fault.Problems{}
	p := &catalogue.Project{ID: id, AppID: k.App.ID, Slug: in.Slug}
	if in.Name != nil {
		p.Name = strings.TrimSpace(*in.Name)
	}
	if p.Name == "" && (fresh || in.Name != nil) {
		problems.Add("name", "is required")
	}
	edge.CheckLength(p.Name, "name", 200, problems)
	if p.Slug != "" && !edge.GoodSlug.MatchString(p.Slug) {
		problems.Add("slug", "must be 1 to 63 lower-case letters, digits and dashes")
	}
	in.rules(p, k.App, problems)
	p.Reminders = edge.JSONList(in.Reminders, "reminders", problems)
	h.rules.CheckReminders(p.Reminders, "reminders", problems)
	if err := h.parts(k, in, p, problems); err != nil {
		return nil, err
	}
	return p, problems.Err()
}

// rules reads the fields that are kept as JSON.
func (in projectInput) rules(p *catalogue.Project, app *tenant.App, problems fault.Problems) {
	p.Availability = rules.CheckAvailability(in.Availability, app.Clock.Now(), "availability", problems)
	p.Constraints = rules.CheckConstraints(in.Constraints, "availability_constraints", problems)
	p.Booking = checkInherited(in.Booking, "booking", app.Graphs, problems)
	p.CustomerFields = checkForm(in.CustomerFields, "customer_fields", problems)
	p.UI = checkUI(in.UI, "ui", problems)
	p.Meta = edge.JSONObject(in.Meta, "meta", problems)
	p.Policy = checkPolicy(in.Policy, problems)
	p.Requires = readRequires(in.Requires, problems)
	p.Assign = checkAssign(in.Assign, "assign", problems)
}

// checkAssign reads how resources are chosen, and refuses fields that it does not have; nil when the body does not name it.
func checkAssign(raw json.RawMessage, field string, problems fault.Problems) *assign.Assign {
	raw = edge.JSONObject(raw, field, problems)
	if raw == nil {
		return nil
	}
	var a assign.Assign
	if err := (strictjson.Rules{Unknown: strictjson.RefuseAll}).Decode(raw, &a); err != nil {
		edge.AddFaults(err, field, problems)
		return nil
	}
	a.Check(field, problems)
	return &a
}

// readRequires reads what a project requires: nil when the body does not name it, and one without parts for null, which lifts it.
func readRequires(raw json.RawMessage, problems fault.Problems) *requires.Requires {
	const field = "requires"
	r := &requires.Requires{}
	switch string(raw) {
	case "":
		return nil
	case "null":
		return r
	}
	if err := (strictjson.Rules{Unknown: strictjson.RefuseMisspelt}).Decode(raw, r); err != nil {
		edge.AddFaults(err, field, problems)
		return nil
	}
	r.Check(field, problems)
	return r
}

// checkPolicy checks the policy of a project or a service; nil when the body does not name it.
func checkPolicy(p *policy.Policy, problems fault.Problems) *policy.Policy {
	if p != nil {
		p.Check("policy", false, problems)
	}
	return p
}

// parts reads the ids of resources, locations and services. All of them must be the app's.
func (h *projectHandlers) parts(k *edge.Call, in projectInput, p *catalogue.Project, problems fault.Problems) error {
	p.Resources = edge.IDList(in.Resources, "resources", problems)
	p.Locations = edge.IDList(in.Locations, "locations", problems)
	p.Services = edge.IDList(in.Services, "services", problems)
	if err := h.checkWeights(k, p, problems); err != nil {
		return err
	}
	lacking, err := h.catalogue.MissingReferences(k, p)
	for field, ids := range lacking {
		for _, id := range ids {
			if id != uuid.Nil { // IDList has added the problem
				problems.Add(field, "%s does not exist", id)
			}
		}
	}
	if err != nil || p.Requires == nil || len(problems) > 0 {
		return err
	}
	names, err := h.catalogue.MissingFrom(k, k.App.ID, p.Requires)
	for _, id := range names {
		problems.Add("requires", "%s does not exist", id)
	}
	return err
}

// checkWeights refuses weights of resources that the app does not have. They need not be the project's: it may get them later.
func (h *projectHandlers) checkWeights(k *edge.Call, p *catalogue.Project, problems fault.Problems) error {
	if p.Assign == nil || len(p.Assign.Weights) == 0 {
		return nil
	}
	lacking, err := h.catalogue.MissingReferences(k, &catalogue.Project{AppID: p.AppID, Resources: p.Assign.Weighed()})
	for _, id := range lacking["resources"] {
		problems.Add("assign.weights", "%s does not exist", id)
	}
	return err
}

// checkInherited checks the defaults of bookings through the project: the types of their fields, the units, and the graph. All else is
// checked with each booking.
func checkInherited(raw json.RawMessage, field string, known *tenant.Graphs, problems fault.Problems) json.RawMessage {
	raw = edge.JSONObject(raw, field, problems)
	var in rules.BookingInput
	edge.CheckFields(raw, &in, field, problems)
	rules.CheckUnits(in.Units, field+".units", problems)
	rules.CheckUnits(in.MaxUnits, field+".max_units", problems)
	if in.Units != nil && in.MaxUnits != nil && *in.Units > *in.MaxUnits {
		problems.Add(field+".max_units", "must not be less than units")
	}
	if in.Requires != nil {
		problems.Add(field+".requires", "is set on the project itself")
	}
	if _, ok := known.Named(in.Graph, nil); in.Graph != "" && !ok {
		problems.Add(field+".graph", "is not a graph of this server; GET /v2/graphs lists them")
	}
	return raw
}

func (h *projectHandlers) listProjects(k *edge.Call) error {
	page, search, err := k.PublicListing()
	if err != nil {
		return err
	}
	all, found, err := h.catalogue.Projects(k, k.App.ID, search, page)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, p := range all {
		list = append(list, rules.ProjectView(k.Kind, p, k.Clock, k.App.Clock.Now()))
	}
	return k.AnswerList(list, len(list), found, page)
}

// createProject creates a project. Without a slug in the body one is made from the name, with a suffix if it is taken. AlreadyExists if
// the body's slug is taken.
func (h *projectHandlers) createProject(k *edge.Call) error {
	p, err := h.readProject(k, k.Operation, true)
	if err != nil {
		return err
	}
	asked := p.Slug != ""
	if !asked {
		p.Slug = slugOf(p.Name)
	}
	err = h.catalogue.CreateProject(k, p)
	if fault.CodeOf(err) == fault.AlreadyExists && !asked {
		p.Slug = p.Slug[:min(len(p.Slug), 50)] + "-" + p.ID.String()[24:]
		err = h.catalogue.CreateProject(k, p)
	}
	if err != nil {
		return err
	}
	if p, err = h.catalogue.Project(k, k.App.ID, p.ID); err != nil {
		return err
	}
	k.Header("Location", "/v2/projects/"+p.ID.String())
	return k.Answer(http.StatusCreated, rules.ProjectView(k.Kind, p, k.Clock, k.App.Clock.Now()))
}

var spelled = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss")

// slugOf makes a slug from a name; "project" if none of its characters fits.
func slugOf(name string) string {
	plain := strings.FieldsFunc(spelled.Replace(strings.ToLower(name)), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	slug := strings.Join(plain, "-")
	if slug = strings.TrimRight(slug[:min(len(slug), 63)], "-"); slug == "" {
		return "project"
	}
	return slug
}

func (h *projectHandlers) project(k *edge.Call) (*catalogue.Project, error) {
	id, err := k.ID("id", "The project")
	if err != nil {
		return nil, err
	}
	return h.catalogue.Project(k, k.App.ID, id)
}

func (h *projectHandlers) getProject(k *edge.Call) error {
	p, err := h.project(k)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, rules.ProjectView(k.Kind, p, k.Clock, k.App.Clock.Now()))
}

// updateProject changes the fields that the body has. It answers 204, as Timekit does.
func (h *projectHandlers) updateProject(k *edge.Call) error {
	p, err := h.project(k)
	if err != nil {
		return err
	}
	if p, err = h.readProject(k, p.ID, false); err != nil {
		return err
	}
	if err := h.catalogue.UpdateProject(k, p); err != nil {
		return err
	}
	return k.NoContent()
}

func (h *projectHandlers) deleteProject(k *edge.Call) error {
	id, err := k.ID("id", "The project")
	if err != nil {
		return err
	}
	if err := h.catalogue.DeleteProject(k, k.App.ID, id); err != nil {
		return err
	}
	return k.NoContent()
}
