package portal

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/catalogue"
)

// hosted is a project with a resource in New York.
func (h *house) hosted(name string) (project string) {
	h.t.Helper()
	id := func() uuid.UUID { return uuid.Must(uuid.NewV7()) }
	resource := &catalogue.Resource{ID: id(), AppID: h.app.ID, Name: "Desk", Timezone: "America/New_York", Meta: json.RawMessage(`{}`)}
	check(h.t, h.CreateResource(context.Background(), resource, id()))
	p := &catalogue.Project{
		ID: id(), AppID: h.app.ID, Name: name, Slug: strings.ToLower(name), Resources: []uuid.UUID{resource.ID},
		Availability: json.RawMessage(`{"length":"1 hour","buffer":"15 minutes"}`),
	}
	check(h.t, h.CreateProject(context.Background(), p))
	return p.ID.String()
}

// policyOf is the policy on record: of a project, or of the app for "".
func (h *house) policyOf(project string) string {
	h.t.Helper()
	if project == "" {
		app, err := h.AppBySlug(context.Background(), h.app.Slug)
		check(h.t, err)
		return string(must(json.Marshal(app.Settings.Policy)))
	}
	p, err := h.Project(context.Background(), h.app.ID, uuid.MustParse(project))
	check(h.t, err)
	return string(must(json.Marshal(p.Policy)))
}

