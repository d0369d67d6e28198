package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// projectView is a project, as far as pages show it.
type projectView struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Slug      string         `json:"slug"`
	Offers    bool           `json:"offers"`
	Missing   []string       `json:"missing"` // what keeps its times from being offered
	Resources []string       `json:"resources"`
	Services  []string       `json:"services"`
	Policy    map[string]any `json:"policy"`

	Booking  map[string]json.RawMessage `json:"booking"` // what bookings through it inherit
	Assign   map[string]any             `json:"assign"`
	Requires json.RawMessage            `json:"requires"`
}

// projectsPage is a page of the list of projects.
type projectsPage struct {
	Projects       []projectView
	Names          map[string]string // of resources
	Previous, Next string            // addresses; "" where there is none
}

func listProjects(v *visit) error {
	var got struct {
		Data    []projectView `json:"data"`
		Current int           `json:"current_page"`
		Last    int           `json:"last_page"`
	}
	given := query(v.r.URL.Query(), "page")
	given.Set("limit", "25")
	if err := v.get(at("projects"), given, &got); err != nil {
		return err
	}
	page := projectsPage{Projects: got.Data}
	page.Previous, page.Next = around("projects", got.Current, got.Last)
	return v.show(http.StatusOK, "projects", "Projects", page)
}

// projectPage is one project: who offers its time, whether anything is offered, and its policy in words.
type projectPage struct {
	projectView
	Hosts   []resourceView
	Preview *preview
	Words   []string // what a booking through it takes
}

func loadProject(v *visit) (*projectView, error) {
	p, err := fetch[projectView](v, at("projects", v.id()), nil)
	return &p, err
}

func showProject(v *visit) error {
	p, err := loadProject(v)
	if err != nil {
		return err
	}
	form := newPolicyForm(p, p.Policy)
	if err := form.tryOut(v); err != nil {
		return err
	}
	taking := newTakingForm(p)
	if err := taking.loadNames(v); err != nil {
		return err
	}
	return v.show(http.StatusOK, "project", p.Name, projectPage{*p, form.Resources, form.Preview, taking.Words()})
}

// missingWords says what keeps a project's times from being offered.
func missingWords(all []string) string {
	texts := map[string]string{
		"resources": "it has no resource", "availability": "it does not say when it can be booked",
		"requires":        "too few resources for what a booking takes",
		"availability.to": "its window is over", "resources.timezone": "a resource has a time zone that is not known",
	}
	var said []string
	for _, one := range all {
		if text := texts[one]; text != "" {
			said = append(said, text)
			continue
		}
		said = append(said, words(one)+" is missing")
	}
	return strings.Join(said, ", ")
}

// resourcesPage is a page of the list of resources.
type resourcesPage struct {
	Resources      []resourceView
	Previous, Next string // addresses; "" where there is none
}

func listResources(v *visit) error {
	var got struct {
		Data    []resourceView `json:"data"`
		Current int            `json:"current_page"`
		Last    int            `json:"last_page"`
	}
	given := query(v.r.URL.Query(), "page")
	given.Set("limit", "25")
	if err := v.get(at("resources"), given, &got); err != nil {
		return err
	}
	page := resourcesPage{Resources: got.Data}
	page.Previous, page.Next = around("resources", got.Current, got.Last)
	return v.show(http.StatusOK, "resources", "Resources", page)
}

// around are the addresses of the pages of a list before and behind one; "" where there is none.
func around(list string, current, last int) (previous, next string) {
	address := func(number int) string { return here(list) + "?" + url.Values{"page": {plain(number)}}.Encode() }
	if current > 1 {
		previous = address(current - 1)
	}
	if current < last {
		next = address(current + 1)
	}
	return previous, next
}

// resourceForm is the form for the capacity of a resource, with what was typed.
type resourceForm struct {
	resourceView
	Typed  string
	Faults faultList
}

func showResource(v *visit) error {
	r, err := fetch[resourceView](v, at("resources", v.id()), nil)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "resource", r.Name, resourceForm{resourceView: r, Typed: plain(r.Capacity)})
}

// setCapacity saves the form, or shows it again with what is wrong.
func setCapacity(v *visit) error {
	r, err := fetch[resourceView](v, at("resources", v.id()), nil)
	if err != nil {
		return err
	}
	form := resourceForm{resourceView: r, Typed: v.r.PostForm.Get("capacity")}
	body := map[string]any{"capacity": number(strings.TrimSpace(form.Typed))}
	err = v.call(request{method: http.MethodPut, path: at("resources", r.ID), body: body}, nil)
	if faults, is := faultsOf(err); is {
		form.Faults = faults
		return v.show(http.StatusUnprocessableEntity, "resource", r.Name, form)
	}
	if err != nil {
		return err
	}
	return v.redirectWithNotice("capacity_saved", "resources", r.ID)
}
