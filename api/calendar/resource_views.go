package calendar

import (
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/timekit"
)

const maxTags = 100

// keepsCapacity refuses a change of a resource's capacity by its own token: how much of it is sold is its owner's to say.
func (in resourceInput) keepsCapacity(k *edge.Call, r *catalogue.Resource) error {
	if k.Self == nil || in.Capacity == nil || *in.Capacity == r.Capacity {
		return nil
	}
	return fault.Problems{"capacity": {"can be changed with a server key only"}}.Err()
}

// rules reads a resource's constraints, tags and capacity.
func (in resourceInput) rules(r *catalogue.Resource, problems fault.Problems) {
	if rules.CheckUnits(in.Capacity, "capacity", problems); in.Capacity != nil {
		r.NewCapacity = *in.Capacity
	}
	if list := rules.CheckConstraints(in.Constraints, "availability_constraints", problems); list != nil {
		r.Constraints = list
	}
	list := edge.JSONList(in.Tags, "tags", problems)
	if list == nil {
		return
	}
	r.Tags = list
	var tags []string
	if json.Unmarshal(list, &tags) != nil || len(tags) > maxTags {
		problems.Add("tags", "must be a list of at most %d texts", maxTags)
	}
	for _, tag := range tags {
		edge.CheckLength(tag, "tags", 200, problems)
	}
}

// showResource answers with one resource.
func (h *resourceHandlers) showResource(k *edge.Call, status int, r *catalogue.Resource) error {
	views, err := h.views(k, []*catalogue.Resource{r})
	if err != nil {
		return err
	}
	return k.Answer(status, views[0])
}

// ResourceViews renders resources as the caller may see them, with the parts that ?include= names. accounts and credentials are empty: no
// account is ever connected, and credentials are listed by GET /v2/credentials.
func (h *resourceHandlers) views(k *edge.Call, all []*catalogue.Resource) ([]timekit.Object, error) {
	wanted := k.Includes()
	var calendars map[uuid.UUID][]catalogue.Calendar
	if wanted["calendars"] {
		ids := make([]uuid.UUID, len(all))
		for i, r := range all {
			ids[i] = r.ID
		}
		var err error
		if calendars, err = h.calendars.CalendarsOf(k, ids); err != nil {
			return nil, err
		}
	}
	list := []timekit.Object{}
	for _, r := range all {
		view := timekit.ResourceFor(k.Kind, r, k.Clock)
		if wanted["availability_constraints"] {
			view["availability_constraints"] = timekit.OrList(r.Constraints)
		}
		if wanted["calendars"] {
			view["calendars"] = calendarsOf(k, r, calendars[r.ID])
		}
		for _, name := range []string{"accounts", "credentials"} {
			if wanted[name] {
				view[name] = []timekit.Object{}
			}
		}
		list = append(list, view)
	}
	return list, nil
}

func calendarsOf(k *edge.Call, r *catalogue.Resource, all []catalogue.Calendar) []timekit.Object {
	list := []timekit.Object{}
	for _, c := range all {
		list = append(list, timekit.View{Booking: &booking.Booking{Resource: *r, Calendar: c}, Clock: k.Clock}.Calendar())
	}
	return list
}

// resourceTimezone answers with the zone of the resource with an e-mail address, and its offset from UTC now, in hours.
func (h *resourceHandlers) resourceTimezone(k *edge.Call) error {
	email := k.Param("email")
	if !utf8.ValidString(email) || strings.ContainsRune(email, 0) {
		return fault.Errorf(fault.NotFound, "The resource does not exist.")
	}
	name, err := h.calendars.TimezoneOf(k, k.App.ID, email)
	if err != nil {
		return err
	}
	_, offset := k.App.Clock.Now().In((&catalogue.Resource{Timezone: name}).Zone()).Zone()
	return k.Answer(http.StatusOK, timekit.Object{"timezone": name, "utc_offset": float64(offset) / 3600})
}
