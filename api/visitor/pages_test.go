package visitor

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/edge"
	"holdfast/api/rules"
)

// TestZonesAreKnown wants every zone that is offered to be one.
func TestZonesAreKnown(t *testing.T) {
	t.Parallel()
	count := 0
	for _, group := range zoneGroups {
		for _, zone := range group.Zones {
			count++
			if _, err := time.LoadLocation(zone.Name); err != nil {
				t.Error(err)
			}
		}
	}
	if count < 400 || !isListed("Europe/Berlin") || isListed("Europe/Atlantis") {
		t.Errorf("%d zones", count)
	}
	for _, wrong := range []string{"", "Local", "../../etc/passwd", "Europe/Atlantis", strings.Repeat("x", 100), "\x00"} {
		if got := zoneOf(wrong, "Asia/Tokyo").String(); got != "Asia/Tokyo" {
			t.Errorf("%q is %s", wrong, got)
		}
	}
}

// TestTimesSayWhichIsMeant where clocks show them twice.
func TestTimesSayWhichIsMeant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, at, want string }{
		{"Europe/Berlin", "2027-10-31T00:30:00Z", "02:30 (CEST)"}, {"Europe/Berlin", "2027-10-31T01:30:00Z", "02:30 (CET)"},
		{"Europe/Berlin", "2027-10-31T02:00:00Z", "03:00"}, {"Europe/Berlin", "2027-10-30T23:30:00Z", "01:30"},
		{"Europe/Berlin", "2027-03-28T01:00:00Z", "03:00"}, {"America/New_York", "2027-11-07T05:00:00Z", "01:00 (EDT)"},
		{"America/New_York", "2027-11-07T06:59:00Z", "01:59 (EST)"}, {"America/New_York", "2027-11-07T07:00:00Z", "02:00"},
		{"Australia/Lord_Howe", "2027-04-03T14:45:00Z", "01:45 (+11)"}, {"Australia/Lord_Howe", "2027-04-03T15:15:00Z", "01:45 (+1030)"},
		{"UTC", "2027-10-31T01:30:00Z", "01:30"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := clockText(at.In(zoneOf(c.zone))); got != c.want {
			t.Errorf("%s in %s is %s, want %s", c.at, c.zone, got, c.want)
		}
	}
}

// TestVisitorsAreLimited by their address, and read of it on a page.
func TestVisitorsAreLimited(t *testing.T) {
	t.Parallel()
	e := &edge.Edge{Limits: edge.NewLimits(0, 1, 0), Log: slog.New(slog.DiscardHandler)}
	s := &pageEdge{edge: e}
	engine := gin.New()
	engine.GET("/pls/:code", e.Chain(edge.Route{Handle: s.serve(func(k *call) error { return k.NoContent() })}))
	seen := map[int]int{}
	var last *httptest.ResponseRecorder
	for range 200 {
		last = httptest.NewRecorder()
		engine.ServeHTTP(last, httptest.NewRequest(http.MethodGet, "/pls/x", nil))
		seen[last.Code]++
	}
	if seen[http.StatusNoContent] == 0 || seen[http.StatusTooManyRequests] == 0 || len(seen) != 2 {
		t.Fatal(seen)
	}
	if body := last.Body.String(); !strings.Contains(body, "One moment, please") || last.Header().Get("Retry-After") == "" {
		t.Error(last.Header(), body)
	}
	other := httptest.NewRequest(http.MethodGet, "/pls/x", nil)
	other.RemoteAddr = "198.51.100.7:1"
	last = httptest.NewRecorder()
	if engine.ServeHTTP(last, other); last.Code != http.StatusNoContent {
		t.Errorf("another visitor gets %d", last.Code)
	}
}

// TestFormsFindFault with what was typed, field by field.
func TestFormsFindFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		formField

		text, want string
	}{
		{formField{Field: rules.Field{Type: "text"}}, "", ""},
		{formField{Field: rules.Field{Type: "text", Required: true}}, "", "Please fill this in."},
		{formField{Field: rules.Field{Type: "checkbox", Required: true}}, "", "Please tick this box to go on."},
		{formField{Field: rules.Field{Type: "checkbox", Required: true}}, "yes", ""},
		{formField{Field: rules.Field{Type: "email"}}, "marty@", "Please write an e-mail address, such as marty@example.com."},
		{formField{Field: rules.Field{Type: "email"}}, "marty@example.com", ""},
		{formField{Field: rules.Field{Type: "email"}}, "Marty <marty@example.com>", "Please write an e-mail address, such as marty@example.com."},
		{formField{Field: rules.Field{Type: "url"}}, "javascript:alert(1)", "Please write an address, such as https://example.com."},
		{formField{Field: rules.Field{Type: "url"}}, "https://example.com/x", ""},
		{formField{Field: rules.Field{Type: "select", Options: []string{"plum"}}}, "puce", "Please choose one of these."},
		{formField{Field: rules.Field{Type: "text"}}, strings.Repeat("ä", maxAnswer), ""},
		{formField{Field: rules.Field{Type: "text"}}, strings.Repeat("ä", maxAnswer+1), "Please write less than this: 2000 characters at most."},
	} {
		q := c.formField
		if q.read(c.text); q.Fault != c.want || q.Value != c.text {
			t.Errorf("%s %q: %q, want %q", q.Type, c.text, q.Fault, c.want)
		}
	}
	if got := plainText("a\x00b\u2028c\r\nd\xff\x1b\te"); got != "ab\u2028c\nd\te" {
		t.Errorf("%q", got)
	}
}
