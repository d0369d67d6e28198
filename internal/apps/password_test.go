package apps

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"holdfast/internal/fault"
)

func TestPasswords(t *testing.T) {
	t.Parallel()
	kept, err := NewPasswords(1).Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kept, "pbkdf2-sha256$600000$") || strings.Contains(kept, "horse") {
		t.Errorf("kept as %q", kept)
	}
	other, err := NewPasswords(1).Hash(t.Context(), "correct horse")
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
		got, err := NewPasswords(1).Check(t.Context(), c.kept, c.password)
		if err != nil || got != c.want {
			t.Errorf("%q for %q: %t, %v", c.password, c.kept, got, err)
		}
	}
}

// TestPasswordsWaitTheirTurn: nobody's password is worked on like everybody's, or the time it takes would tell who is known;
// and whoever hangs up does not wait.
func TestPasswordsWaitTheirTurn(t *testing.T) {
	t.Parallel()
	p := NewPasswords(2)
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, kept := range []string{"pbkdf2-sha256$1$MDEyMzQ1Njc4OWFiY2RlZg$" + vector, "", "nonsense"} {
		if _, err := p.Check(ctx, kept, "x"); !errors.Is(err, context.Canceled) {
			t.Errorf("%q: %v", kept, err)
		}
	}
	if len(p.queue) != 0 {
		t.Errorf("%d who have left still queue", len(p.queue))
	}
}

// TestPasswordsQueue: beyond the queue nobody waits, and a full queue keeps nobody from another.
func TestPasswordsQueue(t *testing.T) {
	t.Parallel()
	full, other := NewPasswords(0), NewPasswords(0)
	for range cap(full.queue) {
		full.queue <- struct{}{}
	}
	if _, err := full.Hash(t.Context(), "x"); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("hashed: %v", err)
	}
	if _, err := full.Check(t.Context(), "", "x"); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("checked: %v", err)
	}
	if _, err := other.Hash(t.Context(), "x"); err != nil {
		t.Errorf("another's: %v", err)
	}
}

// TestPasswordsDoNotWaitLong: when the machine is slow, whose turn does not come is told so.
func TestPasswordsDoNotWaitLong(t *testing.T) {
	t.Parallel()
	p := NewPasswords(1)
	p.slots <- struct{}{}
	p.maxWait = time.Millisecond
	if _, err := p.Check(t.Context(), "", "x"); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("checked: %v", err)
	}
	if len(p.queue) != 0 {
		t.Error("who was refused still queues")
	}
}

const vector = "hRRjgXWkW8ResfIvBP99J/T4vkgEmMRV/0tJTOjR59I"
