package availability

import (
	"strings"
	"testing"
	"time"
)

// TestRules shows what each rule leaves of the days from Thursday, 2026-03-05, to the end of Tuesday, in Berlin.
func TestRules(t *testing.T) {
	t.Parallel()
	berlin := zoneNamed(t, "Europe/Berlin")
	for _, c := range []struct {
		rules string
		free  []string
	}{
		{`[]`, []string{"Thu 00:00–Wed 00:00"}},
		{`[{"allow_day":{"day":"Monday"}}]`, []string{"Mon 00:00–Tue 00:00"}},
		{`[{"allow_day":{"day":"mon"}},{"allow_day":{"day":"TUESDAY"}}]`, []string{"Mon 00:00–Wed 00:00"}},
		{`[{"block_day":{"day":"Sunday"}}]`, []string{"Thu 00:00–Sun 00:00", "Mon 00:00–Wed 00:00"}},
		{`[{"allow_weekdays":{}}]`, []string{"Thu 00:00–Sat 00:00", "Mon 00:00–Wed 00:00"}},
		{`[{"allow_weekends":[]}]`, []string{"Sat 00:00–Mon 00:00"}},
		{`[{"block_weekends":null}]`, []string{"Thu 00:00–Sat 00:00", "Mon 00:00–Wed 00:00"}},
		{`[{"block_weekdays":{}}]`, []string{"Sat 00:00–Mon 00:00"}},
		{`[{"allow_weekends":{}},{"allow_day":{"day":"Fri"}}]`, []string{"Fri 00:00–Mon 00:00"}},
		{`[{"allow_weekends":{}},{"allow_hours":{"start":9,"end":17}}]`, []string{"Sat 09:00–17:00", "Sun 09:00–17:00"}},
		{
			`[{"allow_weekends":{}},{"allow_hours":{"start":9,"end":"12:15"}},{"allow_hours":{"start":"13:45","end":17}}]`,
			[]string{"Sat 09:00–12:15", "Sat 13:45–17:00", "Sun 09:00–12:15", "Sun 13:45–17:00"},
		},
		{`[{"allow_weekends":{}},{"block_hours":{"start":0,"end":24}}]`, []string{}},
		{`[{"allow_weekends":{}},{"block_hours":{"start":"12:00","end":"13:30"}}]`, []string{"Sat 00:00–12:00", "Sat 13:30–Sun 12:00", "Sun 13:30–Mon 00:00"}},
		{`[{"allow_weekends":{}},{"allow_hours":{"start":22,"end":6}}]`, []string{"Sat 00:00–06:00", "Sat 22:00–Sun 06:00", "Sun 22:00–Mon 00:00"}},
		{`[{"block_hours":{"start":1,"end":0}},{"allow_weekends":{}}]`, []string{"Sat 00:00–01:00", "Sun 00:00–01:00"}},
		{`[{"allow_day_and_time":{"day":"Saturday","start":22,"end":6}}]`, []string{"Sat 22:00–Sun 06:00"}},
		{`[{"allow_day_and_time":{"day":"Wednesday","start":22,"end":6}}]`, []string{"Thu 00:00–06:00"}},
		{`[{"allow_day_and_time":{"day":"Sat","start":22,"end":24}},{"allow_day_and_time":{"day":"sun","start":0,"end":6}}]`, []string{"Sat 22:00–Sun 06:00"}},
		{`[{"block_day_and_time":{"day":"Saturday","start":22,"end":6}},{"allow_weekends":{}}]`, []string{"Sat 00:00–22:00", "Sun 06:00–Mon 00:00"}},
		{`[{"allow_day_and_time":{"day":"Saturday","start":9,"end":12}},{"allow_hours":{"start":10,"end":20}}]`, []string{"Sat 10:00–12:00"}},
		{`[{"allow_day_and_time":{"day":"Saturday","start":9,"end":12}},{"allow_day":{"day":"Friday"}}]`, []string{}},
		{`[{"allow_period":{"start":"2026-03-07","end":"2026-03-08"}}]`, []string{"Sat 00:00–Sun 00:00"}},
		{`[{"allow_period":{"start":"2026-03-07T10:00:00","end":"2026-03-07 12:30"}}]`, []string{"Sat 10:00–12:30"}},
		{`[{"allow_period":{"start":"2026-03-07T10:00:00Z","end":"2026-03-07T12:30:00+0100"}}]`, []string{"Sat 11:00–12:30"}},
		{`[{"allow_period":{"start":"2026-03-07T10:00:00-05:00","end":"2026-03-07T16:30:00"}}]`, []string{"Sat 16:00–16:30"}},
		{`[{"allow_period":{"start":"2026-03-07T11:00:00-05:00","end":"2026-03-07T16:30:00"}}]`, []string{}},
		{`[{"allow_period":{"start":"2026-03-07T12:00:00","end":"2026-03-07T11:30:00Z"}}]`, []string{"Sat 12:00–12:30"}},
		{`[{"allow_period":{"start":"2026-03-07T10:00:20.5Z","end":"2026-03-07T11:30"}}]`, []string{"Sat 11:00:20–11:30:00"}},
		{`[{"allow_period":{"start":"2026-03-09","end":"2026-03-10"}},{"allow_period":{"start":"2026-03-06","end":"2026-03-07"}}]`, []string{"Fri 00:00–Sat 00:00", "Mon 00:00–Tue 00:00"}},
		{`[{"block_period":{"start":"2026-03-01","end":"2026-03-07"}},{"block_period":{"start":"2026-03-08T00:00:00+01:00","end":"9999-12-31"}}]`, []string{"Sat 00:00–Sun 00:00"}},
		{`[{"allow_period":{"start":"2027-03-01","end":"2027-03-07"}}]`, []string{}},
	} {
		t.Run(c.rules, func(t *testing.T) {
			t.Parallel()
			rules := rulesOf(t, c.rules)
			q := &Query{From: at(t, "2026-03-05", berlin), To: at(t, "2026-03-11", berlin), Resources: []Resource{{Zone: berlin, Rules: rules}}}
			equal(t, times(q.Slots(), berlin), c.free...)
			q.Rules, q.Resources[0].Rules = rules, nil
			equal(t, times(q.Slots(), berlin), c.free...)
		})
	}
}

