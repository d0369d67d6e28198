package catalogue

import (
	"bytes"
	"encoding/json"
	"net/http"

	"holdfast/api/edge"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// projectResourceHandlers answers requests about the resources of a project.
type projectResourceHandlers struct {
	catalogue *postgres.Catalogue
	calendars *postgres.Calendars
	projects  *projectHandlers
	views     ResourceViews
}

func (h *projectResourceHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/projects/:id/resources", edge.RequireServer, h.listProjectResources),
		edge.On(http.MethodPost, "/v2/projects/:id/resources", edge.RequireServer, h.addProjectResource).Once(),
		edge.On(http.MethodPut, "/v2/projects/:id/resources", edge.RequireServer, h.setProjectResources),
		edge.On(http.MethodDelete, "/v2/projects/:id/resources/:rid", edge.RequireServer, h.dropProjectResource),
	}
}

func (h *projectResourceHandlers) listProjectResources(k *edge.Call) error {
	page, err := k.ReadPage()
	if err != nil {
		return err
	}
	p, err := h.projects.project(k)
	if err != nil {
		return err
	}
	all, found, err := h.catalogue.ProjectResources(k, p.ID, page)
	if err != nil {
		return err
	}
	list, err := h.views(k, all)
	if err != nil {
		return err
	}
	return k.AnswerList(list, len(list), found, page)
}

// addProjectResource appends a resource to a project. One that the project has keeps its position.
func (h *projectResourceHandlers) addProjectResource(k *edge.Call) error {
	p, err := h.projects.project(k)
	if err != nil {
		return err
	}
	var in struct {
		ResourceID string `json:"resource_id"`
	}
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	id := edge.ParseID(in.ResourceID, "resource_id", problems)
	if err := problems.Err(); err != nil {
		return err
	}
	r, err := h.calendars.Resource(k, k.App.ID, id)
	if edge.IsMissing(err, "resource_id", problems) {
		return problems.Err()
	}
	if err != nil {
		return err
	}
	if err := h.catalogue.AddProjectResource(k, k.App.ID, p.ID, id); err != nil {
		return err
	}
	views, err := h.views(k, []*catalogue.Resource{r})
	if err != nil {
		return err
	}
	return k.Answer(http.StatusCreated, views[0])
}

// setProjectResources replaces the resources of a project. The body is a list of ids, the highest priority first.
func (h *projectResourceHandlers) setProjectResources(k *edge.Call) error {
	p, err := h.projects.project(k)
	if err != nil {
		return err
	}
	in, err := bareList(k, "resources")
	if err != nil {
		return err
	}
	problems := fault.Problems{}
	change := &catalogue.Project{ID: p.ID, AppID: p.AppID}
	if err := h.projects.parts(k, projectInput{Resources: in}, change, problems); err != nil {
		return err
	}
	if err := problems.Err(); err != nil {
		return err
	}
	if err := h.catalogue.UpdateProject(k, change); err != nil {
		return err
	}
	return k.NoContent()
}

// bareList reads a body that is a JSON list. Invalid for an empty body, which must not remove everything.
func bareList(k *edge.Call, field string) (json.RawMessage, error) {
	body, err := k.ReadBody()
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		return nil, fault.Problems{field: {"the body must be a list"}}.Err()
	}
	var list json.RawMessage
	err = edge.DecodeInner(body, &list)
	return list, err
}

func (h *projectResourceHandlers) dropProjectResource(k *edge.Call) error {
	id, err := k.ID("id", "The project")
	if err != nil {
		return err
	}
	resource, err := k.ID("rid", "The resource")
	if err != nil {
		return err
	}
	if err := h.catalogue.DropProjectResource(k, k.App.ID, id, resource); err != nil {
		return err
	}
	return k.NoContent()
}
