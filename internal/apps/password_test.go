package apps

import (
	"context"
	"strings"
	"testing"
)

func TestPasswords(t *testing.T) {
	t.Parallel()
	kept, err := HashPassword(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kept, "pbkdf2-sha256$600000$") || strings.Contains(kept, "horse") {
		t.Errorf("kept as %q", kept)
	}
	other, err := HashPassword(t.Context(), "correct horse")
	if err != nil || other == kept {
		t.Errorf("no salt of its own: %q, %v", other, err)
	}
	broken := strings.Replace(kept, "600000", "600001", 1)
	for _, c := range []struct {
		kept, password string
		want           bool
	}{
		{kept, "correct horse", true}, {other, "correct horse", true}, {kept, "Correct horse", false}, {kept, "", false},
		{kept, "correct horse ", false}, {broken, "correct horse", false}, {"", "", false}, {"", "correct horse", false},
		{"correct horse", "correct horse", false}, {kept[:len(kept)-2], "correct horse", false}, {"md5" + kept[6:], "correct horse", false},
		// Made elsewhere (Python: hashlib.pbkdf2_hmac), with fewer rounds.
		{"pbkdf2-sha256$1000$MDEyMzQ1Njc4OWFiY2RlZg$" + vector, "password", true},
	} {
		got, err := CheckPassword(t.Context(), c.kept, c.password)
		if err != nil || got != c.want {
			t.Errorf("%q for %q: %t, %v", c.password, c.kept, got, err)
		}
	}
}

// TestNobodysPasswordIsAsMuchWork: who asks for a resource that has none must not learn it from the time.
func TestNobodysPasswordIsAsMuchWork(t *testing.T) {
	t.Parallel()
	for _, kept := range []string{"", "x", "pbkdf2-sha256$1$$", "pbkdf2-sha256$0$MDEyMzQ1Njc4OWFiY2RlZg$" + vector} {
		if rounds, salt, hash, good := parsePassword(kept); rounds < defaultRounds || len(salt) < saltBytes || len(hash) == 0 || good {
			t.Errorf("%q: %d rounds, %t", kept, rounds, good)
		}
	}
}

func TestPasswordsStopWaiting(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 200 { // of a free bench and of the end of the wait, either may come first
		if _, err := CheckPassword(ctx, "pbkdf2-sha256$1$MDEyMzQ1Njc4OWFiY2RlZg$"+vector, "x"); err != nil {
			return
		}
	}
	t.Error("waits on")
}

const vector = "hRRjgXWkW8ResfIvBP99J/T4vkgEmMRV/0tJTOjR59I"
