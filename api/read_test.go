package api

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/webhook"
)

func TestBodiesAreReadAgain(t *testing.T) {
	t.Parallel()
	k := newCall(http.MethodPost, "/", `{"start":"x"}`)
	var one, two slotInput
	if err := k.Decode(&one); err != nil || one.Start != "x" {
		t.Fatalf("%+v, %v", one, err)
	}
	if err := k.Decode(&two); err != nil || two.Start != "x" {
		t.Errorf("%+v, %v", two, err)
	}
}

func TestErrorsOfBodies(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"": "", "[]": "", "\t[]\n": "", "null": "", `{"what":null,"unknown":1}`: "",
		`{"what":7}`:             "invalid what must be a text, not a number",
		`{"participants":"x"}`:   "invalid participants must be a list, not a text",
		`{"What":"x"}`:           "invalid What is not known: names are case-sensitive, so write what",
		`{"start":{}}`:           "invalid start must be a text, or a number, not an object",
		`[1]`:                    "invalid body must be an object, not a list",
		"{\"what\":\n\"a\",}":    "malformed The body is not good JSON: line 2, column 5: a name in double quotes is missing: there is '}'.",
		`{"what":"\u0000"}`:      "malformed The body is not good JSON: line 1, column 16: a text holds the null character.",
		"{\"what\":\"\xff\"}":    "malformed The body is not good JSON: line 1, column 10: a text holds a byte that is not UTF-8.",
		`{"x":{"a":1,"a":1}}`:    "invalid x.a is there twice",
		`{"x":{"y":[1e131071]}}`: "invalid x.y.0 must be a number of at most 40 characters that a double can carry (up to 1.7e308)",
	} {
		var in slotInput
		err := newCall(http.MethodPost, "/", body).Decode(&in)
		if got := told(err); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", body, got, want)
		}
	}
}

func told(err error) string {
	known, ok := errors.AsType[*booking.Error](err)
	if !ok {
		return ""
	}
	text := string(known.Code)
	if known.Code != booking.Invalid {
		text += " " + known.Message
	}
	for name, all := range known.Fields {
		text += " " + name + " " + strings.Join(all, ", ")
	}
	return text
}

// spellings of a name that encoding/json takes for the same.
func spellings(name string) []string {
	all := []string{strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], name[:len(name)-1] + strings.ToUpper(name[len(name)-1:])}
	if before, after, found := strings.Cut(name, "s"); found {
		all = append(all, before+"\u017f"+after)
	}
	return all
}

// faultsOf is what an error says of fields.
func faultsOf(err error) (text string) {
	known, _ := errors.AsType[*booking.Error](err)
	if known == nil {
		return ""
	}
	for name, all := range known.Fields {
		text += name + " " + strings.Join(all, ", ")
	}
	return text
}

// TestSpellingsOfBookings: what is not the visitor's to say cannot be said by another spelling either.
func TestSpellingsOfBookings(t *testing.T) {
	t.Parallel()
	names := []string{
		"event_notifications", "reminders", "settings", "reservation_id", "graph", "action", "related", "buffer", "project_id", "resource_id",
		"customer", "event", "meta", "start", "end", "what", "where", "description", "calendar_id", "participants",
	}
	for _, name := range append(names, switchNames()...) {
		if _, err := readBooking([]byte(`{"` + name + `":null}`)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, other := range spellings(name) {
			_, err := readBooking([]byte(`{"` + other + `":null}`))
			if want := "so write " + name; booking.CodeOf(err) != booking.Invalid || !strings.HasSuffix(faultsOf(err), want) {
				t.Errorf("%s: %v", other, faultsOf(err))
			}
			_, err = readBooking([]byte(`{"` + name + `":null,"` + other + `":null}`))
			if booking.CodeOf(err) != booking.Invalid {
				t.Errorf("%s and %s: %v", name, other, err)
			}
		}
	}
}

func TestMisspeltBookings(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"custmer": "customer", "customers": "customer", "resourceId": "resource_id", "project": "", "constraints": "", "note": "", "resources": "",
		"resorce_id": "resource_id", "strart": "start", "notifications": "event_notifications", "first_name": "", "location": "",
	} {
		_, err := readBooking([]byte(`{"` + name + `":[]}`))
		if want == "" && err != nil || want != "" && !strings.HasSuffix(faultsOf(err), "did you mean "+want+"?") {
			t.Errorf("%s: %v", name, faultsOf(err))
		}
	}
}

// TestOnlyOneWayToRead: input of strangers is read by strictjson. Who calls json.Unmarshal and asks for its error reads a type in
// which no name can be misspelt; who does not ask reads what was read before.
func TestOnlyOneWayToRead(t *testing.T) {
	t.Parallel()
	calls := regexp.MustCompile(`.*json\.(Unmarshal|NewDecoder)\(.*`)
	allowed := map[string]string{
		"edge/idempotency.go": "headers that this server kept", "edge/clock.go": "one text", "people.go": "one text", "project_rules.go": "what this server wrote",
		"project_ui.go": "a map", "public_links.go": "one number", "reminders.go": "a list that was read before", "booking_input.go": "maps",
		"resource_view.go": "a list of texts", "edge/json.go": "a list of texts", "webhooks/input.go": "a map of texts", "holds.go": "one number",
	}
	for path, text := range sources(t) {
		for _, line := range calls.FindAllString(text, -1) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "_ = ") && allowed[path] == "" {
				t.Errorf("%s: %s\nuse Decode or DecodeInner, or say here why not", path, line)
			}
		}
	}
}

// TestNumbersThatOverflow: a number is compared before it is multiplied.
func TestNumbersThatOverflow(t *testing.T) {
	t.Parallel()
	instant, _ := graphs.Latest("instant")
	for _, seconds := range []string{"18446744074", "9223372037", "604801", "-1", "9223372036854775807"} {
		problems := booking.Problems{}
		in := bookingInput{Settings: json.RawMessage(`{"buffer_seconds":` + seconds + `}`)}
		in.settings(instant, problems)
		if len(problems["settings.buffer_seconds"]) != 1 {
			t.Errorf("a buffer of %s: %v", seconds, problems)
		}
	}
	for _, text := range []string{"9223372036854775807 years", "768614336404564651 years", "9223372036854775807 days", "9223372036854775807 weeks", "99999999999 hours"} {
		problems := booking.Problems{}
		if span(text, "buffer", problems); len(problems["buffer"]) != 1 {
			t.Errorf("%s passes", text)
		}
	}
	for unit := range reminderUnits {
		for _, n := range []int{math.MaxInt64, math.MaxInt64 / 1000, 5124096, 5124095577, 2562048} {
			var in reminderInput
			in.Type, in.When.Type, in.When.Unit, in.When.Time = "webhook", "before", unit, n
			problems := booking.Problems{}
			in.check(webhook.Options{}, "r", problems)
			if short := time.Duration(n) < maxReminder/reminderUnits[unit]; (problems["r.when.time"] == nil) != short {
				t.Errorf("%d %s: %v", n, unit, problems)
			}
		}
	}
}
