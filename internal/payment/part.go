package payment

import (
	"github.com/google/uuid"
)

// Part is the share of one booking in a payment that pays for several. The parts of a payment add up to its amount.
type Part struct {
	BookingID uuid.UUID
	Amount    int64 // 0 for a booking that costs nothing
	Taken     bool  // the money has moved the booking; false when that had left before
}

// PaidFor returns what has arrived for a booking, refunds included: its part, or all of a payment without parts.
func (p *WithRefunds) PaidFor(booking uuid.UUID) int64 {
	if len(p.Parts) == 0 && booking == p.BookingID {
		return p.Captured
	}
	for _, part := range p.Parts {
		if part.BookingID == booking {
			return min(part.Amount, p.Captured)
		}
	}
	return 0
}

// ReturnedFor returns what of that was given back, or is being given back. A refund of a payment as a whole is nobody's part.
func (p *WithRefunds) ReturnedFor(booking uuid.UUID) (sum int64) {
	if len(p.Parts) == 0 && booking == p.BookingID {
		return p.Captured - p.Left(p.Refunds)
	}
	for _, r := range p.Refunds {
		if r.PartOf != nil && *r.PartOf == booking && r.State != RefundFailed && r.State != RefundCanceled {
			sum += r.Amount
		}
	}
	return min(sum, p.PaidFor(booking))
}

// PartRefundID is the id of the refund of a part whose booking had left before the money arrived.
func (p *Payment) PartRefundID(booking uuid.UUID) uuid.UUID {
	return uuid.NewSHA1(p.ID, []byte("refund/part/"+booking.String()))
}

// Sum returns what parts add up to.
func Sum(parts []Part) (sum int64) {
	for _, part := range parts {
		sum += part.Amount
	}
	return sum
}
