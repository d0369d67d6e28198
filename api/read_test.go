package api

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"holdfast/api/rules"
	"holdfast/internal/fault"
)

func TestBodiesAreReadAgain(t *testing.T) {
	t.Parallel()
	k := newCall(http.MethodPost, "/", `{"start":"x"}`)
	var one, two rules.Slot
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
		var in rules.Slot
		err := newCall(http.MethodPost, "/", body).Decode(&in)
		if got := told(err); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", body, got, want)
		}
	}
}

func told(err error) string {
	known, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return ""
	}
	text := string(known.Code)
	if known.Code != fault.Invalid {
		text += " " + known.Message
	}
	for name, all := range known.Fields {
		text += " " + name + " " + strings.Join(all, ", ")
	}
	return text
}

// TestOnlyOneWayToRead: input of strangers is read by strictjson. Who calls json.Unmarshal and asks for its error reads a type in
// which no name can be misspelt; who does not ask reads what was read before.
func TestOnlyOneWayToRead(t *testing.T) {
	t.Parallel()
	calls := regexp.MustCompile(`.*json\.(Unmarshal|NewDecoder)\(.*`)
	allowed := map[string]string{
		"edge/idempotency.go": "headers that this server kept", "edge/clock.go": "one text", "rules/customers.go": "one text", "rules/project.go": "what this server wrote",
		"catalogue/project_ui.go": "a map", "scheduling/public_links.go": "one number", "rules/reminders.go": "a list that was read before", "rules/booking.go": "maps",
		"calendar/resource_views.go": "a list of texts", "edge/json.go": "a list of texts", "webhooks/input.go": "a map of texts", "bookings/holds.go": "one number",
		"rules/sms_consent.go": "a switch or a text",
	}
	for path, text := range sources(t) {
		for _, line := range calls.FindAllString(text, -1) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "_ = ") && allowed[path] == "" {
				t.Errorf("%s: %s\nuse Decode or DecodeInner, or say here why not", path, line)
			}
		}
	}
}

// TestFormsHaveOneReader finds no other reader of forms.
func TestFormsHaveOneReader(t *testing.T) {
	t.Parallel()
	readers := 0
	for _, text := range sources(t) {
		readers += strings.Count(text, ".ParseForm()") + strings.Count(text, ".FormValue(") + strings.Count(text, ".PostForm(")
	}
	if readers != 1 {
		t.Errorf("forms are read at %d places", readers)
	}
}
