package postgres_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

func TestResourceListsAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bare := must(b.Resource(b.ctx, b.app.ID, b.resource.ID))
	wantEqual(t, "lists of a bare one", string(bare.Tags)+string(bare.Constraints), "[][]")
	r := *bare
	r.ID, r.Tags, r.Constraints = newID(), json.RawMessage(`["vip"]`), json.RawMessage(`[{"allow_weekends": {}}]`)
	calendar := newID()
	check(t, b.CreateResource(b.ctx, &r, calendar))
	change := r
	change.Tags, change.Constraints = nil, nil
	check(t, b.UpdateResource(b.ctx, &change))
	now := must(b.Resource(b.ctx, b.app.ID, r.ID))
	wantEqual(t, "lists", string(now.Tags)+string(now.Constraints), `["vip"][{"allow_weekends": {}}]`)
	v := b.at("instant", 9, 10)
	v.Resource, v.Calendar = *now, *must(b.Calendar(b.ctx, r.ID, nil))
	wantEqual(t, "tags of a booking's", string(b.booked(v).Resource.Tags), `["vip"]`)
	all := must(b.CalendarsOf(b.ctx, []uuid.UUID{r.ID, b.resource.ID, newID()}))
	wantEqual(t, "calendars", fmt.Sprint(len(all), all[r.ID][0].ID, all[b.resource.ID][0].ID), fmt.Sprint(2, calendar, b.calendar.ID))
}

func TestResourceSearch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other, _ := b.newResource(b.newApp("other"))
	for _, c := range []struct {
		key, value string
		want       int
	}{
		{"name", "dr.*", 1}, {"name", "*GRAU", 1}, {"name", "grau", 0}, {"email", "grau@*", 1}, {"id", b.resource.ID.String(), 1},
		{"id", other.ID.String(), 0}, {"email", "*", 1},
	} {
		all, total, err := b.Resources(b.ctx, b.app.ID, pageOf(1, 10), postgres.Term{Key: c.key, Value: c.value})
		check(t, err)
		wantEqual(t, c.key+":"+c.value, fmt.Sprint(len(all), total.Total), fmt.Sprint(c.want, c.want))
	}
	for _, bad := range injections {
		_, _, err := b.Resources(b.ctx, b.app.ID, pageOf(1, 10), postgres.Term{Key: "name" + bad, Value: "x"})
		wantCode(t, err, fault.Invalid)
		all, _, err := b.Resources(b.ctx, b.app.ID, pageOf(1, 10), postgres.Term{Key: "name", Value: bad})
		if err != nil && fault.CodeOf(err) != fault.Invalid || len(all) > 0 && bad[0] != '*' {
			t.Errorf("%q finds %d: %v", bad, len(all), err)
		}
	}
}

func TestTimezoneOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nobody := *b.resource
	nobody.ID, nobody.Email = newID(), ""
	check(t, b.CreateResource(b.ctx, &nobody, newID()))
	second := *b.resource
	second.ID, second.Timezone = newID(), "UTC"
	check(t, b.CreateResource(b.ctx, &second, newID()))
	wantEqual(t, "the oldest one's", must(b.TimezoneOf(b.ctx, b.app.ID, "GRAU@example.com")), "Europe/Berlin")
	check(t, b.DeleteResource(b.ctx, b.app.ID, b.resource.ID))
	wantEqual(t, "the next one's", must(b.TimezoneOf(b.ctx, b.app.ID, "grau@example.com")), "UTC")
	for _, email := range []string{"", "nobody@example.com", "grau@%"} {
		_, err := b.TimezoneOf(b.ctx, b.app.ID, email)
		wantCode(t, err, fault.NotFound)
	}
	_, err := b.TimezoneOf(b.ctx, b.newApp("other").ID, "grau@example.com")
	wantCode(t, err, fault.NotFound)
}
