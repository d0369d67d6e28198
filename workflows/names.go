// Package workflows walks bookings along their graphs, carries out their effects, and keeps webhook endpoints drained. Its code is
// deterministic: whatever touches the world is an activity, declared here and done elsewhere.
package workflows

import (
	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"
)

// DefaultTaskQueue is the task queue of workers unless a setting names another.
const DefaultTaskQueue = "holdfast"

// WebhookQueue is the task queue of what sends webhooks, beside that of the bookings: receivers that are slow keep no booking
// waiting.
func WebhookQueue(taskQueue string) string { return taskQueue + webhookQueue }

const webhookQueue = "-webhooks"

// EffectQueue is the task queue of what carries out effects: neither bookings nor webhooks wait for a slow receiver of a call, nor a call
// for theirs. A worker of an older release, which carries out none, has no part in it.
func EffectQueue(taskQueue string) string { return taskQueue + effectQueue }

const effectQueue = "-effects"

// GraphQueue is the task queue of bookings whose graphs say more than the first workers could read. A worker of an older release has no
// part in it, so that it neither plays nor judges by half of such a graph.
func GraphQueue(taskQueue string) string { return taskQueue + graphQueue }

const graphQueue = "-graphs"

// ClockQueue is the task queue of what advances the clocks of test apps. A worker of an older release, which has no clocks, has no part
// in it.
func ClockQueue(taskQueue string) string { return taskQueue + clockQueue }

const clockQueue = "-clocks"

// The signals of workflows.
const (
	ActionSignal = "action" // to a booking: a booking.Signal
	ClockSignal  = "clock"  // to a booking of a test app: a clock.Clock
	WakeSignal   = "wake"   // to an endpoint, the effects of a booking, or the clock of an app: no payload
)

// SweepID is the id of the schedule, and of the workflow, that puts right what a crash left half done. Installations
// that share a namespace have a task queue each.
func SweepID(taskQueue string) string { return "sweep-" + taskQueue }

// BookingID is the id of a booking's workflow.
func BookingID(booking uuid.UUID) string { return "booking-" + booking.String() }

// EndpointID is the id of the workflow that drains a webhook endpoint.
func EndpointID(endpoint uuid.UUID) string { return "webhook-" + endpoint.String() }

// EffectsID is the id of the workflow that carries out the effects of a booking.
func EffectsID(booking uuid.UUID) string { return "effects-" + booking.String() }

// ClockID is the id of the workflow that advances the clock of an app.
func ClockID(app uuid.UUID) string { return "clock-" + app.String() }

// The search attributes of bookings in the Temporal UI. The program registers them where the server lets it.
var (
	AppAttribute   = temporal.NewSearchAttributeKeyKeyword("HoldfastApp")
	GraphAttribute = temporal.NewSearchAttributeKeyKeyword("HoldfastGraph")
	StateAttribute = temporal.NewSearchAttributeKeyKeyword("HoldfastState")
	StartAttribute = temporal.NewSearchAttributeKeyTime("HoldfastStart")
)
