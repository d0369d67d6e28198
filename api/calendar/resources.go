package calendar

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/apps"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// resourceHandlers answers requests about resources.
type resourceHandlers struct {
	calendars *postgres.Calendars
	access    *postgres.Access
	edge      *edge.Edge
	passwords *apps.Passwords
}

func (h *resourceHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/resources", edge.RequireServer, h.listResources),
		edge.On(http.MethodPost, "/v2/resources", edge.RequireServer, h.createResource).Once(),
		edge.On(http.MethodGet, "/v2/resources/timezone/:email", edge.RequireServer, h.resourceTimezone),
		edge.On(http.MethodGet, "/v2/resources/:id", edge.RequireResource, h.getResource),
		edge.On(http.MethodPut, "/v2/resources/:id", edge.RequireResource, h.updateResource),
		edge.On(http.MethodDelete, "/v2/resources/:id", edge.RequireServer, h.deleteResource),
	}
}

type resourceInput struct {
	Name      *string         `json:"name"`
	FirstName *string         `json:"first_name"`
	LastName  *string         `json:"last_name"`
	Email     *string         `json:"email"`
	Timezone  *string         `json:"timezone"`
	Image     *string         `json:"image"`
	Meta      json.RawMessage `json:"meta"`
	Password  *string         `json:"password"`

	CurrentPassword *string `json:"current_password"` // required to change the password with the resource's own token

	Capacity    *int            `json:"capacity"`
	Tags        json.RawMessage `json:"tags"`
	Constraints json.RawMessage `json:"availability_constraints"`
}

// apply sets the fields that the body has, and checks all of them.
func (in resourceInput) apply(r *catalogue.Resource) error {
	before := r.Timezone
	for target, value := range map[*string]*string{
		&r.Name: in.Name, &r.FirstName: in.FirstName, &r.LastName: in.LastName, &r.Email: in.Email,
		&r.Timezone: in.Timezone, &r.Image: in.Image,
	} {
		if value != nil {
			*target = strings.TrimSpace(*value)
		}
	}
	problems := fault.Problems{}
	if r.Name == "" {
		problems.Add("name", "is required")
	}
	edge.CheckLength(r.Name, "name", 200, problems)
	edge.CheckLength(r.FirstName, "first_name", 200, problems)
	edge.CheckLength(r.LastName, "last_name", 200, problems)
	edge.CheckLength(r.Image, "image", 2000, problems)
	if r.Timezone != before || before == "" { // an unknown zone that is kept refuses no other change
		edge.CheckZone(r.Timezone, "timezone", problems)
	}
	rules.CheckEmail(r.Email, "email", problems)
	if in.Meta != nil {
		r.Meta = edge.CheckObject(in.Meta, "meta", problems)
	}
	in.rules(r, problems)
	checkPassword(in.Password, problems)
	return problems.Err()
}

func (h *resourceHandlers) listResources(k *edge.Call) error {
	page, search, err := k.Listing()
	if err != nil {
		return err
	}
	all, found, err := h.calendars.Resources(k, k.App.ID, page, search...)
	if err != nil {
		return err
	}
	list, err := h.views(k, all)
	if err != nil {
		return err
	}
	return k.AnswerList(list, len(list), found, page)
}

func (h *resourceHandlers) createResource(k *edge.Call) error {
	var in resourceInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	r := &catalogue.Resource{ID: k.Operation, AppID: k.App.ID}
	if err := in.apply(r); err != nil {
		return err
	}
	if err := h.setPassword(k, in, r); err != nil {
		return err
	}
	calendar := uuid.NewSHA1(r.ID, []byte("calendar"))
	if err := h.calendars.CreateResource(k, r, calendar); err != nil {
		return err
	}
	k.Header("Location", "/v2/resources/"+r.ID.String())
	return h.showResource(k, http.StatusCreated, r)
}

func (h *resourceHandlers) resource(k *edge.Call) (*catalogue.Resource, error) {
	id, err := k.ID("id", "The resource")
	if err != nil {
		return nil, err
	}
	if err := k.RequireOwner(id, "The resource"); err != nil {
		return nil, err
	}
	return h.calendars.Resource(k, k.App.ID, id)
}

func (h *resourceHandlers) getResource(k *edge.Call) error {
	r, err := h.resource(k)
	if err != nil {
		return err
	}
	return h.showResource(k, http.StatusOK, r)
}

func (h *resourceHandlers) updateResource(k *edge.Call) error {
	r, err := h.resource(k)
	if err != nil {
		return err
	}
	var in resourceInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	if err := errors.Join(in.keepsEmail(k, r), in.keepsCapacity(k, r)); err != nil {
		return err
	}
	if err := h.mayLock(k, in, r); err != nil {
		return err
	}
	if err := in.apply(r); err != nil {
		return err
	}
	if err := h.setPassword(k, in, r); err != nil {
		return err
	}
	if err := h.calendars.UpdateResource(k, r); err != nil {
		return err
	}
	return h.showResource(k, http.StatusOK, r)
}

func (h *resourceHandlers) deleteResource(k *edge.Call) error {
	id, err := k.ID("id", "The resource")
	if err != nil {
		return err
	}
	if err := h.calendars.DeleteResource(k, k.App.ID, id); err != nil {
		return err
	}
	return k.NoContent()
}
