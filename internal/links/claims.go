package links

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/fault"
)

// Claims are what an action link's token says, and how far it can be trusted. Times are whole or fractional seconds in
// UTC, zero when the token does not name them.
type Claims struct {
	AppID     string // whose link it is: the app it was verified for
	BookingID string
	Action    string
	ID        string // jti; Sign makes one up when it is empty
	Redirect  string // where the signer sends the visitor afterwards; pass it through SignedRedirect
	ExpiresAt time.Time
	IssuedAt  time.Time
	Own       bool // signed by us, not with an API key

	signed string // header and payload as they were signed; set by Verify
}

// For checks that the token is for this booking and this action: nil, or a fault.LinkInvalid error. A token that
// verifies says nothing yet about the path it was sent to.
func (c Claims) For(bookingID, action string) error {
	if bookingID == "" || action == "" || !strings.EqualFold(c.BookingID, bookingID) || c.Action != action {
		return fault.Errorf(fault.LinkInvalid, invalidText)
	}
	return nil
}

// SpendKey names the token for one-time use: two tokens with the same key are the same link. It is the token's jti, or
// else what was signed, never the token's text, which may have several spellings. Keys of different apps and of the two
// kinds never meet, so a token cannot spend another's link by its jti. It is ASCII of fixed length, safe to store.
func (c Claims) SpendKey() string {
	kind := "app"
	if c.Own {
		kind = "own"
	}
	if c.ID != "" {
		return kind + ":jti:" + digest(c.AppID, c.ID)
	}
	return kind + ":sig:" + digest(c.AppID, c.signed)
}

func digest(appID, identity string) string {
	sum := sha256.Sum256([]byte(strconv.Itoa(len(appID)) + ":" + appID + identity))
	return hex.EncodeToString(sum[:])
}
