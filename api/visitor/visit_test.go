package visitor

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/links"
)

// TestVisitsEnd after their time: with a claim token for good, without one they begin anew.
func TestVisitsEnd(t *testing.T) {
	t.Parallel()
	vault, err := links.NewVault(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	s, link := &visits{vault: vault}, &catalogue.PublicLink{ID: uuid.New()}
	past, soon := time.Now().Add(-time.Second), time.Now().Add(time.Minute)
	for name, c := range map[string]struct {
		visit visit
		code  fault.Code
		same  bool
	}{
		"claimed":         {visit{ID: uuid.New(), Jti: "x", Until: soon}, "", true},
		"claimed, over":   {visit{ID: uuid.New(), Jti: "x", Until: past}, fault.TokenExpired, false},
		"unclaimed":       {visit{ID: uuid.New(), Until: soon}, "", true},
		"unclaimed, over": {visit{ID: uuid.New(), Until: past}, "", false},
		"nobody":          {visit{Until: soon}, fault.LinkInvalid, false},
	} {
		a := &openedVisit{link: link, visit: c.visit}
		if err := s.sealVisit(a); err != nil {
			t.Fatal(err)
		}
		b := &openedVisit{link: link}
		if err := s.unsealVisit(b, a.sealed); fault.CodeOf(err) != c.code || (b.visit.ID == c.visit.ID) != c.same && err == nil {
			t.Errorf("%s: %v, %v", name, err, b.visit)
		}
		if err := s.unsealVisit(&openedVisit{link: &catalogue.PublicLink{ID: uuid.New()}}, a.sealed); fault.CodeOf(err) != fault.LinkInvalid {
			t.Errorf("%s opens at another link: %v", name, err)
		}
		raw, _ := base64.RawURLEncoding.DecodeString(a.sealed)
		raw[len(raw)/2] ^= 1
		if err := s.unsealVisit(&openedVisit{link: link}, base64.RawURLEncoding.EncodeToString(raw)); fault.CodeOf(err) != fault.LinkInvalid {
			t.Errorf("%s was changed and opens: %v", name, err)
		}
	}
}

// TestVisitsNameWhatTheyMake: one form, one booking; and nobody else's visit comes to the same name.
func TestVisitsNameWhatTheyMake(t *testing.T) {
	t.Parallel()
	app, operation := uuid.New(), uuid.New()
	one, two := &visit{ID: uuid.New(), Jti: "x"}, &visit{ID: uuid.New(), Jti: "x"}
	r, id := one.request(app, operation)
	again, same := one.request(app, operation)
	if id != same || r.ID != again.ID || r.Name != again.Name || one.booking(r.Name) != id {
		t.Error("a repeat makes another")
	}
	_, other := one.request(app, uuid.New())
	theirs, foreign := two.request(app, operation)
	if other == id || foreign == id || theirs.Name == r.Name || two.booking(r.Name) == id {
		t.Error("another form or visit makes the same")
	}
	later, sooner := time.Now().Add(time.Hour), time.Now()
	for _, v := range []*visit{{Jti: "x", Expires: later, Until: sooner}, {Jti: "x", Expires: sooner, Until: later}} {
		if got := v.claimToSpend(); got.ID != "x" || !got.Until.Equal(later) {
			t.Errorf("%+v", got)
		}
	}
	if (&visit{}).claimToSpend() != nil {
		t.Error("nothing is spent without a token")
	}
}

// pageWith is a request for a page with a header.
func pageWith(header, value string) *call {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
	c.Request.Header.Set(header, value)
	return &call{Call: &edge.Call{Context: c}}
}

func TestPrefetchIsNoClick(t *testing.T) {
	t.Parallel()
	for header, value := range map[string]string{
		"Sec-Purpose": "prefetch;prerender", "Purpose": "Prefetch", "X-Purpose": "preview", "X-Moz": "prefetch",
	} {
		if !pageWith(header, value).prefetch() {
			t.Errorf("%s: %s counts as a click", header, value)
		}
	}
	if pageWith("Sec-Fetch-Mode", "navigate").prefetch() {
		t.Error("a click counts as a prefetch")
	}
}
