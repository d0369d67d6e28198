package e2e_test

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// portalStory is what one person does: what js/portal.js is told, and what has to be true afterwards.
type portalStory struct {
	Name   string `json:"name"`
	Play   string `json:"play"` // in js/stories/portal.js
	Key    string `json:"key"`
	Script bool   `json:"script"`

	more  map[string]any
	check func(t *testing.T, seen answer)
}

// MarshalJSON puts what only some stories have beside the rest.
func (s portalStory) MarshalJSON() ([]byte, error) {
	all := map[string]any{"name": s.Name, "play": s.Play, "key": s.Key, "script": s.Script}
	maps.Copy(all, s.more)
	return json.Marshal(all)
}

// TestPortal lets people work with the portal in a real browser, with a script and without.
func TestPortal(t *testing.T) {
	t.Parallel()
	inPortal(t, "portal", keysStory(t), bookingStory(t), moveBookingStory(t, true), moveBookingStory(t, false), forgedStory(t), keyboardStory(t), draftStory(t))
}

// TestPortalManagesWebhooks is about webhooks, from the first one to its end.
func TestPortalManagesWebhooks(t *testing.T) {
	t.Parallel()
	inPortal(t, "portal-webhooks", manageStory(t, true), manageStory(t, false))
}

// TestPagesOfThePortal looks at every page, narrow and wide, in the light and in the dark.
func TestPagesOfThePortal(t *testing.T) {
	t.Parallel()
	inPortal(t, "portal-pages", galleryStory(t))
}

// inPortal plays stories in one browser; its pictures go to a folder.
func inPortal(t *testing.T, folder string, stories ...portalStory) {
	t.Helper()
	b := start(t)
	seen := inBrowser(t, "portal.js", folder, map[string]any{"portal": b.stack.PortalURL(), "stories": stories})
	for _, story := range stories {
		t.Run(story.Name, func(t *testing.T) { story.check(t, seen(t, story.Name)) })
	}
	for _, secret := range []string{b.key, stories[0].Key} {
		if strings.Contains(b.log.String(), secret) {
			t.Error("the log has the key of somebody who signed in")
		}
	}
}

// till is a receiver whose mood can be set, and a web site that means harm.
type till struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	pause  time.Duration // before it answers
	got    []received
}

