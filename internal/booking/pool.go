package booking

import (
	"time"

	"holdfast/internal/catalogue"
	"holdfast/internal/policy"
)

// With returns the booking with the resource and calendar of a member, in memory.
func (b *Booking) With(m catalogue.Member) *Booking {
	one := *b
	one.Resource, one.Calendar = m.Resource, m.Calendar
	return &one
}

// Minutes returns how long the booking is; a minute that has begun counts.
func (b *Booking) Minutes() int {
	return int((b.End.Sub(b.Start) + time.Minute - 1) / time.Minute)
}

// CustomerKey returns the key of the first customer with an address: see policy.CustomerKey. "" for none.
func (b *Booking) CustomerKey() string {
	for _, c := range b.Customers {
		if key := policy.CustomerKey(b.AppID.String(), c.Email); key != "" {
			return key
		}
	}
	return ""
}
