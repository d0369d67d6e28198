package calendar

import (
	"net/http"

	"holdfast/api/edge"
	"holdfast/internal/availability"
	"holdfast/internal/fault"
)

// verdictView is whether a slot is offered with one resource, and the reasons why not.
type verdictView struct {
	resourceView
	End     string       `json:"end"` // of the slot with this resource: days go by the calendar of its zone
	Offered bool         `json:"offered"`
	Reasons []reasonView `json:"reasons"`
}

type reasonView struct {
	Reason string    `json:"reason"`
	Text   string    `json:"text"`
	Of     string    `json:"of,omitempty"`   // whose rules: query or resource
	Busy   *busyView `json:"busy,omitempty"` // what keeps the time

	Rule    *edge.RuleView `json:"rule,omitempty"`       // of the policy
	Missing []string       `json:"missing,omitempty"`    // parts that nobody is free for
	Left    *int           `json:"units_left,omitempty"` // where too few units are left
}

type busyView struct {
	Kind  string `json:"kind"`
	ID    string `json:"id"`
	Start string `json:"start"`
	End   string `json:"end"`
}

// explainAvailability answers whether a start is offered, and for each resource why not. The reasons come from the code that offers slots.
func (h *slotHandlers) explainAvailability(k *edge.Call) error {
	w, err := h.readSlotQuery(k)
	if err != nil {
		return err
	}
	problems := fault.Problems{}
	start := k.ParseTime(w.at, "at", problems)
	if err := problems.Err(); err != nil {
		return err
	}
	release, err := w.Acquire(k)
	if err != nil {
		return err
	}
	defer release()
	if err := h.offers.LoadBusyWithHolders(k, k.App.ID, &w.Question); err != nil {
		return err
	}
	w.Stop = func() bool { return k.Request.Context().Err() != nil }
	offered, end := false, k.Clock.Show(start.Add(w.Length), w.zone)
	verdicts, views := []verdictView{}, w.views()
	for i, v := range w.Explain(start) {
		offered = offered || v.Offered
		verdicts = append(verdicts, verdictView{views[v.Resource], k.Clock.Show(v.End, w.zone), v.Offered, reasons(k, w, v)})
		if i == 0 {
			end = verdicts[0].End
		}
	}
	return k.Answer(http.StatusOK, map[string]any{
		"start": k.Clock.Show(start, w.zone), "end": end, "offered": offered, "resources": verdicts,
	})
}

func reasons(k *edge.Call, w *slotQuery, v availability.Verdict) []reasonView {
	list := []reasonView{}
	for _, r := range v.Reasons {
		view := reasonView{Reason: string(r.Why), Of: string(r.Side), Text: reasonTexts[r.Why], Missing: r.Missing}
		if r.Refusal != nil {
			view.Text, view.Rule = r.Refusal.Message(w.zone), edge.ShowRule(r.Refusal.Fault())
		}
		if r.Why == availability.Capacity {
			view.Left = &r.Left
		}
		if r.Text != "" {
			view.Text = r.Text
		}
		if !r.Busy.Start.IsZero() {
			view.Busy = &busyView{
				string(r.Busy.Kind), r.Busy.ID, k.Clock.Show(r.Busy.Start, w.zone), k.Clock.Show(r.Busy.End, w.zone),
			}
		}
		list = append(list, view)
	}
	return list
}

var reasonTexts = map[availability.Why]string{
	availability.BeforeWindow: "it begins before the window that was asked for",
	availability.AfterWindow:  "it ends after the window that was asked for",
	availability.OffGrid:      "no slot begins at this moment; see timeslot_increments and round_to_nearest_hour",
	availability.Booking:      "a booking has this time",
	availability.Hold:         "somebody holds this time",
	availability.Event:        "an event has this time",
	availability.Claim:        "it is kept for a booking that was accepted and is being decided",
	availability.Buffer:       "a buffer is in the way",
	availability.Capacity:     "too few units are left; see units_left",
	availability.Policy:       "the policy excludes this start",
	availability.UnknownZone:  "the resource's time zone is not in the IANA database: set another one",
	availability.NotChosen:    "it is free, but another resource is offered",
	availability.OtherBusy:    "it is free, but not all resources are",
	availability.PartMissing:  "it is free, but nobody is for other parts that a booking takes",
}
