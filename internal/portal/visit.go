package portal

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// visit is one request on its way through a page. Its methods are what every page may do: answer, show, ask the API, have the session. What
// one page does is a function in its file.
type visit struct {
	*Portal
	w http.ResponseWriter
	r *http.Request

	token string // of the session; "" before signing in
	key   string // what the API is asked with
	keyID string
	app   string
	etag  string // of the last answer that was read
}

var (
	errNoPage  = &refusal{Status: http.StatusNotFound, Code: fault.NotFound, Detail: "There is nothing at this address."}
	errForeign = &refusal{
		Status: http.StatusForbidden, Code: fault.Forbidden,
		Detail: "This form was not sent from a page of your session. Go back, load the page again, and try once more.",
	}
)

// answer lets a page answer, and shows what went wrong.
func (p *Portal) answer(do page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &visit{Portal: p, w: w, r: r}
		if err := do(v); err != nil {
			v.fail(err)
		}
	}
}

const requestHeader = "X-Request-ID"

// requestID is what the API gave the request before it came here.
func (v *visit) requestID() string { return v.w.Header().Get(requestHeader) }

// redirect leads on after a form was taken, so that loading again does not send it again.
func (v *visit) redirect(to string) error {
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// redirectWithNotice redirects to a page that shows one of the notices.
func (v *visit) redirectWithNotice(what string, segments ...string) error {
	return v.redirect(here(segments...) + "?said=" + url.QueryEscape(what))
}

// here joins segments to an address of the portal.
func here(segments ...string) string {
	path := "/portal"
	for _, one := range segments {
		path += "/" + url.PathEscape(one)
	}
	return path
}

// checkAddress requires that what the address names is one step of a path: the API reads a "%2F" as a step further.
func (v *visit) checkAddress() error {
	for _, name := range []string{"id", "action", "name", "effect", "refund"} {
		if strings.ContainsAny(v.r.PathValue(name), "/\\.?#") {
			return errNoPage
		}
	}
	return nil
}

// id is the id in the address; what is none does not exist.
func (v *visit) id() string { return v.r.PathValue("id") }

// newIdempotencyKey makes the Idempotency-Key of a form, so that a form that is sent twice acts once.
func newIdempotencyKey() string { return rand.Text() }

// fail shows what went wrong. What is our fault is logged with the request's id and shown as nothing.
func (v *visit) fail(err error) {
	if errors.Is(err, errSignedOut) || isRevoked(err) {
		v.leadToSignIn()
		return
	}
	problem, known := errors.AsType[*refusal](err)
	if !known || problem.Status == http.StatusInternalServerError {
		problem = v.ours(err)
	}
	v.retryAfter(problem)
	title, text := explain(problem)
	fault := trouble{Title: title, Text: text, Code: string(problem.Code), Request: v.requestID(), Signed: v.token != ""}
	if err := v.show(problem.Status, "trouble", title, fault); err != nil {
		v.Log.Error("could not show a page of the portal", "request_id", v.requestID(), "error", err)
	}
}

func (v *visit) retryAfter(problem *refusal) {
	if problem.Retry != "" {
		v.w.Header().Set("Retry-After", problem.Retry)
	}
}

// trouble is what the page about a failure shows.
type trouble struct {
	Title, Text, Code, Request string
	Signed                     bool
}

// isRevoked reports whether the key of the session ended while the page was made.
func isRevoked(err error) bool {
	problem, is := errors.AsType[*refusal](err)
	return is && problem.Status == http.StatusUnauthorized
}

func isMissing(err error) bool {
	problem, is := errors.AsType[*refusal](err)
	return is && problem.Status == http.StatusNotFound
}

func (v *visit) ours(err error) *refusal {
	if postgres.IsUnavailable(err) {
		v.Log.Error("the record cannot be reached", "request_id", v.requestID(), "route", v.r.Pattern, "error", err)
		return &refusal{Status: http.StatusServiceUnavailable, Code: fault.Unavailable, Retry: "1"}
	}
	if _, logged := errors.AsType[*refusal](err); !logged {
		v.Log.Error("a page of the portal failed", "request_id", v.requestID(), "route", v.r.Pattern, "error", err)
	}
	return &refusal{Status: http.StatusInternalServerError, Code: fault.Internal}
}

// leadToSignIn shows where to sign in, and remembers what was wanted if it can be asked for again.
func (v *visit) leadToSignIn() {
	to := "/portal/sign-in"
	if path := v.r.URL.RequestURI(); v.r.Method == http.MethodGet && strings.HasPrefix(path, "/portal/") {
		to += "?next=" + url.QueryEscape(path)
	}
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
}
