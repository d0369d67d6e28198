package portal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/internal/apps"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

const sessionLife = 12 * time.Hour

var errSignedOut = errors.New("portal: there is no session")

// requireSession shows a page to signed-in users only, and accepts a form only with the session's token.
func requireSession(do page) page {
	return func(v *visit) error {
		if err := v.enter(); err != nil {
			return err
		}
		if err := v.checkForm(); err != nil {
			return err
		}
		if err := v.checkAddress(); err != nil {
			return err
		}
		return do(v)
	}
}

// enter finds the session of the cookie, and its key. A key that was revoked has no session any more.
func (v *visit) enter() error {
	v.token = v.cookie()
	if v.token == "" {
		return errSignedOut
	}
	session, err := v.DB.PortalSession(v.r.Context(), apps.KeyHash(v.token))
	if fault.CodeOf(err) == fault.Unauthorized {
		return errSignedOut
	}
	if err != nil {
		return err
	}
	key, err := v.Vault.Open(session.Sealed, tenant.KeySecret(session.KeyID))
	if err != nil {
		return err
	}
	v.key, v.keyID, v.app = string(key), session.KeyID.String(), session.App
	return nil
}

// checkForm refuses a form that no page of this session has made.
func (v *visit) checkForm() error {
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		return nil
	}
	if err := v.readForm(); err != nil {
		return err
	}
	if !hmac.Equal([]byte(v.r.PostForm.Get("csrf")), []byte(v.csrf())) {
		return errForeign
	}
	return nil
}

// readForm reads the body of a form. A byte that is not UTF-8 and the null character are refused, as by the API.
func (v *visit) readForm() error {
	if err := v.r.ParseForm(); err != nil {
		return unreadable(err)
	}
	for name, values := range v.r.PostForm {
		for _, text := range append(values, name) {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				return &refusal{Status: http.StatusBadRequest, Detail: "The form holds a byte that is not UTF-8, or a null character."}
			}
		}
	}
	return nil
}

// unreadable is why a form could not be read.
func unreadable(err error) error {
	if _, is := errors.AsType[*http.MaxBytesError](err); is {
		return &refusal{Status: http.StatusRequestEntityTooLarge, Detail: "That is more than a form may hold."}
	}
	return &refusal{Status: http.StatusBadRequest, Detail: "The form could not be read."}
}

