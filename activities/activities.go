// Package activities does what workflows may not: it writes the record, sends webhooks and sets going what a crash left
// behind. Every activity may be repeated.
package activities

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/dispatch"
	"holdfast/internal/links"
	mailers "holdfast/internal/mail/mailer"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/postgres"
	"holdfast/internal/webhook"
)

// Activities implements workflows.Activities. All fields are needed.
type Activities struct {
	DB       *postgres.DB
	Dispatch *dispatch.Dispatcher
	Sender   *webhook.Sender
	Vault    *links.Vault
	Links    links.Maker
	Log      *slog.Logger
	Metrics  Metrics
	Cleaner  *postgres.Cleaner
	// Providers reaches the providers of payments.
	Providers Providers
	// Mail hands mails to mail servers.
	Mail Relays

	drains    drains
	successes recorder
	beat      time.Duration // between heartbeats; 0 = heartbeat
}

// Providers opens accounts at payment providers. Implementations must be safe for concurrent use.
type Providers interface {
	// Of returns the provider of an account. An account that cannot be opened is a *provider.Error with provider.Credentials.
	Of(a *payment.Account) (provider.Provider, error)
}

// Relays is how mails leave.
type Relays struct {
	mailers.Relays

	Delay time.Duration // how long a mail waits for a later one that says more: changes within it make one mail
}

// Metrics counts what activities do. Implementations must be safe for concurrent use.
type Metrics interface {
	Transition(action, state string)
	Attempt(outcome string, took time.Duration)
	// Effect notes one attempt of an effect: done, failed, or again when it has failed and is tried again.
	Effect(kind, outcome string)
	Mail(verdict string)
	// Swept notes what one part of a sweep has done: rows it handled, and its error, nil for none.
	Swept(part string, rows int, err error)
	// Dropped notes deliveries that were dropped while their endpoint was paused: too_old or too_many.
	Dropped(reason string, count int)
}

// Commit moves a booking on record, has the deliveries of idle endpoints sent and its effects carried out. What fails of that is left to
// the sweep: deliveries and effects are on record.
func (a *Activities) Commit(ctx context.Context, in booking.CommitInput) (booking.Outcome, error) {
	out, err := a.DB.Commit(ctx, in)
	if err != nil {
		return out, retryable(err)
	}
	if out.Result == booking.ResultApplied {
		a.Metrics.Transition(in.Move.Action, out.State)
	}
	a.serve(ctx, out.Wake...)
	for _, id := range out.Effects {
		performer{a}.wakeEffects(ctx, id)
	}
	return out, nil
}

// Relay signals bookings the actions that a commit of the named booking has put on record for them: a session's seats
// that the session is cancelled, a hold that it has become a booking.
func (a *Activities) Relay(ctx context.Context, bookingID uuid.UUID) error {
	all, err := a.DB.PendingRelays(ctx, bookingID)
	if err != nil {
		return retryable(err)
	}
	for _, o := range all {
		if err := a.revive(ctx, o); err != nil {
			return retryable(err)
		}
		if err := a.DB.MarkRelayed(ctx, o.Action.ID); err != nil {
			return retryable(err)
		}
	}
	return nil
}

// Remind puts the event of a reminder or a notice on record, if the booking is still on, and wakes the endpoints it goes to.
func (a *Activities) Remind(ctx context.Context, in booking.RemindInput) error {
	woken, err := a.DB.Remind(ctx, in)
	if err != nil {
		return retryable(err)
	}
	a.serve(ctx, woken...)
	return nil
}

func (a *Activities) wake(ctx context.Context, endpoint uuid.UUID) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	err := a.Dispatch.EnsureEndpointRunning(ctx, endpoint)
	if err != nil {
		a.Log.Warn("could not wake a webhook endpoint; the sweep will", "endpoint", endpoint, "error", err)
	}
	return err == nil
}
