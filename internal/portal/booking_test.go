package portal

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestActionsAreForThePageAsShown: an action names the version of the booking that the page showed, and what the API says
// against it stands on the page.
func TestActionsAreForThePageAsShown(t *testing.T) {
	t.Parallel()
	h := build(t)
	booked := "/portal/bookings/" + h.book("Ada").ID.String()
	b := h.member()
	page := b.get(booked).want(t, http.StatusOK)
	version := regexp.MustCompile(`name="version" value="&#34;(\d+)&#34;"`).FindStringSubmatch(page.text)
	if version == nil {
		t.Fatalf("the page does not know its version: %s", page.text)
	}
	inner, asked := h.portal.API, ""
	h.portal.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut { // Temporal is away here
			inner.ServeHTTP(w, r)
			return
		}
		if asked == "" {
			asked = r.URL.Path + " " + r.Header.Get("If-Match")
			r.Header.Set("If-Match", `"99"`)
		}
		inner.ServeHTTP(w, r)
	})
	b.send(booked+"/actions/create", "version", `"`+version[1]+`"`).want(t, http.StatusPreconditionFailed).
		says(t, "Nothing was changed", "has changed since", "Ada")
	if !strings.HasSuffix(asked, `/create "`+version[1]+`"`) {
		t.Errorf("asked for %s", asked)
	}
	b.send(booked+"/actions/confirm").want(t, http.StatusUnprocessableEntity).says(t, "Nothing was changed")
}

// TestBookingsSayWhereTheyAre: the link names the very workflow, whatever the namespace is called.
func TestBookingsSayWhereTheyAre(t *testing.T) {
	t.Parallel()
	h := build(t)
	id := h.book("Ada").ID.String()
	b := h.member()
	b.get("/portal/bookings/"+id).says(t, `href="https://temporal.example.com/namespaces/prod%2Fns/workflows/booking-`+id+`"`)
	h.portal.TemporalUI = ""
	if page := b.get("/portal/bookings/" + id); strings.Contains(page.text, "Temporal") {
		t.Error("it links to nowhere")
	}
	drawing := b.get("/portal/bookings/"+id+"/drawing.svg").want(t, http.StatusOK)
	if drawing.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(drawing.text, "<svg") ||
		!strings.Contains(drawing.Header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'unsafe-inline'") {
		t.Errorf("%v", drawing.Header)
	}
	b.get("/portal/graphs").says(t, "confirm_decline", "version 1")
	b.get("/portal/graphs/instant/drawing.svg").says(t, "Booking graph instant, version 1")
	b.get("/portal/bookings?q=ada&graph=confirm_decline").says(t, "Haircut of Ada", "1 to 1 of 1")
	b.get("/portal/bookings?q=nobody").says(t, "No booking fits")
	b.get("/portal/bookings?q=nonsense%3Ax").want(t, http.StatusOK).says(t, "not a key bookings can be searched by")
}
