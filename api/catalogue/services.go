package catalogue

import (
	"encoding/json"
	"net/http"

	"holdfast/api/edge"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
)

type serviceInput struct {
	Name        *string         `json:"name"`
	Description *string         `json:"description"`
	Meta        json.RawMessage `json:"meta"`
}

// apply sets the fields that the body has, and checks all of them.
func (in serviceInput) apply(service *catalogue.Service) error {
	problems := fault.Problems{}
	readName(&service.Name, &service.Description, in.Name, in.Description, problems)
	if meta := edge.JSONObject(in.Meta, "meta", problems); meta != nil {
		service.Meta = meta
	}
	return problems.Err()
}

func (s *Handlers) listServices(k *edge.Call) error {
	page, search, err := k.PublicListing()
	if err != nil {
		return err
	}
	all, found, err := s.DB.Services(k, k.App.ID, search, page)
	if err != nil {
		return err
	}
	views, err := s.serviceViews(k, all)
	if err != nil {
		return err
	}
	return k.AnswerList(views, len(views), found, page)
}

func (s *Handlers) showService(k *edge.Call, status int, service *catalogue.Service) error {
	views, err := s.serviceViews(k, []*catalogue.Service{service})
	if err != nil {
		return err
	}
	return k.Answer(status, views[0])
}

func (s *Handlers) createService(k *edge.Call) error {
	var in serviceInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	service := &catalogue.Service{ID: k.Operation, AppID: k.App.ID}
	if err := in.apply(service); err != nil {
		return err
	}
	service, err := s.DB.CreateService(k, service)
	if err != nil {
		return err
	}
	k.Header("Location", "/v2/location/services/"+service.ID.String())
	return s.showService(k, http.StatusCreated, service)
}

func (s *Handlers) service(k *edge.Call) (*catalogue.Service, error) {
	id, err := k.ID("id", "The service")
	if err != nil {
		return nil, err
	}
	return s.DB.Service(k, k.App.ID, id)
}

func (s *Handlers) getService(k *edge.Call) error {
	service, err := s.service(k)
	if err != nil {
		return err
	}
	return s.showService(k, http.StatusOK, service)
}

func (s *Handlers) updateService(k *edge.Call) error {
	service, err := s.service(k)
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
	if service, err = s.DB.UpdateService(k, service); err != nil {
		return err
	}
	return s.showService(k, http.StatusOK, service)
}

func (s *Handlers) deleteService(k *edge.Call) error {
	id, err := k.ID("id", "The service")
	if err != nil {
		return err
	}
	if err := s.DB.DeleteService(k, k.App.ID, id); err != nil {
		return err
	}
	return k.NoContent()
}
