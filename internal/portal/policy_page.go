package portal

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"holdfast/internal/zones"
)

// preview is what would hold for a time: the answer of the API.
type preview struct {
	Words    []string `json:"words"`
	Bookable bool     `json:"bookable"`
	Refusal  *struct {
		Text string `json:"text"`
	} `json:"refusal"`
	CancelUntil      *time.Time `json:"cancel_until"`
	OwnerCancelUntil *time.Time `json:"owner_cancel_until"`
	RescheduleUntil  *time.Time `json:"reschedule_until"`
	ReschedulesLeft  *int       `json:"reschedules_left"`
	Limits           []struct {
		Text  string     `json:"text"`
		Taken int        `json:"taken"`
		Ends  *time.Time `json:"ends_at"`
		Limit struct {
			Max int `json:"max"`
		} `json:"limit"`
	} `json:"limits"`

	Start *time.Time `json:"-"`
	End   *time.Time `json:"-"`
	Zone  string     `json:"-"` // of the resource
}

// askPolicy shows the form for the policy of the project in the address, or of the app.
func askPolicy(v *visit) error {
	p, policy, err := loadPolicy(v)
	if err != nil {
		return err
	}
	return showPolicyForm(v, http.StatusOK, newPolicyForm(p, policy))
}

// loadPolicy returns the project in the address with its policy; without a project the policy of the app.
func loadPolicy(v *visit) (*projectView, map[string]any, error) {
	if v.id() == "" {
		app, err := fetch[struct {
			Settings struct {
				Policy map[string]any `json:"policy"`
			} `json:"settings"`
		}](v, at("app"), nil)
		return nil, app.Settings.Policy, err
	}
	p, err := loadProject(v)
	return p, p.Policy, err
}

// postPolicy saves the form, or shows it again with a row of limits more or less, or with what would hold by it.
func postPolicy(v *visit) error {
	p, policy, err := loadPolicy(v)
	if err != nil {
		return err
	}
	form := policyForm{Project: p, Stored: policy, Values: v.r.PostForm}
	button := form.Values.Get("do")
	if button != "save" {
		form.change(button)
		err := form.tryOut(v)
		if button != "preview" {
			form.Faults = nil // it is not done yet
		}
		if err != nil {
			return err
		}
		return showPolicyForm(v, statusOf(form.Faults), form)
	}
	body, faults := form.policy()
	if form.Faults = faults; len(faults) > 0 {
		return showPolicyForm(v, http.StatusUnprocessableEntity, form)
	}
	save := request{method: http.MethodPut, path: at("app"), body: map[string]any{"settings": map[string]any{"policy": body}}}
	if p != nil {
		save = request{method: http.MethodPut, path: at("projects", p.ID), body: map[string]any{"policy": body}}
	}
	err = v.call(save, nil)
	if faults, is := faultsOf(err); is {
		form.Faults = ownFaults(faults)
		return showPolicyForm(v, http.StatusUnprocessableEntity, form)
	}
	switch {
	case err != nil:
		return err
	case p != nil:
		return v.redirectWithNotice("policy_saved", "projects", p.ID)
	}
	return v.redirectWithNotice("policy_saved", "settings")
}

