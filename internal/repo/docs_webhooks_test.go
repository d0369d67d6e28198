package repo

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast/internal/outbox"
	"holdfast/internal/webhook"
)

var frozenSample = regexp.MustCompile("(?s)<!-- as (\\S+) -->\n```json\n(.*?)```")

// TestSamplesAreReal holds each sample of a document against the frozen body that it names: it may be shortened, but all it
// says is in there.
func TestSamplesAreReal(t *testing.T) {
	t.Parallel()
	samples := frozenSample.FindAllStringSubmatch(read(t, "docs/webhooks.md"), -1)
	if len(samples) != 4 {
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

// TestFormatsAreEverywhere: each format of webhooks is a word that the record accepts, the portal offers, and the documents have. What
// is only in the code would fail for the first who chooses it.
func TestFormatsAreEverywhere(t *testing.T) {
	t.Parallel()
	migrations := ""
	files, err := filepath.Glob(at(t, "internal/postgres/migrations/*.sql"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		migrations += string(text)
	}
	checks := regexp.MustCompile(`CHECK \(format IN \(([^)]*)\)`).FindAllStringSubmatch(migrations, -1)
	if len(checks) == 0 {
		t.Fatal("no migration checks the format of an endpoint")
	}
	enum := regexp.MustCompile(`"enum": \["timekit", [^\]]*\]`).FindString(read(t, "api/openapi.json"))
	for _, format := range outbox.Formats {
		for where, found := range map[string]bool{
			"the newest check of the migrations":      strings.Contains(checks[len(checks)-1][1], "'"+string(format)+"'"),
			"formats of internal/portal/words.go":     strings.Contains(read(t, "internal/portal/words.go"), `{"`+string(format)+`", "`),
			"the enumeration in api/openapi.json":     strings.Contains(enum, `"`+string(format)+`"`),
			"the formats that docs/webhooks.md shows": strings.Contains(read(t, "docs/webhooks.md"), "`"+string(format)+"`"),
		} {
			if !found {
				t.Errorf("%s lacks %s", where, format)
			}
		}
	}
}
