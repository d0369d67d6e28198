package portal

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/apps"
	"holdfast/internal/tenant"
)

// TestClockPage: test apps have a page with their clock, live apps have none; lists and forms go by it.
func TestClockPage(t *testing.T) {
	t.Parallel()
	h := build(t)
	live := h.member()
	live.get("/portal/clock").want(t, http.StatusNotFound)
	if text := live.get("/portal/keys").text; strings.Contains(text, "/portal/clock") {
		t.Error("the menu of a live app has a clock")
	}

	lab := &tenant.App{ID: uuid.Must(uuid.NewV7()), Name: "Laboratory", Slug: "laboratory", TestMode: true}
	key, err := apps.Create(context.Background(), h.DB.Access, h.vault, lab)
	check(t, err)
	b := h.browser()
	b.signIn(key).leads(t, "/portal")
	b.get("/portal/clock").want(t, http.StatusOK).says(t, "It shows", "test app", `name="advance"`)
	for _, typed := range []string{"", "an hour", "PT0S", "P999D"} {
		b.send("/portal/clock", "advance", typed, "once", newIdempotencyKey()).want(t, http.StatusUnprocessableEntity)
	}
	to := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	s, err := h.DB.BeginAdvance(context.Background(), lab.ID, uuid.New(), func(now time.Time) (time.Time, error) { return now.AddDate(0, 6, 0), nil })
	check(t, err)
	if _, _, err = h.DB.StepClock(context.Background(), lab.ID, s, to); err != nil {
		t.Fatal(err)
	}
	b.get("/portal/clock").want(t, http.StatusOK).says(t, "It is being advanced", "2027-03-01T12:00:00Z", "nothing fell due")
	b.send("/portal/clock", "advance", "PT1H", "once", newIdempotencyKey()).want(t, http.StatusUnprocessableEntity).says(t, "The clock is being advanced")
	b.get("/portal/bookings?when=upcoming").want(t, http.StatusOK)
}
