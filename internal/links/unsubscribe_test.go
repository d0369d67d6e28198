package links_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/links"
)

// TestSubscriptions: a link says nothing to its reader, and nobody makes one, changes it, or uses another sealed value for it.
func TestSubscriptions(t *testing.T) {
	t.Parallel()
	v, err := links.NewVault(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	want := links.Subscription{App: uuid.New(), Booking: uuid.New(), Digest: bytes.Repeat([]byte{3}, 32)}
	token, err := v.SubscriptionToken(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.ReadSubscription(token)
	if err != nil || got.App != want.App || got.Booking != want.Booking || !bytes.Equal(got.Digest, want.Digest) {
		t.Errorf("read %v, %v", got, err)
	}
	if len(token) > 128 || strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("the token is %q", token)
	}
	other, err := v.Seal([]byte(strings.Repeat("x", 64)), "another purpose")
	if err != nil {
		t.Fatal(err)
	}
	short, err := v.Seal([]byte(strings.Repeat("x", 32)), "unsubscribe")
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{base64.RawURLEncoding.EncodeToString(short), "", "x", token[1:], token[:len(token)-2], token + "A", strings.ToLower(token), base64.RawURLEncoding.EncodeToString(other)} {
		if _, err := v.ReadSubscription(wrong); fault.CodeOf(err) != fault.LinkInvalid {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
