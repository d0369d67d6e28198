package visitor

import (
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// pageEdge is what every request for a page passes before its handler: the limit by address. What goes wrong behind it becomes a page, or
// a problem document for a program.
type pageEdge struct {
	edge *edge.Edge
}

// frame is what every page for visitors has.
type frame struct {
	Style   template.CSS
	Script  template.JS
	Title   string
	App     string
	Zone    string
	Wide    bool
	Code    fault.Code // of what went wrong; "" = nothing
	Request string
}

func (f *frame) self() *frame { return f }

// framed is a page: a struct with a frame in it.
type framed interface{ self() *frame }

// zoneScript gives the page the visitor's zone on their first visit. The page is complete without it.
const zoneScript = `"use strict";try{const z=Intl.DateTimeFormat().resolvedOptions().timeZone,u=new URL(location.href);` +
	`if(z&&z!==document.documentElement.dataset.zone&&!u.searchParams.has("tz")){u.searchParams.set("tz",z);location.replace(u)}}catch{}`

var zoneScriptHash = hashOf(zoneScript)

// serve makes a handler of pages. Visitors have no key: their address is what is counted, by the limit of widgets. What
// goes wrong is a page, too, or a problem document for programs.
func (h *pageEdge) serve(handle func(*call) error) func(*edge.Call) error {
	return onPage(func(k *call) error {
		k.Clock, k.Kind = timekit.Clock{}, tenant.WidgetKey // a page has its own zone, and project rules hold
		k.visitorHeaders(false)
		err := h.meterVisitor(k)
		if err == nil {
			err = edge.CheckAddress(k.Request.URL)
		}
		if err == nil {
			err = handle(k)
		}
		if err != nil {
			return h.errorPage(k, err)
		}
		return nil
	})
}

func (h *pageEdge) meterVisitor(k *call) error {
	return k.TooMany(h.edge.Limits.Widget.Allow("visitor " + k.Address()))
}

// visitorHeaders keep a page out of caches, logs of others and search engines, as link pages are; see linkHeaders. No script
// runs but ours. A public link may stand in a frame on the app's own hosts: booking needs a name typed in, so there is
// nothing to win by a click that was led astray. The page of a request may not, for its buttons give a booking up.
func (k *call) visitorHeaders(script bool) {
	k.linkHeaders("")
	policy := k.Writer.Header().Get("Content-Security-Policy")
	if script {
		policy += "; script-src " + zoneScriptHash
	}
	if hosts := k.frameHosts(); hosts != "" {
		policy = strings.Replace(policy, "frame-ancestors 'none'", "frame-ancestors "+hosts, 1)
		k.Writer.Header().Del("X-Frame-Options") // it has no list of hosts
	}
	k.Header("Content-Security-Policy", policy)
}

// frameHosts are the hosts that may show a public link in a frame: where the app lets people be sent.
func (k *call) frameHosts() string {
	if k.App == nil || !strings.HasPrefix(k.FullPath(), "/pls/") {
		return ""
	}
	var hosts []string
	for _, host := range k.App.Settings.RedirectHosts {
		if target, ok := links.SafeRedirect("https://"+host, k.App.Settings.RedirectHosts); ok {
			hosts = append(hosts, "https://"+target.Host)
		}
	}
	return strings.Join(hosts, " ")
}

// showPage renders a page. Its frame is completed here.
func showPage(k *call, status int, name string, p framed) error {
	f := p.self()
	f.Style = template.CSS(pageStyle) //nolint:gosec // our own file
	if f.Script != "" {
		f.Script = zoneScript
	}
	if k.App != nil {
		f.App = k.App.Name
	}
	var text strings.Builder
	if err := pages.ExecuteTemplate(&text, name, p); err != nil {
		return err
	}
	k.visitorHeaders(f.Script != "")
	k.Data(status, "text/html; charset=utf-8", []byte(text.String()))
	return nil
}

// notice is a page that only says something.
type notice struct {
	frame
	Text    string
	Link    string // where to go from here; "" for nowhere
	LinkFor string
	Action  string      // where Again is sent to; "" for nowhere
	Again   []sentField // a form that could not be carried out, to be sent again
}

type sentField struct{ Name, Value string }

// errorPage is an honest page, or a problem document for programs.
func (h *pageEdge) errorPage(k *call, err error) error {
	if k.acceptsJSON() {
		return err
	}
	known := h.edge.PublicError(k.Context, err)
	edge.ShowRetryAfter(k.Context, known)
	p := &notice{frame: frame{Code: known.Code, Request: edge.RequestID(k.Context)}}
	p.Title, p.Text = errorText(inZone(known, k.saidZone()))
	if isTemporary(known.Code) {
		k.retrySoon()
		p.sendAgain(k)
	}
	return showPage(k, edge.Statuses[known.Code], "notice.html", p)
}

// FailPage shows an error of an address that people open in a browser as a page, also where no handler has seen the request.
func (h *pageEdge) failPage(c *gin.Context, err error) bool {
	return isPage(c.Request.URL.Path) && h.errorPage(&call{Call: &edge.Call{Context: c}}, err) == nil
}

// isPage reports whether an address is one that people open in a browser, also when they are cut off or have something behind
// them. What goes wrong there outside of the handlers, as with an address that cannot be read, is a page as well.
func isPage(path string) bool {
	for _, base := range []string{"/pls", "/rts", "/pay", "/unsubscribe"} {
		if path == base || strings.HasPrefix(path, base+"/") {
			return true
		}
	}
	return strings.HasPrefix(path, "/v2/bookings/") && strings.Contains(path, "/external_action")
}

// isTemporary reports whether an error is over in a moment, so that the request can be sent again.
func isTemporary(code fault.Code) bool {
	return code == fault.Unavailable || code == fault.Overloaded || code == fault.TooManyRequests || code == fault.Internal
}

// retrySoon says when to try again, unless the limit has said so.
func (k *call) retrySoon() {
	if k.Writer.Header().Get("Retry-After") == "" {
		k.Header("Retry-After", "2")
	}
}

const maxEcho = 64 << 10

// sendAgain puts a form that came from this site back into the page, so that nothing typed is lost while the server cannot
// keep it. Sent again it goes on where the first try stopped.
func (p *notice) sendAgain(k *call) {
	if k.Request.Method != http.MethodPost || k.fromHere() != nil || k.readForm() != nil {
		return
	}
	size := 0
	for _, name := range slices.Sorted(maps.Keys(k.Request.PostForm)) {
		value := k.formValue(name)
		if size += len(name) + len(value); size > maxEcho {
			p.Again = nil
			return
		}
		p.Again = append(p.Again, sentField{plainText(name), value})
	}
	p.Action = k.Request.URL.RequestURI()
	p.Text += " What you have typed is not lost: it is sent again with the button, and books once, however often it is sent."
}

// errorText is what a visitor reads when a page cannot do its work.
func errorText(err *fault.Error) (title, text string) {
	if err == edge.ErrAddress {
		return errorText(edge.ErrNoRoute)
	}
	switch err.Code {
	case fault.PublicLinkNotFound, fault.MethodNotAllowed, fault.NotFound, fault.LinkInvalid:
		return "Nothing to see here", "This address leads nowhere. Please check that all of it was copied."
	case fault.PublicLinkDisabled:
		return "Not in use any more", "Times are no longer booked by this link. Please ask whoever gave it to you for another."
	case fault.NoLongerOffered:
		return "No longer offered", "No times are offered here any more. Please ask whoever gave you this address."
	case fault.ClaimReplayed:
		return "Already used", "A time has been booked with this link. To book another, please go back to where you found it."
	case fault.TokenExpired:
		return "The link has expired", "It is good for a while only. Please go back to where you found it and open it again. Nothing was booked."
	case fault.ClaimMissing, fault.ClaimNotForLink:
		return "Please come the other way", "This page opens only by the link of the site that sends you here. Please start there."
	case fault.ClaimMalformed, fault.ClaimAlgorithm, fault.ClaimInvalidSignature, fault.ClaimWrongAudience,
		fault.ClaimIssuedInFuture, fault.ClaimLifetimeTooLong, fault.ClaimMissingID:
		return "The link does not work", "Something is wrong with the link that led here. Please go back to where you found it. " +
			"Nothing was booked."
	case fault.InvalidParameter:
		return "The link does not work", err.Message
	case fault.TooManyRequests, fault.Overloaded, fault.Unavailable, fault.Internal:
		return outageText(err.Code)
	case fault.Forbidden:
		return "Not from there", err.Message
	case fault.ActionNotAvailable:
		return "Not possible any more", "The booking has moved on, so this choice is no longer open. Nothing was changed."
	default:
		return "That did not work", err.Message
	}
}

// outageText is what a visitor reads when the server cannot do its work for a moment.
func outageText(code fault.Code) (title, text string) {
	switch code {
	case fault.TooManyRequests:
		return "One moment, please", "There were many requests from your network. Please try again in a while."
	case fault.Overloaded:
		return "One moment, please", "Many people are booking at this moment. Please try again in a few seconds."
	case fault.Unavailable:
		return "One moment, please", "A part of this service does not answer just now. Please try again in a few seconds."
	default:
		return "Something went wrong", "That was our fault, and nothing of yours."
	}
}

// fromHere refuses forms of other sites.
func (k *call) fromHere() error {
	if err := http.NewCrossOriginProtection().Check(k.Request); err != nil {
		return fault.Wrap(err, fault.Forbidden, "This request came from another site.")
	}
	return nil
}

// formValue reads a posted field. What no text can hold is dropped.
func (k *call) formValue(name string) string {
	text := strings.ReplaceAll(k.Request.PostForm.Get(name), "\r\n", "\n")
	return strings.TrimSpace(plainText(text))
}

// plainText drops what neither the record nor JSON can keep, and controls but for line breaks and tabs.
func plainText(text string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r == 0x7f || r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
}
