package tenant

import (
	"time"

	"github.com/google/uuid"
)

// Mailer is a mail server of an app's own, and who its mails are from.
type Mailer struct {
	AppID    uuid.UUID
	From     string // an address
	FromName string // "" for the name of the app
	ReplyTo  string // an address; "" for none
	// BounceAddress is the sender of envelopes, which gets the id of each mail behind its name; "" for From.
	BounceAddress string
	Sealed        []byte // a relay.Settings as JSON, sealed
	RatePerMinute int    // mails, at most; 0 = no limit
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// SealContext is what the settings are sealed for, so that they open nowhere else.
func (m *Mailer) SealContext() string { return "mailer " + m.AppID.String() }
