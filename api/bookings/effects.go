package bookings

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/dispatch"
	"holdfast/internal/effect"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
	"holdfast/internal/webhook"
)

// effectHandlers answers requests about the effects of a booking.
type effectHandlers struct {
	bookings *postgres.Bookings
	effects  *postgres.Effects
	dispatch *dispatch.Dispatcher
	wake     func(k *edge.Call, endpoints []uuid.UUID) // endpoints with deliveries to send
	log      *slog.Logger
}

func (h *effectHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPost, "/v2/bookings/:id/effects/:effect/retry", edge.RequireServer, with(h.retryEffect)),
		edge.On(http.MethodPost, "/v2/bookings/:id/effects/:effect/give_up", edge.RequireServer, with(h.giveUpEffect)),
	}
}

// retryEffect makes an effect that is pending, or was given up, due at once.
func (h *effectHandlers) retryEffect(k *call) error {
	b, id, err := h.named(k)
	if err != nil {
		return err
	}
	e, err := h.effects.RetryEffect(k, k.App.ID, b.ID, id)
	if err != nil {
		return err
	}
	if e.Status == effect.Done {
		return fault.Errorf(fault.ActionNotAvailable, "The effect is done.")
	}
	h.wakeEffects(k, b.ID)
	return k.Answer(http.StatusOK, effectView(k, e))
}

// giveUpEffect ends an effect that is pending. One that was given up before stays as it is.
func (h *effectHandlers) giveUpEffect(k *call) error {
	b, id, err := h.named(k)
	if err != nil {
		return err
	}
	ended, err := h.effects.EndEffect(k, postgres.EffectEnd{
		AppID: k.App.ID, BookingID: b.ID, EffectID: id, Failed: true, Code: "given_up", Message: "It was given up by hand.",
	})
	if err != nil {
		return err
	}
	if ended.Status == effect.Done {
		return fault.Errorf(fault.ActionNotAvailable, "The effect is done.")
	}
	h.wake(k.Call, ended.Woken)
	if s := ended.Signal; s != nil {
		if err := h.dispatch.Signal(k, b, k.App.Slug, *s); err != nil {
			h.log.Warn("could not signal the action of an effect; the sweep will", "action", s.ActionID, "error", err)
		}
	}
	h.wakeEffects(k, b.ID) // for those that have waited for this one
	return k.Answer(http.StatusOK, effectView(k, ended.Effect))
}

// named returns the booking and the id of the effect that a request is about.
func (h *effectHandlers) named(k *call) (*booking.Booking, uuid.UUID, error) {
	b, err := k.booking(h.bookings)
	if err != nil {
		return nil, uuid.Nil, err
	}
	id, err := k.ID("effect", "The effect")
	return b, id, err
}

func (h *effectHandlers) wakeEffects(k *call, bookingID uuid.UUID) {
	if err := h.dispatch.EnsureEffectsRunning(k, bookingID); err != nil {
		h.log.Warn("could not wake the effects of a booking; the sweep will", "booking", bookingID, "error", err)
	}
}

// effectViews shows the effects of a booking, in the order in which they are carried out.
func effectViews(k *call, all []*effect.Effect) []timekit.Object {
	views := []timekit.Object{}
	for _, e := range all {
		views = append(views, effectView(k, e))
	}
	return views
}

func effectView(k *call, e *effect.Effect) timekit.Object {
	o := timekit.Object{
		"id": e.ID, "sequence": e.Seq, "number": e.Number, "kind": e.Does.Kind, "declared": e.Does, "status": e.Status,
		"attempts": e.Attempts, "next_attempt_at": k.Moment(e.NextAt), "give_up_at": k.Moment(e.GiveUpAt), "answer": e.Answer,
		"error": nil, "action": nil, "created_at": k.Clock.Show(e.CreatedAt, time.UTC), "ended_at": k.Moment(e.EndedAt),
	}
	if e.ErrorCode != "" {
		o["error"] = timekit.Object{"code": webhook.ShownCode(e.ErrorCode), "message": e.ErrorText}
	}
	if p := e.Plays; p != nil {
		o["action"] = timekit.Object{"id": p.ID, "name": p.Name, "status": p.Status}
	}
	return o
}