func statusOf(faults faultList) int {
	if len(faults) > 0 {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// ownFaults are faults by the names of the form's fields.
func ownFaults(faults faultList) faultList {
	own := faultList{}
	for name, texts := range faults {
		for _, prefix := range []string{"settings.policy.", "policy.", "project_policy.", "app_policy."} {
			if rest, ok := strings.CutPrefix(name, prefix); ok {
				name = rest
				break
			}
		}
		own[name] = append(own[name], texts...)
	}
	return own
}

func showPolicyForm(v *visit, status int, form policyForm) error {
	if form.Preview == nil && len(form.Faults) == 0 {
		if err := form.tryOut(v); err != nil {
			return err
		}
		form.Faults = nil
	}
	if err := form.loadResources(v); err != nil {
		return err
	}
	title := "Policy of the app"
	if form.Project != nil {
		title = "Policy of " + form.Project.Name
	}
	return v.show(status, "policy", title, &form)
}

// tryOut asks what would hold by the form for the time that is picked in it. What is wrong is added to the faults.
func (f *policyForm) tryOut(v *visit) error {
	if err := f.loadResources(v); err != nil || len(f.Resources) == 0 {
		return err
	}
	policy, faults := f.policy()
	start, length := f.pick(faults)
	if f.Faults = faults; len(faults) > 0 {
		return nil
	}
	zone := f.Zone()
	end := start.Add(length)
	ask := map[string]any{
		"resource_id": f.Values.Get("resource_id"), "start": start.Format(time.RFC3339), "end": end.Format(time.RFC3339),
		"email": f.Values.Get("email"), "app_policy": policy,
	}
	if f.Project != nil {
		delete(ask, "app_policy")
		ask["project_id"], ask["project_policy"] = f.Project.ID, map[string]any{}
		further, err := askPreview(v, ask)
		if err != nil {
			return f.take(err)
		}
		f.Further = further.Words
		ask["project_policy"] = policy
	}
	got, err := askPreview(v, ask)
	if err != nil {
		return f.take(err)
	}
	got.Start, got.End, got.Zone = &start, &end, zone
	f.Preview = got
	return nil
}

// askPreview asks what would hold for a time.
func askPreview(v *visit, ask map[string]any) (*preview, error) {
	var got data[*preview]
	err := v.call(request{method: http.MethodPost, path: at("policies", "preview"), body: ask}, &got)
	return got.Data, err
}

// take adds the faults of an error to the form; it returns the error where it has none.
func (f *policyForm) take(err error) error {
	faults, is := faultsOf(err)
	if !is {
		return err
	}
	f.Faults = ownFaults(faults)
	return nil
}

// loadResources finds the resources that a time can be picked of, and picks one where none is: tomorrow at ten, for an hour.
func (f *policyForm) loadResources(v *visit) (err error) {
	if f.Resources != nil {
		return nil
	}
	if f.Project != nil {
		f.Resources, err = fetch[[]resourceView](v, at("projects", f.Project.ID, "resources"), nil)
	}
	if err == nil && len(f.Resources) == 0 {
		f.Resources, err = fetch[[]resourceView](v, at("resources"), url.Values{"limit": {listedResources}})
	}
	if err != nil || len(f.Resources) == 0 {
		return err
	}
	now, err := appNow(v)
	if err != nil {
		return err
	}
	usual := map[string]string{
		"resource_id": f.Resources[0].ID, "minutes": "60",
		"start": now.In(place(f.Resources[0].Timezone)).AddDate(0, 0, 1).Format(time.DateOnly) + "T10:00",
	}
	for name, value := range usual {
		if _, typed := f.Values[name]; !typed {
			f.Values.Set(name, value)
		}
	}
	return nil
}

// Zone is that of the resource whose time is picked.
func (f *policyForm) Zone() string {
	i := slices.IndexFunc(f.Resources, func(one resourceView) bool { return one.ID == f.Values.Get("resource_id") })
	if i < 0 {
		return "UTC"
	}
	return f.Resources[i].Timezone
}

// pick reads the time that is picked, and adds what is wrong with it.
func (f *policyForm) pick(faults faultList) (start time.Time, length time.Duration) {
	wall, kind, ok := zones.Read(f.Values.Get("start"))
	if !ok || kind != zones.Wall {
		faults["start"] = []string{"please give a date and a time of day"}
		return start, 0
	}
	minutes := strings.TrimSpace(f.Values.Get("minutes"))
	if !wholeNumber.MatchString(minutes) || minutes == "0" {
		faults["minutes"] = []string{"must be a whole number from 1 on"}
		return start, 0
	}
	n, _ := number(minutes).(int)
	y, m, d := wall.Date()
	return time.Date(y, m, d, wall.Hour(), wall.Minute(), 0, 0, place(f.Zone())), time.Duration(n) * time.Minute
}

// Groups are the fields of the form but for limits.
func (f *policyForm) Groups() []policyGroup { return policyGroups }

// LimitKinds are what the form can say of limits.
func (f *policyForm) LimitKinds() []choice {
	all := []choice{f.absent()}
	if f.Project != nil {
		all = append(all, choice{lifted, "none", ""})
	}
	return append(all, choice{"list", "these", ""})
}

// Pers, Units and Counts are what a limit can be of.
func (f *policyForm) Pers() []choice {
	return []choice{{"customer", "customer", ""}, {"resource", "resource", ""}, {"project", "project", ""}, {"app", "all at once", ""}}
}

// Units are the periods of limits.
func (f *policyForm) Units() []choice {
	return []choice{{"day", "a day", ""}, {"week", "a week", ""}, {"month", "a month", ""}, {"year", "a year", ""}}
}

// Counts are what limits count.
func (f *policyForm) Counts() []choice {
	return []choice{{"bookings", "bookings", ""}, {"minutes", "minutes", ""}}
}

// Problems are the faults with the labels of their fields.
func (f *policyForm) Problems() (all []choice) {
	labels := map[string]string{"resource_id": "Resource", "start": "Date and time", "end": "Minutes", "email": "Customer"}
	for _, group := range policyGroups {
		for _, one := range group.Fields {
			labels[one.Name] = group.Title + ": " + one.Label
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Faults)) {
		label := labels[name]
		if row, ok := strings.CutPrefix(name, "limits."); ok {
			nth, _, _ := strings.Cut(row, ".")
			i, _ := number(nth).(int)
			label = "Limit " + plain(i+1)
		}
		if label == "" && name != "form" {
			label = phrase(name)
		}
		for _, text := range f.Faults[name] {
			all = append(all, choice{"", label, text})
		}
	}
	return all
}
