package portal

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/catalogue"
)

func (h *house) project(name string) string {
	h.t.Helper()
	p := &catalogue.Project{ID: uuid.Must(uuid.NewV7()), AppID: h.app.ID, Name: name, Slug: strings.ToLower(name)}
	check(h.t, h.CreateProject(context.Background(), p))
	return p.ID.String()
}

var linkAddress = regexp.MustCompile(`/portal/links/[0-9a-f-]{36}`)

func TestPublicLinkForm(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	b.get("/portal/links/new").want(t, http.StatusOK).says(t, "There is no project yet")
	project := h.project("Talk")
	b.get("/portal/links").want(t, http.StatusOK).says(t, "No link yet")
	fields := []string{
		"title", `The "first" <visit>`, "project_id", project, "duration", "soon", "horizon_days", "999", "enabled", "1", "question_label", "Notes?",
		"question_name", "notes", "question_type", "textarea", "question_required", "0", "question_label", "", "question_name", "", "question_type", "text",
	}
	b.send("/portal/links/new", fields...).want(t, http.StatusUnprocessableEntity).says(t, "duration", `value="soon"`)
	fields[5] = ""
	b.send("/portal/links/new", fields...).want(t, http.StatusUnprocessableEntity).says(t, `value="The &#34;first&#34; &lt;visit&gt;"`, `value="999"`, "must lie between 1 and 366",
		`value="Notes?"`, `value="notes"`, `<option value="textarea" selected>`, `name="question_required" value="0" checked`)
	fields[7] = "30"
	b.send("/portal/links/new", fields...).leads(t, "/portal/links?said=link_made")

	list := b.get("/portal/links").says(t, "The &#34;first&#34; &lt;visit&gt;", "Talk", `value="https://book.example.com/pls/`, ">on<")
	at := linkAddress.FindString(list.text)
	b.get(at+"/edit").want(t, http.StatusOK).says(t, `value="30"`, `value="Notes?"`, `id="q3-label"`)
	b.send(at+"/edit", "title", "Later", "project_id", project, "duration", "45", "horizon_days", "30", "require_claim_token", "1", "enabled", "1",
		"question_label", "", "question_name", "").leads(t, "/portal/links?said=updated")
	if page := b.get(at+"/edit").says(t, `value="Later"`, `value="45"`); strings.Contains(page.text, "Notes?") {
		t.Error("the question is there still")
	}
	b.get("/portal/links").says(t, "45 minutes", "asks for a claim token")
	b.send(at+"/switch").leads(t, "/portal/links?said=updated")
	b.get("/portal/links").says(t, ">off<", "Turn on")
	b.send(at+"/switch", "enabled", "1").leads(t, "/portal/links?said=updated")
	b.get("/portal/links").says(t, ">on<", "45 minutes") // and nothing else has changed
	b.get(at+"/delete").want(t, http.StatusOK).says(t, "Later", "What was booked through it stays")
	b.send(at+"/delete").leads(t, "/portal/links?said=link_deleted")
	b.get("/portal/links").says(t, "No link yet")
	b.get(at+"/edit").want(t, http.StatusNotFound)
}

// TestSecretsOfPublicLinks are shown once.
func TestSecretsOfPublicLinks(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	made := b.send("/portal/links/credentials").want(t, http.StatusCreated).says(t, "shown this once", `value="ESK_`, "EMB_")
	credential := regexp.MustCompile(`/portal/links/credentials/[0-9a-f-]{36}`)
	at := credential.FindString(b.get("/portal/links").text)
	b.get(at+"/rotate").want(t, http.StatusOK).says(t, "for a day")
	turned := b.send(at+"/rotate", "grace_period_seconds", "3600").want(t, http.StatusOK).says(t, `value="ESK_`)
	b.get("/portal/links").says(t, ">ends<", ">good<")
	b.get(at+"/revoke").want(t, http.StatusOK).says(t, "refused from now on")
	b.send(at+"/revoke").leads(t, "/portal/links?said=ended")
	b.get("/portal/links").says(t, ">ended<", ">good<")
	b.get(at+"/revoke").want(t, http.StatusNotFound)
	b.get(at+"/rotate").want(t, http.StatusNotFound)

	one := b.send("/portal/links/secrets").want(t, http.StatusCreated).says(t, `value="CRN_`)
	two := b.send("/portal/links/secrets").want(t, http.StatusCreated)
	list := b.get("/portal/links")
	if strings.Contains(list.text, "New secret") {
		t.Error("a third is offered")
	}
	b.send("/portal/links/secrets").want(t, http.StatusConflict).says(t, "revoke one first")
	secret := regexp.MustCompile(`/portal/links/secrets/[0-9a-f-]{36}/revoke`).FindString(list.text)
	b.get(secret).want(t, http.StatusOK).says(t, "signs nothing any more")
	b.send(secret).leads(t, "/portal/links?said=ended")
	b.get(secret).want(t, http.StatusNotFound)
	b.get("/portal/links").says(t, "New secret", ">ended<")
	for _, page := range []shown{made, turned, one, two} {
		if strings.Contains(list.text+h.log.String(), valueOf(page.text)) {
			t.Error("a secret is shown again, or logged")
		}
	}
}

func TestCallbackOfPublicLinks(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	b.send("/portal/links/callback", "callback_url", "http://example.com/<x>").want(t, http.StatusUnprocessableEntity).says(t, `value="http://example.com/&lt;x&gt;"`, "https")
	b.send("/portal/links/callback", "callback_url", "https://example.com/hook").leads(t, "/portal/links?said=updated")
	list := b.get("/portal/links").says(t, `value="https://example.com/hook"`, "What was sent")
	hook := regexp.MustCompile(`/portal/webhooks/[0-9a-f-]{36}`).FindString(list.text)
	b.get(hook).want(t, http.StatusOK).says(t, "Cronofy")
	b.send(hook+"/edit", "url", "https://example.com/hook", "format", "cronofy", "method", "post", "description", "mine").leads(t, hook+"?said=updated")
	b.send("/portal/links/callback", "callback_url", "nonsense").want(t, http.StatusUnprocessableEntity).says(t, `value="nonsense"`, "What was sent")
}
