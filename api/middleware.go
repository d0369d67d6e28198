package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/edge"
)

const maxBody = 1 << 20

var goodRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// observe gives every request an id and notes how it went: the route's template, never its query, which may hold a
// token.
func (s *Server) observe(c *gin.Context) {
	id := c.GetHeader("X-Request-Id")
	if !goodRequestID.MatchString(id) {
		id = edge.NewID().String()
	}
	c.Set("request_id", id)
	c.Header("X-Request-Id", id)
	c.Header("Timekit-Request-Id", id)
	c.Header("X-Content-Type-Options", "nosniff")
	if strings.HasPrefix(strings.ToLower(s.Links.BaseURL), "https:") {
		c.Header("Strict-Transport-Security", hsts)
	}
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
		if cause := recover(); cause != nil {
			s.edge().Fail(c, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
		}
	}()
	c.Next()
}

// plainAddress refuses addresses that no database can look for. Visitors' pages do so themselves, with a page.
func (s *Server) plainAddress(c *gin.Context) {
	page := strings.HasPrefix(c.FullPath(), "/pls/") || strings.HasPrefix(c.FullPath(), "/rts/")
	if err := edge.CheckAddress(c.Request.URL); err != nil && !page {
		s.edge().Fail(c, err)
		return
	}
	c.Next()
}

// hsts makes browsers that reach this server over TLS do so for a year.
const hsts = "max-age=31536000"

func limitBody(c *gin.Context) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
	c.Next()
}
