package catalogue

import (
	"encoding/json"
	"net/http"

	"holdfast/api/edge"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
	"holdfast/internal/postgres"
)

// serviceHandlers answers requests about services.
type serviceHandlers struct {
	catalogue *postgres.Catalogue
}

func (h *serviceHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/location/services", edge.RequireKey, h.listServices),
		edge.On(http.MethodPost, "/v2/location/services", edge.RequireServer, h.createService).Once(),
		edge.On(http.MethodGet, "/v2/location/services/:id", edge.RequireKey, h.getService),
		edge.On(http.MethodPut, "/v2/location/services/:id", edge.RequireServer, h.updateService),
		edge.On(http.MethodDelete, "/v2/location/services/:id", edge.RequireServer, h.deleteService),
	}
}

type serviceInput struct {
	Name        *string         `json:"name"`
	Description *string         `json:"description"`
	Meta        json.RawMessage `json:"meta"`
	Policy      *policy.Policy  `json:"policy"`
}

// apply sets the fields that the body has, and checks all of them.
func (in serviceInput) apply(service *catalogue.Service) error {
	problems := fault.Problems{}
	readName(&service.Name, &service.Description, in.Name, in.Description, problems)
	if meta := edge.JSONObject(in.Meta, "meta", problems); meta != nil {
		service.Meta = meta
	}
	if checkPolicy(in.Policy, problems) != nil {
		service.Policy = in.Policy
	}
	return problems.Err()
}

func (h *serviceHandlers) listServices(k *edge.Call) error {
	page, search, err := k.PublicListing()
	if err != nil {
		return err
	}
	all, found, err := h.catalogue.Services(k, k.App.ID, search, page)
	if err != nil {
		return err
	}
	views, err := h.serviceViews(k, all)
	if err != nil {
		return err
	}
	return k.AnswerList(views, len(views), found, page)
}

func (h *serviceHandlers) showService(k *edge.Call, status int, service *catalogue.Service) error {
	views, err := h.serviceViews(k, []*catalogue.Service{service})
	if err != nil {
		return err
	}
	return k.Answer(status, views[0])
}

func (h *serviceHandlers) createService(k *edge.Call) error {
	var in serviceInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	service := &catalogue.Service{ID: k.Operation, AppID: k.App.ID}
	if err := in.apply(service); err != nil {
		return err
	}
	service, err := h.catalogue.CreateService(k, service)
	if err != nil {
		return err
	}
	k.Header("Location", "/v2/location/services/"+service.ID.String())
	return h.showService(k, http.StatusCreated, service)
}

func (h *serviceHandlers) service(k *edge.Call) (*catalogue.Service, error) {
	id, err := k.ID("id", "The service")
	if err != nil {
		return nil, err
	}
	return h.catalogue.Service(k, k.App.ID, id)
}

func (h *serviceHandlers) getService(k *edge.Call) error {
	service, err := h.service(k)
	if err != nil {
		return err
	}
	return h.showService(k, http.StatusOK, service)
}

func (h *serviceHandlers) updateService(k *edge.Call) error {
	service, err := h.service(k)
	if err != nil {
		return err
	}
	var in serviceInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	if err := in.apply(service); err != nil {
		return err
	}
	if service, err = h.catalogue.UpdateService(k, service); err != nil {
		return err
	}
	return h.showService(k, http.StatusOK, service)
}

func (h *serviceHandlers) deleteService(k *edge.Call) error {
	id, err := k.ID("id", "The service")
	if err != nil {
		return err
	}
	if err := h.catalogue.DeleteService(k, k.App.ID, id); err != nil {
		return err
	}
	return k.NoContent()
}
