package webhooks

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/strictjson"
	"holdfast/internal/tenant"
	"holdfast/internal/webhook"
)

const maxDescription = 256

// endpointName is what the effects of graphs can name.
var endpointName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

type webhookInput struct {
	Name        *string         `json:"name"`
	URL         *string         `json:"url"`
	Method      *string         `json:"method"`
	Description *string         `json:"description"`
	Format      *outbox.Format  `json:"format"`
	Headers     json.RawMessage `json:"headers"`
	Ordered     *bool           `json:"ordered"`
	InFlight    *int            `json:"in_flight"`
	PerSecond   *int            `json:"rate_per_second"`
	Secret      *string         `json:"secret"` // of a new one only

	filters  webhookFilters
	named    outbox.Endpoint // the projects and services that the body names
	graphs   *tenant.Graphs  // of the app
	problems fault.Problems
}

// readWebhook reads the body, and looks up what it names.
func (h *webhookHandlers) readWebhook(k *edge.Call) (*webhookInput, error) {
	in := &webhookInput{problems: fault.Problems{}, graphs: k.App.Graphs}
	if err := in.read(k); err != nil {
		return nil, err
	}
	in.named = outbox.Endpoint{AppID: k.App.ID}
	in.named.Projects = namedIDs(in.filters.Projects, "projects", in.problems)
	in.named.Services = namedIDs(in.filters.Services, "services", in.problems)
	lacking, err := h.outbox.MissingEndpointReferences(k, &in.named)
	for field, ids := range lacking {
		for _, id := range ids {
			if id != uuid.Nil { // reported already: it is no id
				in.problems.Add(field, "%s does not exist", id)
			}
		}
	}
	return in, err
}

// webhookAnswers are the names of answers that a body may send back in vain.
var webhookAnswers = []string{
	"id", "embed_callback", "status", "reason", "health", "old_secrets_until", "created_at", "updated_at",
}

// read reads the body's own fields and its filters, which have a type of their own.
func (in *webhookInput) read(k *edge.Call) error {
	rules := strictjson.Rules{Unknown: strictjson.RefuseAll, Also: strictjson.Names(in.filters), Skipped: webhookAnswers}
	if err := k.DecodeBy(rules, in); err != nil {
		return err
	}
	return k.DecodeBy(strictjson.Rules{Also: strictjson.Names(in)}, &in.filters)
}

// namedIDs reads a filter of ids; nil when the body does not name it, or names nothing by it.
func namedIDs(raw json.RawMessage, field string, problems fault.Problems) []uuid.UUID {
	if string(raw) == "null" {
		return nil
	}
	ids := edge.IDList(raw, field, problems)
	if len(ids) > maxFilter {
		problems.Add(field, "must not be more than %d", maxFilter)
	}
	return ids
}

// apply writes what the body names onto e and checks the whole. What is null, or not there, stays as it is.
func (in *webhookInput) apply(e *outbox.Endpoint, h *webhookHandlers) error {
	in.target(e, h.targets)
	in.filters.apply(e, in.graphs, in.problems)
	if in.named.Projects != nil {
		e.Projects = in.named.Projects
	}
	if in.named.Services != nil {
		e.Services = in.named.Services
	}
	in.pace(e)
	headers, err := in.headers(e, h)
	if err != nil {
		return err
	}
	if err := in.problems.Err(); err != nil || headers == nil {
		return err
	}
	e.Headers = nil
	if len(headers) > 0 {
		e.Headers, err = h.vault.SealJSON(headers, tenant.EndpointHeaders(e.ID))
	}
	return err
}

