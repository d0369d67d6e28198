// Package contact says which addresses get no messages, and why. No address is on record: only a digest of it is, by links.Vault.
package contact

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
)

// number is a telephone number as E.164 writes it.
var number = regexp.MustCompile(`^\+[1-9]\d{6,14}$`)

// Number is an international telephone number without the signs by which people part it; false for any other text.
func Number(text string) (string, bool) {
	plain := strings.NewReplacer(" ", "", "\u00a0", "", "-", "", ".", "", "(", "", ")", "", "/", "").Replace(text)
	return plain, number.MatchString(plain)
}

// ConsentField is the field of a customer's form by which they agree to text messages: true or the words on the way in, a Consent on
// record.
const ConsentField = "sms_consent"

// Consent is a customer's agreement to text messages, in the words that they have read.
type Consent struct {
	Text string    `json:"text"` // empty where the app does not say
	At   time.Time `json:"at"`   // by the app's clock
}

// ConsentOf returns the agreement that a customer's meta has, a JSON object; nil for none.
func ConsentOf(meta json.RawMessage) *Consent {
	var of struct {
		Consent *Consent `json:"sms_consent"`
	}
	if json.Unmarshal(meta, &of) != nil || of.Consent == nil || of.Consent.At.IsZero() {
		return nil
	}
	return of.Consent
}

// Channel is how a message reaches somebody.
type Channel string

// The channels.
const (
	Mail Channel = "mail"
	SMS  Channel = "sms"
)

// Kind is why an address gets no messages, and which ones.
type Kind string

// The kinds.
const (
	Dead      Kind = "dead"      // there is no such address: it gets none at all
	Reminders Kind = "reminders" // unsubscribed: no reminders and follow-ups, of one booking or of the app
	Stopped   Kind = "stopped"   // STOP by SMS: none at all
)

// Block keeps messages of an app from an address.
type Block struct {
	AppID     uuid.UUID
	Channel   Channel
	Digest    []byte // of the address, by links.Vault.ContactDigest
	Kind      Kind
	BookingID *uuid.UUID // the one booking that it is about; nil for all of the app's
	Reason    string     // a code such as smtp_550; never an address or a text of somebody
	CreatedAt time.Time  // real time
}

// Stops reports whether the block keeps the address from messages about a booking; reminder says that the message is a reminder or a
// follow-up.
func (b *Block) Stops(booking uuid.UUID, reminder bool) bool {
	if b.BookingID != nil && *b.BookingID != booking {
		return false
	}
	return b.Kind != Reminders || reminder
}
