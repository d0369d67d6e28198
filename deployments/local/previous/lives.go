package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// life is a way through a graph. It stops for a while after its first state when it stays, until the older worker is gone.
type life struct {
	name, graph string
	more        string // of the request
	first       string // state
	stays       bool
	then        func(ctx context.Context, f *fleet, id string) error
	ends        string // state
}

func play(action string) func(context.Context, *fleet, string) error {
	return func(ctx context.Context, f *fleet, id string) error {
		_, err := f.live.ask(ctx, http.MethodPut, "/v2/bookings/"+id+"/"+action, "{}", "Prefer", "wait=25")
		return err
	}
}

func nothing(context.Context, *fleet, string) error { return nil }

const soon = `,"settings":{"timers":{%q:"PT2S"}}`

// lives are of graphs of each level: those that every release has, those of apps, those with effects, and those with payments.
var lives = []life{
	{"cancelled", "instant", "", "confirmed", false, play("cancel"), "cancelled"},
	{"cancelled after the upgrade", "instant", "", "confirmed", true, play("cancel"), "cancelled"},
	{"moved", "instant", "", "confirmed", false, reschedule, "rescheduled_by_customer"},
	{"moved after the upgrade", "instant", "", "confirmed", true, reschedule, "rescheduled_by_customer"},
	{"approved", "confirm_decline", "", "tentative", false, play("confirm"), "confirmed"},
	{"approved after the upgrade", "confirm_decline", "", "tentative", true, play("confirm"), "confirmed"},
	{"timed out", "instant_payment", fmt.Sprintf(soon, "timeout"), "tentative", false, nothing, "unpaid"},
	{"request", "request", "", "tentative", true, play("decline"), "declined"},
	{"own graph", "viewing", "", "planned", false, play("call_off"), "off"},
	{"own graph after the upgrade", "viewing", "", "planned", true, play("call_off"), "off"},
	{"own graph, by its timer", "viewing", fmt.Sprintf(soon, "lapse"), "", false, nothing, "lapsed"},
	{"large graph", "long", "", "planned", true, play("call_off"), "off"},
	{"effects", "asking", "", "", false, called, "approved"},
	{"paid and cancelled", "paid_booking", price, "", false, paid, "cancelled"},
	{"paid after the upgrade", "paid_booking", price, "tentative", true, paid, "cancelled"},
}

const price = `,"price":{"amount":4500,"currency":"EUR"}`

// viewing is a graph of an app's own; long is one that travels packed.
const viewing = `{"name":"viewing","description":"A visit of a flat.","initial":"asked","start":"create","states":[
	{"name":"asked","holds":"nothing","actions":[{"name":"create","to":"planned","by":["api"],"on_conflict":"refuse"}]},
	{"name":"planned","holds":"slot",
		"actions":[{"name":"call_off","to":"off","by":["api"]},{"name":"lapse","to":"lapsed","by":["timer"]}],
		"timers":[{"action":"lapse","after":"P2D","from":"entered","min":"PT1S","max":"P60D"}]},
	{"name":"off","holds":"nothing","final":true},{"name":"lapsed","holds":"nothing","final":true},
	{"name":"error","holds":"nothing","final":true}]}`

// asking asks the webhook crm, whose yes approves.
const asking = `{"name":"asking","description":"It asks.","initial":"fresh","start":"ask","states":[
	{"name":"fresh","holds":"nothing","actions":[{"name":"ask","to":"asked","by":["api"],"on_conflict":"refuse","effects":[
		{"kind":"call","endpoint":"crm","timeout":"PT5S","give_up_after":"PT10M","then":"approve","else":"decline","on_failure":"decline"}]}]},
	{"name":"asked","holds":"slot","actions":[{"name":"approve","to":"approved","by":["effect"]},
		{"name":"decline","to":"declined","by":["effect"]}]},
	{"name":"approved","holds":"slot","actions":[{"name":"cancel","to":"declined","by":["api"]}]},
	{"name":"declined","holds":"nothing","final":true},{"name":"error","holds":"nothing","final":true}]}`

// long is viewing with so many more states that its text has more than 8 kB.
func long() string {
	const steps = 34
	var more strings.Builder
	for i := range steps {
		fmt.Fprintf(&more, `{"name":"step_%d","holds":"slot","actions":[
			{"name":"next","to":"step_%d","by":["api","owner_link","customer_link"]},
			{"name":"begin_again","to":"step_0","by":["api","owner_link","customer_link"]},
			{"name":"call_off","to":"off","by":["api","owner_link","customer_link"]}]},`, i, min(i+1, steps-1))
	}
	text := strings.Replace(viewing, `"name":"viewing"`, `"name":"long"`, 1)
	text = strings.Replace(text, `{"name":"off"`, more.String()+`{"name":"off"`, 1)
	const off, first = `"actions":[{"name":"call_off"`, `"actions":[{"name":"next","to":"step_0","by":["api"]},{"name":"call_off"`
	return strings.Replace(text, off, first, 1)
}