// csrf is what the forms of a session carry. It reveals nothing of the token it is made from.
func (v *visit) csrf() string {
	if v.token == "" {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(v.token))
	_, _ = mac.Write([]byte("csrf"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func signInPage(v *visit) error {
	if v.enter() == nil {
		return v.redirect(wayBack(v.r.FormValue("next")))
	}
	return v.show(http.StatusOK, "sign-in", "Sign in", signInForm{Next: v.r.FormValue("next")})
}

type signInForm struct {
	Next  string
	Fault string
}

// signIn takes a server key, asks the API whether it is one, and opens a session with it. The key itself goes nowhere.
func signIn(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	form := signInForm{Next: v.r.PostForm.Get("next")}
	key := strings.TrimSpace(v.r.PostForm.Get("key"))
	err := v.checkKey(key)
	if problem, is := errors.AsType[*refusal](err); is && problem.Status < http.StatusInternalServerError {
		form.Fault = whyNot(problem)
		v.retryAfter(problem)
		return v.show(problem.Status, "sign-in", "Sign in", form)
	}
	if err == nil {
		err = v.open(key)
	}
	if err != nil {
		return err
	}
	return v.redirect(wayBack(form.Next))
}

// checkKey asks the API for the app of a key: only a server key gets it.
func (v *visit) checkKey(key string) error {
	if key == "" {
		return &refusal{Status: http.StatusUnprocessableEntity, Detail: "Enter an API key."}
	}
	answer, err := v.callAPI(request{method: http.MethodGet, path: at("app")}, key)
	if err == nil && answer.status != http.StatusOK {
		return answer.asRefusal()
	}
	return err
}

// whyNot says why a key does not open the portal.
func whyNot(problem *refusal) string {
	switch problem.Status {
	case http.StatusUnauthorized:
		return "This key is not known. It may have been revoked, or not copied whole."
	case http.StatusForbidden:
		return "This key may not manage anything: it is a widget key or a resource's token. Sign in with a server key."
	case http.StatusTooManyRequests:
		return "There were too many tries with unknown keys from where you are. Wait " + seconds(problem.Retry) + ", then try again."
	}
	return problem.Detail
}

// open makes a session for a key; the one before it, if any, ends.
func (v *visit) open(key string) error {
	holder, err := v.DB.KeyHolder(v.r.Context(), apps.KeyHash(key))
	if err != nil {
		return err
	}
	if before := v.cookie(); before != "" {
		if err := v.DB.ClosePortalSession(v.r.Context(), apps.KeyHash(before)); err != nil {
			return err
		}
	}
	token := newToken()
	if err := v.DB.OpenPortalSession(v.r.Context(), apps.KeyHash(token), holder.KeyID, sessionLife); err != nil {
		return err
	}
	v.setCookie(token, int(sessionLife.Seconds()))
	return nil
}

func signOut(v *visit) error {
	if err := v.DB.ClosePortalSession(v.r.Context(), apps.KeyHash(v.token)); err != nil {
		return err
	}
	v.setCookie("", -1)
	return v.redirect("/portal/sign-in?said=signed_out")
}

// newToken is 256 random bits.
func newToken() string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	return base64.RawURLEncoding.EncodeToString(random)
}

func (v *visit) cookieName() string {
	if v.Secure {
		return "__Host-holdfast_portal" // which no other host, and no plain page, can set
	}
	return "holdfast_portal"
}

func (v *visit) cookie() string {
	cookie, err := v.r.Cookie(v.cookieName())
	if err != nil {
		return ""
	}
	return cookie.Value
}

func (v *visit) setCookie(token string, age int) {
	path := "/portal"
	if v.Secure {
		path = "/" // what __Host- asks for
	}
	http.SetCookie(v.w, &http.Cookie{ //nolint:gosec // Secure wherever there is TLS; there is none on one's own machine
		Name: v.cookieName(), Value: token, Path: path, MaxAge: age, HttpOnly: true, Secure: v.Secure,
		SameSite: http.SameSiteStrictMode,
	})
}

// wayBack is the page of the portal that somebody wanted to see before signing in; the first one when it names another
// place.
func wayBack(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/portal/") ||
		strings.ContainsAny(next, "\\\r\n\t") || strings.Contains(u.Path, "/sign-") || strings.Contains(u.Path, "..") {
		return "/portal"
	}
	return u.RequestURI()
}

// keysPage lists the keys that a session can be of.
type keysPage struct {
	Keys   []apiKey
	Own    string // the id of the key that this session is of
	Name   string
	Kind   string
	Faults faultList
}

func listKeys(v *visit) error { return showKeys(v, http.StatusOK, keysPage{Kind: "server"}) }

func showKeys(v *visit, status int, page keysPage) (err error) {
	if page.Keys, err = fetch[[]apiKey](v, at("keys"), nil); err != nil {
		return err
	}
	page.Own = v.keyID
	return v.show(status, "keys", "API keys", page)
}

// createKey shows the key in its own answer: it is in no other.
func createKey(v *visit) error {
	page := keysPage{Name: v.r.PostForm.Get("name"), Kind: v.r.PostForm.Get("kind")}
	var made data[apiKey]
	err := v.post(at("keys"), map[string]any{"name": page.Name, "kind": page.Kind}, &made)
	if faults, is := faultsOf(err); is {
		page.Faults = faults
		return showKeys(v, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	return v.show(http.StatusCreated, "key", "The key is made", made.Data)
}

type revokePage struct {
	apiKey
	Own bool
}

func askRevoke(v *visit) error {
	all, err := fetch[[]apiKey](v, at("keys"), nil)
	if err != nil {
		return err
	}
	for _, key := range all {
		if key.ID == v.id() {
			return v.show(http.StatusOK, "revoke", "Revoke this key?", revokePage{key, key.ID == v.keyID})
		}
	}
	return errNoPage
}

// revokeKey ends a key. When it is the session's own, the next page asks to sign in.
func revokeKey(v *visit) error {
	if err := v.call(request{method: http.MethodDelete, path: at("keys", v.id())}, nil); err != nil {
		return err
	}
	return v.redirectWithNotice("revoked", "keys")
}