// TestPolicyForm walks through the form of a project: what is wrong stands at its field and nothing typed is lost; rows come and go; the
// preview says what would hold; what is saved is what was typed, and stands in the form again.
func TestPolicyForm(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	b.get("/portal/projects").want(t, http.StatusOK).says(t, "No project yet")
	empty := h.project("Talk")
	id := h.hosted("Visit")
	b.get("/portal/projects").says(t, "Talk", "offers nothing", "it has no resource", "it does not say when", "Visit", ">offers<", "set one")
	at := "/portal/projects/" + id
	b.get(at).want(t, http.StatusOK).says(t, "Desk", "15 minutes before and 15 minutes after a booking stay free", "Set one")
	b.get("/portal/projects/"+empty).want(t, http.StatusOK).says(t, "offers nothing", "No rule holds")
	b.get(at+"/policy").want(t, http.StatusOK).says(t, `<option value="" selected>as further away says`, "can be booked now", "New York", "T10:00")

	fields := []string{
		"book.notice", "soon", "book.notice.kind", "hours", "book.horizon", "30", "book.horizon.kind", "days",
		"book.from", "2026-12-01", "book.from.kind", "day", "book.to.kind", "none", "cancel.customer.until", "21:00", "cancel.customer.until.kind", "day_before",
		"cancel.customer.anchor", "first_start", "cancel.owner.until", "P1DT2H", "cancel.owner.until.kind", "span",
		"reschedule.customer.max", "2", "reschedule.customer.max.kind", "times", "reschedule.customer.until", "90", "reschedule.customer.until.kind", "minutes",
		"buffer.before.kind", "none", "buffer.after", "90", "buffer.after.kind", "minutes", "buffer.rule", "sum",
		"limits.kind", "", "start", "2030-01-07T10:00", "minutes", "60", "email", "ann@example.com",
	}
	typed := []string{`value="soon"`, `value="30"`, `value="2026-12-01"`, `value="21:00"`, `<option value="first_start" selected>`, `value="P1DT2H"`, `<option value="sum" selected>`}
	b.send(at+"/policy", append(fields, "do", "save")...).want(t, http.StatusUnprocessableEntity).
		says(t, append(typed, `When a time can be booked: Notice</strong> must be a whole number`, `<p class="fault">must be a whole number</p>`)...)
	b.send(at+"/policy", append(fields, "do", "add")...).want(t, http.StatusOK).says(t, append(typed, `name="limits.max"`, `<option value="list" selected>these`, "Remove limit 1")...)
	fields[1] = "900"
	fields = append(fields, "limits.max", "", "limits.per", "customer", "limits.unit", "week", "limits.count", "bookings",
		"limits.max", "90", "limits.per", "project", "limits.unit", "day", "limits.count", "minutes")
	b.send(at+"/policy", append(fields, "do", "save")...).want(t, http.StatusUnprocessableEntity).says(t, "are listed, but not chosen")
	fields[slicesIndex(fields, "limits.kind")+1] = "list"
	b.send(at+"/policy", append(fields, "do", "save")...).want(t, http.StatusUnprocessableEntity).says(t, append(typed[1:], "Limit 1</strong>", `value="90"`)...)
	gone := b.send(at+"/policy", append(fields, "do", "remove-0")...).want(t, http.StatusOK).says(t, "Remove limit 1", `value="90"`)
	if strings.Contains(gone.text, "Remove limit 2") {
		t.Error("the row is there still")
	}
	fields[slicesIndex(fields, "limits.max")+1] = "1"
	b.send(at+"/policy", append(fields, "do", "save")...).want(t, http.StatusUnprocessableEntity).says(t, "Horizon</strong> must be longer than notice")
	fields[1] = "12"
	b.send(at+"/policy", append(fields, "do", "preview")...).want(t, http.StatusOK).says(t, "until 12 hours before it begins", "cannot be booked now", "too far ahead",
		"0 of 1 taken", "0 of 90 taken", "6 Jan 2030, 21:00:00", "2 times", "both buffers", "15 minutes before and 15 minutes after")
	b.send(at+"/policy", append(fields, "do", "save")...).leads(t, at+"?said=policy_saved")
	want := `{"book":{"notice":"PT12H","horizon":"P30D","from":"2026-12-01","to":"none"},"cancel":{"customer":{"until":{"day_before":"21:00"},"anchor":"first_start"},` +
		`"owner":{"until":"P1DT2H"}},"reschedule":{"customer":{"until":"PT1H30M","max":2}},"buffer":{"before":"PT0S","after":"PT1H30M","rule":"sum"},` +
		`"limits":[{"per":"customer","unit":"week","max":1,"count":"bookings"},{"per":"project","unit":"day","max":90,"count":"minutes"}]}`
	if got := h.policyOf(id); got != want {
		t.Errorf("on record is\n%s, want\n%s", got, want)
	}
	b.get(at+"?said=policy_saved").says(t, "The policy is saved", "At most 1 booking a week for each customer")
	b.get("/portal/projects").says(t, "its own")
	again := b.get(at+"/policy").want(t, http.StatusOK).says(t, `value="12"`, `<option value="day_before" selected>`, `value="21:00"`, "Remove limit 2",
		`<option value="none" selected>none`, `value="90"`, `<option value="list" selected>`)
	if strings.Contains(again.text, "Nothing was saved") {
		t.Error("a form that is just opened complains")
	}
	b.get("/portal/projects/"+uuid.NewString()+"/policy").want(t, http.StatusNotFound)
}

func slicesIndex(all []string, one string) int {
	for i, text := range all {
		if text == one {
			return i
		}
	}
	return -1
}

// TestPolicyOfTheApp: the app's policy has nothing further away, and its other settings stay.
func TestPolicyOfTheApp(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	page := b.get("/portal/settings").want(t, http.StatusOK).says(t, "There is no resource yet", `<option value="" selected>no rule`)
	if strings.Contains(page.text, "as further away") {
		t.Error("something is further away than the app")
	}
	b.send("/portal/settings", "book.notice", "x", "book.notice.kind", "span", "do", "save").want(t, http.StatusUnprocessableEntity).says(t, `value="x"`, "must be a span such as")
	b.send("/portal/settings", "book.notice", "24", "book.notice.kind", "", "do", "save").want(t, http.StatusUnprocessableEntity).says(t, `value="24"`, "choose what the value is")
	b.send("/portal/settings", "book.notice", "24", "book.notice.kind", "hours", "do", "save").leads(t, "/portal/settings?said=policy_saved")
	if got := h.policyOf(""); got != `{"book":{"notice":"PT24H"}}` {
		t.Errorf("on record is %s", got)
	}
	if app, err := h.AppBySlug(context.Background(), h.app.Slug); err != nil || app.Settings.ActionLinks != h.app.Settings.ActionLinks {
		t.Errorf("other settings have changed: %+v, %v", app.Settings, err)
	}
	h.hosted("Visit")
	b.get("/portal/settings").says(t, "until 24 hours before it begins", "Desk")
	b.send("/portal/settings", "do", "save").leads(t, "/portal/settings?said=policy_saved")
	if got := h.policyOf(""); got != `{}` {
		t.Errorf("an empty form leaves %s", got)
	}
}

