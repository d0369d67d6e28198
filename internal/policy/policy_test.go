package policy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/policy"
	"holdfast/internal/zones"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := zones.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func read(t testing.TB, text string) policy.Policy {
	t.Helper()
	var p policy.Policy
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

func write(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestForms reads every form of every field and writes the canonical one.
func TestForms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`: `{}`,
		`{"book":{"notice":"1 day","horizon":"PT48H"}}`:                     `{"book":{"notice":"P1D","horizon":"PT48H"}}`,
		`{"book":{"notice":"PT90M","from":"2026-12-01","to":"2026-12-31"}}`: `{"book":{"notice":"PT1H30M","from":"2026-12-01","to":"2026-12-31"}}`,
		`{"cancel":{"customer":{"until":{"day_before":"21:00"}}}}`:          `{"cancel":{"customer":{"until":{"day_before":"21:00"}}}}`,
		`{"cancel":{"owner":{"until":"none","anchor":"first_start"}}}`:      `{"cancel":{"owner":{"until":"none","anchor":"first_start"}}}`,
		`{"reschedule":{"customer":{"until":"2 weeks","max":0}}}`:           `{"reschedule":{"customer":{"until":"P14D","max":0}}}`,
		`{"buffer":{"before":"15 minutes","after":"PT0S","rule":"sum"}}`:    `{"buffer":{"before":"PT15M","after":"PT0S","rule":"sum"}}`,
		`{"limits":[]}`: `{"limits":[]}`,
		`{"limits":[{"per":"customer","unit":"week","max":2}]}`:                         `{"limits":[{"per":"customer","unit":"week","max":2}]}`,
		`{"limits":[{"per":"app","unit":"year","max":60,"count":"minutes"}],"book":{}}`: `{"book":{},"limits":[{"per":"app","unit":"year","max":60,"count":"minutes"}]}`,
	} {
		if got := write(t, read(t, text)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{
		`{"book":{"notice":"soon"}}`, `{"book":{"notice":{}}}`, `{"book":{"notice":{"exact":"soon"}}}`, `{"book":{"notice":{"exact":"P1D","day_before":"21:00"}}}`, `{"book":{"notice":{"span":"P1D"}}}`, `{"book":{"notice":{"day_before":"9:00"}}}`, `{"book":{"notice":{"day_before":"24:00"}}}`,
		`{"book":{"notice":{"day_before":"21:00","x":"y"}}}`, `{"book":{"notice":7}}`, `{"book":{"notice":"1101 days"}}`, `{"book":{"notice":"day_before 21:00x"}}`,
		`{"book":{"from":"2026-13-01"}}`, `{"book":{"from":"1.12.2026"}}`, `{"buffer":{"before":"1 day"}}`, `{"buffer":{"before":"30 seconds"}}`, `{"buffer":{"before":"x"}}`,
	} {
		var p policy.Policy
		if err := json.Unmarshal([]byte(text), &p); err == nil {
			t.Errorf("%s was read as %s", text, write(t, p))
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for text, field := range map[string]string{
		`{"book":{"from":"2026-12-02","to":"2026-12-01"}}`:                    "p.book.to",
		`{"book":{"notice":"P14D","horizon":"P7D"}}`:                          "p.book.horizon",
		`{"cancel":{"customer":{"anchor":"last"}}}`:                           "p.cancel.customer.anchor",
		`{"cancel":{"owner":{"anchor":"x"}}}`:                                 "p.cancel.owner.anchor",
		`{"reschedule":{"customer":{"anchor":"x"}}}`:                          "p.reschedule.customer.anchor",
		`{"buffer":{"before":"PT25H"}}`:                                       "p.buffer.before",
		`{"buffer":{"after":"PT24H1M"}}`:                                      "p.buffer.after",
		`{"buffer":{"rule":"min"}}`:                                           "p.buffer.rule",
		`{"limits":[{"per":"x","unit":"day","max":1}]}`:                       "p.limits.0.per",
		`{"limits":[{"per":"app","unit":"hour","max":1}]}`:                    "p.limits.0.unit",
		`{"limits":[{"per":"app","unit":"day","max":-1}]}`:                    "p.limits.0.max",
		`{"limits":[{"per":"app","unit":"day","max":1,"count":"seats"}]}`:     "p.limits.0.count",
		`{"limits":[{"per":"app","unit":"day","max":1,"scope":"project:1"}]}`: "p.limits.0.scope",
		`{"limits":[` + strings.Repeat(`{"per":"app","unit":"day","max":1},`, 20) + `{"per":"app","unit":"day","max":1}]}`: "p.limits",
	} {
		problems := fault.Problems{}
		read(t, text).Check("p", false, problems)
		if len(problems) != 1 || problems[field] == nil {
			t.Errorf("%s: %v, want a problem with %s", text, problems, field)
		}
	}
	for _, text := range []string{
		`{"book":{"notice":"P7D","horizon":"P7D"}}`, `{"book":{"notice":"none","horizon":"PT1M"}}`, `{"book":{"from":"2026-12-01","to":"2026-12-01"}}`,
		`{"limits":[{"per":"app","unit":"day","max":0}]}`, `{"buffer":{"before":"PT24H","rule":"max"}}`,
	} {
		problems := fault.Problems{}
		if read(t, text).Check("p", false, problems); len(problems) > 0 {
			t.Errorf("%s: %v", text, problems)
		}
	}
	problems := fault.Problems{}
	read(t, `{"limits":[]}`).Check("p", true, problems)
	if len(problems) > 0 {
		t.Error("limits cannot be lifted from one booking:", problems)
	}
	if read(t, `{"limits":[{"per":"app","unit":"day","max":1}]}`).Check("p", true, problems); problems["p.limits"] == nil {
		t.Error("one booking has limits of its own")
	}
}

// TestNearerWins merges field by field, and a text "none" lifts what is further away.
func TestNearerWins(t *testing.T) {
	t.Parallel()
	far := read(t, `{"book":{"notice":"P1D","horizon":"P30D"},"cancel":{"customer":{"until":"PT24H","anchor":"first_start"}},
		"reschedule":{"customer":{"until":"PT2H","max":3}},"buffer":{"before":"PT5M","rule":"sum"},"limits":[{"per":"app","unit":"day","max":9}]}`)
	near := read(t, `{"book":{"notice":"none"},"cancel":{"customer":{"until":"P2D"},"owner":{"until":"PT1H"}},
		"reschedule":{"customer":{"max":0}},"buffer":{"after":"PT10M"}}`)
	got := policy.Resolve(policy.Layer{Policy: &far}, policy.Layer{Policy: nil}, policy.Layer{Scope: "project:1", Policy: &near})
	want := `{"book":{"notice":"none","horizon":"P30D"},"cancel":{"customer":{"until":"P2D","anchor":"first_start"},"owner":{"until":"PT1H"}},` +
		`"reschedule":{"customer":{"until":"PT2H","max":0}},"buffer":{"before":"PT5M","after":"PT10M","rule":"sum"},"limits":[{"per":"app","unit":"day","max":9}]}`
	if write(t, got) != want {
		t.Errorf("merged:\n%s\nwant\n%s", write(t, got), want)
	}
	scoped := policy.Resolve(policy.Layer{Policy: &far}, policy.Layer{Scope: "project:1", Policy: &policy.Policy{Limits: far.Limits}})
	if got := write(t, scoped.Limits); got != `[{"per":"app","unit":"day","max":9,"scope":"project:1"}]` {
		t.Errorf("limits of a project: %s", got)
	}
	if (*far.Limits)[0].Scope != "" {
		t.Error("resolving has changed a layer")
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	a := policy.NewSnapshot(read(t, `{"book":{"notice":"1 day"},"limits":[]}`), nil)
	b := policy.NewSnapshot(read(t, `{"limits":[],"book":{"notice":"P1D"}}`), nil)
	c := policy.NewSnapshot(read(t, `{"book":{"notice":"PT24H"},"limits":[]}`), nil)
	if a.Hash != b.Hash || a.Hash == c.Hash || len(a.Hash) != 64 {
		t.Errorf("hashes %s %s %s", a.Hash, b.Hash, c.Hash)
	}
	if policy.NewSnapshot(policy.Policy{}, nil) != nil {
		t.Error("a policy without rules has a snapshot")
	}
	var again policy.Snapshot
	if err := json.Unmarshal([]byte(write(t, a)), &again); err != nil || again.Resolved.Hash() != a.Hash {
		t.Errorf("read again: %v, %s", err, again.Resolved.Hash())
	}
}

// TestNotice judges a second before, at and after the limit, over both changes of the clocks.
func TestNotice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, notice, start, limit string }{
		{"Europe/Berlin", "PT24H", "2026-03-29T12:00:00+02:00", "2026-03-28T11:00:00+01:00"}, // the night has 23 hours
		{"Europe/Berlin", "P1D", "2026-03-29T12:00:00+02:00", "2026-03-28T12:00:00+01:00"},
		{"Europe/Berlin", "PT24H", "2026-10-25T12:00:00+01:00", "2026-10-24T13:00:00+02:00"}, // and this one 25
		{"Europe/Berlin", "P1D", "2026-10-25T12:00:00+01:00", "2026-10-24T12:00:00+02:00"},
		{"America/New_York", "P1DT2H", "2026-06-02T12:00:00-04:00", "2026-06-01T10:00:00-04:00"},
		{"UTC", "PT0S", "2026-06-02T12:00:00Z", "2026-06-02T12:00:00Z"},
	} {
		z := zone(t, c.zone)
		p := policy.Policy{Book: &policy.Book{Notice: policy.MustLead(c.notice)}}
		limit, start := at(t, c.limit), at(t, c.start)
		for _, now := range []time.Time{limit.Add(-time.Second), limit} {
			if why := p.JudgeStart(start, now, z, nil); why != nil {
				t.Errorf("%s before %s, at %s: %+v", c.notice, c.start, now, why)
			}
		}
		why := p.JudgeStart(start, limit.Add(time.Second), z, nil)
		if why == nil || why.Code != fault.TooLate || why.Rule != policy.Notice || !why.Ends.Equal(limit) || why.Limit != c.notice {
			t.Errorf("%s before %s, a second late: %+v, want it to end at %s", c.notice, c.start, why, c.limit)
		}
		if why := p.JudgeStart(start, limit.Add(time.Second), z, policy.Lifted{policy.Notice}); why != nil {
			t.Errorf("lifted: %+v", why)
		}
		if why := p.JudgeStart(start, limit.Add(time.Second), z, policy.Lifted{policy.Horizon, policy.LimitOf}); why == nil {
			t.Error("another rule that is lifted lifts the notice")
		}
	}
}

func TestDayBefore(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	p := policy.Policy{Book: &policy.Book{Notice: policy.MustLead("day_before 21:00")}}
	for _, start := range []string{"2026-06-02T00:00:00+02:00", "2026-06-02T23:59:00+02:00"} {
		if why := p.JudgeStart(at(t, start), at(t, "2026-06-01T21:00:00+02:00"), z, nil); why != nil {
			t.Errorf("%s at nine: %+v", start, why)
		}
		why := p.JudgeStart(at(t, start), at(t, "2026-06-01T21:00:01+02:00"), z, nil)
		if why == nil || !why.Ends.Equal(at(t, "2026-06-01T21:00:00+02:00")) {
			t.Errorf("%s a second after nine: %+v", start, why)
		}
	}
}

// TestHorizon counts days to the end of the last one in the zone of the resource, and hours to the second.
func TestHorizon(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, horizon, now, last string }{
		{"Europe/Berlin", "P1D", "2026-03-28T08:00:00+01:00", "2026-03-29T23:59:59+02:00"},
		{"Pacific/Auckland", "P30D", "2026-06-01T00:00:00+12:00", "2026-07-01T23:59:59+12:00"},
		{"America/Los_Angeles", "P30D", "2026-06-01T23:59:59-07:00", "2026-07-01T23:59:59-07:00"},
		{"Europe/Berlin", "PT24H", "2026-03-28T08:00:00+01:00", "2026-03-29T09:00:00+02:00"},
		{"UTC", "day_before 08:00", "2026-06-01T08:00:00Z", "2026-06-02T23:59:59Z"},
		{"UTC", "day_before 08:00", "2026-06-01T07:59:59Z", "2026-06-01T23:59:59Z"},
	} {
		z := zone(t, c.zone)
		p := policy.Policy{Book: &policy.Book{Horizon: policy.MustLead(c.horizon)}}
		last, now := at(t, c.last), at(t, c.now)
		if why := p.JudgeStart(last, now, z, nil); why != nil {
			t.Errorf("%+v: %+v", c, why)
		}
		why := p.JudgeStart(last.Add(time.Second), now, z, nil)
		if why == nil || why.Code != fault.TooEarly || why.Rule != policy.Horizon {
			t.Fatalf("%+v, a second later: %+v", c, why)
		}
		if p.JudgeStart(last.Add(time.Second), why.Ends, z, nil) != nil || p.JudgeStart(last.Add(time.Second), why.Ends.Add(-time.Second), z, nil) == nil {
			t.Errorf("%+v: it does not open at %s", c, why.Ends)
		}
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	z := zone(t, "Asia/Kathmandu")
	p := read(t, `{"book":{"from":"2026-12-01","to":"2026-12-02"}}`)
	now := at(t, "2026-01-01T00:00:00Z")
	for start, ok := range map[string]bool{
		"2026-11-30T23:59:59+05:45": false, "2026-12-01T00:00:00+05:45": true, "2026-12-02T23:59:59+05:45": true, "2026-12-03T00:00:00+05:45": false,
	} {
		why := p.JudgeStart(at(t, start), now, z, nil)
		if ok != (why == nil) || why != nil && (why.Code != fault.OutsideWindow || why.Limit != "2026-12-01/2026-12-02") {
			t.Errorf("%s: %+v", start, why)
		}
	}
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	p := read(t, `{"cancel":{"customer":{"until":"PT24H"},"owner":{"until":"PT1H"}},"reschedule":{"customer":{"until":"P1D","max":2,"anchor":"first_start"}}}`)
	h := policy.Held{Start: at(t, "2026-06-10T12:00:00+02:00"), FirstStart: at(t, "2026-06-05T12:00:00+02:00")}
	day, hour := at(t, "2026-06-09T12:00:00+02:00"), at(t, "2026-06-10T11:00:00+02:00")
	wantRefusal := func(what string, why *policy.Refusal, code fault.Code, ends time.Time) {
		t.Helper()
		switch {
		case code == "" && why != nil, code != "" && why == nil:
			t.Errorf("%s: %+v", what, why)
		case why != nil && (why.Code != code || !why.Ends.Equal(ends)):
			t.Errorf("%s: %+v, want %s at %s", what, why, code, ends)
		}
	}
	wantRefusal("in time", p.JudgeCancel(policy.Customer, h, day, z, nil), "", time.Time{})
	wantRefusal("late", p.JudgeCancel(policy.Customer, h, day.Add(time.Second), z, nil), fault.TooLate, day)
	wantRefusal("lifted", p.JudgeCancel(policy.Customer, h, day.Add(time.Second), z, policy.Lifted{policy.CancelDeadline}), "", time.Time{})
	wantRefusal("owner", p.JudgeCancel(policy.Owner, h, hour, z, nil), "", time.Time{})
	wantRefusal("late owner", p.JudgeCancel(policy.Owner, h, hour.Add(time.Second), z, nil), fault.TooLate, hour)
	first := at(t, "2026-06-04T12:00:00+02:00")
	wantRefusal("moved in time", p.JudgeMove(h, first, z, nil), "", time.Time{})
	wantRefusal("moved late", p.JudgeMove(h, first.Add(time.Second), z, nil), fault.TooLate, first)
	h.Moves = 2
	wantRefusal("moved too often", p.JudgeMove(h, first, z, nil), fault.LimitReached, time.Time{})
	wantRefusal("may be", p.JudgeMove(h, first, z, policy.Lifted{policy.MoveCount}), "", time.Time{})
	h.Moves = 1
	if left, bounded := p.MovesLeft(h); left != 1 || !bounded {
		t.Errorf("%d moves left", left)
	}
	never := read(t, `{"reschedule":{"customer":{"max":0}}}`)
	wantRefusal("never", never.JudgeMove(policy.Held{Start: h.Start}, first, z, nil), fault.LimitReached, time.Time{})
	wantRefusal("no rule", policy.Policy{}.JudgeMove(h, h.Start.AddDate(1, 0, 0), z, nil), "", time.Time{})
	wantRefusal("no rule", policy.Policy{}.JudgeCancel(policy.Customer, h, h.Start.AddDate(1, 0, 0), z, nil), "", time.Time{})
}
