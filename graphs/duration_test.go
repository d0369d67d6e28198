package graphs

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want time.Duration
		form string // how String writes it
	}{
		{"PT5M", 5 * time.Minute, "PT5M"},
		{"PT1H30M", 90 * time.Minute, "PT1H30M"},
		{"PT90M", 90 * time.Minute, "PT1H30M"},
		{"P7D", 7 * 24 * time.Hour, "P7D"},
		{"P1DT1S", 24*time.Hour + time.Second, "P1DT1S"},
		{"PT86400S", 24 * time.Hour, "P1D"},
		{"PT0S", 0, "PT0S"},
		{"P0D", 0, "PT0S"},
		{"PT007M", 7 * time.Minute, "PT7M"},
		{"PT1H0M1S", time.Hour + time.Second, "PT1H1S"},
		{"P99999DT86399S", 100000*24*time.Hour - time.Second, "P99999DT23H59M59S"},
	} {
		got, err := ParseDuration(c.text)
		if err != nil || got != Duration(c.want) || got.String() != c.form {
			t.Errorf("%s: %v (%s), %v, want %v (%s)", c.text, time.Duration(got), got, err, c.want, c.form)
		}
	}
}

func TestParseDurationRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "P", "PT", "P1DT", "5M", "PT5", "P5M", "P1Y", "P1W", "PT5m", "pt5m", "PT-5M", "-PT5M", "+PT5M", "PT1.5H",
		"PT1,5S", "PT5M ", " PT5M", "PT5M\n", "PT5M30", "PT1S1M", "P1H", "PT1D", "PT٥M", "P100000D", "PT9999999999S",
		"P99999DT86400S", "P99999DT999999H", "1h", "null",
	} {
		if d, err := ParseDuration(text); err == nil || d != 0 {
			t.Errorf("%q was read as %v, %v", text, time.Duration(d), err)
		}
	}
}

func TestDurationWritesWhatItReads(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := Duration(rapid.Int64Range(0, int64(MaxAfter)).Draw(t, "nanoseconds"))
		back, err := ParseDuration(d.String())
		if err != nil || back != d-d%Duration(time.Second) {
			t.Fatalf("%v was written as %s and read as %v, %v", time.Duration(d), d, time.Duration(back), err)
		}
	})
}

func TestDurationInJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(Duration(90 * time.Second))
	if err != nil || string(text) != `"PT1M30S"` {
		t.Errorf("written as %s, %v", text, err)
	}
	for _, bad := range []string{`"5m"`, `300`, `true`, `{}`, `""`} {
		var d Duration
		if json.Unmarshal([]byte(bad), &d) == nil {
			t.Errorf("%s was read as %v", bad, d)
		}
	}
}

func TestNegativeDurationsAreToldApart(t *testing.T) {
	t.Parallel()
	if got := Duration(-90 * time.Second).String(); got != "-PT1M30S" {
		t.Errorf("written as %s", got)
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"PT5M", "P1DT2H3M4S", "P99999DT999999H", "PT", "", "P0D", "PT٥M"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDuration(text)
		if err != nil {
			if d != 0 {
				t.Errorf("%q was refused, and read as %v", text, d)
			}
			return
		}
		if back, err := ParseDuration(d.String()); err != nil || back != d || d < 0 {
			t.Errorf("%q is %d, written as %s, read as %d", text, d, d, back)
		}
	})
}

func TestWordsOfDurations(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"PT0S": "0 seconds", "PT1S": "1 second", "PT90M": "1 hour 30 minutes", "PT2H": "2 hours", "P1D": "1 day", "P400DT1S": "400 days 1 second",
	} {
		d, err := ParseDuration(text)
		if got := d.Words(); got != want || err != nil {
			t.Errorf("%s: %q, want %q, %v", text, got, want, err)
		}
	}
}
