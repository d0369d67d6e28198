package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestClaimProgramsOfTheDocument runs the programs of docs/public-links.md as they stand there: a visitor follows the address
// that each prints, books, moves and declines, and the callback is told.
func TestClaimProgramsOfTheDocument(t *testing.T) {
	t.Parallel()
	for _, p := range blocksOf(t, "docs/public-links.md", program, 2) {
		t.Run(p[1], func(t *testing.T) {
			t.Parallel()
			s, r := newLinkShop(t, mornings, `,"require_claim_token":true`), newReceiver(t, ok)
			s.callback(t, r)
			_, secret := s.clientSecret(t)
			s.told(t, r, secret, runClaims(t, s, p[1], p[2]))
		})
	}
}

// told goes the way of a visitor, and looks at what the callback hears.
func (s *linkShop) told(t *testing.T, r *receiver, secret, address string) {
	t.Helper()
	if said := s.checked(t, "/v2/public_links/"+s.link, claimOf(t, address)); said != "good" {
		t.Fatalf("the check of the token says %s", said)
	}
	page := s.take(t, s.arrive(t, address+"&utm_source=mail"))
	path, _, _ := strings.Cut(page, "?")
	moving := s.visitor.get(t, path+"?reschedule=true").want(t, http.StatusOK)
	form := s.visitor.get(t, moving.slots(t)[1].href).want(t, http.StatusOK)
	s.visitor.submit(t, path, form.form(nil)).want(t, http.StatusSeeOther)
	asked := s.visitor.get(t, path+"?decline=true").want(t, http.StatusOK)
	s.visitor.submit(t, path, asked.form(nil)).want(t, http.StatusSeeOther)
	got := r.waitFor(t, 3)
	for i, kind := range []string{"time_chosen", "rescheduled", "declined"} {
		for field, want := range map[string]string{
			"notification.type": "scheduling_request_" + kind, "scheduling_request.primary_select_url": s.api + path,
			"scheduling_request.event.metadata.scheduler": "map[correlation_id:order 1 utm_source:mail]",
			"scheduling_request.recipients.0.email":       "marty@example.com",
		} {
			if got[i].at(field) != want {
				t.Errorf("message %d: %s is %q, want %q", i, field, got[i].at(field), want)
			}
		}
		got[i].promised(t, "CronofyNotification")
	}
	wantSignedForCronofy(t, got, secret)
	again := s.post(t, "/v2/public_links/"+s.link+"/check", `{"claim_token":"`+claimOf(t, address)+`"}`).want(t, http.StatusOK)
	again.same(t, "data.spent", "true")
}

func claimOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("claim_token")
}

// runClaims runs a program that prints where to send a visitor.
func runClaims(t *testing.T, s *linkShop, language, source string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main."+language)
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	command := []string{"node", file}
	if language == "go" {
		command = []string{"go", "run", file}
	}
	run := exec.CommandContext(t.Context(), command[0], command[1:]...)
	run.Env = append(os.Environ(), "EMBED_KEY="+s.issuer, "EMBED_SECRET="+s.secret, "LINK_URL="+s.api+s.path)
	printed, err := run.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(printed))
}