// times are slots without the resources.
func times(slots []Slot, zone *time.Location) []string {
	list := shown(slots, zone)
	for i := range list {
		list[i], _, _ = strings.Cut(list[i], " [")
	}
	return list
}

func TestRulesOfQueryAndResourceBothHold(t *testing.T) {
	t.Parallel()
	berlin := zoneNamed(t, "Europe/Berlin")
	q := &Query{
		From: at(t, "2026-03-05", berlin), To: at(t, "2026-03-11", berlin), Mode: RoundRobinPrioritized,
		Rules: rulesOf(t, `[{"allow_day":{"day":"Friday"}},{"allow_day":{"day":"Saturday"}}]`),
		Resources: []Resource{
			{Zone: berlin, Rules: rulesOf(t, `[{"allow_hours":{"start":9,"end":12}},{"block_day":{"day":"Saturday"}}]`)},
			{Zone: time.UTC, Rules: rulesOf(t, `[{"allow_hours":{"start":9,"end":12}}]`)},
		},
	}
	equal(t, shown(q.Slots(), berlin), "Fri 09:00–12:00 [0]", "Fri 12:00–13:00 [1]", "Sat 10:00–13:00 [1]")
}

func TestRulesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	rules := rulesOf(t, `[{"allow_hours":{"start":9,"end":"17:30"}},{"block_day":{"day":"tue"}},{"allow_weekends":[]},{"block_weekdays":{}},
		{"allow_day_and_time":{"day":"Sunday","start":"9","end":24}},{"block_period":{"start":"2026-12-24","end":"2026-12-27T12:00:00+01:00"}}]`)
	var got []string
	for _, c := range rules {
		got = append(got, c.String())
	}
	equal(t, got, "allow_hours 09:00–17:30", "block_day Tuesday", "allow_weekends", "block_weekdays",
		"allow_day_and_time Sunday 09:00–24:00", "block_period 2026-12-24 – 2026-12-27T12:00:00+01:00")
}
