package clock

import (
	"encoding/json"
	"testing"
	"time"
)

// TestRead: a clock that runs is ahead by its offset, one that is advanced stands, and the zero one is real time, which is not written.
func TestRead(t *testing.T) {
	t.Parallel()
	moment := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		clock Clock
		want  time.Time
		until time.Duration // of a day later
	}{
		"real time": {Clock{}, moment, 24 * time.Hour},
		"ahead":     {Clock{Revision: 3, Offset: 5 * time.Hour}, moment.Add(5 * time.Hour), 19 * time.Hour},
		"stands":    {Clock{Revision: 4, Offset: 5 * time.Hour, At: moment.Add(23 * time.Hour)}, moment.Add(23 * time.Hour), time.Hour},
	} {
		if got := c.clock.Read(moment); !got.Equal(c.want) {
			t.Errorf("%s: it shows %s, want %s", name, got, c.want)
		}
		if got := c.clock.Until(moment.Add(24*time.Hour), moment); got != c.until {
			t.Errorf("%s: a day later is %s away, want %s", name, got, c.until)
		}
		if got := c.clock.Stands(); got != (name == "stands") {
			t.Errorf("%s: stands: %t", name, got)
		}
	}
	text, err := json.Marshal(struct {
		Clock Clock `json:"clock,omitzero"`
	}{})
	if err != nil || string(text) != "{}" {
		t.Errorf("%s, %v: live apps' clocks are not written", text, err)
	}
}
