package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

// pair is an embed credential of an app, not yet on record.
func pair(app *tenant.App, key string) *tenant.EmbedCredential {
	return &tenant.EmbedCredential{ID: newID(), AppID: app.ID, PublicKey: key, Sealed: []byte("sealed " + key)}
}

// issuers are the public keys of an app that are good.
func (b *bundle) issuers(app *tenant.App) string {
	b.t.Helper()
	var good []string
	for _, c := range must(b.EmbedCredentials(b.ctx, app.ID)) {
		found, err := b.EmbedIssuer(b.ctx, c.PublicKey)
		if err != nil {
			wantCode(b.t, err, fault.ClaimUnknownIssuer)
			continue
		}
		wantEqual(b.t, "issuer", words(found.ID, found.AppID, string(found.Sealed)), words(c.ID, app.ID, "sealed "+c.PublicKey))
		good = append(good, c.PublicKey)
	}
	return strings.Join(good, " ")
}

func TestEmbedCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	thief := b.newApp("thief")
	one, two := pair(b.app, "EMB_one"), pair(b.app, "EMB_two")
	check(t, b.AddEmbedCredential(b.ctx, one))
	wantEqual(t, "made", time.Since(one.CreatedAt) < time.Minute, true)
	again := *one
	again.PublicKey, again.Sealed = "EMB_again", []byte("sealed EMB_again")
	check(t, b.AddEmbedCredential(b.ctx, &again)) // nobody has been told the first
	wantEqual(t, "after a repeat", b.issuers(b.app), "EMB_again")
	stolen := again
	stolen.AppID = thief.ID
	wantCode(t, b.AddEmbedCredential(b.ctx, &stolen), fault.NotFound)
	wantCode(t, b.EndEmbedCredential(b.ctx, thief.ID, one.ID), fault.NotFound)
	wantCode(t, b.RotateEmbedCredential(b.ctx, one.ID, pair(thief, "EMB_thief"), 0), fault.NotFound)
	wantEqual(t, "the thief has", len(must(b.EmbedCredentials(b.ctx, thief.ID))), 0)
	wantEqual(t, "untouched", b.issuers(b.app), "EMB_again")

	check(t, b.AddEmbedCredential(b.ctx, two))
	check(t, b.EndEmbedCredential(b.ctx, b.app.ID, one.ID))
	wantEqual(t, "revoked at once", b.issuers(b.app), "EMB_two")
	ended := *must(b.EmbedCredentials(b.ctx, b.app.ID))[0].GoodUntil
	check(t, b.EndEmbedCredential(b.ctx, b.app.ID, one.ID))
	wantEqual(t, "again is no fault, and no later", *must(b.EmbedCredentials(b.ctx, b.app.ID))[0].GoodUntil, ended)
	_, err := b.EmbedIssuer(b.ctx, "EMB_none")
	wantCode(t, err, fault.ClaimUnknownIssuer)
}

func TestRotateEmbedCredential(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := pair(b.app, "EMB_old")
	check(t, b.AddEmbedCredential(b.ctx, old))
	check(t, b.RotateEmbedCredential(b.ctx, old.ID, pair(b.app, "EMB_new"), time.Hour))
	wantEqual(t, "both", b.issuers(b.app), "EMB_old EMB_new")
	all := must(b.EmbedCredentials(b.ctx, b.app.ID))
	if left := time.Until(*all[0].GoodUntil); left < 59*time.Minute || left > time.Hour {
		t.Errorf("the old one is good for %s", left)
	}
	wantEqual(t, "the new one has no end", all[1].GoodUntil, nil)
	check(t, b.RotateEmbedCredential(b.ctx, old.ID, pair(b.app, "EMB_newer"), 2*time.Hour))
	wantEqual(t, "its end comes no later", *must(b.EmbedCredentials(b.ctx, b.app.ID))[0].GoodUntil, *all[0].GoodUntil)
	b.exec(`UPDATE embed_credentials SET good_until = now() - interval '1 second' WHERE id = $1`, old.ID)
	wantEqual(t, "after its grace", b.issuers(b.app), "EMB_new EMB_newer")
	wantCode(t, b.RotateEmbedCredential(b.ctx, old.ID, pair(b.app, "EMB_x"), 0), fault.NotFound)
	wantCode(t, b.RotateEmbedCredential(b.ctx, newID(), pair(b.app, "EMB_x"), 0), fault.NotFound)

	next := pair(b.app, "EMB_next")
	check(t, b.RotateEmbedCredential(b.ctx, all[1].ID, next, 0))
	wantEqual(t, "without grace", b.issuers(b.app), "EMB_newer EMB_next")
	next.PublicKey, next.Sealed = "EMB_repeated", []byte("sealed EMB_repeated")
	check(t, b.RotateEmbedCredential(b.ctx, all[1].ID, next, 0)) // the try before has got no answer
	wantEqual(t, "after a repeat", b.issuers(b.app), "EMB_newer EMB_repeated")
}

