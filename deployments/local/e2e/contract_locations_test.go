package e2e_test

import (
	"net/http"
	"testing"
)

// locations asks for everything there is about locations and services.
func (r tour) locations(t *testing.T) {
	t.Helper()
	widget := tour{r.widget(t), r.seen}
	ids := map[string]string{}
	for _, c := range []struct{ base, include, body, query string }{
		{"/v2/locations", "?include=services", `{"name":"Tour","latitude":52.5,"longitude":13.4,"meta":[]}`, "&latitude=48.1&longitude=11.6"},
		{"/v2/location/services", "?include=locations", `{"name":"Tour","description":"Long"}`, "&search=name:tour"},
	} {
		r.do(t, http.MethodPost, c.base, `{}`, http.StatusUnprocessableEntity)
		path := r.do(t, http.MethodPost, c.base+c.include, c.body, http.StatusCreated).header.Get("Location")
		ids[c.base] = path[len(c.base)+1:]
		widget.do(t, http.MethodGet, c.base+c.include+c.query, "", http.StatusOK)
		widget.do(t, http.MethodGet, path+c.include, "", http.StatusOK)
		widget.do(t, http.MethodPut, path, `{}`, http.StatusForbidden)
		r.do(t, http.MethodPut, path, `{"description":"Other"}`, http.StatusOK)
	}
	r.do(t, http.MethodPost, "/v2/projects", `{"name":"Tour","locations":["`+ids["/v2/locations"]+`"],"services":["`+ids["/v2/location/services"]+`"]}`,
		http.StatusCreated)
	for base, id := range ids {
		r.do(t, http.MethodGet, base+"?include=locations,services", "", http.StatusOK)
		r.do(t, http.MethodDelete, base+"/"+id, "", http.StatusNoContent)
		r.do(t, http.MethodGet, base+"/"+id, "", http.StatusNotFound)
	}
}
