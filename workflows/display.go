package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"holdfast/internal/booking"
)

// Summary is the line an operator reads in the list of workflows. It names no person.
func Summary(in booking.WorkflowInput) string {
	return fmt.Sprintf("%s · %s · %s", in.App, in.Graph.Name, in.Title)
}

// show keeps the Temporal UI readable: what the booking is, where it stands, what may happen next and when. Writing to
// the search index costs the server most, so it is done only when the index says something else.
func (w *bookingRun) show() {
	workflow.SetCurrentDetails(w.ctx, w.details())
	if w.Shown == "" || w.Shown == w.State || (w.Seq == 0 && !w.gone) {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(w.ctx, StateAttribute.ValueSet(w.State)); err != nil {
		workflow.GetLogger(w.ctx).Warn("could not index the state", "error", err)
	}
	w.Shown = w.State
}

func (w *bookingRun) details() string {
	var text strings.Builder
	line := func(name, value string) { fmt.Fprintf(&text, "- **%s**: %s\n", name, value) }
	line("App", w.App)
	line("What", w.Title)
	line("When", w.Start.UTC().Format(time.RFC3339)+" to "+w.End.UTC().Format(time.RFC3339))
	line("Graph", fmt.Sprintf("%s, version %d", w.Graph.Name, w.Graph.Version))
	line("State", fmt.Sprintf("**%s** (transition %d)", w.State, w.Seq))
	if w.gone {
		line("Record", "none: the booking never came to be, or was deleted")
		return text.String()
	}
	open := w.Graph.Open(w.State)
	if len(open) == 0 {
		line("Open actions", "none: this booking is over")
		return text.String()
	}
	line("Open actions", strings.Join(open, ", "))
	for _, d := range w.Graph.Deadlines(w.State, w.stay().Times, w.Timers) {
		line("Deadline", fmt.Sprintf("%s at %s", d.Action, d.At.UTC().Format(time.RFC3339)))
	}
	return text.String()
}
