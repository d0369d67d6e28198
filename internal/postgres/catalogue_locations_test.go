package postgres_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
)

// TestLocationsOfAppsAreApart plays every method on locations and services with what belongs to another app.
func TestLocationsOfAppsAreApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := must(b.CreateLocation(b.ctx, &catalogue.Location{ID: newID(), AppID: b.app.ID, Name: "North"}))
	s := must(b.CreateService(b.ctx, &catalogue.Service{ID: newID(), AppID: b.app.ID, Name: "Cut"}))
	thief := b.newApp("thief")
	before := b.tables()
	place := catalogue.Location{ID: l.ID, AppID: thief.ID, Name: "stolen"}
	done := catalogue.Service{ID: s.ID, AppID: thief.ID, Name: "stolen"}
	for name, call := range map[string]func() error{
		"Location":       func() error { _, err := b.Location(b.ctx, thief.ID, l.ID, nil); return err },
		"CreateLocation": func() error { _, err := b.CreateLocation(b.ctx, &place); return err },
		"UpdateLocation": func() error { _, err := b.UpdateLocation(b.ctx, &place); return err },
		"DeleteLocation": func() error { return b.DeleteLocation(b.ctx, thief.ID, l.ID) },
		"Service":        func() error { _, err := b.Service(b.ctx, thief.ID, s.ID); return err },
		"CreateService":  func() error { _, err := b.CreateService(b.ctx, &done); return err },
		"UpdateService":  func() error { _, err := b.UpdateService(b.ctx, &done); return err },
		"DeleteService":  func() error { return b.DeleteService(b.ctx, thief.ID, s.ID) },
	} {
		if err := call(); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	again := *l
	again.Name = "another"
	wantEqual(t, "a repeat", must(b.CreateLocation(b.ctx, &again)).Name, "North")
	if after := b.tables(); before != after {
		t.Errorf("something changed:\n%s\n%s", before, after)
	}
	places, total, err := b.Locations(b.ctx, thief.ID, nil, nil, pageOf(1, 10))
	check(t, err)
	offers, count, err := b.Services(b.ctx, thief.ID, nil, pageOf(1, 10))
	check(t, err)
	wantEqual(t, "lists", len(places)+total.Total+len(offers)+count.Total, 0)
}

// TestOffersAreToldOnce ties a location and a service by two projects.
func TestOffersAreToldOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := func(degrees float64) *float64 { return &degrees }
	l := must(b.CreateLocation(b.ctx, &catalogue.Location{ID: newID(), AppID: b.app.ID, Name: "North", Latitude: at(1), Longitude: at(2)}))
	far := must(b.CreateLocation(b.ctx, &catalogue.Location{ID: newID(), AppID: b.app.ID, Name: "Lone"}))
	s := must(b.CreateService(b.ctx, &catalogue.Service{ID: newID(), AppID: b.app.ID, Name: "Cut"}))
	for _, slug := range []string{"one", "two"} {
		p := &catalogue.Project{ID: newID(), AppID: b.app.ID, Name: slug, Slug: slug, Locations: []uuid.UUID{l.ID}, Services: []uuid.UUID{s.ID}}
		check(t, b.CreateProject(b.ctx, p))
	}
	offers := must(b.ServicesAt(b.ctx, []uuid.UUID{l.ID, far.ID}))
	wantEqual(t, "services", fmt.Sprint(len(offers), len(offers[l.ID]), *offers[l.ID][0]), fmt.Sprint(1, 1, *s))
	places := must(b.LocationsOf(b.ctx, []uuid.UUID{s.ID}))
	wantEqual(t, "locations", fmt.Sprint(len(places[s.ID]), *places[s.ID][0].Longitude, places[s.ID][0].Name), "1 2North")
	near := must(b.Location(b.ctx, b.app.ID, l.ID, &catalogue.Point{Latitude: 1, Longitude: 3}))
	wantEqual(t, "km", fmt.Sprintf("%.1f", *near.Distance), "111.2")
	check(t, b.DeleteLocation(b.ctx, b.app.ID, l.ID))
	wantEqual(t, "after it is gone", len(must(b.LocationsOf(b.ctx, []uuid.UUID{s.ID}))), 0)
	b.wantCount(2, `SELECT count(*) FROM projects`)
}
