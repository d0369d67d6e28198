package tenants

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/apps"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/mail"
	"holdfast/internal/policy"
	"holdfast/internal/postgres"
	"holdfast/internal/strictjson"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// appHandlers answers requests about apps.
type appHandlers struct {
	access *postgres.Access
	vault  *links.Vault
	// mailers gives apps that have none what they send mails by; nil on a server without mails.
	mailers func(context.Context) error
}

func (h *appHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/apps", edge.RequireAdmin, h.listApps),
		edge.On(http.MethodPost, "/v2/apps", edge.RequireAdmin, h.createApp).Once(),
		edge.On(http.MethodGet, "/v2/apps/:slug", edge.RequireApp, h.getNamedApp),
		edge.On(http.MethodPut, "/v2/apps/:slug", edge.RequireApp, h.updateNamedApp),
		edge.On(http.MethodDelete, "/v2/apps/:slug", edge.RequireAdmin, h.deleteApp),
		edge.On(http.MethodGet, "/v2/app", edge.RequireServer, h.getApp),
		edge.On(http.MethodPut, "/v2/app", edge.RequireServer, h.updateApp),
	}
}

var goodHost = regexp.MustCompile(`^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:[0-9]{1,5})?$`)

type appInput struct {
	Name     *string           `json:"name"`
	Slug     string            `json:"slug"`
	TestMode *bool             `json:"test_mode"`
	Test     *bool             `json:"test"` // another name of test_mode
	Settings *appSettingsInput `json:"settings"`
}

type appSettingsInput struct {
	ActionLinks   *tenant.LinkMode `json:"action_links"`
	RedirectHosts *[]string        `json:"redirect_hosts"`
	GraphVersions map[string]int   `json:"graph_versions"`

	Policy *policy.Policy `json:"policy"`

	DisableEmail *bool   `json:"disable_email"`
	NoEmail      *bool   `json:"disableEmail"` // Timekit's spelling of disable_email
	Language     *string `json:"language"`     // of mails

	QuietHours json.RawMessage `json:"quiet_hours"` // null lifts them

	WidgetRequiresProject         *bool `json:"widget_requires_project"`
	WidgetRescheduleRequiresProof *bool `json:"widget_reschedule_requires_proof"`
}

// test reports whether the app is one for tests.
func (in appInput) test() bool {
	return in.TestMode != nil && *in.TestMode || in.Test != nil && *in.Test
}

// checkTest refuses to make a test app live, and the other way round.
func (in appInput) checkTest(app *tenant.App) error {
	problems := fault.Problems{}
	for name, test := range map[string]*bool{"test_mode": in.TestMode, "test": in.Test} {
		if test != nil && *test != app.TestMode {
			problems.Add(name, "is fixed when the app is made")
		}
	}
	return problems.Err()
}

func (in appInput) apply(app *tenant.App) error {
	problems := fault.Problems{}
	if in.Name != nil {
		app.Name = strings.TrimSpace(*in.Name)
	}
	if app.Name == "" {
		problems.Add("name", "is required")
	}
	edge.CheckLength(app.Name, "name", 200, problems)
	if in.Settings != nil {
		in.Settings.apply(&app.Settings, problems)
	}
	return problems.Err()
}

func (in appSettingsInput) apply(settings *tenant.AppSettings, problems fault.Problems) {
	if in.ActionLinks != nil {
		settings.ActionLinks = *in.ActionLinks
		if *in.ActionLinks != tenant.ConfirmPage && *in.ActionLinks != tenant.OneClick {
			problems.Add("settings.action_links", "must be %s or %s", tenant.ConfirmPage, tenant.OneClick)
		}
	}
	if in.Policy != nil {
		in.Policy.Check("settings.policy", false, problems)
		settings.Policy = in.Policy
	}
	in.applyMail(settings, problems)
	if in.WidgetRequiresProject != nil {
		settings.WidgetRequiresProject = *in.WidgetRequiresProject
	}
	if in.WidgetRescheduleRequiresProof != nil {
		settings.WidgetRescheduleRequiresProof = *in.WidgetRescheduleRequiresProof
	}
	if in.GraphVersions != nil {
		settings.GraphVersions = in.GraphVersions
		for name, version := range in.GraphVersions {
			if _, ok := graphs.Version(name, version); !ok {
				problems.Add("settings.graph_versions."+name, "must be a version of a graph of this server; GET /v2/graphs lists them")
			}
		}
	}
	if in.RedirectHosts == nil {
		return
	}
	settings.RedirectHosts = *in.RedirectHosts
	if len(settings.RedirectHosts) > 100 {
		problems.Add("settings.redirect_hosts", "must not be more than 100")
	}
	for _, host := range settings.RedirectHosts {
		if len(host) > 255 || !goodHost.MatchString(host) {
			problems.Add("settings.redirect_hosts", "each must be a lower-case host, with a port where it is not 443")
			return
		}
	}
}

func (in appSettingsInput) applyMail(settings *tenant.AppSettings, problems fault.Problems) {
	for _, off := range []*bool{in.NoEmail, in.DisableEmail} {
		if off != nil {
			settings.DisableEmail = *off
		}
	}
	in.applyQuietHours(settings, problems)
	if in.Language != nil {
		settings.Language = *in.Language
		if *in.Language != "" && !slices.Contains(mail.Languages, mail.Language(*in.Language)) {
			problems.Add("settings.language", "must be one of %v", mail.Languages)
		}
	}
}

