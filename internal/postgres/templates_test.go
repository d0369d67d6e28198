package postgres_test

import (
	"strings"
	"testing"

	"holdfast/internal/tenant"
)

// TestMailTemplates: one for each app, kind, receiver and language; a change leaves the other texts as they are.
func TestMailTemplates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	thief := b.newApp("thief")
	of := tenant.MailSlot{Kind: "booking_confirmed", To: "customer", Language: "de"}
	text := func(s string) *string { return &s }
	if got := must(b.MailTemplate(b.ctx, b.app.ID, of)); got != nil {
		t.Errorf("there is %v", got)
	}
	must(b.SetMailTemplate(b.ctx, b.app.ID, of, tenant.MailChange{Heading: text("Hallo"), Lead: text("Bis bald")}))
	made := must(b.SetMailTemplate(b.ctx, b.app.ID, of, tenant.MailChange{Heading: text(""), Closing: text("Tschüss")}))
	want := tenant.MailTexts{Lead: "Bis bald", Closing: "Tschüss"}
	if made.MailSlot != of || made.MailTexts != want || made.UpdatedAt.IsZero() {
		t.Errorf("got %+v", made)
	}
	must(b.SetMailTemplate(b.ctx, thief.ID, of, tenant.MailChange{Heading: text("stolen")}))
	other := of
	other.To = "owner"
	must(b.SetMailTemplate(b.ctx, b.app.ID, other, tenant.MailChange{Subject: text("S")}))
	if got := must(b.MailTemplate(b.ctx, b.app.ID, of)); got == nil || *got != *made {
		t.Errorf("got %+v", got)
	}
	if got := must(b.MailTemplates(b.ctx, b.app.ID)); len(got) != 2 || got[0] != *made || got[1].To != "owner" {
		t.Errorf("got %+v", got)
	}
	check(t, b.DeleteMailTemplate(b.ctx, thief.ID, of))
	check(t, b.DeleteMailTemplate(b.ctx, thief.ID, of)) // there is none any more
	if got := must(b.MailTemplate(b.ctx, thief.ID, of)); got != nil || must(b.MailTemplate(b.ctx, b.app.ID, of)) == nil {
		t.Errorf("got %+v", got)
	}
	if _, err := b.SetMailTemplate(b.ctx, b.app.ID, of, tenant.MailChange{Lead: text(strings.Repeat("x", 70_000))}); err == nil {
		t.Error("a text of 70 kB is kept")
	}
	check(t, b.DeleteApp(b.ctx, b.app.ID))
	b.wantCount(0, `SELECT count(*) FROM mail_templates`)
}
