package apps

import (
	"context"
	"strings"
	"testing"
	"time"
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

// TestNobodysPasswordTakesAsLong compares with the time of a real one, with room for a busy machine.
func TestNobodysPasswordTakesAsLong(t *testing.T) {
	t.Parallel()
	kept, err := HashPassword(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	took := func(kept string) time.Duration {
		best := time.Hour
		for range 3 {
			began := time.Now()
			_, _ = CheckPassword(t.Context(), kept, "wrong horse")
			best = min(best, time.Since(began))
		}
		return best
	}
	if real, none := took(kept), took(""); none < real/5 {
		t.Errorf("%s for a wrong password, %s for nobody's", real, none)
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
