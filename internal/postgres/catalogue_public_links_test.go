package postgres_test

import (
	"testing"

	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// link puts a public link of the bundle's app on record.
func (b *bundle) link(code string) *catalogue.PublicLink {
	b.t.Helper()
	l, err := b.CreatePublicLink(b.ctx, &catalogue.PublicLink{
		ID: newID(), AppID: b.app.ID, ProjectID: b.newProject("of-" + code).ID, Code: code, Title: "Talk", Description: "to us", HorizonDays: 14,
		Questions: []catalogue.Question{{Name: "notes", Label: "Notes", Type: "textarea", Required: true}}, Enabled: true,
	})
	check(b.t, err)
	return l
}

func (b *bundle) publicLinks() []*catalogue.PublicLink {
	b.t.Helper()
	all, _, err := b.PublicLinks(b.ctx, b.app.ID, postgres.Page{Number: 1, Limit: 100})
	check(b.t, err)
	return all
}

func TestPublicLinks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := b.link("one")
	wantEqual(t, "made", words(l.Code, l.Title, l.Description, l.DurationMinutes == nil, l.HorizonDays, l.Questions, l.RequireClaimToken, l.Enabled),
		"one Talk to us true 14 [{notes Notes textarea true}] false true")
	again := *l
	again.Code, again.Title = "again", "Again"
	repeated := must(b.CreatePublicLink(b.ctx, &again))
	wantEqual(t, "a repeat changes nothing", words(repeated.Code, repeated.Title), "one Talk")

	change, minutes := *l, 45
	other := b.newProject("other")
	change.Code, change.Title, change.DurationMinutes, change.HorizonDays, change.ProjectID = "changed", "New", &minutes, 60, other.ID
	change.Questions, change.RequireClaimToken, change.Enabled = nil, true, false
	changed := must(b.UpdatePublicLink(b.ctx, &change))
	wantEqual(t, "changed, but for its code", words(changed.Code, changed.Title, *changed.DurationMinutes, changed.HorizonDays, changed.ProjectID,
		len(changed.Questions), changed.RequireClaimToken, changed.Enabled), words("one New 45 60", other.ID, "0 true false"))
	wantEqual(t, "changed then", changed.UpdatedAt.After(l.UpdatedAt), true)
	second := b.link("two")
	all := b.publicLinks()
	wantSame(t, "listed, the oldest first", []string{all[0].Code, all[1].Code}, []string{"one", "two"})
	wantEqual(t, "got", must(b.PublicLink(b.ctx, b.app.ID, second.ID)).Code, "two")

	found, app, err := b.OpenPublicLink(b.ctx, "one")
	wantCode(t, err, fault.PublicLinkDisabled)
	wantEqual(t, "all the same", words(found.ID, app.ID), words(l.ID, b.app.ID))
	found, app, err = b.OpenPublicLink(b.ctx, "two")
	check(t, err)
	wantEqual(t, "open", words(found.ID, found.Questions, app.Slug), words(second.ID, "[{notes Notes textarea true}] acme"))
	_, _, err = b.OpenPublicLink(b.ctx, "Two")
	wantCode(t, err, fault.PublicLinkNotFound)

	check(t, b.DeletePublicLink(b.ctx, b.app.ID, l.ID))
	wantCode(t, b.DeletePublicLink(b.ctx, b.app.ID, l.ID), fault.NotFound)
	check(t, b.DeleteProject(b.ctx, b.app.ID, second.ProjectID))
	wantEqual(t, "a project takes its links along", len(b.publicLinks()), 0)
}

func TestPublicLinksOfOtherApps(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := b.link("one")
	mine := b.app
	b.app = b.newApp("thief")
	project := b.newProject("thief")
	stolen := *l
	stolen.AppID, stolen.Title = b.app.ID, "Stolen"
	_, err := b.CreatePublicLink(b.ctx, &stolen)
	wantCode(t, err, fault.NotFound)
	stolen.ProjectID = project.ID
	_, err = b.CreatePublicLink(b.ctx, &stolen) // its own project, but the id is taken
	wantCode(t, err, fault.NotFound)
	_, err = b.UpdatePublicLink(b.ctx, &stolen)
	wantCode(t, err, fault.NotFound)
	stolen.ID, stolen.Code, stolen.ProjectID = newID(), "two", l.ProjectID
	_, err = b.CreatePublicLink(b.ctx, &stolen)
	wantCode(t, err, fault.NotFound)
	own := b.link("own")
	own.ProjectID = l.ProjectID
	_, err = b.UpdatePublicLink(b.ctx, own)
	wantCode(t, err, fault.NotFound)
	_, err = b.PublicLink(b.ctx, b.app.ID, l.ID)
	wantCode(t, err, fault.NotFound)
	wantCode(t, b.DeletePublicLink(b.ctx, b.app.ID, l.ID), fault.NotFound)
	wantEqual(t, "untouched", must(b.PublicLink(b.ctx, mine.ID, l.ID)).Title, "Talk")
	wantEqual(t, "the thief's", len(b.publicLinks()), 1)
}
