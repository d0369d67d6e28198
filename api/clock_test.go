package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/fault"
)

func TestStampsOfBodies(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]edge.Stamp{
		`{"start":"2026-12-01"}`: "2026-12-01", `{"start":1764579600}`: "1764579600", `{"start":-1.5}`: "-1.5", `{"start":null}`: "", `{}`: "",
	} {
		var in rules.BookingInput
		if err := newCall(http.MethodPost, "/", body).Decode(&in); err != nil || in.Start != want {
			t.Errorf("%s: %q, %v", body, in.Start, err)
		}
	}
	for _, body := range []string{`{"start":{}}`, `{"start":[]}`, `{"start":true}`, `{"event":{"end":[1]}}`} {
		var in rules.BookingInput
		if err := newCall(http.MethodPost, "/", body).Decode(&in); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", body, err)
		}
	}
	var list []edge.Stamp
	if err := json.Unmarshal([]byte(`[1,"2"]`), &list); err != nil || !slices.Equal(list, []edge.Stamp{"1", "2"}) {
		t.Errorf("%v, %v", list, err)
	}
}

// TestTimesGoThroughTheClock reads the sources: a time that is shown or read in another way forgets what the client chose.
func TestTimesGoThroughTheClock(t *testing.T) {
	t.Parallel()
	for path, text := range sources(t) {
		for _, own := range []string{"time.RFC3339", "time.Parse(", "time.ParseInLocation("} {
			if strings.Contains(text, own) {
				t.Errorf("%s uses %s", path, own)
			}
		}
	}
}
