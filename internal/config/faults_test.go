package config

import (
	"strings"
	"testing"
)

// TestFaultsNameTheVariable breaks every setting that is not a text: the message has its name, its value and what it takes.
func TestFaultsNameTheVariable(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"HOLDFAST_WAIT=soon":                            `HOLDFAST_WAIT is "soon" and must be a duration such as`,
		"HOLDFAST_WAIT=10":                              `HOLDFAST_WAIT is "10" and must be a duration such as`,
		"HOLDFAST_SWEEP_EVERY=1 minute":                 `HOLDFAST_SWEEP_EVERY is "1 minute" and must be a duration`,
		"HOLDFAST_DATABASE_MAX_CONNS=many":              `HOLDFAST_DATABASE_MAX_CONNS is "many" and must be a whole number`,
		"HOLDFAST_RATE_LIMIT=1e3":                       `HOLDFAST_RATE_LIMIT is "1e3" and must be a whole number`,
		"HOLDFAST_LOG_LEVEL=loud":                       `HOLDFAST_LOG_LEVEL is "loud" and must be debug, info, warn or error`,
		"HOLDFAST_TEMPORAL_TLS=perhaps":                 `HOLDFAST_TEMPORAL_TLS is "perhaps" and must be true or false`,
		"HOLDFAST_TRUSTED_PROXIES=10.0.0.1":             `HOLDFAST_TRUSTED_PROXIES is "10.0.0.1" and must be networks such as 10.1.0.0/16`,
		"HOLDFAST_WEBHOOK_ALLOW_NETWORKS=10.0.0.0/8 ::": `HOLDFAST_WEBHOOK_ALLOW_NETWORKS is "10.0.0.0/8 ::" and must be networks`,
		"HOLDFAST_DATABSE_URL=x":                        "HOLDFAST_DATABSE_URL is not a setting; did you mean HOLDFAST_DATABASE_URL?",
		"HOLDFAST_PUBLIC_ULR=x":                         "did you mean HOLDFAST_PUBLIC_URL?",
		"HOLDFAST_SECRETKEY=x":                          "did you mean HOLDFAST_SECRET_KEY?",
		"HOLDFAST_SECRET=x":                             "did you mean HOLDFAST_SECRET_KEY?",
		"HOLDFAST_NAMESPACE=x":                          "did you mean HOLDFAST_TEMPORAL_NAMESPACE?",
		"HOLDFAST_TLS_CERT=x":                           "did you mean HOLDFAST_TEMPORAL_TLS_CERT?",
		"HOLDFAST_public_url=x":                         "did you mean HOLDFAST_PUBLIC_URL?",
		"HOLDFAST_RATE_LIMITS=1":                        "did you mean HOLDFAST_RATE_LIMIT?",
		"HOLDFAST_EVENTS_RETENTION=1h":                  "did you mean HOLDFAST_EVENT_RETENTION?",
	} {
		_, err := Read(good(setting))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", setting, err, want)
		}
	}
	_, err := Read(good("HOLDFAST_COLOUR_OF_THE_SEA=blue"))
	if err == nil || err.Error() != "HOLDFAST_COLOUR_OF_THE_SEA is not a setting" {
		t.Errorf("a guess where none is near: %v", err)
	}
	_, err = Read(good("HOLDFAST_WAIT=soon", "HOLDFAST_RATE_LIMIT=few", "HOLDFAST_TYPO=1"))
	wantAll(t, err, "HOLDFAST_WAIT", "HOLDFAST_RATE_LIMIT", "HOLDFAST_TYPO")
}

// TestNearestFindsEveryName leaves out, doubles and swaps each letter of each setting's name in turn.
func TestNearestFindsEveryName(t *testing.T) {
	t.Parallel()
	const prefix = "HOLDFAST_"
	var known []string
	for _, name := range []string{"WAIT", "PORTAL", "DATABASE_URL", "SECRET_KEY", "TEMPORAL_ADDRESS", "EVENT_RETENTION", "WEBHOOK_ALLOW_HTTP"} {
		known = append(known, prefix+name)
	}
	for _, name := range known {
		word := strings.TrimPrefix(name, prefix)
		for i := range word {
			spellings := []string{word[:i] + word[i+1:], word[:i] + word[i:i+1] + word[i:]}
			if i > 0 {
				spellings = append(spellings, word[:i-1]+word[i:i+1]+word[i-1:i]+word[i+1:])
			}
			for _, spelling := range spellings {
				if got := nearest(prefix+spelling, known); got != name {
					t.Errorf("%s: %q, want %s", spelling, got, name)
				}
			}
		}
	}
}
