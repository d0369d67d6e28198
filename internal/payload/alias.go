package payload

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
)

const aliasBits = 52 // any such number is exact in JavaScript

// alias is the number that stands for a UUID where ids are integers: the same each time, and never 0, which is left to
// mean "none".
func alias(id uuid.UUID) int64 {
	sum := sha256.Sum256(id[:])
	return max(1, int64(binary.BigEndian.Uint64(sum[:])>>(64-aliasBits)))
}

// serviceOf is what ReserveKit would call the service: the project, or the resource where there is none.
func serviceOf(b *booking.Booking) uuid.UUID {
	if b.Related.Project != nil {
		return *b.Related.Project
	}
	return b.Resource.ID
}

// timeSlot stands for a weekly slot of a service, as ReserveKit has them: the day of the week, Sunday being 0, and the
// local start.
func timeSlot(service uuid.UUID, start time.Time) uuid.UUID {
	return uuid.NewSHA1(service, fmt.Appendf(nil, "slot/%d/%s", start.Weekday(), start.Format("15:04")))
}
