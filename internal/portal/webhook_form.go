package portal

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// webhookForm is the form to make or change a webhook: what stands in it, what it offers, and what is wrong with it.
type webhookForm struct {
	ID     string // "" for one that is to be made
	Values endpoint
	// As they were typed: the API says whether they will do.
	Headers, InFlight, Rate string
	Faults                  faultList

	EventTypes []family
	Graphs     []string
	States     []string
	Offered    offered
}

// family is the event types that share what stands before the dot.
type family struct {
	Name  string
	Types []eventType
}

// faultList is what the API says is wrong, by field.
type faultList map[string][]string

// Of are the faults of a field and of what is inside it.
func (f faultList) Of(field string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if name == field || strings.HasPrefix(name, field+".") {
			all = append(all, f[name]...)
		}
	}
	return all
}

// Any reports whether one of the fields has a fault.
func (f faultList) Any(fields ...string) bool {
	return slices.ContainsFunc(fields, func(field string) bool { return len(f.Of(field)) > 0 })
}

// faultsOf are the faults by field of a refusal; the refusal itself where it is about the whole.
func faultsOf(err error) (faultList, bool) {
	problem, is := errors.AsType[*refusal](err)
	if !is || problem.Status != http.StatusUnprocessableEntity && problem.Status != http.StatusConflict {
		return nil, false
	}
	if len(problem.Fields) == 0 {
		return faultList{"form": {problem.Detail}}, true
	}
	return problem.Fields, true
}

func newWebhook(v *visit) error {
	form := webhookForm{Values: endpoint{Method: "post", Format: "holdfast", Ordered: true}, InFlight: "4", Rate: "0"}
	return showWebhookForm(v, http.StatusOK, form)
}

func editWebhook(v *visit) error {
	e, err := loadEndpoint(v)
	if err != nil {
		return err
	}
	form := webhookForm{ID: e.ID, Values: e, InFlight: strconv.Itoa(e.InFlight), Rate: strconv.Itoa(e.Rate)}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		form.Headers += name + ": " + e.Headers[name] + "\n"
	}
	return showWebhookForm(v, http.StatusOK, form)
}

func showWebhookForm(v *visit, status int, form webhookForm) error {
	types, err := fetch[[]eventType](v, at("webhooks", "event_types"), nil)
	if err != nil {
		return err
	}
	graphs, err := loadGraphs(v)
	if err != nil {
		return err
	}
	if form.Offered, err = loadOffered(v); err != nil {
		return err
	}
	form.EventTypes, form.Graphs, form.States = families(types), namesOf(graphs), statesOf(graphs)
	title := "New webhook"
	if form.ID != "" {
		title = "Edit webhook"
	}
	return v.show(status, "webhook-form", title, form)
}

// families sorts event types by what stands before the dot, in their own order. Each can be chosen as a whole.
func families(types []eventType) []family {
	var all []family
	for _, one := range types {
		name, _, _ := strings.Cut(one.Name, ".")
		i := slices.IndexFunc(all, func(f family) bool { return f.Name == name })
		if i < 0 {
			i = len(all)
			all = append(all, family{name, []eventType{{name + ".*", "All of these, and what may come to be one."}}})
		}
		all[i].Types = append(all[i].Types, one)
	}
	return all
}

// typedWebhook is the form as it was sent.
func typedWebhook(v *visit) webhookForm {
	f := v.r.PostForm
	one := func(name string) string { return strings.TrimSpace(f.Get(name)) }
	return webhookForm{
		ID: v.id(), Headers: f.Get("headers"), InFlight: one("in_flight"), Rate: one("rate_per_second"),
		Values: endpoint{
			Name: one("name"), URL: one("url"), Description: one("description"), Format: one("format"), Method: one("method"),
			EventTypes: f["event_types"], Graphs: f["graphs"], States: f["states"], Projects: f["projects"], Services: f["services"],
			Ordered: f.Get("ordered") != "", Secret: one("secret"),
		},
	}
}

// body is the form as a body for the API.
func (f webhookForm) body() map[string]any {
	e := f.Values
	body := map[string]any{
		"name": e.Name, "url": e.URL, "description": e.Description, "format": e.Format, "method": e.Method, "event_types": list(e.EventTypes),
		"graphs": list(e.Graphs), "states": list(e.States), "projects": list(e.Projects), "services": list(e.Services),
		"ordered": e.Ordered, "headers": readHeaders(f.Headers),
	}
	for name, text := range map[string]string{"in_flight": f.InFlight, "rate_per_second": f.Rate} {
		if text != "" {
			body[name] = number(text)
		}
	}
	if e.Secret != "" {
		body["secret"] = e.Secret
	}
	return body
}

// list is never null: an empty one takes a filter away.
func list(texts []string) []string { return append([]string{}, texts...) }

// number is what was typed, as a number if it is one.
func number(text string) any {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return text
}

// readHeaders reads lines such as "X-Team: green".
func readHeaders(text string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), ":"); name != "" {
			all[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return all
}

// createWebhook shows the secret in its own answer: it is in no other.
func createWebhook(v *visit) error {
	form := typedWebhook(v)
	var made data[endpoint]
	err := v.post(at("webhooks"), form.body(), &made)
	if err != nil {
		return webhookFormAgain(v, form, err)
	}
	return v.show(http.StatusCreated, "secret", "The webhook is made", made.Data)
}

func updateWebhook(v *visit) error {
	form := typedWebhook(v)
	err := v.call(request{method: http.MethodPut, path: at("webhooks", v.id()), body: form.body()}, nil)
	if err != nil {
		return webhookFormAgain(v, form, err)
	}
	return v.redirectWithNotice("updated", "webhooks", v.id())
}

// webhookFormAgain shows the form as it was sent, with what is wrong beside the fields.
func webhookFormAgain(v *visit, form webhookForm, err error) error {
	faults, is := faultsOf(err)
	if !is {
		return err
	}
	form.Faults = faults
	return showWebhookForm(v, http.StatusUnprocessableEntity, form)
}

// query are the values of a form that chooses from a list, without the empty ones.
func query(given url.Values, names ...string) url.Values {
	q := url.Values{}
	for _, name := range names {
		if value := strings.TrimSpace(given.Get(name)); value != "" {
			q.Set(name, value)
		}
	}
	return q
}
