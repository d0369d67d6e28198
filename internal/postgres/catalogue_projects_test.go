package postgres_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// newProject puts a project of the bundle's app on record.
func (b *bundle) newProject(slug string, resources ...uuid.UUID) *catalogue.Project {
	b.t.Helper()
	p := &catalogue.Project{ID: newID(), AppID: b.app.ID, Name: "Project " + slug, Slug: slug, Resources: resources}
	check(b.t, b.CreateProject(b.ctx, p))
	return must(b.Project(b.ctx, b.app.ID, p.ID))
}

func TestProjectKeepsWhatIsNotNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	second, _ := b.newResource(b.app)
	third, _ := b.newResource(b.app)
	second.Timezone = "Asia/Tokyo"
	check(t, b.UpdateResource(b.ctx, second))
	order := []uuid.UUID{second.ID, b.resource.ID, third.ID} // neither the oldest nor the newest first
	p := b.newProject("cut", order...)
	wantSame(t, "resources", p.Resources, order)
	wantSame(t, "zones", p.Zones, []string{"Asia/Tokyo", b.resource.Timezone, third.Timezone})
	for what, got := range map[string]json.RawMessage{"availability": p.Availability, "booking": p.Booking, "fields": p.CustomerFields, "ui": p.UI, "meta": p.Meta} {
		wantEqual(t, what, string(got), "{}")
	}
	wantEqual(t, "lists", string(p.Constraints)+string(p.Reminders)+fmt.Sprint(p.Locations, p.Services), "[][][] []")
	change := &catalogue.Project{ID: p.ID, AppID: b.app.ID, Meta: json.RawMessage(`{"a": 1}`), Resources: []uuid.UUID{}}
	check(t, b.UpdateProject(b.ctx, change))
	now := must(b.Project(b.ctx, b.app.ID, p.ID))
	wantEqual(t, "changed", fmt.Sprint(now.Resources, string(now.Meta)), `[]{"a": 1}`)
	wantEqual(t, "later", now.UpdatedAt.After(p.UpdatedAt), true)
	wantEqual(t, "zones of nobody", len(now.Zones), 0)
	now.Resources, now.Zones, now.Meta, now.UpdatedAt = p.Resources, p.Zones, p.Meta, p.UpdatedAt
	wantEqual(t, "the rest", fmt.Sprint(now), fmt.Sprint(p))
}

