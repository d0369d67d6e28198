package bookings

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

func TestReadInputs(t *testing.T) {
	t.Parallel()
	wanted := []graphs.Input{{Step: "cancel", Field: "message"}}
	for body, want := range map[string]string{
		`{}`: `{}`, `{"cancel":{"message":"hi"}}`: `{"cancel":{"message":"hi"}}`, `{"cancel":[]}`: `{}`,
		`{"cancel":{"message":null,"other":1},"apply_to_bulked_bookings":false}`: `{}`,
		`{"cancel":{"message":7}}`: "", `{"cancel":"hi"}`: "", `{"Cancel":{"message":"hi"}}`: "", `{"cancel":{"Message":"hi"}}`: "",
		`{"cancel":{"message":"` + strings.Repeat("x", service.MaxInput+1) + `"}}`: "",
	} {
		_, in, err := readInputs(json.RawMessage(body), &graphs.Graph{}, wanted)
		got, _ := json.Marshal(in)
		if want == "" {
			if fault.CodeOf(err) != fault.Invalid {
				t.Errorf("%.60s gives %v", body, err)
			}
			continue
		}
		if err != nil || string(got) != want {
			t.Errorf("%s gives %s, %v; want %s", body, got, err, want)
		}
	}
}

// asked is a request for a list with a query.
func asked(query string) *call {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest(http.MethodGet, "/?"+query, nil)
	return &call{Call: &edge.Call{Context: c}}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	search := []postgres.Term{{Key: "graph", Value: "instant*"}, {Key: "customer.name", Value: "a:b"}}
	for query, want := range map[string]postgres.Filter{
		"": {}, "search=graph:instant*%3Bcustomer.name:a:b&sortedBy=asc": {Terms: search}, "orderBy=event.start&sortedBy=desc": {Order: "event.start", Desc: true},
		"search=%3B%3Bgraph:instant*%3Bcustomer.name:a:b%3B": {Terms: search},
	} {
		if got, err := asked(query).filter(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", query, got, err)
		}
	}
	for _, query := range []string{"search=graph", "sortedBy=up", "start=soon", "end=2030-12-01T09:00:00", "search=a:" + strings.Repeat("x", 501)} {
		if _, err := asked(query).filter(); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%.40s: %v", query, err)
		}
	}
}
