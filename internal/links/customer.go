package links

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// Maker makes the action links that Holdfast hands out itself.
type Maker struct {
	Keyring *Keyring
	BaseURL string // where customers reach this server, without a slash at the end
}

// Customer returns the links a customer can use in the booking's state, by action. They are the same each time they are
// made for one stay in a state, they die with it, and they expire when the booked time ends. There are none for a state that was
// entered after the booked time had begun, so a message that is sent again says the same; nor while the booking's graph is of a
// newer build than this one, as in the middle of a deploy.
func (m Maker) Customer(b *booking.Booking) (map[string]string, error) {
	return m.CustomerAt(b, b.EnteredAt)
}

// CustomerAt returns those that can be used at a moment: none once the booked time has begun.
func (m Maker) CustomerAt(b *booking.Booking, now time.Time) (map[string]string, error) {
	all := map[string]string{}
	if b.Begun(now) {
		return all, nil
	}
	for _, action := range b.OpenTo(graphs.ActorCustomerLink, now) {
		link, err := m.link(b, action)
		if err != nil {
			return nil, err
		}
		all[action] = link
	}
	return all, nil
}

// Owner returns the link by which the owner plays an action in the booking's state. Whether the graph lets owners is the
// caller's to ask.
func (m Maker) Owner(b *booking.Booking, action string) (string, error) { return m.link(b, action) }

func (m Maker) link(b *booking.Booking, action string) (string, error) {
	issued := b.EnteredAt.UTC().Truncate(time.Second)
	expires := b.End
	if soonest := issued.Add(time.Hour); expires.Before(soonest) {
		expires = soonest
	}
	token, err := m.Keyring.Sign(b.AppID.String(), Claims{
		BookingID: b.ID.String(), Action: action, IssuedAt: issued, ExpiresAt: expires,
		ID: uuid.NewSHA1(b.ID, fmt.Appendf(nil, "link/%d/%s", b.Seq, action)).String(),
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s/v2/bookings/%s/external_action/%s?signature=%s",
		strings.TrimSuffix(m.BaseURL, "/"), b.ID, url.PathEscape(action), url.QueryEscape(token)), nil
}

// EntryUID names the calendar entry of a booking, and of those that take its place, in mails and files alike: they replace one another in
// calendars. first is the first of these bookings.
func (m Maker) EntryUID(first uuid.UUID) string {
	host := "holdfast"
	if base, err := url.Parse(m.BaseURL); err == nil && base.Hostname() != "" {
		host = base.Hostname()
	}
	return first.String() + "@" + host
}
