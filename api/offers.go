package api

import (
	"context"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/timekit"
)

// withOffers renders things, each with a part when the request asks for it: the other things it is tied to by projects.
func withOffers[T, O any](
	k *edge.Call, all []*T, id func(*T) uuid.UUID, show func(*edge.Call, *T) timekit.Object, part string,
	load func(context.Context, []uuid.UUID) (map[uuid.UUID][]*O, error), showOffer func(*edge.Call, *O) timekit.Object,
) ([]timekit.Object, error) {
	wanted := k.Includes()[part]
	var offers map[uuid.UUID][]*O
	if wanted {
		ids := make([]uuid.UUID, len(all))
		for i, one := range all {
			ids[i] = id(one)
		}
		var err error
		if offers, err = load(k, ids); err != nil {
			return nil, err
		}
	}
	list := []timekit.Object{}
	for _, one := range all {
		view := show(k, one)
		if wanted {
			tied := []timekit.Object{}
			for _, offer := range offers[id(one)] {
				tied = append(tied, showOffer(k, offer))
			}
			view[part] = tied
		}
		list = append(list, view)
	}
	return list, nil
}
