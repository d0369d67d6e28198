package api

import (
	"bytes"
	"encoding/json"
	"net/http"

	"holdfast/api/edge"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
)

func (s *Server) listProjectResources(k *call) error {
	page, err := k.ReadPage()
	if err != nil {
		return err
	}
	p, err := k.project(s)
	if err != nil {
		return err
	}
	all, found, err := s.DB.ProjectResources(k, p.ID, page)
	if err != nil {
		return err
	}
	list, err := s.resourceViews(k, all)
	if err != nil {
		return err
	}
	return k.AnswerList(list, len(list), found, page)
}

// addProjectResource puts a resource behind the others. One that is there already stays where it is.
func (s *Server) addProjectResource(k *call) error {
	p, err := k.project(s)
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
	r, err := s.DB.Resource(k, k.App.ID, id)
	if edge.IsMissing(err, "resource_id", problems) {
		return problems.Err()
	}
	if err != nil {
		return err
	}
	if err := s.DB.AddProjectResource(k, k.App.ID, p.ID, id); err != nil {
		return err
	}
	return s.showResource(k, http.StatusCreated, r)
}

// setProjectResources replaces all of them by those of the body, a bare list of ids in order of priority.
func (s *Server) setProjectResources(k *call) error {
	p, err := k.project(s)
	if err != nil {
		return err
	}
	in, err := k.bareList("resources")
	if err != nil {
		return err
	}
	problems := fault.Problems{}
	change := &catalogue.Project{ID: p.ID, AppID: p.AppID}
	if err := s.parts(k, projectInput{Resources: in}, change, problems); err != nil {
		return err
	}
	if err := problems.Err(); err != nil {
		return err
	}
	if err := s.DB.UpdateProject(k, change); err != nil {
		return err
	}
	return k.NoContent()
}

// bareList reads a body that is a list. An empty body is none: it must not take everything away.
func (k *call) bareList(field string) (json.RawMessage, error) {
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

func (s *Server) dropProjectResource(k *call) error {
	id, err := k.ID("id", "The project")
	if err != nil {
		return err
	}
	resource, err := k.ID("rid", "The resource")
	if err != nil {
		return err
	}
	if err := s.DB.DropProjectResource(k, k.App.ID, id, resource); err != nil {
		return err
	}
	return k.NoContent()
}
