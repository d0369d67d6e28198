package e2e_test

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// document is the OpenAPI document of the API.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	text, err := os.ReadFile("../../../api/openapi.json")
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(text)
})

// promised fails the test when an answer is not one that the document has for this request. It returns the operation.
func (a answer) promised(t testing.TB, method, path string) string {
	t.Helper()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	op := operation(doc, method, path)
	if op == nil {
		t.Fatalf("%s %s is not in the document", method, path)
	}
	if err := a.fits(doc, op); err != nil {
		t.Errorf("%s %s answers %d: %v\n%s", method, path, a.status, err, a.body)
	}
	return op.OperationID
}

// promised fails the test when what came to a webhook is not of this schema of the document.
func (r received) promised(t testing.TB, schema string) {
	t.Helper()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(r.body, &value); err != nil {
		t.Fatal(err)
	}
	if err := doc.ValidateSchemaJSON(doc.Components.Schemas[schema].Value, value, openapi3.EnableFormatValidation()); err != nil {
		t.Errorf("%v\n%s", err, r.body)
	}
}

func (a answer) fits(doc *openapi3.T, op *openapi3.Operation) error {
	response := op.Responses.Status(a.status)
	if response == nil && a.status >= http.StatusBadRequest {
		response = op.Responses.Default()
	}
	if response == nil {
		return fmt.Errorf("the document has no such status for %s", op.OperationID)
	}
	if name := a.untold(response.Value.Headers); name != "" {
		return fmt.Errorf("the document has no header %s", name)
	}
	if len(response.Value.Content) == 0 {
		if a.body != "" && a.status < http.StatusMultipleChoices {
			return fmt.Errorf("the document has no body")
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil {
		return err
	}
	media := response.Value.Content[kind]
	if media == nil {
		return fmt.Errorf("the document has no content of type %s", kind)
	}
	if !strings.HasSuffix(kind, "json") {
		return nil
	}
	var value any
	if err := json.Unmarshal([]byte(a.body), &value); err != nil {
		return err
	}
	return doc.ValidateSchemaJSON(media.Schema.Value, value, openapi3.EnableFormatValidation())
}

// operation finds what the document says of a request; a path without parameters comes before one with.
func operation(doc *openapi3.T, method, target string) *openapi3.Operation {
	u, err := url.Parse(target)
	if err != nil {
		return nil
	}
	steps := strings.Split(strings.TrimSuffix(u.Path, "/"), "/")
	var found *openapi3.Operation
	fewest := len(steps) + 1
	for path, item := range doc.Paths.Map() {
		parts := strings.Split(path, "/")
		parameters := 0
		fits := len(parts) == len(steps)
		for i := 0; fits && i < len(parts); i++ {
			if strings.HasPrefix(parts[i], "{") {
				parameters++
			} else {
				fits = parts[i] == steps[i]
			}
		}
		if op := item.GetOperation(method); fits && op != nil && parameters < fewest {
			found, fewest = op, parameters
		}
	}
	return found
}

// tour is a walk through the API that checks every answer against the document.
type tour struct {
	*bundle
	seen map[string]bool // operations that have answered with success
}

func (r tour) do(t *testing.T, method, path, body string, status int, headers ...string) answer {
	t.Helper()
	a := r.call(t, method, path, body, headers...).want(t, status)
	name := a.promised(t, method, path)
	if status < http.StatusBadRequest || status == http.StatusNotImplemented {
		r.seen[name] = true
	}
	return a
}

const everything = "?include=attributes,available_actions,action_windows,calendar,customer_action_links,customers,event,logs,meta,policy,resource,user," +
	"owner_booking,bulked_bookings,provider_event,project,effects,payment"

// TestAnswersAreAsTheDocumentSays asks for everything there is at least once, and for some of what there is not.
func TestAnswersAreAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	r := tour{tenant(t, `{"action_links":"confirm_page","redirect_hosts":["example.com"],"widget_requires_project":false}`), map[string]bool{}}
	r.service(t)
	r.apps(t)
	r.testClock(t)
	resource := r.resources(t)
	r.resourceParts(t)
	r.projects(t, resource)
	r.locations(t)
	r.ownGraphs(t, resource)
	r.bookings(t, resource)
	r.availability(t, resource)
	r.effects(t, resource)
	r.payments(t, resource)
	r.holds(t, resource)
	r.groups(t, resource)
	r.several(t, resource)
	r.links(t, resource)
	r.webhooks(t)
	r.deliveries(t, resource)
	r.events(t, resource)
	r.calendars(t, resource)
	r.templates(t)
	r.unsupported(t)
	r.credentials(t)
	r.pages(t, resource)
	r.embed(t)
	r.publicLinks(t)
	r.scheduling(t, resource)
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if !r.seen[op.OperationID] {
				t.Errorf("the tour misses %s %s", method, path)
			}
		}
	}
}

