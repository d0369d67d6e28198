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
	"strconv"
	"strings"
	"time"

	"holdfast/internal/fault"
)

const (
	passwordScheme = "pbkdf2-sha256" //nolint:gosec // the name of a way to hash
	passwordRounds = 600_000         // what OWASP asks for; a hash keeps the number it was made with
	saltBytes      = 16
)

// How many characters a password has.
const (
	MinPassword = 8
	MaxPassword = 1000
)

// Passwords bounds how many passwords are worked on at once: that is slow on purpose, and must not slow down bookings. A
// bounded number waits for it, for five seconds at most; each takes a good part of a second. Sign-ins of strangers and
// requests of known callers have one each, so that a flood of sign-ins keeps no known caller waiting.
type Passwords struct {
	slots   chan struct{} // those that are worked on
	queue   chan struct{} // those that are worked on, and those that wait
	maxWait time.Duration // for a slot
}

const (
	queuePerSlot    = 12
	maxPasswordWait = 5 * time.Second // the answer has to come before the connection times out, also on a slow machine
)

// NewPasswords makes one that works on so many passwords at once, at least one.
func NewPasswords(parallel int) *Passwords {
	parallel = max(1, parallel)
	return &Passwords{slots: make(chan struct{}, parallel), queue: make(chan struct{}, queuePerSlot*parallel), maxWait: maxPasswordWait}
}

var errBusy = fault.Errorf(fault.Unavailable, "Too many passwords are being checked just now. Try again in a few seconds.")

// Hash makes the text a password is kept as: scheme, rounds, salt and hash. It takes a good part of a second; Unavailable
// when too many wait for it already, or its turn does not come in time.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt)
	hash, err := p.stretch(ctx, password, salt, passwordRounds)
	return fmt.Sprintf("%s$%d$%s$%s", passwordScheme, passwordRounds, encode(salt), encode(hash)), err
}

// Check reports whether a password is the one that kept was made of. It takes as long when kept is "", which is
// nobody's. Unavailable when too many wait for it already, or its turn does not come in time.
func (p *Passwords) Check(ctx context.Context, kept, password string) (bool, error) {
	rounds, salt, want, good := parsePassword(kept)
	hash, err := p.stretch(ctx, password, salt, rounds)
	return good && err == nil && subtle.ConstantTimeCompare(hash, want) == 1, err
}

func (p *Passwords) stretch(ctx context.Context, password string, salt []byte, rounds int) ([]byte, error) {
	select {
	case p.queue <- struct{}{}:
		defer func() { <-p.queue }()
	default:
		return nil, errBusy
	}
	timeout := time.NewTimer(p.maxWait)
	defer timeout.Stop()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
		return pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	case <-timeout.C:
		return nil, errBusy
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
