package webhooks

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// replayHandlers answers requests to send past events again.
type replayHandlers struct {
	outbox *postgres.Outbox
	waker  *waker
}

func (h *replayHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPost, "/v2/webhooks/:id/replay", edge.RequireServer, h.replayWebhook).Once(),
	}
}

type replayInput struct {
	Since  edge.Stamp `json:"since"`
	Until  edge.Stamp `json:"until"`
	Only   string     `json:"only"`
	DryRun bool       `json:"dry_run"`
}

// replay reads what to send anew. By itself it ends when the request was made first, so that a repeat asks for the same.
func (in replayInput) replay(k *edge.Call) (postgres.Replay, error) {
	problems := fault.Problems{}
	seconds, nanos := k.Operation.Time().UnixTime()
	r := postgres.Replay{Operation: k.Operation, Until: time.Unix(seconds, nanos), Since: k.ParseTime(string(in.Since), "since", problems)}
	if k.Repeated {
		r.Asked = r.Until
	}
	if in.Until != "" {
		r.Until = k.ParseTime(string(in.Until), "until", problems)
	}
	switch {
	case len(problems) > 0 || !r.Until.Before(r.Since):
	case in.Until == "":
		problems.Add("since", "must not lie in the future")
	default:
		problems.Add("until", "must not come before since")
	}
	switch in.Only {
	case "", "failed":
	case "all":
		r.All = true
	default:
		problems.Add("only", "must be failed or all")
	}
	return r, problems.Err()
}

// replayWebhook sends a webhook anew what it has not got, or all there was; of a dry run it says how much that would be.
func (h *replayHandlers) replayWebhook(k *edge.Call) error {
	id, err := k.ID("id", "The webhook")
	if err != nil {
		return err
	}
	var in replayInput
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	replay, err := in.replay(k)
	if err != nil {
		return err
	}
	how := h.outbox.ReplayDeliveries
	if in.DryRun {
		how = h.outbox.CountReplayed
	}
	count, err := how(k, k.App.ID, id, replay)
	if err != nil {
		return err
	}
	if !in.DryRun {
		h.waker.wake(k, []uuid.UUID{id})
	}
	return k.Answer(http.StatusAccepted, timekit.Object{"count": count, "dry_run": in.DryRun})
}
