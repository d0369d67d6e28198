package api

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"holdfast/internal/metrics"
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
	s := &Server{Log: slog.New(slog.DiscardHandler), Metrics: metrics.New()}
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
