package api

import (
	"fmt"
	"net/http"
	"testing"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// TestTheAdminKeyIsHardToGuess: wherever the admin key opens, an address has so many guesses, and then not even the right key is
// looked at. Another address is not held up, nor is a caller whose key was good before.
func TestTheAdminKeyIsHardToGuess(t *testing.T) {
	t.Parallel()
	f := setup(t, func(_ *tenant.AppSettings, s *Server) { s.Limits = edge.NewLimits(0, 0, 3) })
	f.put(f.server, "/v2/app", `{}`).want(t, http.StatusOK)
	doors := 0
	for _, r := range f.routes() {
		if r.Access != edge.RequireAdmin && r.Access != edge.RequireApp {
			continue
		}
		doors++
		f.from = fmt.Sprintf("198.51.100.%d", doors)
		ask := func(key string) answer { return f.send(key, r.Method, r.Path, `{}`) }
		for i := range 3 {
			ask(fmt.Sprintf("guess %d", i)).refused(t, fault.Unauthorized, "")
		}
		ask("one guess too many").refused(t, fault.TooManyRequests, "")
		ask(adminKey).refused(t, fault.TooManyRequests, "")
		f.send(f.server, http.MethodGet, "/v2/app", "").want(t, http.StatusOK)
	}
	if doors < 6 {
		t.Errorf("%d routes take the admin key", doors)
	}
	f.from = "198.51.100.200"
	f.send(adminKey, http.MethodGet, "/v2/apps", "").want(t, http.StatusOK)
	f.from = "198.51.100.1"
	f.send(adminKey, http.MethodGet, "/v2/apps", "").want(t, http.StatusOK)
}

// TestWithoutAnAdminKeyNobodyIsAdmin: not even whoever sends none.
func TestWithoutAnAdminKeyNobodyIsAdmin(t *testing.T) {
	t.Parallel()
	f := setup(t, func(_ *tenant.AppSettings, s *Server) { s.AdminKey = "" })
	for _, key := range []string{"", " ", "x", adminKey, f.server} {
		f.send(key, http.MethodGet, "/v2/apps", "", "Authorization", "Bearer "+key).refused(t, fault.Unauthorized, "")
	}
}
