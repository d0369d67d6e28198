package api

import (
	"net/http"
	"strings"

	"github.com/rs/cors"
)

// crossOrigin lets pages of any site call the API, errors included, and answers preflights itself, for every path: a
// browser sends no key with them. A key is sent by the page and never by the browser, so there is nothing to ride on.
// Action links and the admin's routes are not for pages of other sites.
func crossOrigin(next http.Handler) http.Handler {
	shared := cors.New(cors.Options{
		AllowedOrigins: []string{"*"},
		AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete},
		AllowedHeaders: []string{"*"},
		ExposedHeaders: []string{
			"Timekit-TestMode", "Timekit-Request-Id", "X-Request-Id", "ETag", "Location", "Idempotent-Replayed", "Holdfast-Action-Id",
			"Holdfast-Seq", "RateLimit", "RateLimit-Policy", "Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining",
		},
		MaxAge: 24 * 60 * 60, // seconds
	}).Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if forPages(r.URL.Path) {
			shared.ServeHTTP(w, r)
		} else {
			next.ServeHTTP(w, r)
		}
	})
}

func forPages(path string) bool {
	rest, ok := strings.CutPrefix(path, "/v2/")
	admin := rest == "apps" || strings.HasPrefix(rest, "apps/")
	return ok && !admin && !strings.Contains(rest, "/external_action/") || path == "/openapi.json"
}
