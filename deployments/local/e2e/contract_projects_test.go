package e2e_test

import (
	"net/http"
	"testing"
)

// resourceParts asks for what is known of resources beside themselves.
func (r tour) resourceParts(t *testing.T) {
	t.Helper()
	parts := "?include=accounts,availability_constraints,calendars,credentials"
	made := r.do(t, http.MethodPost, "/v2/resources"+parts, `{"name":"Parts","timezone":"UTC","email":"parts@example.com","tags":["a"],
		"availability_constraints":[{"block_weekends":{}}]}`, http.StatusCreated)
	r.do(t, http.MethodGet, "/v2/resources"+parts+"&search=name:parts", "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/resources/timezone/parts@example.com", "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/resources/timezone/nobody@example.com", "", http.StatusNotFound)
	r.do(t, http.MethodDelete, "/v2/resources/"+made.str("data.id"), "", http.StatusNoContent)
	visitor := tour{r.widget(t), r.seen}
	visitor.do(t, http.MethodPost, "/v2/bookings?include=resource,user", request(r.resource(t), "instant", 9), http.StatusCreated)
}

// projects asks for everything there is about projects.
func (r tour) projects(t *testing.T, resource string) {
	t.Helper()
	widget := tour{r.widget(t), r.seen}
	list := `["` + resource + `"]`
	r.do(t, http.MethodPost, "/v2/projects", `{"booking":{"graph":"nothing"}}`, http.StatusUnprocessableEntity)
	made := r.do(t, http.MethodPost, "/v2/projects", `{"name":"Tour","resources":`+list+`,"booking":{"graph":"instant"},"meta":{"a":1},
		"availability_constraints":[{"block_day":{"day":"Friday"}}]}`, http.StatusCreated)
	slug := made.str("data.slug")
	r.do(t, http.MethodPost, "/v2/projects", `{"name":"Tour","slug":"`+slug+`"}`, http.StatusConflict)
	path := made.header.Get("Location")
	r.do(t, http.MethodGet, path, "", http.StatusOK)
	r.do(t, http.MethodPut, path, `{"ui":{"avatar":"a.png"}}`, http.StatusNoContent)
	r.do(t, http.MethodGet, "/v2/projects?search=name:*our;slug:"+slug, "", http.StatusOK)
	widget.do(t, http.MethodGet, "/v2/projects?limit=1", "", http.StatusOK)
	widget.do(t, http.MethodGet, "/v2/projects/embed/"+made.str("data.id"), "", http.StatusOK)
	nobody := tour{r.anonymous(), r.seen}
	nobody.do(t, http.MethodGet, "/v2/projects/hosted/"+slug, "", http.StatusOK)
	nobody.do(t, http.MethodGet, "/v2/projects/hosted/no-such-slug", "", http.StatusNotFound)
	r.do(t, http.MethodPost, path+"/resources", `{"resource_id":"`+resource+`"}`, http.StatusCreated)
	r.do(t, http.MethodPut, path+"/resources", list, http.StatusNoContent)
	r.do(t, http.MethodPut, path+"/resources", `{}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodGet, path+"/resources", "", http.StatusOK)
	r.do(t, http.MethodDelete, path+"/resources/"+resource, "", http.StatusNoContent)
	r.do(t, http.MethodDelete, path+"/resources/"+resource, "", http.StatusNotFound)
	r.do(t, http.MethodDelete, path, "", http.StatusNoContent)
	r.do(t, http.MethodGet, path, "", http.StatusNotFound)
}
