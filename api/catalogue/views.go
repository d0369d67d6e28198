package catalogue

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/catalogue"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// publicMeta removes the names that do not begin with t_ from the meta of a location or service, unless the caller has a server key.
// Timekit's widget shows those that do, such as t_store_city.
func publicMeta(k *edge.Call, view timekit.Object) timekit.Object {
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

func locationView(k *edge.Call, l *catalogue.Location) timekit.Object {
	return publicMeta(k, timekit.Location(l, k.Clock))
}

func serviceView(k *edge.Call, v *catalogue.Service) timekit.Object {
	return publicMeta(k, timekit.Service(v, k.Clock))
}

// views renders things of one kind; never nil.
func views[T any](k *edge.Call, all []*T, view func(*edge.Call, *T) timekit.Object) []timekit.Object {
	list := make([]timekit.Object, len(all))
	for i, one := range all {
		list[i] = view(k, one)
	}
	return list
}

// serviceViews renders services, with the locations that offer them if the request includes those.
func (h *serviceHandlers) serviceViews(k *edge.Call, all []*catalogue.Service) ([]timekit.Object, error) {
	list := views(k, all, serviceView)
	if !k.Includes()["locations"] {
		return list, nil
	}
	ids := make([]uuid.UUID, len(all))
	for i, one := range all {
		ids[i] = one.ID
	}
	locations, err := h.catalogue.LocationsOf(k, ids)
	for i, id := range ids {
		list[i]["locations"] = views(k, locations[id], locationView)
	}
	return list, err
}

// locationViews renders locations, with the services that they offer if the request includes those.
func (h *locationHandlers) locationViews(k *edge.Call, all []*catalogue.Location) ([]timekit.Object, error) {
	list := views(k, all, locationView)
	if !k.Includes()["services"] {
		return list, nil
	}
	ids := make([]uuid.UUID, len(all))
	for i, one := range all {
		ids[i] = one.ID
	}
	services, err := h.catalogue.ServicesAt(k, ids)
	for i, id := range ids {
		list[i]["services"] = views(k, services[id], serviceView)
	}
	return list, err
}
