package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/config"
	"holdfast/internal/links"
)

// pages walks through a public link, as a visitor, and looks at some of what goes wrong.
func (r tour) pages(t *testing.T, resource string) {
	t.Helper()
	s := r.linkShop(t, resource, mornings, "")
	v := tour{s.visitor, r.seen}
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	sent := v.do(t, http.MethodGet, s.claimed(t, nil), "", http.StatusSeeOther)
	page := v.do(t, http.MethodGet, sent.header.Get("Location"), "", http.StatusOK)
	ask := v.do(t, http.MethodGet, page.first(t).href, "", http.StatusOK)
	v.do(t, http.MethodPost, s.path, ask.form(nil).Encode(), http.StatusSeeOther, form...)
	done := v.do(t, http.MethodPost, s.path, ask.form(marty).Encode(), http.StatusSeeOther, form...)
	path := done.header.Get("Location")[:len("/rts/")+22]
	for _, more := range []string{"", "?done=true", "?reschedule=true", "?decline=true"} {
		v.do(t, http.MethodGet, path+more, "", http.StatusOK)
	}
	v.do(t, http.MethodGet, path+"/event.ics", "", http.StatusOK)
	v.do(t, http.MethodPost, path, "action=decline", http.StatusSeeOther, form...)
	v.do(t, http.MethodPost, path, "action=explode", http.StatusBadRequest, form...)
	v.do(t, http.MethodPost, path, "action=decline", http.StatusForbidden, append(form, "Sec-Fetch-Site", "cross-site")...)
	leave := "/unsubscribe/" + r.subscription(t)
	v.do(t, http.MethodGet, leave, "", http.StatusOK)
	v.do(t, http.MethodPost, leave, "action=leave_app", http.StatusSeeOther, form...)
	v.do(t, http.MethodPost, leave, "action=return", http.StatusSeeOther, form...)
	v.do(t, http.MethodPost, leave, "", http.StatusBadRequest, form...)
	for _, accept := range []string{"text/html", "application/json"} {
		v.do(t, http.MethodGet, "/pls/nothing", "", http.StatusNotFound, "Accept", accept)
		v.do(t, http.MethodGet, "/rts/nothing", "", http.StatusNotFound, "Accept", accept)
		v.do(t, http.MethodGet, "/rts/nothing/event.ics", "", http.StatusNotFound, "Accept", accept)
		v.do(t, http.MethodGet, "/unsubscribe/nothing", "", http.StatusUnauthorized, "Accept", accept)
		v.do(t, http.MethodPost, "/unsubscribe/nothing", "action=return", http.StatusUnauthorized, append(form, "Accept", accept)...)
		v.do(t, http.MethodGet, s.path+"?claim_token=x", "", http.StatusBadRequest, "Accept", accept)
		v.do(t, http.MethodGet, s.path+"?visit=x", "", http.StatusUnauthorized, "Accept", accept)
	}
}

// subscription is what the link of a reminder to somebody has in it, about a booking that was erased.
func (r tour) subscription(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	master, err := (&config.Config{SecretKey: config.Secret(text)}).Master()
	if err != nil {
		t.Fatal(err)
	}
	vault, err := links.NewVault(master)
	if err != nil {
		t.Fatal(err)
	}
	app := mustUUID(t, r.get(t, "/v2/app").str("data.id"))
	token, err := vault.SubscriptionToken(links.Subscription{App: app, Booking: uuid.New(), Digest: vault.ContactDigest(app, "marty@example.com")})
	if err != nil {
		t.Fatal(err)
	}
	return token
}
