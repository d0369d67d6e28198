package availability

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestConstraintsThatAreNotThere(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", " ", "null", "[]", " [ ] "} {
		if rules, wrong := ParseConstraints(json.RawMessage(text)); len(rules) != 0 || wrong != nil {
			t.Errorf("%q: %v, %v", text, rules, wrong)
		}
	}
}

func TestConstraintsThatAreWrong(t *testing.T) {
	t.Parallel()
	const (
		object = "must be an object with one key, the rule's name"
		all    = "there are allow_day, allow_day_and_time, allow_hours, allow_period, allow_weekdays, allow_weekends, " +
			"block_day, block_day_and_time, block_hours, block_period, block_weekdays, block_weekends"
		unknown = "is not a rule that is known; " + all
		oClock  = "must be an hour from 0 to 24 or a time such as 17:30"
		date    = "must be a timestamp or a date, such as 2026-12-24"
		dayName = "must be a day's name, such as Monday"
	)
	for _, c := range []struct {
		text  string
		wrong []string // where: what, in order of the alphabet
	}{
		{`{}`, []string{"constraints: must be a list"}},
		{`"allow_day"`, []string{"constraints: must be a list"}},
		{`[`, []string{"constraints: must be a list"}},
		{`[1]`, []string{"constraints.0: " + object}},
		{`[null]`, []string{"constraints.0: " + object}},
		{`[{}, []]`, []string{"constraints.0: " + object, "constraints.1: " + object}},
		{`[{"allow_weekdays":{}, "block_day":{"day":"Monday"}}]`, []string{"constraints.0: " + object}},
		{`[{"allow_weekdays":{}}, {"allow_moon":{}}]`, []string{"constraints.1.allow_moon: " + unknown}},
		{`[{"weekdays":{}}, {"block_allow_day":{"day":"Monday"}}, {"Allow_weekdays":{}}]`, []string{"constraints.0.weekdays: " + unknown, "constraints.1.block_allow_day: " + unknown, "constraints.2.Allow_weekdays: is not a rule that is known; did you mean allow_weekdays? " + all}},
		{`[{"allow_day":{}}]`, []string{"constraints.0.allow_day.day: is missing"}},
		{`[{"allow_day":[]}]`, []string{"constraints.0.allow_day.day: is missing"}},
		{`[{"allow_day":"Monday"}]`, []string{"constraints.0.allow_day: must be an object"}},
		{`[{"allow_day":["Monday"]}]`, []string{"constraints.0.allow_day: must be an object"}},
		{`[{"allow_day":{"day":"Montag"}}, {"block_day":{"day":1}}, {"block_day":{"day":""}}]`, []string{"constraints.0.allow_day.day: " + dayName, "constraints.1.block_day.day: " + dayName, "constraints.2.block_day.day: " + dayName}},
		{`[{"allow_hours":{"start":9}}]`, []string{"constraints.0.allow_hours.end: is missing"}},
		{`[{"allow_hours":{}}]`, []string{"constraints.0.allow_hours.end: is missing", "constraints.0.allow_hours.start: is missing"}},
		{`[{"allow_hours":{"start":9,"end":17,"day":"Monday"}}]`, []string{"constraints.0.allow_hours.day: is not a field of this rule"}},
		{`[{"allow_weekdays":{"day":"Monday"}}]`, []string{"constraints.0.allow_weekdays.day: is not a field of this rule"}},
		{`[{"allow_hours":{"start":"nine","end":25}}]`, []string{"constraints.0.allow_hours.end: " + oClock, "constraints.0.allow_hours.start: " + oClock}},
		{`[{"block_hours":{"start":-1,"end":9.5}}]`, []string{"constraints.0.block_hours.end: " + oClock, "constraints.0.block_hours.start: " + oClock}},
		{`[{"block_hours":{"start":"9:60","end":"24:01"}}]`, []string{"constraints.0.block_hours.end: " + oClock, "constraints.0.block_hours.start: " + oClock}},
		{`[{"block_hours":{"start":null,"end":"9:5"}}]`, []string{"constraints.0.block_hours.end: " + oClock, "constraints.0.block_hours.start: " + oClock}},
		{`[{"block_hours":{"start":24,"end":6}}]`, []string{"constraints.0.block_hours.start: " + oClock}},
		{`[{"allow_hours":{"start":9,"end":"09:00"}}]`, []string{"constraints.0.allow_hours.end: must differ from the start"}},
		{`[{"allow_day_and_time":{"day":"x","start":9,"end":9}}]`, []string{"constraints.0.allow_day_and_time.day: " + dayName, "constraints.0.allow_day_and_time.end: must differ from the start"}},
		{`[{"allow_period":{"start":"soon","end":1766534400}}]`, []string{"constraints.0.allow_period.end: " + date, "constraints.0.allow_period.start: " + date}},
		{`[{"allow_period":{"start":"2026-02-30","end":"2026-03-04"}}]`, []string{"constraints.0.allow_period.start: " + date}},
		{`[{"allow_period":{"start":"2026-03-04","end":"2026-03-04"}}]`, []string{"constraints.0.allow_period.end: must be after the start"}},
		{`[{"allow_period":{"start":"2026-03-04T10:00:00Z","end":"2026-03-04T10:30:00+01:00"}}]`, []string{"constraints.0.allow_period.end: must be after the start"}},
		{`[` + strings.Repeat(`{"allow_weekdays":{}},`, 500) + `{"allow_weekdays":{}}]`, []string{"constraints: has more than 500 rules"}},
	} {
		rules, wrong := ParseConstraints(json.RawMessage(c.text))
		got := []string{}
		for where, texts := range wrong {
			for _, text := range texts {
				got = append(got, where+": "+text)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, c.wrong) || rules != nil {
			t.Errorf("%.80s: %v\ngot  %q\nwant %q", c.text, rules, got, c.wrong)
		}
	}
}

func TestAsManyConstraintsAsAreRead(t *testing.T) {
	t.Parallel()
	if rules := rulesOf(t, `[`+strings.Repeat(`{"allow_weekdays":{}},`, 499)+`{"allow_weekdays":{}}]`); len(rules) != 500 {
		t.Fatal(len(rules))
	}
}

func TestHoursInEveryForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		`0`: 0, `9`: 9 * 60, `"9"`: 9 * 60, `"09"`: 9 * 60, `"9:00"`: 9 * 60, `"09:05"`: 9*60 + 5, `"23:59"`: 23*60 + 59, `24`: 24 * 60, `"24:00"`: 24 * 60,
	} {
		if got, ok := parseClock(json.RawMessage(text)); !ok || got != want*minute {
			t.Errorf("%s: %d, %t", text, got, ok)
		}
	}
}

