// Package portal is where people look after webhooks, bookings and keys: HTML pages that need no script. It is a client
// of the API in the same process, with the key of the signed-in user, and holds no rule of its own: it can do nothing
// that the API cannot.
package portal

import (
	"log/slog"
	"net/http"

	"holdfast/internal/links"
	"holdfast/internal/postgres"
)

// Portal is what the pages need. All fields are needed, but for TemporalUI.
type Portal struct {
	API        http.Handler     // answers the calls behind the pages
	DB         *postgres.Access // of which it uses sessions and keys
	Vault      *links.Vault
	TemporalUI string // where bookings' workflows can be looked at, without a slash at the end; "" = nowhere
	Namespace  string // of the workflows
	Secure     bool   // the world reaches this server by https only
	Log        *slog.Logger
}

// page answers one request; what it returns is shown as a page, too.
type page func(*visit) error

// Handler answers everything under /portal. A request that changes something has to come from a page of this server:
// the browser says so (CrossOriginProtection), and every form has a token that only pages of the session contain.
func (p *Portal) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /portal/assets/{name}", serveAsset)
	mux.HandleFunc("GET /portal/sign-in", p.answer(signInPage))
	mux.HandleFunc("POST /portal/sign-in", p.answer(signIn))
	for pattern, do := range pages {
		mux.HandleFunc(pattern, p.answer(requireSession(do)))
	}
	nowhere := p.answer(requireSession(func(*visit) error { return errNoPage }))
	mux.HandleFunc("/portal", nowhere)
	mux.HandleFunc("/portal/", nowhere)
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(p.answer(func(*visit) error { return errForeign }))
	return guarded(guard.Handler(mux))
}

