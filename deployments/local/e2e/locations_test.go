package e2e_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
)

// named makes a location or a service and returns its id.
func (b *bundle) named(t testing.TB, base, name, more string) string {
	t.Helper()
	return b.post(t, base, fmt.Sprintf(`{"name":%q%s}`, name, more)).want(t, http.StatusCreated).str("data.id")
}

const (
	locations = "/v2/locations"
	services  = "/v2/location/services"
)

func TestLocationsAndServicesFromMakingToDeleting(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	for base, fields := range map[string]string{
		locations: `"description":"By the river","latitude":52.5,"longitude":"13.4","use_custom_hours":true,"meta":{"t_floor":2}`,
		services:  `"description":"Long","meta":{"t_floor":2}`,
	} {
		body := `{"name":"  One ",` + fields + `}`
		made := b.post(t, base+"/", body, "Idempotency-Key", base).want(t, http.StatusCreated)
		b.post(t, base+"/", body, "Idempotency-Key", base).want(t, http.StatusCreated).same(t, "data.id", made.str("data.id"))
		b.get(t, base).same(t, "total", "1")
		path := base + "/" + made.str("data.id")
		if got := made.header.Get("Location"); got != path {
			t.Errorf("Location is %s, want %s", got, path)
		}
		made.same(t, "data.name", "One")
		if got := b.get(t, path).want(t, http.StatusOK); got.body != made.body {
			t.Errorf("made\n%s\nread\n%s", made.body, got.body)
		}
		b.put(t, path, `{"name":"Two"}`).want(t, http.StatusOK)
		now := b.widget(t).get(t, path).want(t, http.StatusOK)
		now.same(t, "data.name", "Two")
		for _, kept := range []string{"description", "latitude", "longitude", "use_custom_hours", "meta", "created_at"} {
			now.same(t, "data."+kept, fmt.Sprint(made.at("data."+kept)))
		}
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			other.call(t, method, path, `{"name":"stolen"}`).refused(t, http.StatusNotFound, "not_found")
		}
		other.get(t, base).same(t, "total", "0")
		b.get(t, base+"?search=name:T*;id:"+made.str("data.id")).same(t, "total", "1")
		b.get(t, base+"?search=name:T*%3Bid:x").same(t, "total", "0")
		b.get(t, base+"?search=colour:x").refused(t, http.StatusUnprocessableEntity, "invalid")
		b.call(t, http.MethodDelete, path, "").want(t, http.StatusNoContent)
		b.get(t, path).refused(t, http.StatusNotFound, "not_found")
	}
}