func (h *appHandlers) listApps(k *edge.Call) error {
	all, err := h.access.Apps(k)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, app := range all {
		list = append(list, appView(k, app))
	}
	return k.Answer(http.StatusOK, list)
}

// createApp makes an app with its first server key; the key is in this answer only.
func (h *appHandlers) createApp(k *edge.Call) error {
	var in appInput
	if err := k.DecodeKnown(&in, appAnswers...); err != nil {
		return err
	}
	app := &tenant.App{ID: k.Operation, Slug: in.Slug, TestMode: in.test()}
	app.Settings = tenant.NewAppSettings()
	if err := in.apply(app); err != nil {
		return err
	}
	if !edge.GoodSlug.MatchString(in.Slug) {
		return fault.Problems{"slug": {"must be 1 to 63 lower-case letters, digits and dashes"}}.Err()
	}
	key, err := apps.Create(k, h.access, h.vault, app)
	if made, lookErr := h.access.AppBySlug(k, in.Slug); err != nil && lookErr == nil && made.ID == k.Operation {
		// An earlier try of this request created the app, and ended before its answer with the key was stored.
		_, key, err = apps.AddKey(k, h.access, h.vault, made, tenant.ServerKey, "first key", edge.NewID())
	}
	if err == nil && h.mailers != nil {
		err = h.mailers(k)
	}
	if err != nil {
		return err
	}
	view := appView(k, app)
	view["api_key"] = key
	k.Header("Cache-Control", "no-store")
	return k.Answer(http.StatusCreated, view)
}

func (h *appHandlers) getApp(k *edge.Call) error { return h.showApp(k, k.App) }

func (h *appHandlers) updateApp(k *edge.Call) error { return h.changeApp(k, k.App) }

// namedApp loads the app whose slug is in the path. A key may only name its own.
func namedApp(k *edge.Call, h *appHandlers) (*tenant.App, error) {
	slug := k.Param("slug")
	if !edge.GoodSlug.MatchString(slug) || k.App != nil && k.App.Slug != slug {
		return nil, fault.Errorf(fault.NotFound, "The app does not exist.")
	}
	if k.App != nil {
		return k.App, nil
	}
	return h.access.AppBySlug(k, slug)
}

func (h *appHandlers) getNamedApp(k *edge.Call) error {
	app, err := namedApp(k, h)
	if err != nil {
		return err
	}
	return h.showApp(k, app)
}

func (h *appHandlers) updateNamedApp(k *edge.Call) error {
	app, err := namedApp(k, h)
	if err != nil {
		return err
	}
	return h.changeApp(k, app)
}

// deleteApp deletes an app and everything that belongs to it.
func (h *appHandlers) deleteApp(k *edge.Call) error {
	app, err := namedApp(k, h)
	if err != nil {
		return err
	}
	if err := h.access.DeleteApp(k, app.ID); err != nil {
		return err
	}
	return k.NoContent()
}

func (h *appHandlers) showApp(k *edge.Call, app *tenant.App) error {
	secret, err := h.vault.Open(app.WebhookSecret, tenant.AppSecret(app.ID))
	if err != nil {
		return err
	}
	view := appView(k, app)
	view["webhook_secret"] = string(secret)
	return k.Answer(http.StatusOK, view)
}

func (h *appHandlers) changeApp(k *edge.Call, app *tenant.App) error {
	var in appInput
	if err := k.DecodeKnown(&in, appAnswers...); err != nil {
		return err
	}
	if err := in.checkTest(app); err != nil {
		return err
	}
	if err := in.apply(app); err != nil {
		return err
	}
	if err := h.access.UpdateApp(k, app); err != nil {
		return err
	}
	return k.Answer(http.StatusOK, appView(k, app))
}

// appAnswers are the names of answers that a body may send back in vain.
var appAnswers = []string{"id", "role", "webhook_secret", "api_key", "created_at", "updated_at"}

func appView(k *edge.Call, app *tenant.App) timekit.Object {
	return timekit.Object{
		"id": app.ID, "name": app.Name, "slug": app.Slug, "role": "admin", "test_mode": app.TestMode, "test": app.TestMode,
		"settings":   app.Settings,
		"created_at": k.Clock.Show(app.CreatedAt, time.UTC), "updated_at": k.Clock.Show(app.UpdatedAt, time.UTC),
	}
}

func (in appSettingsInput) applyQuietHours(settings *tenant.AppSettings, problems fault.Problems) {
	const field = "settings.quiet_hours"
	if len(in.QuietHours) == 0 {
		return
	}
	settings.QuietHours = nil
	if string(in.QuietHours) == "null" {
		return
	}
	var read tenant.QuietHours
	if err := (strictjson.Rules{Unknown: strictjson.RefuseAll}).Decode(in.QuietHours, &read); err != nil {
		edge.AddFaults(err, field, problems)
		return
	}
	for name, one := range map[string]tenant.ClockTime{".from": read.From, ".to": read.To} {
		if !one.Valid() {
			problems.Add(field+name, "must be a time such as 21:00")
		}
	}
	if read.From == read.To {
		problems.Add(field, "must not begin when they end")
	}
	settings.QuietHours = &read
}