// pages are all that ask for a session.
var pages = map[string]page{
	"GET /portal":           home,
	"POST /portal/sign-out": signOut,

	"GET /portal/webhooks":                 listWebhooks,
	"GET /portal/webhooks/new":             newWebhook,
	"POST /portal/webhooks/new":            createWebhook,
	"GET /portal/webhooks/{id}":            showWebhook,
	"GET /portal/webhooks/{id}/edit":       editWebhook,
	"POST /portal/webhooks/{id}/edit":      updateWebhook,
	"POST /portal/webhooks/{id}/pause":     pauseWebhook,
	"POST /portal/webhooks/{id}/resume":    resumeWebhook,
	"GET /portal/webhooks/{id}/delete":     askDeleteWebhook,
	"POST /portal/webhooks/{id}/delete":    deleteWebhook,
	"GET /portal/webhooks/{id}/rotate":     askRotate,
	"POST /portal/webhooks/{id}/rotate":    rotate,
	"GET /portal/webhooks/{id}/test":       askTest,
	"POST /portal/webhooks/{id}/test":      sendTest,
	"GET /portal/webhooks/{id}/replay":     askReplay,
	"POST /portal/webhooks/{id}/replay":    replay,
	"GET /portal/webhooks/{id}/deliveries": listDeliveries,
	"GET /portal/deliveries/{id}":          showDelivery,
	"POST /portal/deliveries/{id}/retry":   retryDelivery,

	"GET /portal/links":                          listLinks,
	"GET /portal/links/new":                      newLink,
	"POST /portal/links/new":                     createLink,
	"GET /portal/links/{id}/edit":                editLink,
	"POST /portal/links/{id}/edit":               updateLink,
	"POST /portal/links/{id}/switch":             switchLink,
	"GET /portal/links/{id}/delete":              askDeleteLink,
	"POST /portal/links/{id}/delete":             deleteLink,
	"POST /portal/links/callback":                setCallback,
	"POST /portal/links/credentials":             createCredential,
	"GET /portal/links/credentials/{id}/rotate":  askRotateCredential,
	"POST /portal/links/credentials/{id}/rotate": rotateCredential,
	"GET /portal/links/credentials/{id}/revoke":  askEndCredential,
	"POST /portal/links/credentials/{id}/revoke": endCredential,
	"POST /portal/links/secrets":                 createClientSecret,
	"GET /portal/links/secrets/{id}/revoke":      askEndSecret,
	"POST /portal/links/secrets/{id}/revoke":     endSecret,

	"GET /portal/projects":              listProjects,
	"GET /portal/projects/{id}":         showProject,
	"GET /portal/projects/{id}/policy":  askPolicy,
	"POST /portal/projects/{id}/policy": postPolicy,
	"GET /portal/projects/{id}/taking":  askTaking,
	"POST /portal/projects/{id}/taking": postTaking,
	"GET /portal/resources":             listResources,
	"GET /portal/resources/{id}":        showResource,
	"POST /portal/resources/{id}":       setCapacity,
	"GET /portal/settings":              askPolicy,
	"POST /portal/settings":             postPolicy,

	"GET /portal/bookings":                                listBookings,
	"GET /portal/bookings/{id}":                           showBooking,
	"GET /portal/bookings/{id}/drawing.svg":               drawBooking,
	"GET /portal/bookings/{id}/reschedule":                askMove,
	"POST /portal/bookings/{id}/reschedule":               move,
	"POST /portal/bookings/{id}/actions/{action}":         playAction,
	"POST /portal/bookings/{id}/effects/{effect}/retry":   retryEffect,
	"POST /portal/bookings/{id}/effects/{effect}/give_up": giveUpEffect,

	"GET /portal/payments":                              listPayments,
	"GET /portal/payments/{id}":                         showPayment,
	"POST /portal/payments/{id}/refund":                 refundPayment,
	"POST /portal/payments/{id}/paid":                   markPaymentPaid,
	"POST /portal/payments/{id}/refresh":                refreshPayment,
	"POST /portal/payments/{id}/refunds/{refund}/retry": retryRefund,
	"POST /portal/payments/{id}/refunds/{refund}/paid":  markRefundPaid,

	"GET /portal/graphs":                      listGraphs,
	"GET /portal/graphs/new-draft":            newGraph, // no graph has such a name
	"POST /portal/graphs/new-draft":           saveGraph,
	"POST /portal/graphs/check":               checkGraph,
	"GET /portal/graphs/{name}":               showGraph,
	"POST /portal/graphs/{name}/alias":        setAlias,
	"GET /portal/graphs/{name}/draft":         showDraft,
	"GET /portal/graphs/{name}/draft.svg":     drawDraft,
	"GET /portal/graphs/{name}/draft/delete":  askDeleteDraft,
	"POST /portal/graphs/{name}/draft/delete": deleteDraft,
	"GET /portal/graphs/{name}/drawing.svg":   drawGraph,

	"GET /portal/mailer":                         showMailer,
	"POST /portal/mailer":                        saveMailer,
	"POST /portal/mailer/pause":                  pauseMailer,
	"POST /portal/mailer/resume":                 resumeMailer,
	"POST /portal/mailer/remove":                 removeMailer,
	"POST /portal/mailer/test":                   testMailer,
	"POST /portal/bookings/{id}/mails/{mail}":    retryMail,
	"POST /portal/bookings/{id}/revived-address": reviveMail,

	"GET /portal/mails":               listMails,
	"GET /portal/mails/{name}":        askMail,
	"POST /portal/mails/{name}":       postMail,
	"POST /portal/mails/{name}/reset": resetMail,

	"GET /portal/clock":  showClock,
	"POST /portal/clock": advanceClock,

	"GET /portal/keys":              listKeys,
	"POST /portal/keys":             createKey,
	"GET /portal/keys/{id}/revoke":  askRevoke,
	"POST /portal/keys/{id}/revoke": revokeKey,
}

const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// guarded sets the headers that hold for all there is. A referrer stays in the house: an address names what a customer has.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "same-origin",
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "X-Robots-Tag": "noindex, nofollow",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}
