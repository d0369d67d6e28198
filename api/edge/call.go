package edge

import (
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/timekit"
)

// Call is one HTTP request on its way through a handler: who calls, by which clock, and under which operation id. It embeds
// gin's context, which is also the request's context.Context. It belongs to one goroutine.
type Call struct {
	*gin.Context
	booking.Caller

	Operation uuid.UUID     // the id for what this request makes: the same when it is repeated with its Idempotency-Key
	Repeated  bool          // there was an earlier try that got no final answer
	Clock     timekit.Clock // how the request writes times and has them written
	Base      string        // where the world reaches this server, without a slash at the end
	Raw       []byte        // the body, once it was read
}

// ID reads a UUID of the path; what is no UUID does not exist.
func (k *Call) ID(name, what string) (uuid.UUID, error) {
	id, err := uuid.Parse(k.Param(name))
	if err != nil || len(k.Param(name)) != 36 {
		return uuid.Nil, fault.Errorf(fault.NotFound, "%s does not exist.", what)
	}
	return id, nil
}

// NewID makes a UUIDv7; the source of randomness does not fail on a machine that runs.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
