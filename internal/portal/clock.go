package portal

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// clockPage is the clock of a test app, with what fell due during its last advance.
type clockPage struct {
	Now         *time.Time  `json:"now"`
	Status      string      `json:"status"`
	From        *time.Time  `json:"from"`
	To          *time.Time  `json:"to"`
	Transitions []dueMove   `json:"transitions"`
	Notices     []dueNotice `json:"notices"`
	Count       int         `json:"count"`
	More        bool        `json:"has_more"`

	Advance string    `json:"-"` // as it was typed
	Faults  faultList `json:"-"`
}

type dueMove struct {
	Booking string     `json:"booking_id"`
	Action  string     `json:"action"`
	From    string     `json:"from"`
	To      string     `json:"to"`
	At      *time.Time `json:"at"`
}

type dueNotice struct {
	Booking string     `json:"booking_id"`
	Type    string     `json:"type"`
	At      *time.Time `json:"at"`
}

// isTestApp reports whether the app is one for tests, as its keys say.
func isTestApp(v *visit) bool { return strings.HasPrefix(v.key, "test_") }

// appNow is the time of the app: what test apps' clocks show.
func appNow(v *visit) (time.Time, error) {
	if !isTestApp(v) {
		return time.Now(), nil
	}
	page, err := loadClock(v)
	if err != nil {
		return time.Time{}, err
	}
	return *page.Now, nil
}

func loadClock(v *visit) (clockPage, error) {
	return fetch[clockPage](v, at("test_clock"), url.Values{})
}

func showClock(v *visit) error { return clockWith(v, http.StatusOK, "P1D", nil) }

func clockWith(v *visit, status int, typed string, faults faultList) error {
	page, err := loadClock(v)
	if err != nil {
		return err
	}
	page.Advance, page.Faults = typed, faults
	return v.show(status, "clock", "Clock", page)
}

// advanceClock waits for the end of the advance as long as a page may take; the next page shows what fell due, or that it goes on.
func advanceClock(v *visit) error {
	typed := strings.TrimSpace(v.r.PostForm.Get("advance"))
	header := map[string]string{"Idempotency-Key": v.r.PostFormValue("once")}
	err := v.call(request{method: http.MethodPut, path: at("test_clock"), body: map[string]any{"advance": typed}, header: header}, nil)
	if faults, is := faultsOf(err); is {
		return clockWith(v, http.StatusUnprocessableEntity, typed, faults)
	}
	if err != nil {
		return err
	}
	return v.redirect(here("clock"))
}