// target is where and as what the changes are sent.
func (in *webhookInput) target(e *outbox.Endpoint, rules webhook.Options) {
	for target, value := range map[*string]*string{&e.Name: in.Name, &e.URL: in.URL, &e.Method: in.Method, &e.Description: in.Description} {
		if value != nil {
			*target = strings.TrimSpace(*value)
		}
	}
	if err := webhook.CheckURL(e.URL, rules); err != nil {
		in.problems.Add("url", "%s", err.Error())
	}
	e.Method = strings.ToUpper(e.Method)
	switch e.Method {
	case "":
		e.Method = http.MethodPost
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodGet:
	default:
		in.problems.Add("method", "must be post, put, patch or get")
	}
	if e.Name != "" && !endpointName.MatchString(e.Name) {
		in.problems.Add("name", "must be lower-case letters, digits and underscores, with a letter first, 63 at most")
	}
	edge.CheckLength(e.Description, "description", maxDescription, in.problems)
	if in.Format != nil {
		e.Format = *in.Format
	}
	if e.Format != outbox.FormatSMS && !slices.Contains(outbox.Formats, e.Format) {
		in.problems.Add("format", "must be %s", formatNames())
	}
	if e.EmbedCallback && e.Format != outbox.FormatCronofy {
		in.problems.Add("format", "is cronofy: this is the callback of public links")
	}
}

// formatNames lists the formats for people: "a, b or c".
func formatNames() string {
	var others []string
	for _, f := range outbox.Formats {
		others = append(others, string(f))
	}
	return strings.Join(others, ", ") + " or " + string(outbox.FormatSMS)
}

// The highest values that an endpoint may have.
const (
	maxInFlight  = 32   // requests on their way at the same time
	maxPerSecond = 1000 // attempts
)

// pace is how the changes are sent.
func (in *webhookInput) pace(e *outbox.Endpoint) {
	if in.Ordered != nil {
		e.Ordered = *in.Ordered
	}
	if in.InFlight != nil {
		e.InFlight = *in.InFlight
	}
	if in.PerSecond != nil {
		e.PerSecond = *in.PerSecond
	}
	if e.Format == outbox.FormatSMS { // one message that waits for the morning keeps no other back
		e.Ordered = false
	}
	if e.InFlight < 1 || e.InFlight > maxInFlight {
		in.problems.Add("in_flight", "must be a number from 1 to %d", maxInFlight)
	}
	if e.PerSecond < 0 || e.PerSecond > maxPerSecond {
		in.problems.Add("rate_per_second", "must be a number from 0 to %d", maxPerSecond)
	}
}

// headers are the endpoint's own, as the body has them; nil when it has none. A value that is hidden stays what it is.
func (in *webhookInput) headers(e *outbox.Endpoint, h *webhookHandlers) (map[string]string, error) {
	named := in.namedHeaders()
	if named == nil {
		return nil, nil
	}
	known, err := h.ownHeaders(e)
	if err != nil {
		return nil, err
	}
	headers := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		headers[name] = in.header(name, named[name], known)
	}
	if err := webhook.CheckHeaders(headers); err != nil {
		in.problems.Add("headers", "%s", err.Error())
	}
	return headers, nil
}

func (in *webhookInput) namedHeaders() (named map[string]*string) {
	raw := edge.JSONObject(in.Headers, "headers", in.problems)
	if raw == nil || string(in.Headers) == "null" || len(in.problems["headers"]) > 0 {
		return nil
	}
	if json.Unmarshal(raw, &named) != nil {
		in.problems.Add("headers", "must have texts for values")
	}
	return named
}

func (in *webhookInput) header(name string, value *string, known map[string]string) string {
	switch {
	case value == nil:
		in.problems.Add("headers", "must have texts for values")
		return ""
	case *value != webhook.Hidden:
		return *value
	}
	for other, kept := range known {
		if strings.EqualFold(name, other) {
			return kept
		}
	}
	in.problems.Add("headers", "must have a value for %s: there is none to keep", name)
	return ""
}

// ownHeaders opens an endpoint's own headers.
func (h *webhookHandlers) ownHeaders(e *outbox.Endpoint) (headers map[string]string, err error) {
	return headers, h.vault.OpenJSON(e.Headers, tenant.EndpointHeaders(e.ID), &headers)
}
