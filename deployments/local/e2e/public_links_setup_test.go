package e2e_test

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"holdfast/internal/booking"
)

// linkShop is an app with a public link, and the credentials for claim tokens.
type linkShop struct {
	*bundle
	visitor  *bundle
	resource string
	project  string
	link     string // its id
	path     string
	issuer   string
	secret   string
}

// berlin is the zone of the resources that the tests make.
var berlin = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}()

// tomorrow is noon of the day after the one on which the tests began.
var tomorrow = func() time.Time {
	y, m, d := time.Now().In(berlin).Date()
	return time.Date(y, m, d+1, 12, 0, 0, 0, berlin)
}()

// mornings is what the project of a linkShop offers: an hour at nine, ten and eleven by the clocks of Berlin, from tomorrow on. Of today
// some times may have begun, and the next one may begin while a test runs.
var mornings = fmt.Sprintf(`,"availability":{"length":"1 hour"},
	"availability_constraints":[{"allow_hours":{"start":9,"end":12}},{"block_period":{"start":"2026-01-01","end":%q}}]`,
	tomorrow.Format(time.DateOnly))

// newLinkShop makes one. more are fields of the link, each with a comma before.
func newLinkShop(t testing.TB, offer, more string) *linkShop {
	t.Helper()
	b := tenant(t, plain)
	return b.linkShop(t, b.resource(t), offer, more)
}

func (b *bundle) linkShop(t testing.TB, resource, offer, more string) *linkShop {
	t.Helper()
	s := &linkShop{bundle: b, visitor: b.anonymous(), resource: resource}
	s.project = b.project(t, "Haircuts", offer, resource).str("data.id")
	made := b.post(t, "/v2/public_links", fmt.Sprintf(`{"project_id":%q,"title":"A haircut"%s}`, s.project, more)).want(t, http.StatusCreated)
	s.link, s.path = made.str("data.id"), "/pls/"+made.str("data.code")
	pair := b.post(t, "/v2/embed_credentials", `{}`).want(t, http.StatusCreated)
	s.issuer, s.secret = pair.str("data.public_key"), pair.str("data.secret")
	return s
}

// token is a claim token as the samples make it, with changes; nil drops a claim.
func (s *linkShop) token(t testing.TB, changes map[string]any) string {
	t.Helper()
	now := time.Now().Unix()
	claims := jwt.MapClaims{"iss": s.issuer, "iat": now, "exp": now + 4*60*60, "aud": "public_link", "jti": uuid.NewString()}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(s.secret))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// claimed is the address that an app sends a visitor to.
func (s *linkShop) claimed(t testing.TB, changes map[string]any, more ...string) string {
	t.Helper()
	return s.path + "?claim_token=" + s.token(t, changes) + strings.Join(more, "")
}

// arrive follows the app's address to the page of times.
func (s *linkShop) arrive(t testing.TB, address string) answer {
	t.Helper()
	sent := s.visitor.get(t, address).want(t, http.StatusSeeOther)
	return s.visitor.get(t, sent.header.Get("Location")).want(t, http.StatusOK)
}

var (
	aTime   = regexp.MustCompile(`<li><a href="([^"]*)" rel="nofollow" aria-label="([^"]*)"><time datetime="([^"]*)">([^<]*)</time>`)
	aHidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	aLink   = regexp.MustCompile(`<a[^>]* href="([^"]*)"[^>]*>([^<]*)</a>`)
	aTitle  = regexp.MustCompile(`<h1>([^<]*)</h1>`)
	aFault  = regexp.MustCompile(`<p class="fault" id="f-([a-z0-9_]*)-fault">([^<]*)</p>`)
)

// shownSlot is a time that a page offers.
type shownSlot struct {
	href, label, text string
	at                time.Time
}

func (a answer) slots(t testing.TB) (all []shownSlot) {
	t.Helper()
	for _, m := range aTime.FindAllStringSubmatch(a.body, -1) {
		at, err := time.Parse(time.RFC3339, html.UnescapeString(m[3]))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, shownSlot{html.UnescapeString(m[1]), m[2], m[4], at})
	}
	return all
}

// first is the first time of a page, which must have one.
func (a answer) first(t testing.TB) shownSlot {
	t.Helper()
	all := a.slots(t)
	if len(all) == 0 {
		t.Fatalf("no times: %s", a.words())
	}
	return all[0]
}

