package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// wants fails the test when the data of an answer is not exactly this JSON.
func (a answer) wants(t testing.TB, data string) {
	t.Helper()
	var want any
	if err := json.Unmarshal([]byte(data), &want); err != nil {
		t.Fatal(err)
	}
	if got := a.at("data"); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", a.body, data)
	}
}

const (
	formOfWidget  = `{"name":{"title":"Name","required":true},"email":{"title":"E-mail","required":true,"format":"email"}}`
	textsOfWidget = `"success_message":"We have received your booking for %s","submit_button":"Book it","allocated_resource_prefix":"with"`
)

// TestWidgetsGetAllTheyNeed makes a project of a name alone: what a widget is shown of it is complete all the same.
func TestWidgetsGetAllTheyNeed(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	made := b.project(t, "Lean", "")
	id, slug := made.str("data.id"), made.str("data.slug")
	b.anonymous().get(t, "/v2/projects/hosted/"+slug).refused(t, http.StatusNotFound, "not_found") // there is no widget key yet
	want := fmt.Sprintf(`"id":%q,"name":"Lean","slug":%q,"resources":[],"availability":{},"availability_constraints":[],"booking":{},
		"customer_fields":%s,"ui":{"localization":{%s}}`, id, slug, formOfWidget, textsOfWidget)
	widget := b.widget(t)
	for _, who := range []*bundle{b, widget} {
		who.get(t, "/v2/projects/embed/"+id, "Timekit-Context", "widget").want(t, http.StatusOK).wants(t, "{"+want+"}")
	}
	hosted := b.anonymous().get(t, "/v2/projects/hosted/"+slug).want(t, http.StatusOK)
	hosted.wants(t, fmt.Sprintf(`{%s,"app_key":%q}`, want, widget.key))
}

// TestWidgetsGetWhatTheOwnerSaid and nothing that is the owner's own.
func TestWidgetsGetWhatTheOwnerSaid(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	made := b.project(t, "Rich", `,"availability":{"mode":"mutual"},"availability_constraints":[{"allow_weekends":{}}],
		"booking":{"graph":"instant","colour":"red","meta":{"secret":1},"event_notifications":[{"secret":2}],"reminders":["secret"]},
		"customer_fields":{"phone":{"title":"Phone"}},"ui":{"avatar":"a.png","localization":{"submit_button":"Go","more":"x","success_message":null}},
		"reminders":[{"type":"webhook","settings":{"url":"https://example.com/secret"},"when":{"type":"before","unit":"hours","time":1}}],
		"meta":{"secret":3}`, resource)
	texts := strings.Replace(textsOfWidget, "Book it", "Go", 1)
	want := fmt.Sprintf(`{"id":%q,"name":"Rich","slug":%q,"resources":[%q],"availability":{"mode":"mutual"},
		"availability_constraints":[{"allow_weekends":{}}],"booking":{"graph":"instant","colour":"red"},
		"customer_fields":{"phone":{"title":"Phone"}},"ui":{"avatar":"a.png","localization":{%s,"more":"x"}}}`,
		made.str("data.id"), made.str("data.slug"), resource, texts)
	widget := b.widget(t)
	widget.get(t, "/v2/projects/embed/"+made.str("data.id")).want(t, http.StatusOK).wants(t, want)
	list := widget.get(t, "/v2/projects").want(t, http.StatusOK)
	list.wants(t, "["+want+"]")
	if strings.Contains(list.body, "secret") {
		t.Errorf("a widget is told a secret: %s", list.body)
	}
	if own := b.get(t, "/v2/projects").want(t, http.StatusOK); own.str("data.0.meta.secret") != "3" || own.str("data.0.booking.meta.secret") != "1" {
		t.Errorf("the owner does not see all: %s", own.body)
	}
	for _, empty := range []string{`"ui":{"localization":[]}`, `"ui":[]`, `"ui":null`, `"ui":{}`} {
		b.put(t, made.header.Get("Location"), "{"+empty+"}").want(t, http.StatusNoContent)
		got := widget.get(t, "/v2/projects/embed/"+made.str("data.id"))
		got.same(t, "data.ui.localization.allocated_resource_prefix", "with")
	}
}

// TestHostedPagesUseTheNewestKey that has not been revoked, and only the app's own.
func TestHostedPagesUseTheNewestKey(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	resource := b.resource(t)
	path := "/v2/projects/hosted/" + b.project(t, "Hosted", `,"booking":{"graph":"instant"},"availability":{"length":"1 hour"}`, resource).str("data.slug")
	older := b.widget(t)
	newer := b.post(t, "/v2/keys", `{"kind":"widget"}`).want(t, http.StatusCreated)
	other.widget(t)
	nobody := b.anonymous()
	nobody.get(t, path).want(t, http.StatusOK).same(t, "data.app_key", newer.str("data.key"))
	b.call(t, http.MethodDelete, "/v2/keys/"+newer.str("data.id"), "").want(t, http.StatusNoContent)
	hosted := nobody.get(t, path+"/").want(t, http.StatusOK)
	hosted.same(t, "data.app_key", older.key)
	nobody.get(t, path+"x").refused(t, http.StatusNotFound, "not_found")
	nobody.get(t, "/v2/projects/hosted/%ff%00").refused(t, http.StatusBadRequest, "malformed")

	visitor := *b
	visitor.key = hosted.str("data.app_key")
	body := strings.Replace(request(resource, "x", 9), `"graph":"x"`, `"project_id":"`+hosted.str("data.id")+`"`, 1)
	booked := visitor.post(t, "/v2/bookings", body).want(t, http.StatusCreated)
	booked.same(t, "data.related.project_id", hosted.str("data.id"))
	b.call(t, http.MethodDelete, "/v2/projects/"+hosted.str("data.id"), "").want(t, http.StatusNoContent)
	left := b.get(t, "/v2/bookings/"+booked.str("data.id")).want(t, http.StatusOK)
	left.same(t, "data.related.project_id", "<nil>")
}