func newTill(t *testing.T) *till {
	t.Helper()
	r := &till{status: http.StatusOK}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /hook", r.take)
	mux.HandleFunc("GET /mood", func(_ http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		_, _ = fmt.Sscan(req.FormValue("status"), &r.status)
		r.pause, _ = time.ParseDuration(req.FormValue("pause"))
	})
	mux.HandleFunc("GET /got", func(w http.ResponseWriter, _ *http.Request) {
		list := []map[string]string{}
		for _, one := range r.all() {
			list = append(list, map[string]string{"id": one.header.Get("webhook-id"), "test": one.header.Get("webhook-test"), "type": one.at("type")})
		}
		_ = json.NewEncoder(w).Encode(list)
	})
	mux.HandleFunc("GET /evil", func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<form method="post" action="%s"><input name="csrf" value="%s"><input name="name" value="evil"><button>You have won</button></form>`,
			html.EscapeString(req.FormValue("target")), html.EscapeString(req.FormValue("csrf")))
	})
	r.Server = httptest.NewServer(mux)
	t.Cleanup(r.Close)
	return r
}

func (r *till) take(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	<-time.After(r.pause)
	r.got = append(r.got, received{req.Header, body, req.Method})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(r.status)
	if r.status != http.StatusOK {
		_, _ = io.WriteString(w, `{"said":"not today"}`)
	}
}

func (r *till) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// request is a booking that somebody has to confirm.
func (b *bundle) waiting(t *testing.T, customer string) string {
	t.Helper()
	body := request(b.resource(t), "confirm_decline", 9)
	body = strings.Replace(body, "Marty McFly", strings.ReplaceAll(customer, `"`, `\"`), 1)
	return b.post(t, "/v2/bookings", body).want(t, http.StatusCreated).str("data.id")
}

func draftStory(t *testing.T) portalStory {
	b := tenant(t, plain)
	return portalStory{
		Name: "draft", Play: "draft", Key: b.key, Script: true,
		check: func(t *testing.T, _ answer) {
			if n := len(b.get(t, "/v2/graph_drafts").at("data").([]any)); n != 1 {
				t.Errorf("%d drafts are saved, want one: what is typed only is not", n)
			}
		},
	}
}

func manageStory(t *testing.T, script bool) portalStory {
	b, r := tenant(t, plain), newTill(t)
	name := map[bool]string{true: "manage", false: "manage-without-script"}[script]
	return portalStory{
		Name: name, Play: "manage", Key: b.key, Script: script,
		more: map[string]any{"widget_key": b.widget(t).key, "receiver": r.URL + "/hook", "control": r.URL, "booking": b.waiting(t, "Ada")},
		check: func(t *testing.T, seen answer) {
			if fault := seen.str("seen.fault"); !strings.Contains(fault, "http") {
				t.Errorf("the field says %q", fault)
			}
			if n := len(b.get(t, "/v2/webhooks").at("data").([]any)); n != 0 {
				t.Errorf("%d webhooks are left", n)
			}
			r.checkSigned(t, seen.str("seen.secret"), seen.str("seen.second"))
			if one := seen.str("seen.tested.0.test") + " " + seen.str("seen.tested.0.type"); one != "true booking.cancelled" {
				t.Errorf("the test was %s", one)
			}
			if !strings.Contains(seen.str("seen.body"), "\n  \"type\": \"booking.cancelled\"") {
				t.Errorf("the body is not shown in lines: %s", seen.str("seen.body"))
			}
			if count := seen.str("seen.count"); count != "2 deliveries would be sent again" || seen.str("seen.after") == "" {
				t.Errorf("counted %q; there were %s, then %s", count, seen.str("seen.before"), seen.str("seen.after"))
			}
		},
	}
}

// checkSigned verifies everything that came with the secrets that the pages showed. The first one signs all: it has an hour
// of grace. Other stories may have been played since, for longer than the library lets a timestamp be.
func (r *till) checkSigned(t *testing.T, first, second string) {
	t.Helper()
	if first == second || !strings.HasPrefix(second, "whsec_") {
		t.Errorf("secrets %s and %s", first, second)
	}
	signer, err := standardwebhooks.NewWebhook(first)
	if err != nil {
		t.Fatal(err)
	}
	for i, one := range r.all() {
		if err := signer.VerifyIgnoringTimestamp(one.body, one.header); err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if n := len(r.all()); n < 4 {
		t.Errorf("only %d requests came", n)
	}
}

func keysStory(t *testing.T) portalStory {
	b := tenant(t, plain)
	return portalStory{Name: "keys", Play: "keys", Key: b.key, Script: true, check: func(t *testing.T, seen answer) {
		if path := seen.str("seen.path"); path != "/portal/sign-in" {
			t.Errorf("whose key was revoked is on %s", path)
		}
		other := *b
		other.key = seen.str("seen.key")
		other.get(t, "/v2/app").refused(t, http.StatusUnauthorized, "unauthorized")
	}}
}

func bookingStory(t *testing.T) portalStory {
	const nasty = `<script>alert("run")</script><img src=x onerror=alert(1)>`
	b := tenant(t, plain)
	id := b.waiting(t, nasty)
	return portalStory{
		Name: "booking", Play: "booking", Key: b.key, Script: true, more: map[string]any{"search": "alert(", "customer": nasty},
		check: func(t *testing.T, seen answer) {
			if state := b.state(t, id); state != "confirmed" || seen.str("seen.id") != id {
				t.Errorf("booking %s is %s", seen.str("seen.id"), state)
			}
			if got, want := seen.str("seen.workflow"), b.stack.UIURL+"/namespaces/default/workflows/booking-"+id; got != want {
				t.Errorf("the link leads to %s, want %s", got, want)
			}
			if seen.str("seen.widgets") != "0" || !strings.Contains(seen.str("seen.row"), nasty) {
				t.Errorf("the customer is shown as %s", seen.str("seen.row"))
			}
			if late := seen.str("seen.late"); !strings.Contains(late, "Nothing was changed") {
				t.Errorf("a page that is out of date says %s", late)
			}
			for when, words := range map[string]string{"before": "initialized, tentative", "after": "initialized, tentative, confirmed"} {
				if alt := seen.str("seen." + when + ".alt"); !strings.HasSuffix(alt, ": "+words) {
					t.Errorf("%s: the drawing says %s", when, alt)
				}
				now := "now in " + words[strings.LastIndex(words, " ")+1:]
				if svg := seen.str("seen." + when + ".svg"); !strings.Contains(svg, now) || !strings.Contains(svg, `walked current`) {
					t.Errorf("%s: the drawing does not show where it is", when)
				}
			}
		},
	}
}

// moveBookingStory gives two bookings other times: the second of them loses the one it wanted to the first, and keeps its own.
func moveBookingStory(t *testing.T, script bool) portalStory {
	b := tenant(t, plain)
	resource := b.resource(t)
	one, two := b.book(t, resource, "instant", 9), b.book(t, resource, "instant", 12)
	name := map[bool]string{true: "move", false: "move-without-script"}[script]
	return portalStory{
		Name: name, Play: "move", Key: b.key, Script: script, more: map[string]any{"one": one, "two": two},
		check: func(t *testing.T, seen answer) {
			if b.state(t, one) != "rescheduled_by_customer" || b.state(t, two) != "confirmed" || b.state(t, seen.str("seen.moved")) != "confirmed" {
				t.Errorf("the first is %s, the second %s, the new one %s", b.state(t, one), b.state(t, two), b.state(t, seen.str("seen.moved")))
			}
			start, _ := time.Parse(time.RFC3339, b.get(t, "/v2/bookings/"+seen.str("seen.moved")+"?include=event").str("data.event.start"))
			if wanted, _ := time.Parse(time.RFC3339, seen.str("seen.wanted")); !start.Equal(wanted) {
				t.Errorf("it is at %s, want %s", start, wanted)
			}
		},
	}
}

func forgedStory(t *testing.T) portalStory {
	b, evil := tenant(t, plain), newTill(t)
	return portalStory{
		Name: "forged", Play: "forged", Key: b.key, Script: true, more: map[string]any{"control": evil.URL, "anywhere": true},
		check: func(t *testing.T, seen answer) {
			for name, want := range map[string]string{"none": "403", "wrong": "403", "foreign": "403", "cross": "403", "evil": "403", "good": "201"} {
				if got := seen.str("seen.statuses." + name); got != want {
					t.Errorf("%s: %s, want %s", name, got, want)
				}
			}
			if n := len(b.get(t, "/v2/keys").at("data").([]any)); n != 2 {
				t.Errorf("there are %d keys: %s", n, seen.str("seen.keys"))
			}
		},
	}
}

func keyboardStory(t *testing.T) portalStory {
	b, r := tenant(t, plain), newTill(t)
	return portalStory{
		Name: "keyboard", Play: "keyboard", Key: b.key, Script: true, more: map[string]any{"receiver": r.URL + "/hook"},
		check: func(t *testing.T, seen answer) {
			if skip := seen.str("seen.skip"); skip != "Skip to the content" {
				t.Errorf("the first stop is %q", skip)
			}
			if reached, wanted := seen.list("seen.reached"), seen.list("seen.wanted"); !slices.Equal(reached, wanted) || len(wanted) < 15 {
				t.Errorf("Tab reaches\n%q, the form has\n%q", reached, wanted)
			}
			if rings := seen.list("seen.rings"); len(rings) > 0 {
				t.Errorf("the focus is not seen on %q", rings)
			}
			made := b.get(t, "/v2/webhooks").want(t, http.StatusOK)
			if made.str("data.0.url") != r.URL+"/hook" || made.str("data.0.event_types.0") != "booking.confirmed" {
				t.Errorf("made %s", made.body)
			}
		},
	}
}

// galleryStory furnishes an app with everything there is to see.
func galleryStory(t *testing.T) portalStory {
	b, r := laboratory(t), newTill(t)
	b.widget(t)
	b.book(t, b.resource(t), "request", 40)
	b.advance(t, `{"advance":"P3D"}`)
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html><body>502 Bad Gateway: the shop's server is being moved</body></html>")
	}))
	t.Cleanup(failing.Close)
	hook := b.webhook(t, r.URL+"/hook", `,"description":"Till in the shop","format":"holdfast","headers":{"X-Team":"green"},"event_types":["booking.confirmed","booking.cancelled"]`).str("data.id")
	b.webhook(t, failing.URL+"/a/rather/long/path/that/goes/on/and/on?token=0123456789abcdef", `,"format":"reservekit"`)
	paused := b.webhook(t, r.URL+"/hook?paused", `,"description":"Newsletter"`).str("data.id")
	b.post(t, "/v2/webhooks/"+paused+"/pause", "").want(t, http.StatusOK)
	resource := b.resource(t)
	var booked string
	for hour := range 4 {
		booked = b.post(t, "/v2/bookings", request(resource, "confirm_decline", hour)).want(t, http.StatusCreated).str("data.id")
	}
	b.put(t, "/v2/bookings/"+booked+"/confirm", "").want(t, http.StatusOK)
	b.post(t, "/v2/webhooks/"+hook+"/test", `{}`)
	var told string
	eventually(t, "a delivery", func() bool {
		told = b.get(t, "/v2/webhooks/"+hook+"/deliveries?test=false&status=delivered").str("data.0.id")
		return told != ""
	})
	key := b.get(t, "/v2/keys").str("data.0.id")
	link := b.publicLink(t, `,"duration":45,"questions":[{"name":"notes","label":"Anything we should know?","type":"textarea"}]`).str("data.id")
	project := b.get(t, "/v2/public_links/"+link).str("data.project_id")
	b.put(t, "/v2/projects/"+project, `{"policy":{"book":{"notice":"PT24H"},"limits":[{"per":"customer","unit":"week","max":2}]}}`).want(t, http.StatusNoContent)
	b.put(t, "/v2/resources/"+resource, `{"capacity":3}`).want(t, http.StatusOK)
	nurses := []string{b.resource(t), b.resource(t)}
	b.put(t, "/v2/projects/"+project, fmt.Sprintf(`{"booking":{"units":2,"max_units":4},"assign":{"strategy":"fair","window":"P2W","weights":{%q:3}},
		"requires":{"all_of":[{"resource":%[1]q,"role":"doctor"},{"any_of":{"n":1,"from":[%q,%q]},"role":"nurse","offset":"-PT15M","length":"PT1H30M"}]}}`,
		resource, nurses[0], nurses[1])).want(t, http.StatusNoContent)
	b.post(t, "/v2/payment_accounts", `{"name":"desk","provider":"manual"}`).want(t, http.StatusCreated)
	payment := b.post(t, "/v2/bookings?include=payment", request(resource, "paid_booking", 60, price)).want(t, http.StatusCreated).
		str("data.payment.payments.0.id")
	b.post(t, "/v2/payments/"+payment+"/mark_paid", "").want(t, http.StatusOK)
	b.post(t, "/v2/payments/"+payment+"/refunds", `{"amount":2000,"note":"Half of the time"}`).want(t, http.StatusCreated)
	b.publicLink(t, `,"enabled":false,"require_claim_token":true`)
	for _, seats := range []string{"A visit of a flat.", "A visit of a flat, by the second version."} {
		b.post(t, "/v2/graphs", strings.Replace(viewing, "A visit of a flat.", seats, 1)).want(t, http.StatusCreated)
		b.post(t, "/v2/graphs/viewing/publish", "").want(t, http.StatusCreated)
	}
	b.put(t, "/v2/graphs/viewing/alias", `{"weights":{"1":90,"2":10}}`).want(t, http.StatusOK)
	b.post(t, "/v2/graphs", strings.Replace(viewing, `"viewing"`, `"tour"`, 1)).want(t, http.StatusCreated)
	b.post(t, "/v2/graphs", strings.NewReplacer(`"viewing"`, `"visit"`, `"to":"off"`, `"to":"nowhere"`).Replace(viewing)).want(t, http.StatusCreated)
	credential, _ := b.embedKeys(t, fmt.Sprintf(`{"callback_url":%q}`, r.URL+"/hook?callback"))
	b.post(t, "/v2/embed_credentials/"+credential.str("data.id")+"/rotate", "").want(t, http.StatusOK)
	secret, _ := b.clientSecret(t)
	b.put(t, "/v2/templates/booking_confirmed?to=customer", `{"closing":"Ring twice: the bell is on the left.\n\nUntil soon, {customer}!"}`).want(t, http.StatusOK)
	l := "/portal/links/"
	w := "/portal/webhooks/" + hook
	return portalStory{
		Name: "gallery", Play: "gallery", Key: b.key, Script: true,
		more: map[string]any{"pages": map[string]string{
			"webhooks": "/portal/webhooks", "webhook": w, "new": "/portal/webhooks/new", "edit": w + "/edit", "test": w + "/test", "replay": w + "/replay",
			"rotate": w + "/rotate", "delete": w + "/delete", "deliveries": w + "/deliveries", "delivery": "/portal/deliveries/" + told,
			"bookings": "/portal/bookings", "booking": "/portal/bookings/" + booked,
			"upcoming": "/portal/bookings?when=upcoming&q=marty", "reschedule": "/portal/bookings/" + booked + "/reschedule",
			"reschedule-ask": "/portal/bookings/" + booked + "/reschedule?by=2030-12-02T09:00", "graphs": "/portal/graphs", "graph": "/portal/graphs/viewing",
			"graph-write": "/portal/graphs/new-draft", "graph-draft": "/portal/graphs/tour/draft", "graph-faults": "/portal/graphs/visit/draft",
			"graph-draft-delete": "/portal/graphs/tour/draft/delete", "bookings-of-a-version": "/portal/bookings?graph=viewing@2", "keys": "/portal/keys",
			"revoke": "/portal/keys/" + key + "/revoke", "nowhere": "/portal/nowhere",
			"projects": "/portal/projects", "project": "/portal/projects/" + project, "project-policy": "/portal/projects/" + project + "/policy",
			"project-taking": "/portal/projects/" + project + "/taking", "resources": "/portal/resources", "resource": "/portal/resources/" + resource,
			"payments": "/portal/payments", "payment": "/portal/payments/" + payment,
			"settings": "/portal/settings", "mailer": "/portal/mailer", "clock": "/portal/clock",
			"mails": "/portal/mails", "mail": "/portal/mails/booking_confirmed?to=customer&language=en",
			"mail-request": "/portal/mails/booking_requested?to=owner&language=de", "links": "/portal/links", "link-new": l + "new", "link-edit": l + link + "/edit", "link-delete": l + link + "/delete",
			"credential-rotate": l + "credentials/" + credential.str("data.id") + "/rotate", "secret-revoke": l + "secrets/" + secret + "/revoke",
		}},
		check: func(t *testing.T, seen answer) {
			for _, fault := range seen.list("seen.faults") {
				t.Error(fault)
			}
		},
	}
}

// TestPortalCanBeTurnedOff: then there is nothing, and nothing says that there could be.
func TestPortalCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	b := startOwn(t, "HOLDFAST_PORTAL=false")
	b.get(t, "/portal").refused(t, http.StatusNotFound, "not_found")
	b.get(t, "/portal/webhooks").refused(t, http.StatusNotFound, "not_found")
	text, err := os.ReadFile(filepath.Join(b.dir, "local.json"))
	if err != nil {
		t.Fatal(err)
	}
	if got := (answer{body: string(text)}).str("portal_url"); got != "" {
		t.Errorf("local.json has %s", got)
	}
}
