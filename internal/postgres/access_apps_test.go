package postgres_test

import (
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

func TestApps(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := must(b.AppBySlug(b.ctx, "acme"))
	wantEqual(t, "id", got.ID, b.app.ID)
	wantEqual(t, "links", got.Settings.ActionLinks, tenant.ConfirmPage)
	wantSame(t, "hosts", got.Settings.RedirectHosts, []string{"example.com"})

	twin := &tenant.App{ID: newID(), Name: "twin", Slug: "acme", WebhookSecret: []byte("x")}
	wantCode(t, b.CreateApp(b.ctx, twin, newKeyOf(twin)), fault.AlreadyExists)
	b.wantCount(1, `SELECT count(*) FROM api_keys`)

	got.Name, got.Settings = "Acme & Sons", tenant.AppSettings{ActionLinks: tenant.OneClick}
	check(t, b.UpdateApp(b.ctx, got))
	changed := must(b.App(b.ctx, got.ID))
	wantEqual(t, "name", changed.Name, "Acme & Sons")
	wantEqual(t, "links", changed.Settings.ActionLinks, tenant.OneClick)
	wantEqual(t, "hosts", len(changed.Settings.RedirectHosts), 0)

	second := b.newApp("second")
	var names []uuid.UUID
	for _, app := range must(b.Apps(b.ctx)) {
		names = append(names, app.ID)
	}
	wantSame(t, "apps", names, []uuid.UUID{got.ID, second.ID})
	_, err := b.App(b.ctx, newID())
	wantCode(t, err, fault.NotFound)
	_, err = b.AppBySlug(b.ctx, "ACME")
	wantCode(t, err, fault.NotFound)
	wantCode(t, b.UpdateApp(b.ctx, &tenant.App{ID: newID()}), fault.NotFound)
	v := b.booked(b.at("instant", 9, 10))
	linked := must(b.LinkTarget(b.ctx, v.ID))
	wantEqual(t, "app of a booking", linked.App.ID, got.ID)
	wantEqual(t, "booking", linked.Booking.ID, v.ID)
	for id, sealed := range must(b.SealedKeys(b.ctx, got.ID)) {
		wantEqual(t, "its key", string(linked.SealedKeys[id]), string(sealed))
	}
	wantEqual(t, "keys", len(linked.SealedKeys), 1)
	_, err = b.LinkTarget(b.ctx, newID())
	wantCode(t, err, fault.NotFound)
}

func TestKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	widget := &postgres.NewKey{Hash: []byte("hash of a widget"), Sealed: []byte("sealed widget")}
	widget.Key = tenant.Key{ID: newID(), AppID: b.app.ID, Kind: tenant.WidgetKey, Name: "site", Hint: "live_w…"}
	check(t, b.AddKey(b.ctx, widget))
	keys := must(b.Keys(b.ctx, b.app.ID))
	wantEqual(t, "keys", len(keys), 2)
	wantEqual(t, "second", keys[1].ID, widget.ID)
	wantEqual(t, "last used", keys[1].LastUsedAt, nil)

	again := *widget
	again.Hash = []byte("hash of a second try")
	check(t, b.AddKey(b.ctx, &again))
	wantEqual(t, "keys after a repeat", len(must(b.Keys(b.ctx, b.app.ID))), 2)
	_, err := b.KeyHolder(b.ctx, widget.Hash)
	wantCode(t, err, fault.Unauthorized)
	widget = &again

	holder := must(b.KeyHolder(b.ctx, widget.Hash))
	wantEqual(t, "app", holder.App.ID, b.app.ID)
	wantEqual(t, "key", holder.KeyID, widget.ID)
	wantEqual(t, "kind", holder.Kind, tenant.WidgetKey)
	used := must(b.Keys(b.ctx, b.app.ID))[1].LastUsedAt
	if used == nil {
		t.Fatal("use was not noted")
	}
	must(b.KeyHolder(b.ctx, widget.Hash))
	wantEqual(t, "noted once a minute", must(b.Keys(b.ctx, b.app.ID))[1].LastUsedAt.Equal(*used), true)
	b.exec(`UPDATE api_keys SET last_used_at = now() - interval '61 seconds'`)
	must(b.KeyHolder(b.ctx, widget.Hash))
	wantEqual(t, "noted again", must(b.Keys(b.ctx, b.app.ID))[1].LastUsedAt.After(*used), true)

	sealed := must(b.SealedKeys(b.ctx, b.app.ID))
	wantEqual(t, "only server keys sign", len(sealed), 1)
	wantEqual(t, "sealed", string(sealed[keys[0].ID]), "sealed key of acme")

	for range 2 {
		for _, k := range keys {
			check(t, b.RevokeKey(b.ctx, b.app.ID, k.ID))
		}
	}
	for _, hash := range [][]byte{widget.Hash, newKeyOf(b.app).Hash, []byte("nobody's"), {}, nil} {
		_, err := b.KeyHolder(b.ctx, hash)
		wantCode(t, err, fault.Unauthorized)
	}
	wantEqual(t, "sealed", len(must(b.SealedKeys(b.ctx, b.app.ID))), 0)
	wantEqual(t, "revoked keys are listed", must(b.Keys(b.ctx, b.app.ID))[0].RevokedAt != nil, true)
	wantCode(t, b.RevokeKey(b.ctx, b.app.ID, newID()), fault.NotFound)
}

// newKeyOf is the first key of an app that is not yet on record.
func newKeyOf(app *tenant.App) postgres.NewKey {
	key := postgres.NewKey{Hash: []byte("hash of " + app.ID.String()), Sealed: []byte("sealed key of " + app.Slug)}
	key.Key = tenant.Key{ID: newID(), AppID: app.ID, Kind: tenant.ServerKey, Name: "first", Hint: "live_…"}
	return key
}
