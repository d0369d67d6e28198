package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
)

const maxBody = 1 << 20

var goodRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

func requestID(c *gin.Context) string { return c.GetString("request_id") }

// observe gives every request an id and notes how it went: the route's template, never its query, which may hold a
// token.
func (s *Server) observe(c *gin.Context) {
	id := c.GetHeader("X-Request-Id")
	if !goodRequestID.MatchString(id) {
		id = newID().String()
	}
	c.Set("request_id", id)
	c.Header("X-Request-Id", id)
	c.Header("Timekit-Request-Id", id)
	c.Header("X-Content-Type-Options", "nosniff")
	started := time.Now()
	c.Next()
	took := time.Since(started)
	level := slog.LevelDebug
	if !isInner(c) {
		level = slog.LevelInfo
		s.Metrics.Request(c.Request.Method, routeOf(c), c.Writer.Status(), took)
	}
	s.Log.Log(c, level, "request", "method", c.Request.Method, "route", routeOf(c), "status", c.Writer.Status(),
		"ms", took.Milliseconds(), "request_id", id)
}

// recover turns a panic into an internal error; the stack goes to the log only.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		if fault := recover(); fault != nil {
			s.fail(c, fmt.Errorf("panic: %v\n%s", fault, debug.Stack()))
		}
	}()
	c.Next()
}

func limitBody(c *gin.Context) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
	c.Next()
}
