package catalogue

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"

	"holdfast/api/edge"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// locationHandlers answers requests about locations.
type locationHandlers struct {
	catalogue *postgres.Catalogue
}

func (h *locationHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/locations", edge.RequireKey, h.listLocations),
		edge.On(http.MethodPost, "/v2/locations", edge.RequireServer, h.createLocation).Once(),
		edge.On(http.MethodGet, "/v2/locations/:id", edge.RequireKey, h.getLocation),
		edge.On(http.MethodPut, "/v2/locations/:id", edge.RequireServer, h.updateLocation),
		edge.On(http.MethodDelete, "/v2/locations/:id", edge.RequireServer, h.deleteLocation),
	}
}

type locationInput struct {
	Name           *string         `json:"name"`
	Description    *string         `json:"description"`
	Latitude       json.RawMessage `json:"latitude"`
	Longitude      json.RawMessage `json:"longitude"`
	UseCustomHours *bool           `json:"use_custom_hours"`
	Meta           json.RawMessage `json:"meta"`
}

// apply sets the fields that the body has, and checks all of them.
func (in locationInput) apply(l *catalogue.Location) error {
	problems := fault.Problems{}
	readName(&l.Name, &l.Description, in.Name, in.Description, problems)
	if in.Latitude != nil {
		l.Latitude = degrees(strings.Trim(string(in.Latitude), `"`), "latitude", 90, problems)
	}
	if in.Longitude != nil {
		l.Longitude = degrees(strings.Trim(string(in.Longitude), `"`), "longitude", 180, problems)
	}
	if (l.Latitude == nil) != (l.Longitude == nil) && len(problems) == 0 {
		problems.Add("latitude", "goes with longitude, both or none")
	}
	if in.UseCustomHours != nil {
		l.UseCustomHours = *in.UseCustomHours
	}
	if meta := edge.JSONObject(in.Meta, "meta", problems); meta != nil {
		l.Meta = meta
	}
	return problems.Err()
}

// readName reads a name, which must be there, and a description.
func readName(name, description *string, newName, newDescription *string, problems fault.Problems) {
	if newName != nil {
		*name = strings.TrimSpace(*newName)
	}
	if newDescription != nil {
		*description = *newDescription
	}
	if *name == "" {
		problems.Add("name", "is required")
	}
	edge.CheckLength(*name, "name", 200, problems)
	edge.CheckLength(*description, "description", 20_000, problems)
}

// degrees reads a coordinate in degrees; nil for an empty text.
func degrees(text, field string, most float64, problems fault.Problems) *float64 {
	if text == "" || text == "null" {
		return nil
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) || math.Abs(value) > most {
		problems.Add(field, "must be a number from -%g to %g", most, most)
		return nil
	}
	return &value
}

// near reads latitude and longitude of the query, from which distances are measured; nil if it has neither.
func near(k *edge.Call) (*catalogue.Point, error) {
	problems := fault.Problems{}
	latitude := degrees(k.Query("latitude"), "latitude", 90, problems)
	longitude := degrees(k.Query("longitude"), "longitude", 180, problems)
	if (latitude == nil) != (longitude == nil) && len(problems) == 0 {
		problems.Add("latitude", "goes with longitude, both or none")
	}
	if latitude == nil || longitude == nil {
		return nil, problems.Err()
	}
	return &catalogue.Point{Latitude: *latitude, Longitude: *longitude}, nil
}

func (h *locationHandlers) listLocations(k *edge.Call) error {
	page, search, err := k.PublicListing()
	if err != nil {
		return err
	}
	near, err := near(k)
	if err != nil {
		return err
	}
	all, found, err := h.catalogue.Locations(k, k.App.ID, search, near, page)
	if err != nil {
		return err
	}
	views, err := h.locationViews(k, all)
	if err != nil {
		return err
	}
	return k.AnswerList(views, len(views), found, page)
}

func (h *locationHandlers) showLocation(k *edge.Call, status int, l *catalogue.Location) error {
	views, err := h.locationViews(k, []*catalogue.Location{l})
	if err != nil {
		return err
	}
	return k.Answer(status, views[0])
}

func (h *locationHandlers) createLocation(k *edge.Call) error {
	var in locationInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	l := &catalogue.Location{ID: k.Operation, AppID: k.App.ID}
	if err := in.apply(l); err != nil {
		return err
	}
	l, err := h.catalogue.CreateLocation(k, l)
	if err != nil {
		return err
	}
	k.Header("Location", "/v2/locations/"+l.ID.String())
	return h.showLocation(k, http.StatusCreated, l)
}

func (h *locationHandlers) location(k *edge.Call) (*catalogue.Location, error) {
	id, err := k.ID("id", "The location")
	if err != nil {
		return nil, err
	}
	near, err := near(k)
	if err != nil {
		return nil, err
	}
	return h.catalogue.Location(k, k.App.ID, id, near)
}

func (h *locationHandlers) getLocation(k *edge.Call) error {
	l, err := h.location(k)
	if err != nil {
		return err
	}
	return h.showLocation(k, http.StatusOK, l)
}

func (h *locationHandlers) updateLocation(k *edge.Call) error {
	l, err := h.location(k)
	if err != nil {
		return err
	}
	var in locationInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	if err := in.apply(l); err != nil {
		return err
	}
	if l, err = h.catalogue.UpdateLocation(k, l); err != nil {
		return err
	}
	return h.showLocation(k, http.StatusOK, l)
}

func (h *locationHandlers) deleteLocation(k *edge.Call) error {
	id, err := k.ID("id", "The location")
	if err != nil {
		return err
	}
	if err := h.catalogue.DeleteLocation(k, k.App.ID, id); err != nil {
		return err
	}
	return k.NoContent()
}
