package zones_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/internal/zones"
)

// TestNamesThatSomeMachinesKnow are no zones: what they mean depends on the machine.
func TestNamesThatSomeMachinesKnow(t *testing.T) {
	t.Parallel()
	names := strings.Fields("Local local localtime posixrules Factory leapseconds tzdata.zi zone.tab +VERSION europe/berlin EUROPE/BERLIN Europe Europe/ /Europe/Berlin ../Europe/Berlin")
	for _, name := range zones.Names() {
		names = append(names, "right/"+name, "posix/"+name)
	}
	for _, name := range append(names, "", " ", "Europe/Berlin ", "Europe/Berlin\x00", "UTC+1", "+01:00") {
		if zone, err := zones.Load(name); !errors.Is(err, zones.ErrUnknown) || zone != nil {
			t.Errorf("%q is %v, %v", name, zone, err)
		}
	}
}

func TestEveryNameLoads(t *testing.T) {
	t.Parallel()
	names := zones.Names()
	if len(names) < 590 {
		t.Fatalf("only %d names", len(names))
	}
	for _, name := range names {
		zone, err := zones.Load(name)
		if err != nil || zone.String() != name {
			t.Errorf("%s: %v, %v", name, zone, err)
		}
		if again, _ := zones.Load(name); again != zone {
			t.Errorf("%s has two pointers", name)
		}
	}
	if zone, _ := zones.Load("UTC"); zone != time.UTC {
		t.Error("UTC is not time.UTC")
	}
}

// elsewhere makes this test binary say the offset of a zone, on a machine with a database of its own.
const elsewhere = "HOLDFAST_TEST_ELSEWHERE"

// TestTheMachineIsNotAsked runs where ZONEINFO has a Berlin that is Tokyo, and a zone of its own.
func TestTheMachineIsNotAsked(t *testing.T) {
	t.Parallel()
	noon := time.Date(2027, 1, 15, 12, 0, 0, 0, time.UTC)
	if name := os.Getenv(elsewhere); name != "" {
		if zone, err := time.LoadLocation("Europe/Berlin"); err != nil || noon.In(zone).Hour() != 21 {
			t.Fatalf("the machine's own Berlin should be Tokyo: %v", err)
		}
		if zone, err := zones.Load("Europe/Berlin"); err != nil || noon.In(zone).Hour() != 13 {
			t.Errorf("the machine was asked: %v, %v", noon.In(zone), err)
		}
		if _, err := zones.Load("Mine/Own"); err == nil {
			t.Error("a zone of the machine's own is known")
		}
		return
	}
	dir := t.TempDir()
	tokyo := fileOf(t, "Asia/Tokyo")
	for _, name := range []string{"Europe/Berlin", "Mine/Own"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, tokyo, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTheMachineIsNotAsked$")
	child.Env = append(os.Environ(), "ZONEINFO="+dir, elsewhere+"=1")
	if output, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-12-01T09:00:00+01:00":           "2026-12-01T08:00:00Z instant",
		"2026-12-01T09:00:00Z":                "2026-12-01T09:00:00Z instant",
		"2026-12-01T09:00:00+0100":            "2026-12-01T08:00:00Z instant",
		"2026-12-01T09:00:00+01":              "2026-12-01T08:00:00Z instant",
		"2026-12-01T09:00Z":                   "2026-12-01T09:00:00Z instant",
		"2026-12-01 09:00-0330":               "2026-12-01T12:30:00Z instant",
		"2026-12-01T09:00:00.999999999Z":      "2026-12-01T09:00:00Z instant",
		"2026-12-01 09:00:00,5+14:00":         "2026-11-30T19:00:00Z instant",
		"2026-12-01T09:00:00-14:00":           "2026-12-01T23:00:00Z instant",
		"2026-12-01T09:00:00.5":               "2026-12-01T09:00:00Z wall",
		"2026-12-01T09:00":                    "2026-12-01T09:00:00Z wall",
		"2026-12-01":                          "2026-12-01T00:00:00Z date",
		"1969-12-31T23:59:59.9Z":              "1969-12-31T23:59:59Z instant",
		"2026-12-01T09:00:00+14:01":           "",
		"2026-12-01T09:00:00-14:01":           "",
		"2026-12-01T09:00:00+24:00":           "",
		"2026-12-01T09:00:00+2400":            "",
		"2026-12-01T09:00:00-24":              "",
		"2026-12-01T09:00-24:00":              "",
		"2026-12-01T09:00+99:00":              "",
		"2026-13-01":                          "",
		"2026-02-29T09:00:00Z":                "",
		"2026-12-01T24:00:00Z":                "",
		"2026-12-01T09:00:60Z":                "",
		"2026-12-01X09:00:00Z":                "",
		"2026-12-01T09:00:00+01:00 and so on": "",
		"":                                    "",
	} {
		at, kind, ok := zones.Read(text)
		got := ""
		if ok {
			got = at.Format(time.RFC3339Nano) + " " + []string{"instant", "wall", "date"}[kind]
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestDatesBeginWhereTheClocksSay compares the start of a date with a walk over minutes, around every change of every zone.
func TestDatesBeginWhereTheClocksSay(t *testing.T) {
	t.Parallel()
	sum := 0
	for _, name := range zones.Names() {
		zone, err := zones.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		to := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		for at := time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC); at.Before(to); {
			next := zones.OffsetUntil(at, zone)
			if next.IsZero() {
				break
			}
			if !next.After(at) {
				t.Fatalf("%s: the offset at %s ends at %s", name, at, next)
			}
			sum++
			date := zones.DateOf(next, zone)
			first := next.Add(-50 * time.Hour)
			for zones.DateOf(first, zone).Before(date) {
				first = first.Add(time.Minute)
			}
			if got := zones.StartOf(date, zone); !got.Equal(first) {
				t.Errorf("%s: %s begins at %s, want %s", name, date.Format(time.DateOnly), got, first)
			}
			at = next
		}
	}
	if sum < 1000 {
		t.Errorf("only %d changes", sum)
	}
	apia, _ := zones.Load("Pacific/Apia")
	if got := zones.StartOf(time.Date(2011, 12, 30, 0, 0, 0, 0, time.UTC), apia); !got.Equal(time.Date(2011, 12, 30, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("a date that was skipped begins at %s", got)
	}
}