// reschedule moves a booking to a time that is free.
func reschedule(ctx context.Context, f *fleet, id string) error {
	at := f.hour()
	body := fmt.Sprintf(`{"start":%q,"end":%q}`, at.Format(time.RFC3339), at.Add(time.Hour).Format(time.RFC3339))
	a, err := f.live.ask(ctx, http.MethodPost, "/v2/bookings/"+id+"/reschedule", body, "Prefer", "wait=25")
	if err != nil {
		return err
	}
	f.note(a.Data.ID)
	return f.live.until(ctx, a.Data.ID, "confirmed", func(a answer) bool { return a.Data.State == "confirmed" })
}

// called waits for the effects of a booking.
func called(ctx context.Context, f *fleet, id string) error {
	return f.live.until(ctx, id, "done with its effects", func(a answer) bool {
		return len(a.Data.Effects) == 1 && a.Data.Effects[0].Status == "done"
	})
}

// paid pays on the provider's page, cancels, and waits for the money to go back.
func paid(ctx context.Context, f *fleet, id string) error {
	ref := ""
	err := f.live.until(ctx, id, "to be paid", func(a answer) bool {
		if len(a.Data.Payment.Payments) > 0 && a.Data.Payment.Payments[0].State == "open" {
			ref = a.Data.Payment.Payments[0].ProviderRef
		}
		return ref != ""
	})
	if err != nil {
		return err
	}
	if !f.desk.fake.Press(ref, "pay") {
		return errors.New("the provider's page does not let one pay")
	}
	f.desk.fake.Flush(ctx)
	if err := f.live.until(ctx, id, "paid", func(a answer) bool { return a.Data.State == "paid" }); err != nil {
		return err
	}
	if err := play("cancel")(ctx, f, id); err != nil {
		return err
	}
	return f.live.until(ctx, id, "refunded", func(a answer) bool { return a.Data.Payment.Payments[0].Refunded == 4500 })
}

// liveOne lives one life. The API accepts a booking without waiting for a worker.
func (f *fleet) liveOne(ctx context.Context, l *life) error {
	id, err := f.beginOne(ctx, l)
	if l.stays {
		f.stayed.Add(1)
	}
	if err != nil {
		return err
	}
	if l.stays {
		select {
		case <-f.upgraded:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := l.then(ctx, f, id); err != nil {
		return err
	}
	return f.live.until(ctx, id, l.ends, func(a answer) bool { return a.Data.State == l.ends })
}

// beginOne books, and waits for the first state.
func (f *fleet) beginOne(ctx context.Context, l *life) (id string, err error) {
	a, err := f.live.ask(ctx, http.MethodPost, "/v2/bookings", f.request(f.resource, l.graph, l.more), "Prefer", "respond-async")
	if err != nil {
		return "", err
	}
	if id = a.Data.ID; id == "" {
		return "", fmt.Errorf("no id: %s", a.text)
	}
	f.note(id)
	if l.first == "" {
		return id, nil
	}
	return id, f.live.until(ctx, id, l.first, func(a answer) bool { return a.Data.State == l.first })
}

// request is that of a booking at a time that no other has.
func (f *fleet) request(resource, graph, more string) string {
	at := f.hour()
	return fmt.Sprintf(`{"resource_id":%q,"graph":%q,"start":%q,"end":%q,"what":"Haircut",
		"customer":{"name":"Ada","email":"ada@example.com"}%s}`,
		resource, graph, at.Format(time.RFC3339), at.Add(time.Hour).Format(time.RFC3339), more)
}

// setUp makes what the lives need.
func (f *fleet) setUp(ctx context.Context) error {
	f.desk.open(f.stack.APIURL)
	made, err := f.app(ctx, slug, false)
	if err != nil {
		return err
	}
	f.live = made
	a, err := f.live.ask(ctx, http.MethodPost, "/v2/resources", `{"name":"Chair","timezone":"Europe/Berlin"}`)
	if err != nil {
		return err
	}
	f.resource = a.Data.ID
	const account = `{"name":"main","provider":"stripe","config":{"secret_key":"sk_test_fake","webhook_secrets":["` + secret + `"]}}`
	for _, one := range [][2]string{
		{"/v2/payment_accounts", account},
		{"/v2/webhooks", `{"url":"` + f.inbox.url + `","format":"holdfast"}`},
		{"/v2/webhooks", `{"url":"` + f.crm.url + `","name":"crm","event_types":["effect.failed"]}`},
		{"/v2/graphs", viewing}, {"/v2/graphs/viewing/publish", ""}, {"/v2/graphs", asking}, {"/v2/graphs/asking/publish", ""},
		{"/v2/graphs", long()}, {"/v2/graphs/long/publish", ""},
	} {
		if _, err := f.live.ask(ctx, http.MethodPost, one[0], one[1]); err != nil {
			return err
		}
	}
	return nil
}

// app makes an app and returns a caller with its key.
func (f *fleet) app(ctx context.Context, slug string, test bool) (caller, error) {
	admin := caller{f.stack.APIURL, string(f.stack.AdminKey()), &f.refused}
	a, err := admin.ask(ctx, http.MethodPost, "/v2/apps", fmt.Sprintf(`{"name":%q,"slug":%q,"test":%t}`, slug, slug, test))
	if err != nil {
		return caller{}, err
	}
	var key struct {
		Data struct {
			Key string `json:"api_key"`
		} `json:"data"`
	}
	err = json.Unmarshal([]byte(a.text), &key)
	return caller{f.stack.APIURL, key.Data.Key, &f.refused}, err
}