func (r tour) service(t *testing.T) {
	t.Helper()
	for _, path := range []string{"/healthz", "/readyz", "/openapi.json", "/v2/graphs"} {
		r.do(t, http.MethodGet, path, "", http.StatusOK)
	}
	for _, form := range []string{"", ".json", ".mmd", ".svg"} {
		r.do(t, http.MethodGet, "/v2/graphs/confirm_decline"+form, "", http.StatusOK)
	}
	r.do(t, http.MethodGet, "/v2/graphs/nothing", "", http.StatusNotFound)
}

func (r tour) apps(t *testing.T) {
	t.Helper()
	admin := *r.bundle
	admin.key = r.admin
	asAdmin := tour{&admin, r.seen}
	asAdmin.do(t, http.MethodGet, "/v2/apps", "", http.StatusOK)
	asAdmin.do(t, http.MethodGet, "/metrics", "", http.StatusOK)
	r.do(t, http.MethodGet, "/metrics", "", http.StatusUnauthorized)
	slug := r.do(t, http.MethodGet, "/v2/app", "", http.StatusOK).str("data.slug")
	asAdmin.do(t, http.MethodPost, "/v2/apps", fmt.Sprintf(`{"name":"Twin","slug":"%s-twin"}`, slug), http.StatusCreated)
	asAdmin.do(t, http.MethodPost, "/v2/apps", fmt.Sprintf(`{"name":"Twin","slug":"%s-twin"}`, slug), http.StatusConflict)
	r.do(t, http.MethodGet, "/v2/apps", "", http.StatusUnauthorized)
	r.do(t, http.MethodGet, "/v2/apps/"+slug, "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/apps/"+slug+"-twin", "", http.StatusNotFound)
	asAdmin.do(t, http.MethodPut, "/v2/apps/"+slug+"-twin", `{"name":"Gone soon"}`, http.StatusOK)
	asAdmin.do(t, http.MethodDelete, "/v2/apps/"+slug+"-twin", "", http.StatusNoContent)
	r.do(t, http.MethodPut, "/v2/app", `{"name":"Barber"}`, http.StatusOK)
	r.do(t, http.MethodPut, "/v2/app", `{"settings":{"action_links":"maybe"}}`, http.StatusUnprocessableEntity)
	widget := r.do(t, http.MethodPost, "/v2/keys", `{"kind":"widget"}`, http.StatusCreated)
	r.do(t, http.MethodGet, "/v2/keys", "", http.StatusOK)
	visitor := *r.bundle
	visitor.key = widget.str("data.key")
	tour{&visitor, r.seen}.do(t, http.MethodGet, "/v2/keys", "", http.StatusForbidden)
	r.do(t, http.MethodDelete, "/v2/keys/"+widget.str("data.id"), "", http.StatusNoContent)
	r.do(t, http.MethodDelete, "/v2/keys/nothing", "", http.StatusNotFound)
}

