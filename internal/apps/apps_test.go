package apps_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/apps"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/pgtest"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

type bundle struct {
	*postgres.DB
	url   string
	vault *links.Vault
}

func setup(t *testing.T) *bundle {
	t.Helper()
	db, url := pgtest.New(t)
	vault, err := links.NewVault(bytes.Repeat([]byte{7}, 32))
	check(t, err)
	return &bundle{db, url, vault}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) create(t *testing.T, slug string, testMode bool) (*tenant.App, string) {
	t.Helper()
	app := &tenant.App{ID: uuid.Must(uuid.NewV7()), Name: slug, Slug: slug, TestMode: testMode}
	key, err := apps.Create(t.Context(), b.DB.Access, b.vault, app)
	check(t, err)
	return app, key
}

func (b *bundle) add(t *testing.T, app *tenant.App, kind tenant.KeyKind) (*tenant.Key, string) {
	t.Helper()
	made, key, err := apps.AddKey(t.Context(), b.DB.Access, b.vault, app, kind, "another", uuid.Must(uuid.NewV7()))
	check(t, err)
	return made, key
}

// dump is every table of the database as text: bytea as hex, as Postgres shows it.
func (b *bundle) dump(t *testing.T) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.url)
	check(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`)
	check(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	var all strings.Builder
	for _, table := range tables {
		var text string
		check(t, conn.QueryRow(t.Context(), `SELECT COALESCE(string_agg(x::text, E'\n'), '') FROM `+table+` x`).Scan(&text))
		all.WriteString(text + "\n")
	}
	return all.String()
}

func TestKeysLookLikeKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	live, liveKey := b.create(t, "live", false)
	test, testKey := b.create(t, "test", true)
	_, liveWidget := b.add(t, live, tenant.WidgetKey)
	_, testWidget := b.add(t, test, tenant.WidgetKey)
	_, second := b.add(t, live, tenant.ServerKey)
	seen := map[string]bool{}
	for key, shape := range map[string]string{
		liveKey: `live_api_key_`, testKey: `test_api_key_`, liveWidget: `live_widget_key_`, testWidget: `test_widget_key_`, second: `live_api_key_`,
	} {
		if !regexp.MustCompile(`^` + shape + `[0-9A-Za-z]{32}$`).MatchString(key) {
			t.Errorf("%s does not look like %s…", key, shape)
		}
		seen[key] = true
	}
	if len(seen) != 5 {
		t.Errorf("keys are not unique: %v", seen)
	}
}

func TestKeysOpenTheirApp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app, first := b.create(t, "one", false)
	other, _ := b.create(t, "two", false)
	made, widget := b.add(t, app, tenant.WidgetKey)
	for key, kind := range map[string]tenant.KeyKind{first: tenant.ServerKey, widget: tenant.WidgetKey} {
		holder, err := b.KeyHolder(t.Context(), apps.KeyHash(key))
		check(t, err)
		if holder.App.ID != app.ID || holder.Kind != kind {
			t.Errorf("%s opens %+v", key, holder)
		}
	}
	if made.Kind != tenant.WidgetKey || made.AppID != app.ID || made.Name != "another" || made.CreatedAt.IsZero() {
		t.Errorf("made %+v", made)
	}
	for _, wrong := range []string{"", first[:len(first)-1], first + "x", strings.ToUpper(first), " " + first, "live_api_key_"} {
		if _, err := b.KeyHolder(t.Context(), apps.KeyHash(wrong)); fault.CodeOf(err) != fault.Unauthorized {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	check(t, b.RevokeKey(t.Context(), app.ID, made.ID))
	if _, err := b.KeyHolder(t.Context(), apps.KeyHash(widget)); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("a revoked key: %v", err)
	}
	if keys, err := b.Keys(t.Context(), other.ID); err != nil || len(keys) != 1 {
		t.Errorf("the other app has %v, %v", keys, err)
	}
}

// TestNoKeyIsKept looks for the keys and secrets themselves in everything that is on record.
func TestNoKeyIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app, first := b.create(t, "one", false)
	_, second := b.add(t, app, tenant.ServerKey)
	_, widget := b.add(t, app, tenant.WidgetKey)
	secret, err := b.vault.Open(app.WebhookSecret, tenant.AppSecret(app.ID))
	check(t, err)
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).Match(secret) {
		t.Errorf("webhook secret %q", secret)
	}
	dump := b.dump(t)
	if !strings.Contains(dump, hex.EncodeToString(apps.KeyHash(first))) {
		t.Fatal("the dump lacks the hash of the key: it proves nothing")
	}
	for _, plain := range []string{first, second, widget, string(secret)} {
		random := plain[len(plain)-24:] // a hint may show how a key begins
		for _, form := range []string{plain, random, hex.EncodeToString([]byte(random)), base64.StdEncoding.EncodeToString([]byte(random))} {
			if strings.Contains(strings.ToLower(dump), strings.ToLower(form)) {
				t.Errorf("the record holds %s", form)
			}
		}
	}
}

func TestServerKeysAreSealed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app, first := b.create(t, "one", false)
	made, second := b.add(t, app, tenant.ServerKey)
	b.add(t, app, tenant.WidgetKey)
	sealed, err := b.SealedKeys(t.Context(), app.ID)
	check(t, err)
	opened := map[string]bool{}
	for id, box := range sealed {
		key, err := b.vault.Open(box, tenant.KeySecret(id))
		check(t, err)
		opened[string(key)] = true
	}
	if len(opened) != 2 || !opened[first] || !opened[second] {
		t.Errorf("opened %v", opened)
	}
	for id, box := range sealed {
		if id != made.ID {
			if _, err := b.vault.Open(box, tenant.KeySecret(made.ID)); err == nil {
				t.Error("one key's box opens under another's name")
			}
		}
	}
}

func TestSlugIsTakenOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, "one", false)
	before := b.dump(t)
	app := &tenant.App{ID: uuid.Must(uuid.NewV7()), Name: "twin", Slug: "one"}
	_, err := apps.Create(t.Context(), b.DB.Access, b.vault, app)
	if fault.CodeOf(err) != fault.AlreadyExists {
		t.Errorf("twin: %v", err)
	}
	if b.dump(t) != before {
		t.Error("the twin left something")
	}
}
