package repo

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/outbox"
	"holdfast/internal/payload"
	"holdfast/internal/webhook"
)

var frozenSample = regexp.MustCompile("(?s)<!-- as (\\S+) -->\n```json\n(.*?)```")

// TestSamplesAreReal holds each sample of a document against the frozen body that it names: it may be shortened, but all it
// says is in there.
func TestSamplesAreReal(t *testing.T) {
	t.Parallel()
	samples := frozenSample.FindAllStringSubmatch(read(t, "docs/webhooks.md"), -1)
	if len(samples) != len(outbox.Formats) {
		t.Errorf("%d samples, want one of each format", len(samples))
	}
	for _, sample := range append(samples, frozenSample.FindAllStringSubmatch(read(t, "docs/public-links.md"), -1)...) {
		var shown, frozen any
		if err := json.Unmarshal([]byte(sample[2]), &shown); err != nil {
			t.Fatalf("%s: %v", sample[1], err)
		}
		if err := json.Unmarshal([]byte(read(t, sample[1])), &frozen); err != nil {
			t.Fatal(err)
		}
		if missing := lacking("", frozen, shown); missing != "" {
			t.Errorf("%s does not have what a document shows at %s", sample[1], missing)
		}
	}
}

// lacking is a path at which got does not have what want has; "" for none.
func lacking(path string, got, want any) string {
	switch want := want.(type) {
	case map[string]any:
		object, _ := got.(map[string]any)
		for name, value := range want {
			if missing := lacking(path+"."+name, object[name], value); missing != "" {
				return missing
			}
		}
		return ""
	case []any:
		list, _ := got.([]any)
		if len(list) != len(want) {
			return path
		}
		for i, value := range want {
			if missing := lacking(fmt.Sprint(path, ".", i), list[i], value); missing != "" {
				return missing
			}
		}
		return ""
	}
	if !reflect.DeepEqual(got, want) {
		return path
	}
	return ""
}

// TestScheduleIsAsTheDocumentSays asks the schedule itself, in the middle of what the waits vary by.
func TestScheduleIsAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	text := read(t, "docs/webhooks.md")
	now, sum := time.Now(), time.Duration(0)
	for made := 1; made < webhook.MaxAttempts; made++ {
		next, more := webhook.Next(made, webhook.Result{Verdict: webhook.Retry, Status: 500}, now, func() float64 { return 0.5 })
		if !more {
			t.Fatalf("the schedule ends after %d attempts", made)
		}
		wait := next.Sub(now)
		sum += wait
		if row := fmt.Sprintf("\n| %d | %s | %s |\n", made+1, short(wait), short(sum)); !strings.Contains(text, row) {
			t.Errorf("docs/webhooks.md has no row %s", strings.TrimSpace(row))
		}
	}
}

// short writes 2h0m0s as 2h.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// webhookSchemas is the part of the OpenAPI document that lists formats and event types of webhooks.
type webhookSchemas struct {
	Components struct {
		Schemas map[string]struct {
			Enum       []string `json:"enum"`
			Properties map[string]struct {
				Enum []string `json:"enum"`
			} `json:"properties"`
		} `json:"schemas"`
	} `json:"components"`
}

func readWebhookSchemas(t *testing.T) (doc webhookSchemas) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, "api/openapi.json")), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestFormatsAreEverywhere: the documents have each format of webhooks, and no other. internal/payload holds its shapes to the same list,
// and internal/postgres what can be stored.
func TestFormatsAreEverywhere(t *testing.T) {
	t.Parallel()
	var names []string
	samples := frozenSample.FindAllStringSubmatch(read(t, "docs/webhooks.md"), -1)
	for _, format := range outbox.Formats {
		names = append(names, string(format))
		if !slices.ContainsFunc(samples, func(sample []string) bool {
			return strings.HasPrefix(sample[1], "internal/payload/testdata/"+string(format)+"/")
		}) {
			t.Errorf("docs/webhooks.md has no sample of %s", format)
		}
	}
	names = append(names, string(outbox.FormatSMS)) // it shows no event
	if got := readWebhookSchemas(t).Components.Schemas["WebhookFormat"].Enum; !slices.Equal(got, names) {
		t.Errorf("WebhookFormat in api/openapi.json has %v, want %v", got, names)
	}
}

// eventConstants returns the event types that internal/outbox has as constants: value by name.
func eventConstants(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, s := range sources(t) {
		if s.dir != "internal/outbox" || s.test {
			continue
		}
		for _, found := range eventConstant.FindAllStringSubmatch(read(t, s.path), -1) {
			all[found[1]] = found[2]
		}
	}
	if len(all) < 8 {
		t.Fatalf("only %d event types are constants", len(all))
	}
	return all
}

var eventConstant = regexp.MustCompile(`(?m)^(?:const|\t)\s*(\w+)\s*=\s*"([a-z]+\.[a-z_]+)"`)

// TestEventTypesAreEverywhere: each event type that is a constant is published by a package above, can be subscribed to, and stands in the
// documents. The reminder is no type to subscribe to: who makes a booking names its receiver.
func TestEventTypesAreEverywhere(t *testing.T) {
	t.Parallel()
	subscribed, families := map[string]bool{}, map[string]bool{}
	var endpoint []string
	for _, e := range payload.EventTypes(nil) {
		family, _, _ := strings.Cut(e.Name, ".")
		subscribed[e.Name], families[family] = true, true
		if family == "endpoint" {
			endpoint = append(endpoint, e.Name)
		}
	}
	published := ""
	for _, s := range sources(t) {
		if !s.test && (s.dir == "internal/postgres" || s.dir == "internal/booking") {
			published += read(t, s.path)
		}
	}
	for name, value := range eventConstants(t) {
		if !subscribed[value] && value != outbox.ReminderEvent {
			t.Errorf("outbox.%s is not in EventTypes of internal/payload", name)
		}
		if !regexp.MustCompile(`outbox\.` + name + `\b`).MatchString(published) {
			t.Errorf("outbox.%s is published by no transaction", name)
		}
	}
	if got := readWebhookSchemas(t).Components.Schemas["EndpointDelivery"].Properties["type"].Enum; !slices.Equal(got, endpoint) {
		t.Errorf("EndpointDelivery in api/openapi.json has the types %v, want %v", got, endpoint)
	}
	for family := range families {
		if !strings.Contains(read(t, "docs/webhooks.md"), "`"+family+".") {
			t.Errorf("docs/webhooks.md has no event type of the family %s", family)
		}
	}
}
