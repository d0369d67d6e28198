package calendar

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/availability"
	"holdfast/internal/fault"
	"holdfast/internal/timekit"
	"holdfast/internal/zones"
)

var pageExample = regexp.MustCompile("(?s)```json\n(.*?)\n```\n```text\n(.*?)\n```")

// TestAvailabilityPage runs the examples of docs/availability.md, and asks that each mode, option and rule has one.
func TestAvailabilityPage(t *testing.T) {
	t.Parallel()
	const file = "../../docs/availability.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	run := func(found []byte) []byte {
		parts := pageExample.FindSubmatch(found)
		return []byte("```json\n" + string(parts[1]) + "\n```\n```text\n" + pageAnswer(t, parts[1]) + "\n```")
	}
	page := pageExample.ReplaceAllFunc(text, run)
	was, is := strings.Split(string(text), "\n"), strings.Split(string(page), "\n")
	for i := range min(len(was), len(is)) {
		if was[i] != is[i] {
			t.Fatalf("docs/availability.md:%d says %q, and the answer has %q", i+1, was[i], is[i])
		}
	}
	questions := ""
	for _, parts := range pageExample.FindAllSubmatch(text, -1) {
		questions += string(parts[1])
	}
	words := strings.Fields("from to length timeslot_increments round_to_nearest_hour buffer ignore_all_day_events output_timezone mode constraints mutual exclusive roundrobin_prioritized units")
	words = append(words, availability.RuleNames()...)
	for _, word := range words {
		if !strings.Contains(questions, `"`+word+`"`) {
			t.Errorf("%s has no example", word)
		}
	}
}

// pageAnswer is what the two resources of the page answer to a question.
func pageAnswer(t *testing.T, body []byte) string {
	t.Helper()
	var in rules.AvailabilityInput
	if err := edge.DecodeInner(body, &in); err != nil || !json.Valid(body) {
		t.Fatalf("%s: %v", body, err)
	}
	berlin, err := zones.Load("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	problems := fault.Problems{}
	w := newSlotQuery(in, timekit.Clock{Zone: berlin}, time.Now(), problems)
	if err := problems.Err(); err != nil {
		t.Fatalf("%s: %v", body, problems)
	}
	on := func(day, hour int) time.Time { return time.Date(2027, 3, day, hour, 0, 0, 0, berlin) }
	w.Resources = []availability.Resource{
		{Zone: berlin, Busy: []availability.Busy{{Start: on(1, 10), End: on(1, 11), Kind: availability.KindBooking}}},
		{Zone: berlin, Busy: []availability.Busy{{Start: on(2, 0), End: on(3, 0), Kind: availability.KindEvent, AllDay: true}}},
	}
	var lines []string
	for _, slot := range w.Slots() {
		const layout = "Mon 2 Jan 15:04"
		start, end := slot.Start.In(berlin), slot.End.In(berlin)
		until := end.Format(layout)
		if start.Day() == end.Day() {
			until = end.Format("15:04")
		}
		var names []string
		for _, i := range slot.Resources {
			names = append(names, []string{"Ann", "Bob"}[i])
		}
		lines = append(lines, start.Format(layout)+" – "+until+"  "+strings.Join(names, ", "))
	}
	return strings.Join(lines, "\n")
}
