package catalogue

import (
	"context"
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
	return list, include(k, list, "locations", h.catalogue.LocationsOf, locationView)
}

// locationViews renders locations, with the services that they offer if the request includes those.
func (h *locationHandlers) locationViews(k *edge.Call, all []*catalogue.Location) ([]timekit.Object, error) {
	list := views(k, all, locationView)
	return list, include(k, list, "services", h.catalogue.ServicesAt, serviceView)
}

// include adds to each view of a list the things that belong to it, under a name, if the request includes that name. of reads
// them by the ids of the views.
func include[T any](
	k *edge.Call, list []timekit.Object, name string,
	of func(context.Context, []uuid.UUID) (map[uuid.UUID][]*T, error), view func(*edge.Call, *T) timekit.Object,
) error {
	if !k.Includes()[name] {
		return nil
	}
	ids := make([]uuid.UUID, len(list))
	for i, one := range list {
		ids[i], _ = one["id"].(uuid.UUID)
	}
	found, err := of(k, ids)
	for i, id := range ids {
		list[i][name] = views(k, found[id], view)
	}
	return err
}
