package edge

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

func newCall(method, target, body string, headers ...string) *Call {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		c.Request.Header.Add(headers[i], headers[i+1])
	}
	return &Call{Context: c}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-12-01T09:00:00+01:00":     "2026-12-01T08:00:00Z",
		"2026-12-01T09:00:00+0100":      "2026-12-01T08:00:00Z",
		"2026-12-01T09:00:00Z":          "2026-12-01T09:00:00Z",
		"2026-12-01T09:00:00.250Z":      "2026-12-01T09:00:00Z",
		"2026-12-01T09:00-03:30":        "2026-12-01T12:30:00Z",
		"2026-12-01T09:00:00":           "",
		"2026-12-01":                    "",
		"2026-13-01T09:00:00Z":          "",
		"1969-12-31T23:59:59Z":          "",
		"9999-12-01T09:00:00Z":          "",
		"1764579600":                    "",
		"":                              "",
		"2026-12-01T09:00:00+01:00 foo": "",
	} {
		problems := fault.Problems{}
		got := newCall(http.MethodGet, "/", "").ParseTime(text, "start", problems)
		if want == "" {
			if len(problems["start"]) != 1 {
				t.Errorf("%q was taken for %s", text, got)
			}
			continue
		}
		if got.Truncate(time.Second).Format(time.RFC3339) != want || len(problems) != 0 {
			t.Errorf("%q is %s, want %s (%v)", text, got, want, problems)
		}
	}
}

func TestPreferredWait(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"": 10 * time.Second, "wait=3": 3 * time.Second, "respond-async, wait=5": 0, "return=minimal, Wait=0": 0,
		"wait=9999": MaxWait, "wait=9223372037": MaxWait, "wait=18446744074": MaxWait, "wait=-1": 10 * time.Second, "wait=soon": 10 * time.Second,
	} {
		if got := newCall(http.MethodPost, "/", "", "Prefer", header).PreferredWait(10 * time.Second); got != want {
			t.Errorf("Prefer: %s waits %s, want %s", header, got, want)
		}
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"":                          "",
		"Basic OmtleQ==":            "key", // ":key"
		"Basic dXNlcjprZXk=":        "",    // "user:key": a resource's credential, which this server does not know
		"Bearer key":                "key",
		"bearer key":                "key",
		"Bearer":                    "",
		"Digest username=\"x\"":     "",
		"Basic not base64 at all==": "",
	} {
		if got := newCall(http.MethodGet, "/", "", "Authorization", header).Credential(); got != want {
			t.Errorf("%q gives %q, want %q", header, got, want)
		}
	}
}

// TestEveryCodeHasAStatus reads the codes off the ground floor.
func TestEveryCodeHasAStatus(t *testing.T) {
	t.Parallel()
	for _, code := range fault.Codes {
		if Statuses[code] == 0 {
			t.Errorf("code %s has no HTTP status", code)
		}
	}
	if len(Statuses) != len(fault.Codes) {
		t.Errorf("%d statuses for %d codes", len(Statuses), len(fault.Codes))
	}
}

func TestIncludes(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"": "", "include=": "", "include=event": "event", "include=event,attributes": "attributes event", "include=event%2C%20user": "event user",
		"include=event&include=user": "event user", "include=resource.calendars": "resource resource.calendars", "include=a.b.c,a": "a a.b.c",
	} {
		all := newCall(http.MethodGet, "/?"+query, "").Includes()
		delete(all, "")
		if got := strings.Join(slices.Sorted(maps.Keys(all)), " "); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
}

func TestPagesOfLists(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		target string
		page   postgres.Page
		count  int
		found  postgres.Found
		want   string
	}{
		{"/v2/bookings?search=a:b%3Bc:d&limit=2", postgres.Page{Number: 1, Limit: 2}, 2, postgres.Found{Total: 5, Exact: true}, `{"current_page":1,"data":null,` +
			`"first_page_url":"https://x.example/b/v2/bookings?limit=2\u0026page=1\u0026search=a%3Ab%3Bc%3Ad","from":1,"last_page":3,` +
			`"last_page_url":"https://x.example/b/v2/bookings?limit=2\u0026page=3\u0026search=a%3Ab%3Bc%3Ad",` +
			`"next_page_url":"https://x.example/b/v2/bookings?limit=2\u0026page=2\u0026search=a%3Ab%3Bc%3Ad","path":"https://x.example/b/v2/bookings",` +
			`"per_page":2,"prev_page_url":null,"to":2,"total":5,"total_is_exact":true}`},
		{"/v2/resources?page=9", postgres.Page{Number: 9, Limit: 50}, 0, postgres.Found{Exact: true}, `{"current_page":9,"data":null,` +
			`"first_page_url":"https://x.example/b/v2/resources?page=1","from":null,"last_page":1,"last_page_url":"https://x.example/b/v2/resources?page=1",` +
			`"next_page_url":null,"path":"https://x.example/b/v2/resources","per_page":50,"prev_page_url":"https://x.example/b/v2/resources?page=8","to":null,"total":0,"total_is_exact":true}`},
		{"/v2/resources?limit=300", postgres.Page{Number: 1, Limit: 300}, 300, postgres.Found{Total: 10_000}, `{"current_page":1,"data":null,` +
			`"first_page_url":"https://x.example/b/v2/resources?limit=300\u0026page=1","from":1,"last_page":33,` +
			`"last_page_url":"https://x.example/b/v2/resources?limit=300\u0026page=33",` +
			`"next_page_url":"https://x.example/b/v2/resources?limit=300\u0026page=2","path":"https://x.example/b/v2/resources",` +
			`"per_page":300,"prev_page_url":null,"to":300,"total":10000,"total_is_exact":false}`},
		{"/v2/resources?cursor=start&limit=2", postgres.Page{After: &postgres.FirstCursor, Limit: 2}, 2, postgres.Found{More: true, Next: postgres.FirstCursor},
			`{"data":null,"has_more":true,"next_cursor":"` + postgres.FirstCursor.String() + `","path":"https://x.example/b/v2/resources","per_page":2}`},
	} {
		w := httptest.NewRecorder()
		context, _ := gin.CreateTestContext(w)
		context.Request = httptest.NewRequest(http.MethodGet, c.target, nil)
		k := &Call{Context: context, Base: "https://x.example/b"}
		if err := k.AnswerList(nil, c.count, c.found, c.page); err != nil || w.Body.String() != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.target, w.Body, c.want)
		}
	}
}

func TestSizesOfBodies(t *testing.T) {
	t.Parallel()
	problems := fault.Problems{}
	for raw, want := range map[string]string{"": "{}", "null": "{}", "[]": "{}", `{"a":1}`: `{"a":1}`} {
		if got := CheckObject(json.RawMessage(raw), "meta", problems); string(got) != want {
			t.Errorf("%q is %s, want %s", raw, got, want)
		}
	}
	CheckObject(json.RawMessage(`[1]`), "meta", problems)
	CheckObject(json.RawMessage(`{"a":"`+strings.Repeat("x", 64<<10)+`"}`), "settings", problems)
	if len(problems["meta"]) != 1 || len(problems["settings"]) != 1 {
		t.Errorf("%v", problems)
	}
}
