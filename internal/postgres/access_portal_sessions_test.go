package postgres_test

import (
	"testing"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

func TestPortalSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	keys := must(b.Keys(b.ctx, b.app.ID))
	hash := []byte("hash of a token")
	check(t, b.OpenPortalSession(b.ctx, hash, keys[0].ID, time.Hour))
	s := must(b.PortalSession(b.ctx, hash))
	wantEqual(t, "key", s.KeyID, keys[0].ID)
	wantEqual(t, "app", s.App, "acme")
	wantEqual(t, "sealed", string(s.Sealed), "sealed key of acme")
	b.wantCount(1, `SELECT count(*) FROM portal_sessions WHERE expires_at > now() + interval '59 minutes' AND expires_at <= now() + interval '1 hour'`)
	_, err := b.PortalSession(b.ctx, []byte("another"))
	wantCode(t, err, fault.Unauthorized)

	check(t, b.ClosePortalSession(b.ctx, hash))
	check(t, b.ClosePortalSession(b.ctx, hash))
	_, err = b.PortalSession(b.ctx, hash)
	wantCode(t, err, fault.Unauthorized)
}

// TestPortalSessionsEnd by themselves, and with their key.
func TestPortalSessionsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	second := b.newApp("second")
	key, other := must(b.Keys(b.ctx, b.app.ID))[0], must(b.Keys(b.ctx, second.ID))[0]
	old, mine, theirs := []byte("old"), []byte("mine"), []byte("theirs")
	check(t, b.OpenPortalSession(b.ctx, old, key.ID, -time.Second))
	_, err := b.PortalSession(b.ctx, old)
	wantCode(t, err, fault.Unauthorized)
	b.wantCount(1, `SELECT count(*) FROM portal_sessions`)
	check(t, b.OpenPortalSession(b.ctx, mine, key.ID, time.Hour))
	b.wantCount(1, `SELECT count(*) FROM portal_sessions`) // the old one went
	check(t, b.OpenPortalSession(b.ctx, theirs, other.ID, time.Hour))

	check(t, b.RevokeKey(b.ctx, b.app.ID, key.ID))
	_, err = b.PortalSession(b.ctx, mine)
	wantCode(t, err, fault.Unauthorized)
	wantCode(t, b.OpenPortalSession(b.ctx, []byte("late"), key.ID, time.Hour), fault.Unauthorized)
	must(b.PortalSession(b.ctx, theirs))
	check(t, b.DeleteApp(b.ctx, second.ID))
	b.wantCount(0, `SELECT count(*) FROM portal_sessions WHERE hash = 'theirs'`)
}

// TestOnlyServerKeysOpenThePortal, whatever the caller has checked.
func TestOnlyServerKeysOpenThePortal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	widget := &postgres.NewKey{Hash: []byte("hash of a widget"), Sealed: []byte("sealed widget")}
	widget.Key = tenant.Key{ID: newID(), AppID: b.app.ID, Kind: tenant.WidgetKey, Name: "site", Hint: "live_w…"}
	check(t, b.AddKey(b.ctx, widget))
	wantCode(t, b.OpenPortalSession(b.ctx, []byte("w"), widget.ID, time.Hour), fault.Unauthorized)
	wantCode(t, b.OpenPortalSession(b.ctx, []byte("w"), newID(), time.Hour), fault.Unauthorized)
	b.wantCount(0, `SELECT count(*) FROM portal_sessions`)
}
