package catalogue

import (
	"encoding/json"
	"net/http"
	"strconv"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/graphs/definition"
	"holdfast/graphs/drawing"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// graphHandlers answers requests about an app's own graphs: drafts, published versions, and what bare names stand for.
type graphHandlers struct {
	graphs *postgres.Graphs
}

func (h *graphHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPost, "/v2/graphs", edge.RequireServer, h.saveDraft),
		edge.On(http.MethodGet, "/v2/graph_drafts", edge.RequireServer, h.listDrafts),
		edge.On(http.MethodGet, "/v2/graphs/:name/draft", edge.RequireServer, h.getDraft),
		edge.On(http.MethodDelete, "/v2/graphs/:name/draft", edge.RequireServer, h.deleteDraft),
		edge.On(http.MethodPost, "/v2/graphs/:name/validate", edge.RequireServer, h.validate),
		edge.On(http.MethodPost, "/v2/graphs/:name/publish", edge.RequireServer, h.publish),
		edge.On(http.MethodGet, "/v2/graphs/:name/versions", edge.RequireServer, h.listVersions),
		edge.On(http.MethodPut, "/v2/graphs/:name/alias", edge.RequireServer, h.setAlias),
	}
}

// saveDraft keeps a graph that is being written, whatever its faults, and answers with all of them.
func (h *graphHandlers) saveDraft(k *edge.Call) error {
	text, err := k.ReadBody()
	if err != nil {
		return err
	}
	name, err := draftName(k)
	if err != nil {
		return err
	}
	d, err := h.graphs.SaveGraphDraft(k, k.App.ID, name, string(text))
	if err != nil {
		return err
	}
	k.Header("Location", "/v2/graphs/"+name+"/draft")
	return k.Answer(http.StatusCreated, draftView(k, d))
}

// draftName reads the name of the definition in the body, which says where the draft is kept.
func draftName(k *edge.Call) (string, error) {
	var head struct {
		Name string `json:"name"`
	}
	if err := k.Decode(&head); err != nil {
		return "", err
	}
	problems := fault.Problems{}
	if !graphs.IsName(head.Name) {
		problems.Add("name", "must be 1 to 63 lower-case letters, digits and underscores, a letter first")
	} else if graphs.IsBuiltin(head.Name) {
		problems.Add("name", "is that of a built-in graph")
	}
	return head.Name, problems.Err()
}

// listDrafts lists the app's drafts by name, each with its faults.
func (h *graphHandlers) listDrafts(k *edge.Call) error {
	all, err := h.graphs.GraphDrafts(k, k.App.ID)
	if err != nil {
		return err
	}
	views := make([]timekit.Object, len(all))
	for i, d := range all {
		views[i] = draftView(k, d)
		delete(views[i], "definition")
	}
	return k.Answer(http.StatusOK, views)
}

func (h *graphHandlers) getDraft(k *edge.Call) error {
	d, err := h.graphs.GraphDraft(k, k.App.ID, k.Param("name"))
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, draftView(k, d))
}

func (h *graphHandlers) deleteDraft(k *edge.Call) error {
	if err := h.graphs.DeleteGraphDraft(k, k.App.ID, k.Param("name")); err != nil {
		return err
	}
	return k.NoContent()
}

// validate answers with all faults of a draft, each with its place, and with its drawing if it can be drawn.
func (h *graphHandlers) validate(k *edge.Call) error {
	d, err := h.graphs.GraphDraft(k, k.App.ID, k.Param("name"))
	if err != nil {
		return err
	}
	g, faults := definition.CheckOwn([]byte(d.Definition), graphs.IsBuiltin)
	view := timekit.Object{"name": d.Name, "valid": len(faults) == 0, "faults": faultViews(faults), "svg": nil, "mermaid": nil}
	if g != nil && len(faults) == 0 {
		view["svg"], view["mermaid"] = drawing.SVG(g), drawing.Mermaid(g)
	}
	return k.Answer(http.StatusOK, view)
}