// TestProjectChangesAddUp changes different fields of one project at once: none is lost.
func TestProjectChangesAddUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newProject("cut")
	raw := json.RawMessage(`{"mine": 1}`)
	var all sync.WaitGroup
	for _, change := range []catalogue.Project{{Name: "Mine"}, {Slug: "mine"}, {Meta: raw}, {UI: raw}, {Booking: raw}, {Availability: raw},
		{CustomerFields: raw}, {Resources: []uuid.UUID{b.resource.ID}}} {
		change.ID, change.AppID = p.ID, b.app.ID
		all.Go(func() {
			if err := b.UpdateProject(b.ctx, &change); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	now := must(b.Project(b.ctx, b.app.ID, p.ID))
	got := fmt.Sprintf("%s %s %s%s%s%s%s %d", now.Name, now.Slug, now.Meta, now.UI, now.Booking, now.Availability, now.CustomerFields, len(now.Resources))
	one := `{"mine": 1}`
	wantEqual(t, "changes", got, "Mine mine "+one+one+one+one+one+" 1")
}

func TestProjectRepeatChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newProject("cut", b.resource.ID)
	check(t, b.UpdateProject(b.ctx, &catalogue.Project{ID: p.ID, AppID: b.app.ID, Resources: []uuid.UUID{}}))
	before := b.tables()
	again := *p
	again.Name, again.Slug = "another", "another"
	check(t, b.CreateProject(b.ctx, &again))
	check(t, b.CreateProject(b.ctx, p)) // its own slug is not in its way
	if after := b.tables(); before != after {
		t.Errorf("a repeat changed the record:\n%s\n%s", before, after)
	}
	again.ID = newID()
	again.Slug = "cut"
	wantCode(t, b.CreateProject(b.ctx, &again), fault.AlreadyExists)
	again.Slug = "mine"
	check(t, b.CreateProject(b.ctx, &again))
	wantCode(t, b.UpdateProject(b.ctx, &catalogue.Project{ID: again.ID, AppID: b.app.ID, Slug: "cut"}), fault.AlreadyExists)
}

// TestProjectsOfAppsAreApart plays every method on projects with what belongs to another app, or is gone.
func TestProjectsOfAppsAreApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newProject("cut", b.resource.ID)
	thief := b.newApp("thief")
	mine, _ := b.newResource(thief)
	gone, _ := b.newResource(b.app)
	check(t, b.DeleteResource(b.ctx, b.app.ID, gone.ID))
	before := b.tables()
	stolen := catalogue.Project{ID: p.ID, AppID: thief.ID, Name: "stolen", Slug: "stolen"}
	for name, call := range map[string]func() error{
		"Project":             func() error { _, err := b.Project(b.ctx, thief.ID, p.ID); return err },
		"CreateProject":       func() error { return b.CreateProject(b.ctx, &stolen) },
		"UpdateProject":       func() error { return b.UpdateProject(b.ctx, &stolen) },
		"DeleteProject":       func() error { return b.DeleteProject(b.ctx, thief.ID, p.ID) },
		"AddProjectResource":  func() error { return b.AddProjectResource(b.ctx, thief.ID, p.ID, mine.ID) },
		"a foreign resource":  func() error { return b.AddProjectResource(b.ctx, b.app.ID, p.ID, mine.ID) },
		"a deleted resource":  func() error { return b.AddProjectResource(b.ctx, b.app.ID, p.ID, gone.ID) },
		"DropProjectResource": func() error { return b.DropProjectResource(b.ctx, thief.ID, p.ID, b.resource.ID) },
		"WidgetKey":           func() error { _, _, err := b.WidgetKey(b.ctx, thief.ID); return err },
	} {
		if err := call(); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, id := range []uuid.UUID{mine.ID, gone.ID, newID()} {
		for _, change := range []catalogue.Project{{Resources: []uuid.UUID{id}}, {Locations: []uuid.UUID{id}}, {Services: []uuid.UUID{id}}} {
			change.ID, change.AppID = p.ID, b.app.ID
			wantCode(t, b.UpdateProject(b.ctx, &change), fault.Invalid)
			change.ID, change.Slug = newID(), "new"
			wantCode(t, b.CreateProject(b.ctx, &change), fault.Invalid)
			wantEqual(t, "lacking", len(must(b.MissingReferences(b.ctx, &change))), 1)
		}
	}
	if after := b.tables(); before != after {
		t.Errorf("something changed:\n%s\n%s", before, after)
	}
	all, total, err := b.Projects(b.ctx, thief.ID, nil, pageOf(1, 10))
	check(t, err)
	wantEqual(t, "projects", len(all)+total.Total, 0)
}

// TestResourcesQueueUp adds resources to a project at once: each gets a place of its own.
func TestResourcesQueueUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newProject("cut")
	var all sync.WaitGroup
	for range 8 {
		r, _ := b.newResource(b.app)
		all.Go(func() {
			if err := b.AddProjectResource(b.ctx, b.app.ID, p.ID, r.ID); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	b.wantCount(8, `SELECT count(DISTINCT position) FROM project_resources`)
	list, total, err := b.ProjectResources(b.ctx, p.ID, pageOf(2, 3))
	check(t, err)
	wantEqual(t, "a page of them", fmt.Sprint(len(list), total.Total), "3 8")
}

func TestProjectSearchIsSafe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.newProject("cut", b.resource.ID)
	for _, key := range []string{"id", "name", "slug", "resources.uuid", "locations.uuid", "services.uuid"} {
		for _, bad := range injections {
			all, total, err := b.Projects(b.ctx, b.app.ID, []postgres.Term{{Key: key, Value: bad}}, pageOf(1, 10))
			wild := len(bad) > 1 && bad[0] == '*'
			if err != nil && fault.CodeOf(err) != fault.Invalid || err == nil && !wild && len(all)+total.Total > 0 {
				t.Errorf("%s:%q finds %d: %v", key, bad, total.Total, err)
			}
			_, _, err = b.Projects(b.ctx, b.app.ID, []postgres.Term{{Key: key + bad, Value: "x"}}, pageOf(1, 10))
			wantCode(t, err, fault.Invalid)
		}
	}
}