func TestLocationFaultsAreToldTogether(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	told := b.post(t, locations, `{"name":"","description":"`+strings.Repeat("x", 20_001)+`","latitude":90.1,"longitude":{},"meta":"x"}`).
		refused(t, http.StatusUnprocessableEntity, "invalid")
	errors, _ := told.at("errors").(map[string]any)
	for _, field := range []string{"name", "description", "latitude", "longitude", "meta"} {
		if errors[field] == nil {
			t.Errorf("nothing is told of %s: %s", field, told.body)
		}
	}
	half := b.post(t, locations, `{"name":"Half","latitude":52.5}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	half.same(t, "errors.latitude", "[goes with longitude, both or none]")
	id := b.named(t, locations, "Whole", `,"latitude":0,"longitude":0`)
	b.put(t, locations+"/"+id, `{"latitude":null}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	b.put(t, locations+"/"+id, `{"latitude":null,"longitude":null}`).want(t, http.StatusOK).same(t, "data.latitude", "<nil>")
	for _, query := range []string{"latitude=1", "latitude=NaN&longitude=1", "latitude=1&longitude=Inf", "latitude=x&longitude=y", "longitude=181&latitude=0"} {
		b.get(t, locations+"?"+query).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
}

// TestNearestLocationsComeFirst and those that are nowhere come last.
func TestNearestLocationsComeFirst(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	b.named(t, locations, "Nowhere", "")
	b.named(t, locations, "Sydney", `,"latitude":-33.8688,"longitude":151.2093`)
	b.named(t, locations, "Paris", `,"latitude":48.8566,"longitude":2.3522`)
	b.named(t, locations, "Fiji", `,"latitude":-18,"longitude":179.9`)
	list := b.get(t, locations+"?latitude=52.52&longitude=13.405").want(t, http.StatusOK) // Berlin
	for i, want := range []struct {
		name string
		km   float64
	}{{"Paris", 877.5}, {"Fiji", 16000}, {"Sydney", 16094}} {
		list.same(t, fmt.Sprintf("data.%d.name", i), want.name)
		km, _ := list.at(fmt.Sprintf("data.%d.distance", i)).(float64)
		if math.Abs(km-want.km) > want.km/200 {
			t.Errorf("%s is %g km away, not %g", want.name, km, want.km)
		}
	}
	list.same(t, "data.3.name", "Nowhere")
	list.same(t, "data.3.distance", "<nil>")
	b.get(t, locations+"?latitude=52.52&longitude=13.405&limit=1&page=2").same(t, "data.0.name", "Fiji")
	across := b.get(t, locations+"?latitude=-18&longitude=-179.9").want(t, http.StatusOK)
	if km, _ := across.at("data.0.distance").(float64); across.str("data.0.name") != "Fiji" || km > 25 {
		t.Errorf("around the world: %s", across.body)
	}
	plainly := b.get(t, locations).want(t, http.StatusOK)
	plainly.same(t, "data.0.name", "Nowhere")
	plainly.same(t, "data.1.distance", "<nil>")
	here := b.get(t, locations+"/"+list.str("data.0.id")+"?latitude=48.8566&longitude=2.3522").want(t, http.StatusOK)
	here.same(t, "data.distance", "0")
}

// TestProjectsTieServicesToLocations as the appointments widget asks for them, with a widget key.
func TestProjectsTieServicesToLocations(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	north, south := b.named(t, locations, "North", ""), b.named(t, locations, "South", "")
	cut, shave := b.named(t, services, "Cut", ""), b.named(t, services, "Shave", "")
	offer := func(name, places, offered string) string {
		return b.project(t, unique(name), fmt.Sprintf(`,"locations":[%s],"services":[%s]`, places, offered)).str("data.id")
	}
	first := offer("one", `"`+north+`"`, `"`+cut+`","`+shave+`"`)
	second := offer("two", `"`+north+`","`+south+`"`, `"`+cut+`"`)
	offer("three", `"`+south+`"`, "")
	widget := b.widget(t)
	names := func(a answer, path string) string {
		all, _ := a.at(path).([]any)
		text := ""
		for i := range all {
			text += a.str(fmt.Sprintf("%s.%d.name", path, i)) + " "
		}
		return text
	}
	for path, want := range map[string]string{
		locations + "?include=services 0": "Cut Shave ", locations + "?include=services 1": "Cut ",
		services + "?include=locations 0": "North South ", services + "?include=locations 1": "North ",
	} {
		url, i, _ := strings.Cut(path, " ")
		part := url[strings.LastIndex(url, "=")+1:]
		if got := names(widget.get(t, url).want(t, http.StatusOK), "data."+i+"."+part); got != want {
			t.Errorf("%s has %q, want %q", path, got, want)
		}
	}
	if bare := widget.get(t, locations); bare.at("data.0.services") != nil {
		t.Errorf("services that nobody asked for: %s", bare.body)
	}
	for search, want := range map[string]string{
		"locations.uuid:" + north: first + " " + second, "services.uuid:" + shave: first,
		"locations.uuid:" + south + ";services.uuid:" + cut: second, "locations.uuid:" + south + "%3Bservices.uuid:" + cut: second,
		"locations.uuid:" + south + ";services.uuid:" + shave: "",
	} {
		found := widget.get(t, "/v2/projects?search="+search).want(t, http.StatusOK)
		got := strings.TrimSpace(found.str("data.0.id") + " " + found.str("data.1.id"))
		if got != want {
			t.Errorf("%s finds %s", search, found.body)
		}
	}
	b.get(t, locations+"?search=services.uuid:"+shave).same(t, "data.0.id", north)
	b.get(t, services+"?search=locations.uuid:"+south).same(t, "total", "1")
	b.call(t, http.MethodDelete, services+"/"+cut, "").want(t, http.StatusNoContent)
	b.get(t, "/v2/projects/"+second).same(t, "data.services", "[]")
	b.get(t, "/v2/projects/"+second).same(t, "data.locations", "["+north+" "+south+"]")
}
