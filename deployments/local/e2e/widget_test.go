package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const widgetPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Barber & Co</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/build/booking.min.css"></head>
<body><div id="bookingjs"></div>
<script src="/build/booking.min.js"></script>
<script>
const config = %s
const heading = { weekday: 'short', day: 'numeric', month: 'numeric', timeZone: 'UTC' }
if (config.plain_days) config.fullcalendar = { dayHeaderContent: ({ date }) => date.toLocaleDateString('en-GB', heading) }
new TimekitBooking().init(config)
</script>
</body></html>`

// widgetSite is somebody's web site with the booking widget on it, just as npm has it. Its address is not the API's, so the
// browser asks before every call. /page/CONFIG is a page with the widget and that configuration, JSON in base64.
func widgetSite(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /build/", http.StripPrefix("/build/", http.FileServer(http.Dir("js/node_modules/timekit-booking/public/build"))))
	mux.HandleFunc("GET /page/{config}", func(w http.ResponseWriter, r *http.Request) {
		text, err := base64.RawURLEncoding.DecodeString(r.PathValue("config"))
		if err != nil || !json.Valid(text) {
			http.Error(w, "no configuration", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, widgetPage, text)
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	return site.URL
}

// widgetStory is one visit: what js/widget.js is told, and what has to be true afterwards.
type widgetStory struct {
	Name      string            `json:"name"`
	Play      string            `json:"play"` // in js/stories/widget.js
	Config    map[string]any    `json:"config"`
	Timezone  string            `json:"timezone"`
	Phone     bool              `json:"phone"`
	At        string            `json:"at,omitempty"`
	Answers   map[string]string `json:"answers,omitempty"`
	Meanwhile map[string]any    `json:"meanwhile,omitempty"`

	check func(t *testing.T, seen answer)
}

// TestWidget lets visitors book by the unmodified timekit-booking widget in a real browser.
func TestWidget(t *testing.T) {
	t.Parallel()
	stories := newBarber(t).stories(t)
	seen := inBrowser(t, "widget.js", "widget", map[string]any{"site": widgetSite(t), "stories": stories})
	for _, story := range stories {
		t.Run(story.Name, func(t *testing.T) { story.check(t, seen(t, story.Name)) })
	}
}

// inBrowser lets a script of js/ play stories in a real browser. What each has seen is found by its name; one that went wrong
// fails the test that asks. Pictures of them are in that folder of .artifacts.
func inBrowser(t *testing.T, script, folder string, settings map[string]any) (seen func(*testing.T, string) answer) {
	t.Helper()
	artifacts, err := filepath.Abs("../../../.artifacts/" + folder)
	if err == nil {
		err = errors.Join(os.RemoveAll(artifacts), os.MkdirAll(artifacts, 0o755))
	}
	if err != nil {
		t.Fatal(err)
	}
	settings["chromium"], settings["artifacts"] = chromium(t), artifacts
	input, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]answer{}
	lines := bufio.NewScanner(bytes.NewReader(node(t, string(input), script)))
	for lines.Buffer(nil, 4<<20); lines.Scan(); {
		line := answer{body: lines.Text()}
		all[line.str("name")] = line
	}
	return func(t *testing.T, name string) answer {
		t.Helper()
		line := all[name]
		if fault := line.str("fault"); fault != "" || line.body == "" {
			t.Fatalf("%s\n(pictures are in %s)", fault, artifacts)
		}
		return line
	}
}

// chromium finds the browser: the program that CHROMIUM names, or the one on the path.
func chromium(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath(or(os.Getenv("CHROMIUM"), "chromium"))
	if err != nil {
		t.Fatalf("there is no Chromium on this machine (%v): make test installs one, or name the program in CHROMIUM", err)
	}
	return program
}

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

// list is a list of texts in an answer.
func (a answer) list(path string) []string {
	all := []string{}
	list, _ := a.at(path).([]any)
	for _, one := range list {
		all = append(all, fmt.Sprint(one))
	}
	return all
}

// clock renders an instant as the widget shows it to somebody in a zone.
func clock(t testing.TB, zone string, at time.Time) string {
	t.Helper()
	place, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return at.In(place).Format("2006-01-02 15:04")
}

// moment is the instant that a slot shown to somebody in a zone means.
func moment(t testing.TB, zone, shown string) time.Time {
	t.Helper()
	place, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", shown, place)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
