package relay

import (
	"strings"
	"testing"
)

// TestParse reads addresses, and says what is wrong with one without its password.
func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Settings{
		"smtp://mail.example.com":                  {"mail.example.com", 587, "", "", StartTLS},
		"smtp://user:p%40ss@mail.example.com:2525": {"mail.example.com", 2525, "user", "p@ss", StartTLS},
		"smtps://user:secret@mail.example.com/":    {"mail.example.com", 465, "user", "secret", Implicit},
		"smtp://localhost:1025?tls=none":           {"localhost", 1025, "", "", Plain},
		"smtp://[::1]:25?tls=opportunistic":        {"::1", 25, "", "", Opportunistic},
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]error{
		"":                                       errScheme,
		"mail.example.com:587":                   errScheme,
		"https://u:secret@mail.example.com":      errScheme,
		"smtp://u:secret@:587":                   errHost,
		"smtp://u:secret@mail.example.com:0":     errPort,
		"smtp://u:secret@mail.example.com:99999": errPort,
		"smtp://u:secret@mail.example.com/box":   errRest,
		"smtp://u:secret@m.example?tls=none&x=1": errRest,
		"smtp://u:secret@m.example?ssl=1":        errRest,
		"smtp://u:secret@m.example?tls=maybe":    errTLS,
		"smtps://u:secret@m.example?tls=none":    errTLS,
	} {
		if _, err := Parse(text); err != want || strings.Contains(err.Error(), "secret") { //nolint:errorlint // as it is
			t.Errorf("%s: got %v, want %v", text, err, want)
		}
	}
	if got := (Settings{Host: "::1", Port: 25}).Address(); got != "[::1]:25" {
		t.Errorf("address %s", got)
	}
}
