package api

import (
	"context"

	"github.com/google/uuid"

	"holdfast/internal/timekit"
)

// withOffers renders things, each with a part when the request asks for it: the other things it is tied to by projects.
func withOffers[T, O any](
	k *call, all []*T, id func(*T) uuid.UUID, show func(*T, timekit.Clock) timekit.Object, part string,
	load func(context.Context, []uuid.UUID) (map[uuid.UUID][]*O, error), showOffer func(*O, timekit.Clock) timekit.Object,
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
		view := show(one, k.Clock)
		if wanted {
			tied := []timekit.Object{}
			for _, offer := range offers[id(one)] {
				tied = append(tied, showOffer(offer, k.Clock))
			}
			view[part] = tied
		}
		list = append(list, view)
	}
	return list, nil
}
