package portal

import (
	"net/http"
	"net/url"
)

func home(v *visit) error { return v.redirect(here("webhooks")) }

func listWebhooks(v *visit) error {
	all, err := fetch[[]endpoint](v, at("webhooks"), nil)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "webhooks", "Webhooks", all)
}

// webhookPage is one webhook with the last of what was sent to it.
type webhookPage struct {
	endpoint
	Deliveries []delivery
	Projects   []string // names
	Services   []string
}

func showWebhook(v *visit) error {
	e, err := v.loadEndpoint()
	if err != nil {
		return err
	}
	latest, err := fetch[[]delivery](v, at("webhooks", e.ID, "deliveries"), url.Values{"limit": {"5"}})
	if err != nil {
		return err
	}
	names, err := v.namesFor(e)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "webhook", e.URL, webhookPage{e, latest, names.of("projects", e.Projects), names.of("services", e.Services)})
}

func (v *visit) loadEndpoint() (endpoint, error) {
	return fetch[endpoint](v, at("webhooks", v.id()), nil)
}

// offered are the things a webhook can be narrowed down to, by kind.
type offered map[string][]named

var offers = map[string]string{"projects": at("projects"), "services": at("location", "services")}

// loadOffered asks for the projects and services of the app.
func (v *visit) loadOffered() (offered, error) {
	all := offered{}
	for kind, path := range offers {
		list, err := fetch[[]named](v, path, url.Values{"limit": {"1000"}})
		if err != nil {
			return nil, err
		}
		all[kind] = list
	}
	return all, nil
}

// namesFor asks for the names of what a webhook is narrowed down to; most are not.
func (v *visit) namesFor(e endpoint) (offered, error) {
	if len(e.Projects)+len(e.Services) == 0 {
		return offered{}, nil
	}
	return v.loadOffered()
}

// Of are the names of ids, for pages.
func (o offered) Of(kind string, ids ...string) []string { return o.of(kind, ids) }

// of are the names of ids; one that is not known is its own name.
func (o offered) of(kind string, ids []string) []string {
	var names []string
	for _, id := range ids {
		name := id
		for _, one := range o[kind] {
			if one.ID == id {
				name = one.Name
			}
		}
		names = append(names, name)
	}
	return names
}

func pauseWebhook(v *visit) error { return v.switchWebhook("pause", "paused") }

func resumeWebhook(v *visit) error { return v.switchWebhook("resume", "resumed") }

func (v *visit) switchWebhook(what, done string) error {
	if err := v.post(at("webhooks", v.id(), what), nil, nil); err != nil {
		return err
	}
	return v.redirectWithNotice(done, "webhooks", v.id())
}

func askDeleteWebhook(v *visit) error {
	e, err := v.loadEndpoint()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "delete-webhook", "Delete this webhook?", e)
}

func deleteWebhook(v *visit) error {
	if err := v.call(request{method: http.MethodDelete, path: at("webhooks", v.id())}, nil); err != nil {
		return err
	}
	return v.redirectWithNotice("deleted", "webhooks")
}