// TestPolicyFormKeepsAll: a policy that goes through the form unchanged is the same, with rules that the form does not know.
func TestPolicyFormKeepsAll(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{}`, `{"limits":[]}`, `{"book":{"horizon":{"exact":"P14D"}}}`, `{"book":{"notice":"none","from":"none","deposit":"later"},"assign":{"strategy":"fair"}}`,
		`{"book":{"notice":"PT0S","horizon":"P2M"},"reschedule":{"customer":{"max":"none","until":{"day_before":"09:05"}}},"buffer":{"before":"PT0S"}}`,
		`{"buffer":{"before":"PT1M","after":"PT24H"},"cancel":{"owner":{"anchor":"current"}},"limits":[{"per":"app","unit":"year","max":0,"count":"minutes"}]}`,
	} {
		var policy map[string]any
		check(t, json.Unmarshal([]byte(text), &policy))
		form := newPolicyForm(&projectView{}, policy)
		got, faults := form.policy()
		if len(faults) > 0 {
			t.Errorf("%s: %v", text, faults)
		}
		var same map[string]any
		check(t, json.Unmarshal(must(json.Marshal(got)), &same))
		if after, ok := lookUp(same, "buffer.after").(string); ok && after == "PT1440M" {
			put(same, "buffer.after", "PT24H")
		}
		if !reflect.DeepEqual(same, policy) {
			t.Errorf("%s became %v", text, same)
		}
		if kept := string(must(json.Marshal(policy))); len(kept) != len(must(json.Marshal(must(reread(text))))) {
			t.Errorf("%s was changed in place: %s", text, kept)
		}
		if cleared, _ := (&policyForm{Stored: policy, Values: url.Values{}}).policy(); len(cleared) != len(unknown(policy)) {
			t.Errorf("an empty form leaves %v of %s", cleared, text)
		}
	}
}

func reread(text string) (policy map[string]any, err error) {
	err = json.Unmarshal([]byte(text), &policy)
	return policy, err
}

// unknown are the rules of a policy that the form does not know.
func unknown(policy map[string]any) map[string]any {
	left := map[string]any{}
	if policy["assign"] != nil {
		left["assign"], left["book"] = true, true
	}
	return left
}

// TestPolicyFormNamesItsFields: each field that people see has a label, and no id stands twice.
func TestPolicyFormNamesItsFields(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	id := h.hosted("Visit")
	wantLabels(t, b.send("/portal/projects/"+id+"/policy", "do", "add").want(t, http.StatusOK).text, 30)
}

// wantLabels wants a label for each field of a page, of which there are at least so many, and no id twice.
func wantLabels(t *testing.T, page string, least int) {
	t.Helper()
	ids := map[string]int{}
	for _, found := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		ids[found[1]]++
	}
	for one, n := range ids {
		if n > 1 {
			t.Errorf("the id %s stands %d times", one, n)
		}
	}
	fields := regexp.MustCompile(`<(?:input|select|textarea)([^>]*)>`).FindAllStringSubmatch(page, -1)
	for _, found := range fields {
		id := regexp.MustCompile(` id="([^"]*)"`).FindStringSubmatch(found[1])
		if strings.Contains(found[1], `type="hidden"`) {
			continue
		}
		if id == nil || !strings.Contains(page, `for="`+id[1]+`"`) {
			t.Errorf("a field has no label: %s", found[1])
		}
	}
	if len(fields) < least {
		t.Errorf("only %d fields", len(fields))
	}
}
