package links

import (
	"encoding/base64"

	"github.com/google/uuid"

	"holdfast/internal/fault"
)

// Subscription is what the link of a reminder unsubscribes from: the reminders of a booking, or of an app, to an address.
type Subscription struct {
	App     uuid.UUID
	Booking uuid.UUID // that the reminder was about
	Digest  []byte    // of the address, by Vault.ContactDigest: no link has the address itself
}

// unsubscribing binds tokens of subscriptions to their purpose.
const unsubscribing = "unsubscribe"

// SubscriptionToken is a subscription as a link bears it, sealed. It does not expire.
func (v *Vault) SubscriptionToken(s Subscription) (string, error) {
	sealed, err := v.Seal(append(append(s.App[:], s.Booking[:]...), s.Digest...), unsubscribing)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// ReadSubscription reads what SubscriptionToken made; anything else is LinkInvalid.
func (v *Vault) ReadSubscription(token string) (s Subscription, err error) {
	const ids = 2 * len(uuid.UUID{})
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return s, fault.Wrap(err, fault.LinkInvalid, "The link is not one of this server.")
	}
	plain, err := v.Open(sealed, unsubscribing)
	if err != nil || len(plain) <= ids {
		return s, fault.Wrap(errSealed, fault.LinkInvalid, "The link is not one of this server.")
	}
	s.App, s.Booking, s.Digest = uuid.UUID(plain[:ids/2]), uuid.UUID(plain[ids/2:ids]), plain[ids:]
	return s, nil
}
