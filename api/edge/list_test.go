package edge

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// TestPartsOfLists checks which parts of a list can be asked for, and which field is named otherwise.
func TestPartsOfLists(t *testing.T) {
	t.Parallel()
	good := postgres.FirstCursor.String()
	for query, wrong := range map[string]string{
		"": "", "page=1&limit=1000": "", "page=10&limit=1000": "", "page=200": "", "page=10000&limit=1": "",
		"page=11&limit=1000": "page", "page=201": "page", "page=10001&limit=1": "page", "page=0": "page", "limit=1001": "limit", "page=x": "page",
		"cursor=start": "", "cursor=start&limit=1000": "", "cursor=" + good: "", "cursor=x": "cursor", "cursor=" + good + "A": "cursor",
		"updated_since=2026-01-02T03:04:05Z": "", "updated_since=yesterday": "updated_since",
		"updated_since=2026-01-02T03:04:05Z&cursor=start": "updated_since", "cursor=start&page=2": "page", "cursor=start&orderBy=state": "orderBy",
		"updated_since=2026-01-02T03:04:05Z&sortedBy=desc": "sortedBy",
	} {
		page, err := newCall(http.MethodGet, "/v2/bookings?"+query, "").ReadPage()
		var named []string
		if problem, ok := errors.AsType[*fault.Error](err); ok {
			named = slices.Sorted(maps.Keys(problem.Fields))
		}
		if got := strings.Join(named, " "); got != wrong || (err != nil) != (wrong != "") {
			t.Errorf("%s: names %q (%v), want %q", query, got, err, wrong)
		}
		if follows := strings.Contains(query, "cursor=") || strings.Contains(query, "updated_since="); err == nil && page.Follows() != follows {
			t.Errorf("%s: follows %v", query, page.Follows())
		}
	}
	_, err := newCall(http.MethodGet, "/v2/bookings?page=201", "").ReadPage()
	if problem, ok := errors.AsType[*fault.Error](err); !ok || !strings.Contains(strings.Join(problem.Fields["page"], " "), "cursor=start") {
		t.Errorf("a page that is too far does not name the cursor: %v", err)
	}
}
