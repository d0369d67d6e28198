package api

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/metrics"
	"holdfast/internal/postgres"
)

// pageAddresses are the addresses of all routes that answer people with pages, and addresses that such ones become when they are cut
// off or miscopied.
func pageAddresses(s *Server) (routes []edge.Route, broken []string) {
	for _, r := range s.visitor().Routes() {
		if r.Method != http.MethodOptions {
			r.Path = strings.NewReplacer(":id", uuid.NewString(), ":code", "x", ":action", "cancel").Replace(r.Path)
			routes = append(routes, r)
			broken = append(broken, r.Path+"/x", r.Path[:strings.LastIndexByte(r.Path, '/')])
		}
	}
	slices.Sort(broken)
	return routes, slices.Compact(broken)
}

// TestPagesFailWithPages: whatever is wrong with a page's address, wherever it is noticed, a browser reads a page, and a program a
// problem document with the same status.
func TestPagesFailWithPages(t *testing.T) {
	t.Parallel()
	s := &Server{ // without a record, so that good addresses meet a fault, too
		DB:     new(postgres.DB),
		Limits: edge.NewLimits(0, 0, 0), Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler),
	}
	handler := s.Handler()
	ask := func(method, address, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/", nil)
		path, query, _ := strings.Cut(address, "?")
		r.URL.Path, r.URL.RawQuery = path, query
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	fails := func(method, address string, code fault.Code) {
		t.Helper()
		for _, accept := range []string{"text/html,application/xhtml+xml,application/json;q=0.9", "", "*/*"} {
			w := ask(method, address, accept)
			if w.Code != edge.Statuses[code] || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") ||
				method != http.MethodHead && !strings.Contains(w.Body.String(), "<h1>") {
				t.Errorf("%s %q for %q: %d %s %.80s", method, address, accept, w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			for _, header := range []string{"Content-Security-Policy", "Referrer-Policy", "Cache-Control"} {
				if w.Header().Get(header) == "" {
					t.Errorf("%s %q has no %s", method, address, header)
				}
			}
		}
		w := ask(method, address, "application/json")
		if w.Code != edge.Statuses[code] || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/problem+json") ||
			!strings.Contains(w.Body.String(), `"code":"`+string(code)+`"`) {
			t.Errorf("%s %q for a program: %d %.120s", method, address, w.Code, w.Body)
		}
	}
	routes, broken := pageAddresses(s)
	if len(routes) < 10 {
		t.Fatalf("only %d routes are pages", len(routes))
	}
	for _, r := range routes {
		for _, bad := range []string{"?signature=%ff", "?%ff=x", "?tz=a%00b"} {
			fails(r.Method, r.Path+bad, fault.Malformed)
		}
		fails(r.Method, strings.Replace(r.Path, "/x", "/\xff", 1)+"?a=%00", fault.Malformed)
		fails(r.Method, r.Path+"?Timezone=Nowhere", fault.Invalid)
		code := fault.Internal
		if strings.HasPrefix(r.Path, "/unsubscribe/") { // it is sealed, so nothing is looked up
			code = fault.LinkInvalid
		}
		if r.Method != http.MethodPost {
			fails(r.Method, r.Path+"?signature=x", code)
		}
		fails(http.MethodPatch, r.Path, fault.MethodNotAllowed)
	}
	for _, address := range broken {
		code := fault.NotFound
		switch { // there are other routes by these addresses
		case strings.HasSuffix(address, "/external_action"):
			code = fault.MethodNotAllowed
		case slices.ContainsFunc(routes, func(r edge.Route) bool { return r.Path == address }):
			continue
		}
		fails(http.MethodGet, address, code)
	}
	if w := ask(http.MethodGet, "/v2/bookings/x", "text/html"); strings.Contains(w.Header().Get("Content-Type"), "html") {
		t.Error("an address of the API answers with a page")
	}
}
