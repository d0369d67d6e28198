package api

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"holdfast/internal/links"
	"holdfast/internal/metrics"
	"holdfast/internal/postgres"
)

func TestPathsForPages(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/v2/bookings": true, "/v2/availability": true, "/v2/app": true, "/v2/apps-of-others": true, "/openapi.json": true, "/v2/": true,
		"/v2/apps": false, "/v2/apps/x": false, "/healthz": false, "/metrics": false, "/": false, "/v3/bookings": false,
		"/v2/bookings/x/external_action/confirm": false,
	} {
		if got := forPages(path); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
}

// TestPanicsCanBeReadByPages: what goes wrong on our side is an answer like any other.
func TestPanicsCanBeReadByPages(t *testing.T) {
	t.Parallel()
	s := &Server{DB: new(postgres.DB), Log: slog.New(slog.DiscardHandler), Metrics: metrics.New()}
	engine := gin.New()
	engine.Use(s.observe, s.recover)
	engine.GET("/v2/broken", func(*gin.Context) { panic("broken") })
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/v2/broken", nil)
	r.Header.Set("Origin", "https://barber.example")
	crossOrigin(engine).ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// TestBrowsersAreToldToStayOnTLS with every answer, where the world reaches this server by https, and only there.
func TestBrowsersAreToldToStayOnTLS(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://book.example.com": "max-age=31536000", "HTTPS://book.example.com/": "max-age=31536000", "http://localhost:8080": "", "": "",
	} {
		s := &Server{DB: new(postgres.DB), Log: slog.New(slog.DiscardHandler), Metrics: metrics.New(), Links: links.Maker{BaseURL: base}}
		engine := gin.New()
		engine.Use(s.observe, s.recover)
		engine.GET("/good", func(c *gin.Context) { c.Status(http.StatusNoContent) })
		engine.GET("/broken", func(*gin.Context) { panic("broken") })
		for _, path := range []string{"/good", "/broken", "/nowhere"} {
			w := httptest.NewRecorder()
			engine.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
			if got := w.Header().Get("Strict-Transport-Security"); got != want {
				t.Errorf("%s%s: Strict-Transport-Security is %q, want %q", base, path, got, want)
			}
		}
	}
}
