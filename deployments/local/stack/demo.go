package stack

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"holdfast/internal/app"
	"holdfast/internal/apps"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// Demo is the app that the local run comes with.
type Demo struct {
	APIKey    string `json:"api_key"`
	WidgetKey string `json:"widget_key"`
}

const demoSlug = "demo"

// makeDemo makes the demo app on the first start and finds it again later. Its keys are kept in the data directory; a
// pair that is lost is replaced by a new one.
func makeDemo(ctx context.Context, a *app.App, dir string) (Demo, error) {
	file := filepath.Join(dir, "demo.json")
	var demo Demo
	if text, err := os.ReadFile(file); err == nil && json.Unmarshal(text, &demo) == nil && demo.works(ctx, a) {
		return demo, nil
	}
	demoApp, err := a.DB.AppBySlug(ctx, demoSlug)
	if fault.CodeOf(err) == fault.NotFound {
		demoApp = &tenant.App{
			ID: uuid.Must(uuid.NewV7()), Name: "Demo", Slug: demoSlug, TestMode: true, Settings: tenant.NewAppSettings(),
		}
		demoApp.Settings.ActionLinks, demoApp.Settings.RedirectHosts = tenant.OneClick, []string{"example.com"}
		demo.APIKey, err = apps.Create(ctx, a.DB.Access, a.Vault, demoApp)
	} else if err == nil {
		demo.APIKey, err = addKey(ctx, a, demoApp, tenant.ServerKey)
	}
	if err != nil {
		return demo, err
	}
	if demo.WidgetKey, err = addKey(ctx, a, demoApp, tenant.WidgetKey); err != nil {
		return demo, err
	}
	text, err := json.Marshal(demo) //nolint:gosec // the keys are what the file is for
	if err != nil {
		return demo, err
	}
	return demo, os.WriteFile(file, text, 0o600)
}

func (d Demo) works(ctx context.Context, a *app.App) bool {
	for _, key := range []string{d.APIKey, d.WidgetKey} {
		if _, err := a.DB.KeyHolder(ctx, apps.KeyHash(key)); err != nil {
			return false
		}
	}
	return true
}

func addKey(ctx context.Context, a *app.App, tenant *tenant.App, kind tenant.KeyKind) (string, error) {
	_, key, err := apps.AddKey(ctx, a.DB.Access, a.Vault, tenant, kind, "local run", uuid.Must(uuid.NewV7()))
	return key, err
}

// writeLocalJSON writes where everything is, for tools on this machine. It is written last, whole or not at all.
func (s *Stack) writeLocalJSON() error {
	pids := map[string]int{"server": os.Getpid()}
	if s.postgres != nil {
		pids["postgres"] = s.postgres.PID()
	}
	text, err := json.MarshalIndent(map[string]any{
		"api_url": s.APIURL, "temporal_ui_url": s.UIURL, "temporal_address": s.options.Config.TemporalAddress,
		"portal_url": s.PortalURL(), "database_url": s.DatabaseURL, "api_key": s.Demo.APIKey, "widget_key": s.Demo.WidgetKey,
		"admin_key": string(s.options.Config.AdminKey), "pids": pids,
	}, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(s.options.DataDir, "local.json")
	if err := os.WriteFile(file+".new", append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
