package portal

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/api"
	"holdfast/internal/catalogue"
	"holdfast/internal/postgres"
)

// TestTimeOutsOfTheRecordAreUnavailable holds a table from a second connection, so that a lock or a statement of a request times out:
// 503 that says when to try again, without the cause; the same request, sent again, passes when the table is free.
func TestTimeOutsOfTheRecordAreUnavailable(t *testing.T) {
	t.Parallel()
	for _, limit := range []string{"lock_timeout", "statement_timeout"} {
		t.Run(limit, func(t *testing.T) {
			t.Parallel()
			var server *api.Server
			h := build(t, func(_ *Portal, s *api.Server) { server = s })
			id := uuid.Must(uuid.NewV7())
			check(t, h.CreateResource(t.Context(), &catalogue.Resource{ID: id, AppID: h.app.ID, Name: "Chair", Timezone: "UTC", Meta: []byte(`{}`)}, id))
			impatient, err := postgres.Open(t.Context(), strings.Replace(h.url, limit+"=120s", limit+"=100ms", 1), 4)
			check(t, err)
			t.Cleanup(impatient.Close)
			server.DB = impatient
			handler := server.Handler() // its rooms have the record from now on
			ask := func(method, path, body string) *httptest.ResponseRecorder {
				r := httptest.NewRequest(method, path, strings.NewReader(body))
				r.Header.Set("Authorization", "Bearer "+h.key)
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				return w
			}
			second, err := pgx.Connect(t.Context(), h.url)
			check(t, err)
			t.Cleanup(func() { _ = second.Close(context.WithoutCancel(t.Context())) })
			requests := []struct{ method, path, body string }{
				{http.MethodGet, "/v2/resources/" + id.String(), ""}, {http.MethodGet, "/v2/resources", ""},
				{http.MethodPut, "/v2/resources/" + id.String(), `{"name":"Other"}`}, {http.MethodPost, "/v2/resources", `{"name":"New","timezone":"UTC"}`},
			}
			for _, one := range requests {
				tx, err := second.Begin(t.Context())
				check(t, err)
				_, err = tx.Exec(t.Context(), `LOCK TABLE resources IN ACCESS EXCLUSIVE MODE`)
				check(t, err)
				w := ask(one.method, one.path, one.body)
				if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `"code":"unavailable"`) ||
					strings.Contains(w.Body.String(), "timeout") {
					t.Errorf("%s %s: %d %v %s", one.method, one.path, w.Code, w.Header(), w.Body)
				}
				check(t, tx.Rollback(t.Context()))
				w = ask(one.method, one.path, one.body)
				for tries := 1; w.Code == http.StatusServiceUnavailable && tries < 100; tries++ { // on a busy machine any statement may take 100 ms
					w = ask(one.method, one.path, one.body)
				}
				if w.Code >= http.StatusMultipleChoices {
					t.Errorf("%s %s, when the table is free: %d %s", one.method, one.path, w.Code, w.Body)
				}
			}
		})
	}
}
