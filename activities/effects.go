package activities

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/effect"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/webhook"
)

// attempted is what one attempt of an effect came to. An empty code means that the effect is done.
type attempted struct {
	answer  bool   // yes or no, if it is done
	code    string // why it is not
	message string // the same for people, without personal data
	final   bool   // trying again is of no use
	sent    webhook.Result
}

// carriers carry out one attempt of an effect, by kind. A new kind is a file with its function, and a row here.
var carriers = map[string]func(p performer, ctx context.Context, e *effect.Effect) (attempted, error){
	graphs.CallEffect:           performer.call,
	graphs.OpenPaymentEffect:    performer.openPayment,
	graphs.EndPaymentEffect:     performer.endPayment,
	graphs.CapturePaymentEffect: performer.capturePayment,
	graphs.VoidPaymentEffect:    performer.voidPayment,
	graphs.RefundPaymentEffect:  performer.refundPayment,
}

// Codes of effects that were not carried out.
const (
	codeUnknownKind = "unknown_kind" // a later build has written it, whose workers carry it out
	codeNoEvent     = "no_event"     // the event of its transition is past its keeping time
)

// attemptedAgain is the outcome, in the metrics, of an attempt that has failed and is made again. The others are the statuses of effects.
const attemptedAgain = "again"

// Perform carries out the oldest pending effect of a booking, if it is due: one attempt. A failure is put on record with the time of the
// next attempt, until the time to give up has come. The end of an effect plays its action.
func (a *Activities) Perform(ctx context.Context, in effect.Input) (effect.Result, error) {
	defer stayAlive(ctx, a.beat)()
	return performer{a}.perform(ctx, in)
}

// performer carries out effects.
type performer struct{ *Activities }

func (p performer) perform(ctx context.Context, in effect.Input) (effect.Result, error) {
	e, next, err := p.claim(ctx, in.BookingID)
	if err != nil || e == nil {
		return effect.Result{Next: next}, retryable(err)
	}
	out, err := p.carry(ctx, e)
	if err != nil { // ours: it is due again when its claim has run out
		return effect.Result{}, retryable(err)
	}
	last := &effect.Attempt{
		EffectID: e.ID, Seq: e.Seq, Number: e.Number, Kind: e.Does.Kind, Attempt: e.Attempts, Status: effect.Pending, Code: out.code,
	}
	ctx = context.WithoutCancel(ctx) // what has been done goes on record
	if err := p.put(ctx, e, out, last); err != nil {
		return effect.Result{}, retryable(err)
	}
	defer p.connection()()
	next, err = p.DB.NextEffect(ctx, in.BookingID)
	return effect.Result{Next: next, Last: last}, retryable(err)
}

func (p performer) claim(ctx context.Context, bookingID uuid.UUID) (*effect.Effect, time.Time, error) {
	defer p.connection()()
	return p.DB.ClaimEffect(ctx, bookingID)
}

// carry makes one attempt of an effect.
func (p performer) carry(ctx context.Context, e *effect.Effect) (attempted, error) {
	do, ok := carriers[e.Does.Kind]
	if !ok {
		return attempted{code: codeUnknownKind, message: "No worker of this release carries out such an effect."}, nil
	}
	return do(p, ctx, e)
}

// put puts on record what an attempt came to.
func (p performer) put(ctx context.Context, e *effect.Effect, out attempted, last *effect.Attempt) error {
	now := e.Clock.Now()
	if out.code != "" && !out.final && now.Before(*e.GiveUpAt) {
		next := now.Add(webhook.Wait(e.Tries, out.sent, rand.Float64))
		if next.After(*e.GiveUpAt) {
			next = *e.GiveUpAt // the last attempt
		}
		e.ErrorCode, e.ErrorText = out.code, out.message
		p.Metrics.Effect(e.Does.Kind, attemptedAgain)
		defer p.connection()()
		return p.DB.PostponeEffect(ctx, e, next)
	}
	end := postgres.EffectEnd{
		AppID: e.AppID, BookingID: e.BookingID, EffectID: e.ID, Attempt: e.Attempts, Failed: out.code != "", Answer: out.answer,
		Code: out.code, Message: out.message, Served: true,
	}
	ended, err := p.end(ctx, end)
	if fault.CodeOf(err) == fault.NotFound { // deleted meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	last.Status = ended.Status
	p.Metrics.Effect(e.Does.Kind, string(ended.Status))
	p.serve(ctx, ended.Woken...)
	if ended.Signal != nil {
		p.play(ctx, ended.Signal.ActionID)
	}
	return nil
}

func (p performer) end(ctx context.Context, end postgres.EffectEnd) (postgres.EndedEffect, error) {
	defer p.connection()()
	return p.DB.EndEffect(ctx, end)
}

// play hands the action of an effect to its booking's workflow. It is on record: what fails here is left to the sweep.
func (p performer) play(ctx context.Context, action uuid.UUID) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	accepted, err := p.DB.EffectAction(ctx, action)
	if err == nil {
		err = p.revive(ctx, accepted)
	}
	if err != nil {
		p.Log.Warn("could not signal the action of an effect; the sweep will", "action", action, "error", retryable(err))
	}
}

// wakeEffects starts the workflow that carries out the effects of a booking.
func (p performer) wakeEffects(ctx context.Context, bookingID uuid.UUID) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	err := p.Dispatch.EnsureEffectsRunning(ctx, bookingID)
	if err != nil {
		p.Log.Warn("could not wake the effects of a booking; the sweep will", "booking", bookingID, "error", err)
	}
	return err == nil
}

// sweepEffects wakes the effects of bookings that have been due for some time.
func (p performer) sweepEffects(ctx context.Context) (int, error) {
	bookings, err := p.DB.BookingsWithOverdueEffects(ctx, overdueEffect, sweepLimit)
	return atOnce(bookings, func(id uuid.UUID) bool { return ctx.Err() == nil && p.wakeEffects(ctx, id) }), err
}
