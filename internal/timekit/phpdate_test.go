package timekit

import (
	"strings"
	"testing"
	"time"
)

// TestFormatsShowWhatPHPShows compares every letter with what PHP itself wrote; testdata/phpdate.php makes the file.
func TestFormatsShowWhatPHPShows(t *testing.T) {
	t.Parallel()
	letters := map[string]bool{}
	for line := range strings.Lines(string(file(t, "phpdate.txt"))) {
		part := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		zone, err := time.LoadLocation(part[0])
		if err != nil {
			t.Fatal(err)
		}
		moment, err := time.Parse(time.RFC3339Nano, part[1])
		if err != nil {
			t.Fatal(err)
		}
		if got := Format(part[2]).Show(moment.In(zone)); got != part[3] {
			t.Errorf("%s of %s in %s: got %s, PHP has %s", part[2], part[1], part[0], got, part[3])
		}
		letters[part[2]] = true
	}
	for letter := range shown {
		if !letters[string(letter)] {
			t.Errorf("%c is compared with nothing", letter)
		}
	}
	if len(letters) != len(shown)+2 { // c and r are made of others
		t.Errorf("%d letters were compared, %d are shown", len(letters), len(shown))
	}
}

func TestFormatsOfSeveralLetters(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 1, 14, 5, 9, 0, time.FixedZone("", 3600))
	for format, want := range map[Format]string{
		"":                `2026-12-01T14:05:09+01:00`,
		"Y-m-d h:ia":      `2026-12-01 02:05pm`,
		Compact:           `2026-12-01T14:05:09+0100`,
		`Y-m-d\TH:i:sP`:   `2026-12-01T14:05:09+01:00`,
		`jS \o\f F, g A`:  `1st of December, 2 PM`,
		`H\\i\\\\`:        `14\05\\`,
		"d.m.Y, H:i|[s]":  `01.12.2026, 14:05|[09]`,
		`\2\0 "U" <&>`:    `20 "1796130309" <&>`,
		`D, d M Y H:i T`:  `Tue, 01 Dec 2026 14:05 +0100`,
		`\Y\e\a\r`:        `Year`,
		`c / r`:           `2026-12-01T14:05:09+01:00 / Tue, 01 Dec 2026 14:05:09 +0100`,
		`c\cr\r`:          `2026-12-01T14:05:09+01:00cTue, 01 Dec 2026 14:05:09 +0100r`,
		`\TP\p`:           `T+01:00p`,
		`YYYY`:            `2026202620262026`,
		`l, W\t\h \w\e\e`: `Tuesday, 49th wee`,
	} {
		if got := format.Show(at); got != want {
			t.Errorf("%s: got %s, want %s", format, got, want)
		}
		if err := format.Check(); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestFormatsThatShowNothing(t *testing.T) {
	t.Parallel()
	for format, want := range map[Format]string{
		"YYYY-MM-DD hh:mm X":                `has 'X'`, // moment.js
		"%Y-%m-%dTQ":                        `has 'Q'`,
		`Y-m-d\`:                            "backslash",
		`Y-m-d\\\`:                          "backslash",
		"Y-m-d\n":                           "printable",
		"d.m.Y – H:i":                       "printable",
		"Y\x00":                             "printable",
		"Y\xff":                             "printable",
		Format(strings.Repeat("Y-m-d", 13)): "64",
	} {
		if err := format.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want word of %s", string(format), err, want)
		}
	}
	if err := Format(strings.Repeat("Y", 64)).Check(); err != nil {
		t.Error(err)
	}
}