// opening is the first time of a day to come: of this day some may have begun, whatever hour it is.
func (a answer) opening(t testing.TB) shownSlot {
	t.Helper()
	first := a.first(t)
	for _, s := range a.slots(t) {
		if s.at.Format(time.DateOnly) != first.at.Format(time.DateOnly) {
			return s
		}
	}
	t.Fatalf("times of one day only: %s", a.words())
	return first
}

// form is what the page's POST form sends, with what is typed.
func (a answer) form(typed map[string]string) url.Values {
	values := url.Values{}
	_, post, _ := strings.Cut(a.body, `method="post"`)
	for _, m := range aHidden.FindAllStringSubmatch(post, -1) {
		values.Set(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	for name, value := range typed {
		values.Set(name, value)
	}
	return values
}

// leads is the address of a link of the page, by its text.
func (a answer) leads(t testing.TB, text string) string {
	t.Helper()
	for _, m := range aLink.FindAllStringSubmatch(a.body, -1) {
		if strings.Contains(html.UnescapeString(m[2]), text) {
			return html.UnescapeString(m[1])
		}
	}
	t.Fatalf("no link says %q: %s", text, a.words())
	return ""
}

func (a answer) title() string {
	if m := aTitle.FindStringSubmatch(a.body); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

// faults are what the page finds wrong, by field.
func (a answer) faults() map[string]string {
	all := map[string]string{}
	for _, m := range aFault.FindAllStringSubmatch(a.body, -1) {
		all[m[1]] = html.UnescapeString(m[2])
	}
	return all
}

var (
	aStyle = regexp.MustCompile(`(?s)<(style|select)[^>]*>.*?</(style|select)>`)
	aTag   = regexp.MustCompile(`<[^>]*>`)
)

// words are what the page says.
func (a answer) words() string {
	text := aTag.ReplaceAllString(aStyle.ReplaceAllString(a.body, ""), " ")
	return html.UnescapeString(strings.Join(strings.Fields(text), " "))
}

// says fails the test when the page does not say all of this.
func (a answer) says(t testing.TB, all ...string) answer {
	t.Helper()
	words := a.words()
	for _, text := range all {
		if !strings.Contains(words, text) {
			t.Errorf("the page does not say %q: %s", text, words)
		}
	}
	return a
}

var marty = map[string]string{"name": "Marty McFly", "email": "marty@example.com"}

// submit sends a form.
func (b *bundle) submit(t testing.TB, path string, values url.Values, headers ...string) answer {
	t.Helper()
	return b.post(t, path, values.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

// resend sends a form that cannot be carried out, and returns the page that its visitor is led to: no answer to a form is a
// page, or Back and Reload would send it again.
func (s *linkShop) resend(t testing.TB, path string, values url.Values) answer {
	t.Helper()
	to := s.visitor.submit(t, path, values).want(t, http.StatusSeeOther).header.Get("Location")
	for _, typed := range []string{values.Get("name"), values.Get("email"), values.Get("notes")} {
		if len(typed) > 3 && strings.Contains(to, url.QueryEscape(typed)) {
			t.Errorf("what was typed stands in the address: %s", to)
		}
	}
	return s.visitor.get(t, to).want(t, http.StatusOK)
}

// take books the first time of a page, and returns the address of what was booked.
func (s *linkShop) take(t testing.TB, page answer) string {
	t.Helper()
	form := s.visitor.get(t, page.first(t).href).want(t, http.StatusOK)
	return s.visitor.submit(t, s.path, form.form(marty)).want(t, http.StatusSeeOther).header.Get("Location")
}

// bookings are those of the shop's project.
func (s *linkShop) bookings(t testing.TB) answer {
	t.Helper()
	return s.get(t, "/v2/bookings?include=attributes,customers,event,project,resource,logs&search=project.id:"+s.project).want(t, http.StatusOK)
}

func asJSON(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}

// requestOf reads the scheduling request of a page from the record.
func (s *linkShop) requestOf(t testing.TB, page string) *booking.SchedulingRequest {
	t.Helper()
	code, _, _ := strings.Cut(strings.TrimPrefix(page, "/rts/"), "?")
	found, _, err := s.stack.App.DB.SchedulingRequestByCode(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	return found.Request
}