func TestEqualRulesAreFoundEqual(t *testing.T) {
	t.Parallel()
	text := `[{"allow_hours":{"start":9,"end":17}},{"block_period":{"start":"2026-12-24","end":"2026-12-27"}}]`
	q := monday("00:00", "23:00", 0, nil, nil, nil)
	q.To = q.From.AddDate(0, 0, 1)
	q.Resources[0].Rules, q.Resources[1].Rules = rulesOf(t, text), rulesOf(t, text)
	p := newPlan(q)
	if p.resourcePlans[0].zoneRules != p.resourcePlans[1].zoneRules || p.resourcePlans[0].zoneRules == p.resourcePlans[2].zoneRules {
		t.Fatal("resources with equal rules should share the work, and no others")
	}
	if points := p.wallPoints(p.resourcePlans[0].zoneRules); &points[0] != &p.wallPoints(p.resourcePlans[1].zoneRules)[0] {
		t.Fatal("the points should be laid once")
	}
	q.Resources[1].Zone = zoneNamed(t, "Europe/Berlin")
	if p := newPlan(q); p.resourcePlans[0].zoneRules == p.resourcePlans[1].zoneRules {
		t.Fatal("resources in different zones cannot share the work")
	}
}

func FuzzConstraints(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `[]`, `{}`, `[{"allow_day":{"day":"Monday"}}]`, `[{"block_hours":{"start":22,"end":"06:00"}}]`,
		`[{"allow_day_and_time":{"day":"sat","start":"9","end":24}}]`, `[{"allow_weekends":[]},{"block_weekdays":null}]`,
		`[{"block_period":{"start":"2026-12-24","end":"9999-12-31T23:59:59.5-0700"}}]`, `[{"allow_period":{"start":"0001-01-01","end":"2026-12-27 10:00"}}]`,
	} {
		f.Add([]byte(seed))
	}
	q := monday("00:00", "23:00", 0, nil)
	q.To = q.From.AddDate(0, 0, 9)
	f.Fuzz(func(t *testing.T, raw []byte) {
		rules, wrong := ParseConstraints(raw)
		if len(rules) > 0 && wrong != nil {
			t.Fatal("there are rules, and they are wrong")
		}
		q := *q
		q.Rules = rules
		for _, slot := range q.Slots() {
			if !slot.Start.Before(slot.End) || slot.Start.Before(q.From) || slot.End.After(q.To) {
				t.Fatalf("%s gives %v", raw, slot)
			}
		}
		if again, _ := ParseConstraints(raw); fmt.Sprint(rules) != fmt.Sprint(again) {
			t.Fatal("another time, another reading")
		}
	})
}
