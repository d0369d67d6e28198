package api

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

type locationInput struct {
	Name           *string         `json:"name"`
	Description    *string         `json:"description"`
	Latitude       json.RawMessage `json:"latitude"`
	Longitude      json.RawMessage `json:"longitude"`
	UseCustomHours *bool           `json:"use_custom_hours"`
	Meta           json.RawMessage `json:"meta"`
}

// apply writes what the body names onto l and checks the whole.
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

// degrees reads a coordinate; nil for none.
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

// near reads the point that distances are measured from; nil when the query names none.
func (k *call) near() (*catalogue.Point, error) {
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

func (s *Server) listLocations(k *call) error {
	page, search, err := k.PublicListing()
	if err != nil {
		return err
	}
	near, err := k.near()
	if err != nil {
		return err
	}
	all, found, err := s.DB.Locations(k, k.App.ID, search, near, page)
	if err != nil {
		return err
	}
	views, err := s.locationViews(k, all)
	if err != nil {
		return err
	}
	return k.AnswerList(views, len(views), found, page)
}

// publicMeta is what a browser hears of the meta of locations and services: the names that begin with t_. Those are the ones that
// Timekit's own widget shows (t_store_city and its like); the rest is the owner's own, as that of resources.
func (k *call) publicMeta(view timekit.Object) timekit.Object {
	if k.Kind == tenant.ServerKey {
		return view
	}
	var all map[string]json.RawMessage
	text, _ := json.Marshal(view["meta"]) //nolint:errchkjson // the record's own
	_ = json.Unmarshal(text, &all)        // an object
	maps.DeleteFunc(all, func(name string, _ json.RawMessage) bool { return !strings.HasPrefix(name, "t_") })
	if all == nil {
		all = map[string]json.RawMessage{}
	}
	view["meta"] = all
	return view
}

func (k *call) locationView(l *catalogue.Location, clock timekit.Clock) timekit.Object {
	return k.publicMeta(timekit.Location(l, clock))
}

func (k *call) serviceView(v *catalogue.Service, clock timekit.Clock) timekit.Object {
	return k.publicMeta(timekit.Service(v, clock))
}

// locationViews renders locations, with what is offered there when the request asks for it.
func (s *Server) locationViews(k *call, all []*catalogue.Location) ([]timekit.Object, error) {
	id := func(l *catalogue.Location) uuid.UUID { return l.ID }
	return withOffers(k, all, id, k.locationView, "services", s.DB.ServicesAt, k.serviceView)
}

func (s *Server) showLocation(k *call, status int, l *catalogue.Location) error {
	views, err := s.locationViews(k, []*catalogue.Location{l})
	if err != nil {
		return err
	}
	return k.Answer(status, views[0])
}

func (s *Server) createLocation(k *call) error {
	var in locationInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	l := &catalogue.Location{ID: k.Operation, AppID: k.App.ID}
	if err := in.apply(l); err != nil {
		return err
	}
	l, err := s.DB.CreateLocation(k, l)
	if err != nil {
		return err
	}
	k.Header("Location", "/v2/locations/"+l.ID.String())
	return s.showLocation(k, http.StatusCreated, l)
}

func (k *call) location(s *Server) (*catalogue.Location, error) {
	id, err := k.ID("id", "The location")
	if err != nil {
		return nil, err
	}
	near, err := k.near()
	if err != nil {
		return nil, err
	}
	return s.DB.Location(k, k.App.ID, id, near)
}

func (s *Server) getLocation(k *call) error {
	l, err := k.location(s)
	if err != nil {
		return err
	}
	return s.showLocation(k, http.StatusOK, l)
}

func (s *Server) updateLocation(k *call) error {
	l, err := k.location(s)
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
	if l, err = s.DB.UpdateLocation(k, l); err != nil {
		return err
	}
	return s.showLocation(k, http.StatusOK, l)
}

func (s *Server) deleteLocation(k *call) error {
	id, err := k.ID("id", "The location")
	if err != nil {
		return err
	}
	if err := s.DB.DeleteLocation(k, k.App.ID, id); err != nil {
		return err
	}
	return k.NoContent()
}
