package bookings

import (
	"net/http"
	"strings"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/fault"
	"holdfast/internal/service"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// migrationHandlers answers requests to let bookings go over to another version of their graph.
type migrationHandlers struct {
	player *service.Player
}

func (h *migrationHandlers) routes() []edge.Route {
	return []edge.Route{edge.On(http.MethodPost, "/v2/bookings/migrate", edge.RequireServer, with(h.migrate))}
}

type migrationInput struct {
	From   string            `json:"from"`
	To     string            `json:"to"`
	Map    map[string]string `json:"map"`
	DryRun bool              `json:"dry_run"`
}

// read finds the versions that the body names.
func (in migrationInput) read(known *tenant.Graphs) (m service.Migration, err error) {
	problems := fault.Problems{}
	find := func(field, ref string) *graphs.Graph {
		g, ok := known.Named(ref, nil)
		if !ok || !g.Own || !strings.Contains(ref, "@") {
			problems.Add(field, "must be a version of a graph of the app's own, such as viewing@1")
			return nil
		}
		return g
	}
	m = service.Migration{From: find("from", in.From), To: find("to", in.To), States: in.Map}
	if err := problems.Err(); err != nil {
		return m, err
	}
	if m.From.Name != m.To.Name || m.From.Version == m.To.Version {
		problems.Add("to", "must be another version of %s", m.From.Name)
	}
	for from, to := range in.Map {
		if !m.From.HasState(from) {
			problems.Add("map."+from, "is no state of %s", m.From.Ref())
		}
		if !m.To.HasState(to) {
			problems.Add("map."+from, "leads to '%s', which is no state of %s", to, m.To.Ref())
		}
	}
	return m, problems.Err()
}

// migrate asks bookings to go over: 202 with how many were asked. A dry run is 200.
func (h *migrationHandlers) migrate(k *call) error {
	var in migrationInput
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	m, err := in.read(k.App.Graphs)
	if err != nil {
		return err
	}
	asked, all, err := h.player.Migrate(k, k.Caller, m, in.DryRun)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, one := range all {
		view := timekit.Object{"state": one.State, "to": one.To, "bookings": one.Bookings, "problem": nil}
		if one.Problem != "" {
			view["problem"] = one.Problem
		}
		list = append(list, view)
	}
	status := http.StatusAccepted
	if in.DryRun {
		status = http.StatusOK
	}
	return k.Answer(status, timekit.Object{"from": m.From.Ref(), "to": m.To.Ref(), "dry_run": in.DryRun, "asked": asked, "states": list})
}
