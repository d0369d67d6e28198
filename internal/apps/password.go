package apps

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"holdfast/internal/booking"
)

const (
	passwordScheme = "pbkdf2-sha256" //nolint:gosec // the name of a way to hash
	passwordRounds = 600_000         // what OWASP asks for; a hash keeps the number it was made with
	saltBytes      = 16
)

// benches bounds how many passwords are worked on at once: that is slow on purpose, and must not slow down bookings. queue bounds
// how many wait for it, and are worked on; each takes a good part of a second, and nobody waits for minutes.
var (
	benches = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))
	queue   = make(chan struct{}, 12*cap(benches))
)

var errBusy = booking.Errorf(booking.Unavailable, "Too many passwords are being checked just now. Try again in a few seconds.")

// HashPassword makes the text a password is kept as: scheme, rounds, salt and hash. It takes a good part of a second; Unavailable
// when too many wait for it already.
func HashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt)
	hash, err := stretch(ctx, password, salt, passwordRounds)
	return fmt.Sprintf("%s$%d$%s$%s", passwordScheme, passwordRounds, encode(salt), encode(hash)), err
}

// CheckPassword tells whether a password is the one that kept was made of. It takes as long when kept is "", which is
// nobody's. Unavailable when too many wait for it already.
func CheckPassword(ctx context.Context, kept, password string) (bool, error) {
	rounds, salt, want, good := parsePassword(kept)
	hash, err := stretch(ctx, password, salt, rounds)
	return good && err == nil && subtle.ConstantTimeCompare(hash, want) == 1, err
}

func stretch(ctx context.Context, password string, salt []byte, rounds int) ([]byte, error) {
	select {
	case queue <- struct{}{}:
		defer func() { <-queue }()
	default:
		return nil, errBusy
	}
	select {
	case benches <- struct{}{}:
		defer func() { <-benches }()
		return pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// parsePassword reads what a password is kept as. What cannot be read is no good, and as much work as any other.
func parsePassword(kept string) (rounds int, salt, hash []byte, good bool) {
	parts := strings.Split(kept, "$")
	if len(parts) == 4 && parts[0] == passwordScheme {
		var errs [3]error
		rounds, errs[0] = strconv.Atoi(parts[1])
		salt, errs[1] = base64.RawStdEncoding.DecodeString(parts[2])
		hash, errs[2] = base64.RawStdEncoding.DecodeString(parts[3])
		if errors.Join(errs[:]...) == nil && rounds > 0 && len(salt) >= saltBytes && len(hash) == sha256.Size {
			return rounds, salt, hash, true
		}
	}
	return passwordRounds, make([]byte, saltBytes), make([]byte, sha256.Size), false
}

func encode(raw []byte) string { return base64.RawStdEncoding.EncodeToString(raw) }
