package api

import (
	"net/http"
	"strings"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/timekit"
	"holdfast/internal/webhook"
)

type webhookInput struct {
	URL    *string `json:"url"`
	Method *string `json:"method"`
	Graph  *string `json:"graph"`
	State  *string `json:"state"`
}

// apply writes what the body names onto e and checks the whole.
func (in webhookInput) apply(e *booking.Endpoint, rules webhook.Options) error {
	graph, state := single(e.Graphs), single(e.States)
	for target, value := range map[*string]*string{&e.URL: in.URL, &e.Method: in.Method, &graph: in.Graph, &state: in.State} {
		if value != nil {
			*target = strings.TrimSpace(*value)
		}
	}
	problems := booking.Problems{}
	if err := webhook.CheckURL(e.URL, rules); err != nil {
		problems.Add("url", "%s", err.Error())
	}
	e.Method = strings.ToUpper(e.Method)
	switch e.Method {
	case "":
		e.Method = http.MethodPost
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodGet:
	default:
		problems.Add("method", "must be post, put, patch or get")
	}
	e.Graphs, e.States = filter(graph), filter(state)
	if graph != "" && !knownGraph(graph) {
		problems.Add("graph", "is not a graph of this server")
	}
	if state != "" && !knownState(graph, state) {
		problems.Add("state", "is not a state of that graph")
	}
	return problems.Err()
}

func single(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return ""
}

func filter(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

func knownGraph(name string) bool {
	_, ok := graphs.Latest(name)
	return ok
}

// knownState tells whether the graph, or any graph when none is named, has such a state.
func knownState(graph, state string) bool {
	for _, g := range graphs.All() {
		if (graph == "" || graph == g.Name) && g.HasState(state) {
			return true
		}
	}
	return false
}

func (s *Server) listWebhooks(k *call) error {
	all, err := s.DB.Endpoints(k, k.app.ID)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, e := range all {
		list = append(list, k.webhookView(e))
	}
	return k.data(http.StatusOK, list)
}

// createWebhook makes an endpoint; its signing secret is in this answer only.
func (s *Server) createWebhook(k *call) error {
	var in webhookInput
	if err := k.decode(&in); err != nil {
		return err
	}
	e := &booking.Endpoint{ID: k.operation, AppID: k.app.ID, Ordered: true}
	if err := in.apply(e, s.Webhooks); err != nil {
		return err
	}
	sealed, err := s.Vault.Seal([]byte(webhook.NewSecret()), booking.EndpointSecret(e.ID))
	if err != nil {
		return err
	}
	e.Secret = sealed
	if e, err = s.DB.CreateEndpoint(k, e); err != nil {
		return err
	}
	secret, err := s.Vault.Open(e.Secret, booking.EndpointSecret(e.ID))
	if err != nil {
		return err
	}
	view := k.webhookView(e)
	view["secret"] = string(secret)
	k.Header("Cache-Control", "no-store")
	k.Header("Location", "/v2/webhooks/"+e.ID.String())
	return k.data(http.StatusCreated, view)
}

func (k *call) endpoint(s *Server) (*booking.Endpoint, error) {
	id, err := k.id("id", "The webhook")
	if err != nil {
		return nil, err
	}
	return s.DB.Endpoint(k, k.app.ID, id)
}

func (s *Server) getWebhook(k *call) error {
	e, err := k.endpoint(s)
	if err != nil {
		return err
	}
	return k.data(http.StatusOK, k.webhookView(e))
}

func (s *Server) updateWebhook(k *call) error {
	e, err := k.endpoint(s)
	if err != nil {
		return err
	}
	var in webhookInput
	if err := k.decode(&in); err != nil {
		return err
	}
	if err := in.apply(e, s.Webhooks); err != nil {
		return err
	}
	if e, err = s.DB.UpdateEndpoint(k, e); err != nil {
		return err
	}
	return k.data(http.StatusOK, k.webhookView(e))
}

func (s *Server) deleteWebhook(k *call) error {
	id, err := k.id("id", "The webhook")
	if err != nil {
		return err
	}
	if err := s.DB.DeleteEndpoint(k, k.app.ID, id); err != nil {
		return err
	}
	if err := s.Dispatch.Dismiss(k, id); err != nil { // it would idle on, and cost nothing but its place in the list
		s.Log.Warn("could not dismiss a webhook endpoint's workflow", "endpoint", id, "error", err)
	}
	return k.noContent()
}

func (k *call) webhookView(e *booking.Endpoint) timekit.Object {
	return timekit.Object{
		"id": e.ID, "url": e.URL, "method": strings.ToLower(e.Method), "graph": single(e.Graphs), "state": single(e.States), "status": e.Status,
		"created_at": k.clock.Show(e.CreatedAt, time.UTC), "updated_at": k.clock.Show(e.UpdatedAt, time.UTC),
	}
}
