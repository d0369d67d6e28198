package portal

import (
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
	for number, to := range map[int]*string{got.Current - 1: &page.Previous, got.Current + 1: &page.Next} {
		if number >= 1 && number <= got.Last {
			*to = here("projects") + "?" + url.Values{"page": {plain(number)}}.Encode()
		}
	}
	return v.show(http.StatusOK, "projects", "Projects", page)
}

// projectPage is one project: who offers its time, whether anything is offered, and its policy in words.
type projectPage struct {
	projectView
	Hosts   []resourceView
	Preview *preview
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
	return v.show(http.StatusOK, "project", p.Name, projectPage{*p, form.Resources, form.Preview})
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
