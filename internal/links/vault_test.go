package links

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func testVault(t testing.TB) *Vault {
	t.Helper()
	vault, err := NewVault(testMaster())
	if err != nil {
		t.Fatal(err)
	}
	return vault
}

// The vector was sealed by another implementation of HKDF and AES-GCM, with the nonce 00 01 … 0b.
func TestVaultOpensTheVector(t *testing.T) {
	t.Parallel()
	sealed, err := hex.DecodeString("01000102030405060708090a0be341a47d336ec1284dceabe4d4a455a2b70b35df23c0bf321627b1ab5b81" +
		"6df728ea462406e35bfbd7a4991efbcd409bd5daf43b883d597ca7ef5ace73")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := testVault(t).Open(sealed, "api_keys/1")
	if err != nil || string(plain) != testAPIKey {
		t.Errorf("got %q, %v", plain, err)
	}
}

func TestVaultRoundTrip(t *testing.T) {
	t.Parallel()
	vault := testVault(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		context := rapid.String().Draw(t, "context")
		sealed, err := vault.Seal(plain, context)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := vault.Open(sealed, context)
		if err != nil || !bytes.Equal(opened, plain) {
			t.Fatalf("got %x, %v", opened, err)
		}
		if _, err := vault.Open(sealed, context+"x"); err == nil {
			t.Fatal("opened in another context")
		}
		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		sealed[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := vault.Open(sealed, context); err == nil {
			t.Fatalf("opened with byte %d changed", at)
		}
	})
}

func TestVaultStaysShut(t *testing.T) {
	t.Parallel()
	vault := testVault(t)
	sealed, err := vault.Seal([]byte(testAPIKey), "api_keys/1")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("live_api_key")) {
		t.Error("the key lies open")
	}
	again, err := vault.Seal([]byte(testAPIKey), "api_keys/1")
	if err != nil || bytes.Equal(sealed, again) {
		t.Errorf("sealed twice alike: %v", err)
	}
	for n := range sealed {
		if _, err := vault.Open(sealed[:n], "api_keys/1"); err == nil {
			t.Errorf("opened %d bytes of %d", n, len(sealed))
		}
	}
	_, err = vault.Open(sealed, "api_keys/2")
	if err == nil || strings.Contains(err.Error(), "api_keys") {
		t.Errorf("got %v", err)
	}
	foreign, err := NewVault(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := foreign.Open(sealed, "api_keys/1"); err == nil {
		t.Error("opened by another master key")
	}
	if _, err := NewVault(make([]byte, 16)); err == nil {
		t.Error("took a short master key")
	}
}

func TestFingerprintsAreKeyed(t *testing.T) {
	t.Parallel()
	one := testVault(t)
	other, err := NewVault(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("POST /v2/resources?\n{\"password\":\"secret\"}")
	plain := sha256.Sum256(text)
	got := one.Fingerprint(text)
	if !bytes.Equal(got, one.Fingerprint(text)) || len(got) != sha256.Size {
		t.Error("a fingerprint is not the same twice")
	}
	if bytes.Equal(got, other.Fingerprint(text)) || bytes.Equal(got, plain[:]) || bytes.Equal(got, one.Fingerprint(text[1:])) {
		t.Error("a fingerprint can be made without the key, or does not tell texts apart")
	}
}

// TestContactDigest: an address has one digest for each app and each master key, however it is written.
func TestContactDigest(t *testing.T) {
	t.Parallel()
	vault := testVault(t)
	app, other := uuid.MustParse("0193f6a0-0000-7000-8000-000000000001"), uuid.MustParse("0193f6a0-0000-7000-8000-000000000002")
	got := vault.ContactDigest(app, "anna@example.org")
	if len(got) != sha256.Size || !bytes.Equal(got, vault.ContactDigest(app, " Anna@Example.ORG ")) {
		t.Error("the same address has another digest")
	}
	master := testMaster()
	master[0] ^= 1
	stranger, err := NewVault(master)
	if err != nil {
		t.Fatal(err)
	}
	for name, one := range map[string][]byte{
		"another app": vault.ContactDigest(other, "anna@example.org"), "another address": vault.ContactDigest(app, "anne@example.org"),
		"another key": stranger.ContactDigest(app, "anna@example.org"), "a fingerprint": vault.Fingerprint(append(app[:], "anna@example.org"...)),
	} {
		if bytes.Equal(got, one) {
			t.Errorf("%s has the same digest", name)
		}
	}
}
