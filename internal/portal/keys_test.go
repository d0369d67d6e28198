package portal

import (
	"net/http"
	"strings"
	"testing"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	form := []string{"kind", "server", "name", "deploy", "once", newIdempotencyKey()}
	made := b.send("/portal/keys", form...).want(t, http.StatusCreated).says(t, "shown this once", `value="live_api_key_`)
	if again := b.send("/portal/keys", form...).want(t, http.StatusCreated); again.text == "" || strings.Count(b.get("/portal/keys").text, ">deploy") != 1 {
		t.Error("the form that was sent twice made two keys")
	}
	if strings.Contains(b.get("/portal/keys").text, valueOf(made.text)) {
		t.Error("the key is shown again")
	}
	b.send("/portal/keys", "kind", "golden", "name", strings.Repeat("x", 300)).want(t, http.StatusUnprocessableEntity).
		says(t, "must be server or widget", "must not be longer than 200 characters")

	second := h.browser()
	second.signIn(valueOf(made.text)).leads(t, "/portal")
	id := second.keyID()
	b.get("/portal/keys/"+id+"/revoke").want(t, http.StatusOK).says(t, "Revoke this key?", "deploy")
	b.send("/portal/keys/"+id+"/revoke").leads(t, "/portal/keys?said=revoked")
	second.get("/portal/webhooks").want(t, http.StatusSeeOther)
	own := b.keyID()
	b.get("/portal/keys/"+own+"/revoke").says(t, "you will be signed out")
	b.send("/portal/keys/"+own+"/revoke").want(t, http.StatusSeeOther)
	b.get("/portal/keys?said=revoked").want(t, http.StatusSeeOther)
}

// keyID is the id of the key the browser is signed in with.
func (b *browser) keyID() string {
	b.t.Helper()
	text := b.get("/portal/keys").text
	_, row, _ := strings.Cut(text, "you are signed in with it")
	_, rest, _ := strings.Cut(row, "/portal/keys/")
	return rest[:36]
}

func valueOf(page string) string {
	_, rest, _ := strings.Cut(page, `readonly value="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
