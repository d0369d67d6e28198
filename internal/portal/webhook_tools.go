package portal

import (
	"net/http"
	"strings"
	"time"

	"holdfast/internal/zones"
)

// graces are how long the old secret may go on signing.
var graces = []choice{
	{"86400", "for a day", ""}, {"3600", "for an hour", ""}, {"604800", "for a week", ""}, {"0", "no longer: it has leaked", ""},
}

type rotatePage struct {
	endpoint
	Graces []choice
}

func askRotate(v *visit) error {
	e, err := loadEndpoint(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "rotate", "A new secret", rotatePage{e, graces})
}

func rotate(v *visit) error {
	var turned data[endpoint]
	body := map[string]any{"grace_period_seconds": number(v.r.PostForm.Get("grace_period_seconds"))}
	if err := v.post(at("webhooks", v.id(), "rotate"), body, &turned); err != nil {
		return err
	}
	return v.show(http.StatusOK, "secret", "The new secret", turned.Data)
}

type testPage struct {
	endpoint
	Types  []string
	Chosen string
	Faults faultList
}

func askTest(v *visit) error { return showTest(v, http.StatusOK, nil) }

func showTest(v *visit, status int, faults faultList) error {
	e, err := loadEndpoint(v)
	if err != nil {
		return err
	}
	types, err := fetch[[]eventType](v, at("webhooks", "event_types"), nil)
	if err != nil {
		return err
	}
	return v.show(status, "test", "Send a test", testPage{e, single(types), v.r.PostForm.Get("event_type"), faults})
}

// single are the types that happen; a family does not.
func single(types []eventType) []string {
	var names []string
	for _, one := range types {
		if !strings.HasSuffix(one.Name, "*") {
			names = append(names, one.Name)
		}
	}
	return names
}

// sendTest makes a test and leads to its delivery, which may be on its way still.
func sendTest(v *visit) error {
	body := map[string]any{}
	if name := v.r.PostForm.Get("event_type"); name != "" {
		body["event_type"] = name
	}
	var sent data[delivery]
	err := v.post(at("webhooks", v.id(), "test"), body, &sent)
	if faults, is := faultsOf(err); is {
		return showTest(v, http.StatusUnprocessableEntity, faults)
	}
	if err != nil {
		return err
	}
	return v.redirect(here("deliveries", sent.Data.ID))
}

// replayPage asks what to send again; once it was counted, it says how much that is.
type replayPage struct {
	endpoint
	Since, Until, Only string
	Counted            bool
	Count              int
	Faults             faultList
}

func askReplay(v *visit) error {
	since := time.Now().UTC().Add(-24 * time.Hour).Format(fieldTime)
	return showReplay(v, http.StatusOK, replayPage{Since: since, Only: "failed"})
}

func showReplay(v *visit, status int, page replayPage) error {
	e, err := loadEndpoint(v)
	if err != nil {
		return err
	}
	page.endpoint = e
	return v.show(status, "replay", "Send again", page)
}

// replay counts first; the second button does it.
func replay(v *visit) error {
	f := v.r.PostForm
	page := replayPage{Since: f.Get("since"), Until: f.Get("until"), Only: f.Get("only"), Counted: f.Get("step") != "send"}
	body := map[string]any{"since": instant(page.Since), "only": page.Only, "dry_run": page.Counted}
	if page.Until != "" {
		body["until"] = instant(page.Until)
	}
	var counted data[struct {
		Count int `json:"count"`
	}]
	err := v.post(at("webhooks", v.id(), "replay"), body, &counted)
	if faults, is := faultsOf(err); is {
		page.Faults, page.Counted = faults, false
		return showReplay(v, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	if page.Count = counted.Data.Count; page.Counted {
		return showReplay(v, http.StatusOK, page)
	}
	return v.redirect(here("webhooks", v.id(), "deliveries") + "?replayed=" + plain(page.Count))
}

// fieldTime is how a browser writes the time of a field.
const fieldTime = "2006-01-02T15:04"

// instant is the time of a field, which is in UTC, as the API reads it. What is no such time is left for the API to refuse.
func instant(text string) string {
	if t, kind, ok := zones.Read(text); ok && kind == zones.Wall {
		return t.Format(time.RFC3339)
	}
	return text
}
