package timekit

import (
	"strings"
	"testing"
	"time"
)

func place(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestFormatsRead has what PHP's createFromFormat reads alike; what it would only guess is refused below.
func TestFormatsRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ format, text, zone, want string }{
		{"Y-m-d h:ia", "2026-12-01 02:30pm", "Europe/Berlin", "2026-12-01T13:30:00Z"},
		{"Y-m-d h:ia", "2026-07-01 02:30pm", "Europe/Berlin", "2026-07-01T12:30:00Z"},
		{"Y-m-d h:ia", "2026-12-01 12:05AM", "UTC", "2026-12-01T00:05:00Z"},
		{"Y-m-d h:ia", "2026-12-01 12:05pm", "UTC", "2026-12-01T12:05:00Z"},
		{"A g.i d/m/y", "am 9.05 01/12/26", "UTC", "2026-12-01T09:05:00Z"},
		{"d/m/y", "01/12/69", "UTC", "2069-12-01T00:00:00Z"},
		{"d/m/y", "01/12/70", "UTC", "1970-12-01T00:00:00Z"},
		{"U", "1764579600", "Europe/Berlin", "2025-12-01T09:00:00Z"},
		{"U", "-1", "UTC", "1969-12-31T23:59:59Z"},
		{"U.u", "1764579600.5", "UTC", "2025-12-01T09:00:00.5Z"},
		{`Y-m-d\TH:i:sP`, "2026-12-01T09:00:00+0100", "UTC", "2026-12-01T08:00:00Z"},
		{`Y-m-d\TH:i:sO`, "2026-12-01T09:00:00-03", "UTC", "2026-12-01T12:00:00Z"},
		{`Y-m-d\TH:i:sp`, "2026-12-01T09:00:00Z", "Asia/Tokyo", "2026-12-01T09:00:00Z"},
		{"c", "2026-12-01T09:00:00+05:45", "UTC", "2026-12-01T03:15:00Z"}, // PHP itself cannot
		{"r", "Tue, 01 Dec 2026 09:00:00 +0100", "UTC", "2026-12-01T08:00:00Z"},
		{"l jS F y G:i", "tuesday 1st december 26 9:05", "UTC", "2026-12-01T09:05:00Z"},
		{"D j M Y", "Sat 2 May 2026", "UTC", "2026-05-02T00:00:00Z"},
		{"F j", "December 1", "UTC", ""},
		{"Y-m-d H:i:s e", "2026-07-01 09:00:00 Europe/Berlin", "UTC", "2026-07-01T07:00:00Z"},
		{"Y-m-d H:i e", "2026-07-01 09:00 -02:30", "UTC", "2026-07-01T11:30:00Z"},
		{"Y-m-d H:i (T)", "2026-07-01 09:00 (GMT)", "Asia/Tokyo", "2026-07-01T09:00:00Z"},
		{"YmdHis", "20261201090507", "UTC", "2026-12-01T09:05:07Z"},
		{"Y-m-d H:i:s.v", "2026-12-01 09:00:00.250", "UTC", "2026-12-01T09:00:00.25Z"},
		{"Y-m-d H:i:s.u", "2026-12-01 09:00:00.000001", "UTC", "2026-12-01T09:00:00.000001Z"},
		{"Y-m-d", "2026-12-01", "Europe/Berlin", "2026-11-30T23:00:00Z"},
		{"Y-n-j G:i", "2026-2-3 4:05", "UTC", "2026-02-03T04:05:00Z"},
		{`d/m/Y H\hi`, "29/02/2028 09h30", "UTC", "2028-02-29T09:30:00Z"},
	} {
		format := Format(c.format)
		if err := format.CheckInput(); (err == nil) != (c.want != "") {
			t.Errorf("%s: %v", c.format, err)
			continue
		}
		if c.want == "" {
			continue
		}
		got, err := format.Read(c.text, place(t, c.zone))
		if err != nil || got.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%s of %s in %s: got %s, %v; want %s", c.format, c.text, c.zone, got, err, c.want)
		}
	}
}

func TestTextsThatAreNotOfTheFormat(t *testing.T) {
	t.Parallel()
	for format, texts := range map[Format][]string{
		"Y-m-d h:ia": {"", "2026-12-01", "2026-12-01 13:30pm", "2026-12-01 00:30am", "2026-12-01 02:30", "2026-12-01 02:30pm ", " 2026-12-01 02:30pm",
			"26-12-01 02:30pm", "2026-12-01T02:30pm", "2026-12-01 02:3pm", "2026-12-01 02:30p", "2026-02-29 02:30pm", "2026-13-01 02:30pm", "2026-00-10 02:30pm"},
		"Y-m-d H:i":   {"2026-12-01 24:00", "2026-12-01 09:60", "2026-06-31 09:00", "2026-12-00 09:00", "٢٠٢٦-12-01 09:00", "2026-12-+1 09:00"},
		"U":           {"", "-", "1764579600.5", "1e9", "9999999999999", "0x10", "+5"},
		"D, Y-m-d":    {"Mon, 2026-12-01", "Di, 2026-12-01"},
		"Y-m-d e":     {"2026-12-01 Mars/Olympus", "2026-12-01 EST", "2026-12-01 ../../etc/passwd", "2026-12-01 +15:00", "2026-12-01 +1:00", "2026-12-01 Local"},
		"Y-m-d P":     {"2026-12-01 Europe/Berlin", "2026-12-01 +01:60", "2026-12-01 01:00", "2026-12-01 CET"},
		"jS F Y":      {"1 December 2026", "1xx December 2026", "1st Dezember 2026"},
		"H:i:s.v jnY": {"09:00:00. 112026", "09:00:00.1234 112026"},
	} {
		if err := format.CheckInput(); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		for _, text := range texts {
			if got, err := format.Read(text, time.UTC); err == nil || !strings.Contains(err.Error(), string(format)) {
				t.Errorf("%q in %s is read as %s, %v", text, format, got, err)
			}
		}
	}
}

func TestFormatsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for format, want := range map[Format]string{
		"H:i": "year, month and day", "Y-m": "year, month and day", "m-d H:i": "year, month and day", `\Y\m\d`: "year, month and day",
		"Y-m-d h:i": "a or A", "Y-m-d g": "a or A", "Y-z": "'z'", "o-W-N": "'o'", "Y-m-d B": "'B'", "!Y-m-d": "?*#!|+", "Y-m-d ?": "?*#!|+",
		"Y-m-d Q": "'Q'", `Y-m-d\`: "backslash",
	} {
		if err := format.CheckInput(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want word of %s", format, err, want)
		}
	}
	if _, err := Format("z-Y").Read("1-2026", time.UTC); err == nil {
		t.Error("a format that nobody has checked is read")
	}
}

// TestClocksPutForwardAndBack asks for what the clocks on the wall never show, and for what they show twice.
func TestClocksPutForwardAndBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, wall, want string }{
		{"Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29T00:59:59Z"},
		{"Europe/Berlin", "2026-03-29 02:00:00", ""},
		{"Europe/Berlin", "2026-03-29 02:59:59", ""},
		{"Europe/Berlin", "2026-03-29 03:00:00", "2026-03-29T01:00:00Z"},
		{"Europe/Berlin", "2026-10-25 02:00:00", "2026-10-25T00:00:00Z"}, // the first of two
		{"Europe/Berlin", "2026-10-25 02:59:59", "2026-10-25T00:59:59Z"},
		{"Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"},
		{"America/New_York", "2026-11-01 01:30:00", "2026-11-01T05:30:00Z"},
		{"America/New_York", "2026-03-08 02:30:00", ""},
		{"Australia/Lord_Howe", "2026-10-04 02:15:00", ""}, // half an hour
		{"Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04T14:45:00Z"},
		{"America/Santiago", "2026-09-06 00:00:00", ""}, // a day without midnight
		{"Pacific/Apia", "2011-12-30 12:00:00", ""},     // a day that never was
		{"Pacific/Apia", "2011-12-31 00:00:00", "2011-12-30T10:00:00Z"},
		{"Africa/Casablanca", "2026-02-15 02:30:00", "2026-02-15T01:30:00Z"},
		{"Asia/Kathmandu", "2026-01-01 05:45:00", "2026-01-01T00:00:00Z"},
		{"UTC", "2026-03-29 02:30:00", "2026-03-29T02:30:00Z"},
	} {
		zone := place(t, c.zone)
		for _, clock := range []Clock{{Zone: zone}, {Zone: zone, In: "Y-m-d H:i:s"}} {
			got, err := clock.Read(c.wall)
			if c.want == "" {
				if err == nil || !strings.Contains(err.Error(), "does not exist in "+c.zone) {
					t.Errorf("%s in %s is taken for %s, %v", c.wall, c.zone, got, err)
				}
				continue
			}
			if err != nil || got.UTC().Format(time.RFC3339) != c.want {
				t.Errorf("%s in %s: got %s, %v; want %s", c.wall, c.zone, got, err, c.want)
			}
		}
	}
}

// TestShownAndReadBack goes through a year in steps of 85 minutes, in zones with changes of every kind.
func TestShownAndReadBack(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu"} {
		zone := place(t, name)
		forms := []Clock{{}, {Zone: zone}, {Out: Compact, In: Compact}, {Out: "U", In: "U"}, {Zone: zone, Out: "D jS M y, g:i:s a P", In: "D jS M y, g:i:s a P"}}
		bare := Clock{Zone: zone, Out: "Y-m-d H:i:s", In: "Y-m-d H:i:s"}
		for at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2027; at = at.Add(85 * time.Minute) {
			for _, clock := range forms {
				if got, err := clock.Read(clock.Show(at, zone)); err != nil || !got.Equal(at) {
					t.Fatalf("%s in %s comes back as %s, %v", at, name, got, err)
				}
			}
			got, err := bare.Read(bare.Show(at, nil))
			if err != nil || (!got.Equal(at) && !got.Before(at)) || bare.Show(got, nil) != bare.Show(at, nil) {
				t.Fatalf("%s in %s without an offset comes back as %s, %v", at, name, got, err)
			}
		}
	}
}

// FuzzRead wants what was read to be shown such that it is read again. It leaves formats out whose parts run into each
// other, as 11 does in "jn", and those with an offset: it moves what the format leaves out.
func FuzzRead(f *testing.F) {
	f.Add("Y-m-d h:ia", "2026-12-01 02:30pm")
	f.Add("D, d M Y H:i:s O", "Tue, 01 Dec 2026 09:00:00 +0100")
	f.Add("U.u e", "1764579600.5 Europe/Berlin")
	f.Fuzz(func(t *testing.T, text, moment string) {
		format := Format(text)
		if format.CheckInput() != nil {
			return
		}
		got, err := format.Read(moment, time.UTC)
		if err != nil || got.Year() < 1 || got.Year() > 9998 || strings.ContainsAny(text, `\jngGUeOPpT`) {
			return
		}
		if again, err := format.Read(format.Show(got.UTC()), time.UTC); err != nil || !again.Equal(got) {
			t.Errorf("%q in %q is %s, and then %s, %v", moment, text, got, again, err)
		}
	})
}
