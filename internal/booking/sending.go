package booking

import (
	"time"

	"github.com/google/uuid"
)

// Sending is a delivery as the record has it: one change on its way to one endpoint.
type Sending struct {
	ID         uuid.UUID
	EndpointID uuid.UUID
	EventID    uuid.UUID
	EventType  string
	BookingID  *uuid.UUID // nil: the change is not about a booking, or about one that was made up
	Seq        int
	Status     string
	Attempts   int
	Test       bool
	NextAt     *time.Time // when it is due, while it is pending
	CreatedAt  time.Time
	FinishedAt *time.Time
	LastStatus int    // of the last attempt's answer; 0 when none came
	LastError  string // of the last attempt
}
