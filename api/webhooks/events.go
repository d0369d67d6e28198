package webhooks

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/payload"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// EventFeed answers requests about the feed of events. It is safe for concurrent use.
type EventFeed struct {
	outbox *postgres.Outbox
}

// ListEvents answers with what has happened since a change or a time, the oldest first. They share their address with
// calendar entries, and are the app's alone.
func (h *EventFeed) ListEvents(k *edge.Call) error {
	if err := k.RequireKind(edge.RequireServer); err != nil {
		return err
	}
	problems := fault.Problems{}
	after, filter, limit := after(k, problems), changeFilter(k, problems), k.ReadLimit(problems)
	if err := problems.Err(); err != nil {
		return err
	}
	all, more, err := h.outbox.Events(k, k.App.ID, after, filter, limit)
	if err != nil {
		return err
	}
	list, next := []timekit.Object{}, k.Query("after")
	for _, c := range all {
		view, err := changeView(k, c)
		if err != nil {
			return err
		}
		list, next = append(list, view), c.Name()
	}
	k.JSON(http.StatusOK, map[string]any{"data": list, "has_more": more, "next_after": next})
	return nil
}

// GetEvent answers with one event of the feed.
func (h *EventFeed) GetEvent(k *edge.Call) error {
	if err := k.RequireKind(edge.RequireServer); err != nil {
		return err
	}
	id, ok := changeID(k.Param("id"))
	if !ok {
		return fault.Errorf(fault.NotFound, "The change does not exist.")
	}
	c, err := h.outbox.Event(k, k.App.ID, id)
	if err != nil {
		return err
	}
	view, err := changeView(k, c)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, view)
}

// changeID reads the public id of an event.
func changeID(text string) (uuid.UUID, bool) {
	text, found := strings.CutPrefix(text, outbox.EventPrefix)
	id, err := uuid.Parse(text)
	return id, found && err == nil && len(text) == 36
}

// after reads where to begin: behind a change, at a time, or with the oldest there is.
func after(k *edge.Call, problems fault.Problems) (after postgres.EventCursor) {
	text := k.Query("after")
	if strings.HasPrefix(text, outbox.EventPrefix) {
		id, ok := changeID(text)
		if !ok || id == uuid.Nil {
			problems.Add("after", "is not the id of a change")
		}
		return postgres.EventCursor{ID: id}
	}
	if at := k.QueryTime("after", problems); at != nil {
		after.At = *at
	}
	return after
}

func changeFilter(k *edge.Call, problems fault.Problems) postgres.EventFilter {
	return postgres.EventFilter{
		Topics: topics(k, "types", problems), Booking: k.QueryID("booking_id", problems), Graph: word(k, "graph", problems),
		State: word(k, "state", problems), Project: k.QueryID("project_id", problems),
	}
}

// topics reads names of the catalogue, or of whole families of it, separated by commas.
func topics(k *edge.Call, field string, problems fault.Problems) []string {
	var names []string
	for _, list := range k.QueryArray(field) {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	checkEventTypes(names, field, k.App.Graphs, problems)
	return names
}

// word reads a name of the query that may be any.
func word(k *edge.Call, name string, problems fault.Problems) string {
	text := k.Query(name)
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		problems.Add(name, "must be UTF-8 text without null characters")
	}
	return text
}

func changeView(k *edge.Call, c *outbox.Event) (timekit.Object, error) {
	subject, err := payload.Subject(c)
	return timekit.Object{
		"id": c.Name(), "type": c.Type, "sequence": c.Seq, "timestamp": k.Clock.Show(c.At, time.UTC), "booking_id": c.BookingID,
		"graph": c.Graph, "previous_state": c.From, "state": c.State, "action": c.Action, "actor": c.Actor, "channel": c.Channel,
		"inputs": c.Inputs, "lifted": append([]string{}, c.Lifted...), "data": subject,
	}, err
}