// callback sets the app's callback.
func (b *bundle) callback(url string) (*outbox.Endpoint, []uuid.UUID) {
	b.t.Helper()
	e, woken, err := b.SetEmbedCallback(b.ctx, &outbox.Endpoint{
		ID: newID(), AppID: b.app.ID, URL: url, Format: outbox.FormatCronofy, Description: "callback", Secret: []byte("sealed"),
	})
	check(b.t, err)
	return e, woken
}

func TestEmbedCallback(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wantEqual(t, "none at first", must(b.EmbedCallback(b.ctx, b.app.ID)), nil)
	other := b.endpoint("", "")
	e, _ := b.callback("https://one.example.com")
	wantEqual(t, "made", words(e.URL, e.Format, e.Method, e.Ordered, e.EmbedCallback, e.Status), "https://one.example.com cronofy POST true true active")
	wantEqual(t, "others are none", must(b.Endpoint(b.ctx, b.app.ID, other.ID)).EmbedCallback, false)
	b.booked(b.asked(9, 10))
	moved, _ := b.callback("https://two.example.com")
	wantEqual(t, "the same one", words(moved.ID, moved.URL, moved.Health.Pending), words(e.ID, "https://two.example.com", 1))
	wantEqual(t, "and no other", len(must(b.Endpoints(b.ctx, b.app.ID))), 2)
	b.pause(e)
	paused, _ := b.callback("https://three.example.com")
	wantEqual(t, "paused by hand", outcomeOf(paused), "paused by_hand")
	b.resume(e)

	d := b.claim(e)[0]
	b.finish(e, d, 410, postgres.DeliveryUpdate{Status: postgres.Cancelled, Disable: true})
	b.exec(`UPDATE webhook_endpoints SET open_until = now() + interval '9 minutes', opened = 3 WHERE id = $1`, e.ID)
	back, woken := b.callback("https://four.example.com")
	wantEqual(t, "active again, with a clean slate", words(outcomeOf(back), back.Health.OpenUntil == nil), "active true")
	wantSame(t, "to be woken", woken, []uuid.UUID{e.ID})
	wantEqual(t, "found", must(b.EmbedCallback(b.ctx, b.app.ID)).URL, "https://four.example.com")
	wantEqual(t, "another app's", must(b.EmbedCallback(b.ctx, b.newApp("other").ID)), nil)
	check(t, b.DeleteEndpoint(b.ctx, b.app.ID, e.ID))
	wantEqual(t, "turned off", must(b.EmbedCallback(b.ctx, b.app.ID)), nil)
}

// TestEmbedCallbackAtOnce: however many set it at the same moment, there is one.
func TestEmbedCallbackAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	errs := make([]error, 20)
	together(len(errs), func(i int) {
		_, _, errs[i] = b.SetEmbedCallback(b.ctx, &outbox.Endpoint{
			ID: newID(), AppID: b.app.ID, URL: "https://example.com", Format: outbox.FormatCronofy, Secret: []byte("sealed"),
		})
	})
	for _, err := range errs {
		check(t, err)
	}
	b.wantCount(1, `SELECT count(*) FROM webhook_endpoints WHERE embed_callback`)
}
