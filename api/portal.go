package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// mountPortal puts the portal under the same roof: request ids, log, metrics, recovery and the bound on bodies are the
// same for its pages.
func (s *Server) mountPortal(engine *gin.Engine) {
	if s.Portal == nil {
		return
	}
	engine.Any("/portal", gin.WrapH(s.Portal))
	engine.Any("/portal/*page", gin.WrapH(s.Portal))
}

// routeOf is the route of a request without what is anybody's own in it. The portal has its own table, and its mux notes
// the pattern.
func routeOf(c *gin.Context) string {
	if slash := strings.Index(c.Request.Pattern, "/"); slash >= 0 {
		return c.Request.Pattern[slash:]
	}
	return c.FullPath()
}

type innerCall struct{}

// Inner is the API for a part of this process that calls it to answer a request of its own. Such a call is a step of that
// request, whose line in the log and place in the metrics stand for both: it is not counted, and logged at debug level,
// with the same request id.
func Inner(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), innerCall{}, true)))
	})
}

func isInner(c *gin.Context) bool { return c.Request.Context().Value(innerCall{}) != nil }