// publish makes a draft the next version of its name. The same graph is the same version, however often it is published.
func (h *graphHandlers) publish(k *edge.Call) error {
	d, err := h.graphs.GraphDraft(k, k.App.ID, k.Param("name"))
	if err != nil {
		return err
	}
	g, faults := definition.CheckOwn([]byte(d.Definition), graphs.IsBuiltin)
	if len(faults) > 0 {
		problems := fault.Problems{}
		for _, f := range faults {
			problems.Add(f.Path, "%s", f.Text)
		}
		return problems.Err()
	}
	digest, err := definition.Digest(g)
	if err == nil {
		err = h.graphs.PublishGraph(k, k.App.ID, g, digest)
	}
	if err != nil {
		return err
	}
	return h.answerVersions(k, http.StatusCreated, func(view timekit.Object) { view["graph"] = g.Ref() })
}

func (h *graphHandlers) listVersions(k *edge.Call) error {
	return h.answerVersions(k, http.StatusOK, func(timekit.Object) {})
}

// answerVersions answers with the versions of the graph that the path names, and what its bare name stands for.
func (h *graphHandlers) answerVersions(k *edge.Call, status int, more func(timekit.Object)) error {
	all, aliases, err := h.graphs.GraphVersions(k, k.App.ID)
	if err != nil {
		return err
	}
	name, list := k.Param("name"), []timekit.Object{}
	for _, v := range all {
		if v.Name == name {
			list = append(list, timekit.Object{
				"graph": v.Name + "@" + strconv.Itoa(v.Version), "version": v.Version, "published_at": k.Moment(&v.PublishedAt),
				"definition": json.RawMessage(v.Definition),
			})
		}
	}
	if len(list) == 0 {
		return fault.Errorf(fault.NotFound, "The graph does not exist.")
	}
	view := timekit.Object{"name": name, "versions": list, "weights": aliases[name]}
	more(view)
	return k.Answer(status, view)
}

type aliasInput struct {
	Version *int           `json:"version"`
	Weights map[string]int `json:"weights"`
}

// weights reads one version, or several with their shares.
func (in aliasInput) weights() (tenant.Weights, error) {
	problems := fault.Problems{}
	weights := tenant.Weights{}
	if in.Version != nil {
		weights[*in.Version] = 100
	}
	for text, share := range in.Weights {
		version, err := strconv.Atoi(text)
		switch {
		case err != nil || strconv.Itoa(version) != text:
			problems.Add("weights", "has %q, which is not the number of a version", text)
		case share < 1 || share > 1000:
			problems.Add("weights", "must each be between 1 and 1000")
		default:
			weights[version] = share
		}
	}
	if (in.Version == nil) == (len(in.Weights) == 0) {
		problems.Add("version", "or weights is required, and not both")
	}
	return weights, problems.Err()
}

// setAlias says what the bare name of a graph stands for in what is booked from now on.
func (h *graphHandlers) setAlias(k *edge.Call) error {
	var in aliasInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	weights, err := in.weights()
	if err != nil {
		return err
	}
	if err := h.graphs.SetGraphAlias(k, k.App.ID, k.Param("name"), weights); err != nil {
		return err
	}
	return h.listVersions(k)
}

func draftView(k *edge.Call, d postgres.GraphDraft) timekit.Object {
	_, faults := definition.CheckOwn([]byte(d.Definition), graphs.IsBuiltin)
	return timekit.Object{
		"name": d.Name, "definition": json.RawMessage(d.Definition), "valid": len(faults) == 0, "faults": faultViews(faults),
		"updated_at": k.Moment(&d.UpdatedAt),
	}
}

func faultViews(faults []graphs.Fault) []timekit.Object {
	list := []timekit.Object{}
	for _, f := range faults {
		list = append(list, timekit.Object{"path": f.Path, "message": f.Text})
	}
	return list
}