func (r tour) resources(t *testing.T) string {
	t.Helper()
	r.do(t, http.MethodPost, "/v2/resources", `{}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodPost, "/v2/resources", `{`, http.StatusBadRequest)
	other := r.do(t, http.MethodPost, "/v2/resources", `{"name":"Spare","timezone":"UTC","meta":[]}`, http.StatusCreated).str("data.id")
	r.do(t, http.MethodGet, "/v2/resources/"+other, "", http.StatusOK)
	r.do(t, http.MethodPut, "/v2/resources/"+other, `{"meta":{"floor":2}}`, http.StatusOK)
	r.do(t, http.MethodGet, "/v2/resources?limit=1", "", http.StatusOK)
	r.do(t, http.MethodDelete, "/v2/resources/"+other, "", http.StatusNoContent)
	r.do(t, http.MethodGet, "/v2/resources/"+other, "", http.StatusNotFound)
	return r.resource(t)
}

func (r tour) bookings(t *testing.T, resource string) {
	t.Helper()
	once := []string{"Idempotency-Key", "tour"}
	made := r.do(t, http.MethodPost, "/v2/bookings"+everything, request(resource, "instant", 9), http.StatusCreated, once...)
	r.do(t, http.MethodPost, "/v2/bookings"+everything, request(resource, "instant", 9), http.StatusCreated, once...)
	r.do(t, http.MethodPost, "/v2/bookings", request(resource, "instant", 9), http.StatusUnprocessableEntity, once...)
	r.do(t, http.MethodPost, "/v2/bookings", request(resource, "instant", 9), http.StatusConflict)
	r.do(t, http.MethodPost, "/v2/bookings", `{"x":"`+strings.Repeat("x", 1<<20)+`"}`, http.StatusRequestEntityTooLarge)
	nobody := strings.Replace(request(resource, "instant_payment", 12, `,"settings":{"timers":{"timeout":"PT9M"}}`), `"customer"`, `"nobody"`, 1)
	r.do(t, http.MethodPost, "/v2/bookings"+everything, nobody, http.StatusCreated)
	path := "/v2/bookings/" + made.str("data.id")
	tag := made.header.Get("ETag")
	r.do(t, http.MethodGet, path+everything, "", http.StatusOK)
	r.do(t, http.MethodGet, path, "", http.StatusNotModified, "If-None-Match", tag)
	r.do(t, http.MethodPut, path+everything, `{"meta":{"order":7}}`, http.StatusOK, "If-Match", tag)
	r.do(t, http.MethodPut, path, `{"meta":{}}`, http.StatusPreconditionFailed, "If-Match", tag)
	r.do(t, http.MethodGet, "/v2/bookings"+everything+"&search=state:confirmed;graph:instant", "", http.StatusOK)
	for _, order := range []string{"created_at", "updated_at", "completed", "graph", "state", "event.start", "event.end"} {
		r.do(t, http.MethodGet, "/v2/bookings?sortedBy=desc&orderBy="+order, "", http.StatusOK)
	}
	r.do(t, http.MethodGet, "/v2/bookings?orderBy=luck", "", http.StatusUnprocessableEntity)
	r.do(t, http.MethodDelete, path, "", http.StatusConflict)
	r.do(t, http.MethodPut, path+"/confirm", "{}", http.StatusUnprocessableEntity)
	r.do(t, http.MethodPut, path+"/cancel?dry_run=true", "{}", http.StatusOK)
	r.do(t, http.MethodPut, path+"/cancel"+everything, `{"cancel":{"message":"sorry"}}`, http.StatusOK)
	r.do(t, http.MethodDelete, path, "", http.StatusNoContent)
	r.do(t, http.MethodGet, path, "", http.StatusNotFound)
}

func (r tour) links(t *testing.T, resource string) {
	t.Helper()
	made := r.do(t, http.MethodPost, "/v2/bookings"+everything, request(resource, "instant", 14), http.StatusCreated)
	link := strings.TrimPrefix(made.str("data.customer_action_links.cancel_by_customer"), r.api)
	for _, accept := range []string{"text/html", "application/json"} {
		r.do(t, http.MethodGet, link, "", http.StatusOK, "Accept", accept)
		r.do(t, http.MethodGet, link+"x", "", http.StatusUnauthorized, "Accept", accept)
	}
	r.do(t, http.MethodPost, link, "", http.StatusOK, "Accept", "application/json")
	r.do(t, http.MethodPost, link, "", http.StatusConflict, "Accept", "application/json")
	again := r.do(t, http.MethodPost, "/v2/bookings"+everything, request(resource, "instant", 14), http.StatusCreated)
	link = strings.TrimPrefix(again.str("data.customer_action_links.cancel_by_customer"), r.api)
	r.do(t, http.MethodPost, link+"&redirect=https://example.com/", "", http.StatusSeeOther)
}

func (r tour) webhooks(t *testing.T) {
	t.Helper()
	r.do(t, http.MethodPost, "/v2/webhooks", `{"url":"ftp://example.com"}`, http.StatusUnprocessableEntity)
	path := "/v2/webhooks/" + r.do(t, http.MethodPost, "/v2/webhooks", `{"url":"https://example.com/hook"}`, http.StatusCreated).str("data.id")
	r.do(t, http.MethodGet, path, "", http.StatusOK)
	r.do(t, http.MethodPut, path, `{"state":"confirmed","method":"PUT"}`, http.StatusOK)
	r.do(t, http.MethodPut, path, `{"graph":"instant","graphs":[]}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodPut, path, `{"event_types":["booking.*","endpoint.paused"],"headers":{"X-Team":"front desk"}}`, http.StatusOK)
	r.do(t, http.MethodGet, "/v2/webhooks", "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/webhooks/event_types", "", http.StatusOK)
	r.do(t, http.MethodPost, path+"/pause", "", http.StatusOK)
	r.do(t, http.MethodPost, path+"/resume", "", http.StatusOK)
	r.do(t, http.MethodPost, path+"/rotate", "", http.StatusOK)
	r.do(t, http.MethodPost, path+"/rotate", `{"grace_period_seconds":604801}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodDelete, path, "", http.StatusNoContent)
	r.do(t, http.MethodGet, path, "", http.StatusNotFound)
	for _, turn := range []string{"/pause", "/resume", "/rotate"} {
		r.do(t, http.MethodPost, path+turn, "", http.StatusNotFound)
	}
}

func (r tour) events(t *testing.T, resource string) {
	t.Helper()
	body := fmt.Sprintf(`{"resource_id":%q,%s}`, resource, slotAt(20, 21))
	r.do(t, http.MethodPost, "/v2/events", `{}`, http.StatusUnprocessableEntity)
	path := "/v2/events/" + r.do(t, http.MethodPost, "/v2/events", body, http.StatusCreated).str("data.id")
	r.do(t, http.MethodPost, "/v2/events", body, http.StatusConflict)
	r.do(t, http.MethodGet, path, "", http.StatusOK)
	r.do(t, http.MethodPut, path, `{"what":"Lunch"}`, http.StatusOK)
	r.book(t, resource, "instant", 21)
	r.do(t, http.MethodGet, firstOfDecember, "", http.StatusOK)
	r.do(t, http.MethodDelete, path, "", http.StatusNoContent)
	r.do(t, http.MethodGet, path, "", http.StatusNotFound)
}

func (r tour) calendars(t *testing.T, resource string) {
	t.Helper()
	r.do(t, http.MethodPost, "/v2/calendars", `{}`, http.StatusUnprocessableEntity)
	made := r.do(t, http.MethodPost, "/v2/calendars", fmt.Sprintf(`{"resource_id":%q,"name":"Private"}`, resource), http.StatusCreated)
	path := "/v2/calendars/" + made.str("data.id")
	r.do(t, http.MethodGet, path, "", http.StatusOK)
	r.do(t, http.MethodPut, path, `{"description":"Not shown"}`, http.StatusOK)
	first := r.do(t, http.MethodGet, "/v2/calendars?search=resource.id:"+resource, "", http.StatusOK).str("data.0.id")
	r.do(t, http.MethodDelete, "/v2/calendars/"+first, "", http.StatusConflict)
	r.do(t, http.MethodDelete, path, "", http.StatusNoContent)
	r.do(t, http.MethodGet, path, "", http.StatusNotFound)
}

func (r tour) unsupported(t *testing.T) {
	t.Helper()
	r.do(t, http.MethodGet, "/v2/accounts", "", http.StatusOK)
	for _, u := range unsupported {
		r.do(t, u[0], u[1], `{`, http.StatusNotImplemented, "Content-Type", "application/x-www-form-urlencoded")
	}
}

func (r tour) credentials(t *testing.T) {
	t.Helper()
	m := r.member(t)
	r.do(t, http.MethodPost, "/v2/credentials", `{}`, http.StatusUnprocessableEntity)
	made := r.do(t, http.MethodPost, "/v2/credentials", fmt.Sprintf(`{"resource_id":%q,"type":"client-token"}`, m.id), http.StatusCreated)
	r.do(t, http.MethodGet, "/v2/credentials", "", http.StatusOK)
	r.do(t, http.MethodDelete, "/v2/credentials/"+made.str("data.id"), "", http.StatusNoContent)
	r.do(t, http.MethodDelete, "/v2/credentials/"+made.str("data.id"), "", http.StatusNotFound)
	r.do(t, http.MethodPost, "/v2/auth", fmt.Sprintf(`{"email":%q,"password":%q}`, m.email, password), http.StatusOK)
	r.do(t, http.MethodPost, "/v2/auth", fmt.Sprintf(`{"email":%q,"password":"something else"}`, m.email), http.StatusUnauthorized)
}
