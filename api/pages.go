package api

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"holdfast/internal/booking"
	"holdfast/internal/timekit"
)

//go:embed pages/*
var pageFiles embed.FS

var (
	pages     = template.Must(template.ParseFS(pageFiles, "pages/*.html"))
	pageStyle = mustRead("pages/page.css")
	styleHash = hashOf(pageStyle)
)

func mustRead(name string) string {
	text, err := pageFiles.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// page is all a link page shows. No field names a person.
type page struct {
	Style   template.CSS
	Title   string
	Text    string
	App     string
	When    string
	Zone    string
	State   string
	Button  string // "" for none
	Form    string // where the button posts to
	Danger  bool   // the button ends something
	Leads   string // a link the visitor may follow at their own choice
	Code    booking.Code
	Request string
}

// linkHeaders keeps a page with a token in its address out of caches, logs of others, frames and search engines.
// posting is the origin a form may end up at besides our own.
func (k *call) linkHeaders(posting string) {
	k.Header("Cache-Control", "no-store")
	k.Header("Referrer-Policy", "no-referrer")
	k.Header("X-Robots-Tag", "noindex, nofollow")
	k.Header("X-Frame-Options", "DENY")
	k.Header("Vary", "Accept")
	k.Header("Content-Security-Policy", strings.TrimSpace("default-src 'none'; style-src "+styleHash+
		"; frame-ancestors 'none'; base-uri 'none'; form-action 'self' "+posting))
}

// wantsJSON tells programs from browsers.
func (k *call) wantsJSON() bool {
	accept := k.GetHeader("Accept")
	return strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}

func (s *Server) confirmPage(k *call, l *link) error {
	verb := phrase(l.claims.Action)
	p := l.page()
	p.Title, p.Button, p.Danger = verb+"?", verb, ends(l.claims.Action)
	p.Text = "Nothing has happened yet. Press the button to go on."
	p.Form = k.Request.URL.RequestURI()
	posting := ""
	if l.redirect != nil {
		posting = l.redirect.Scheme + "://" + l.redirect.Host
	}
	return s.page(k, http.StatusOK, posting, p, timekit.Object{
		"id": l.booking.ID, "state": l.booking.State, "action": l.claims.Action, "confirm": "POST to this address",
	})
}

func (s *Server) donePage(k *call, l *link, status booking.Status) error {
	p := l.page()
	p.Title, p.Text, p.Leads = "Done", "Your choice has been recorded.", l.leads
	code := http.StatusOK
	if status == booking.Pending {
		p.Title, p.Text = "Received", "Your choice has been received and will be carried out in a moment."
		code = http.StatusAccepted
	}
	return s.page(k, code, "", p, timekit.Object{
		"id": l.booking.ID, "state": l.booking.State, "action": l.claims.Action, "status": status,
	})
}

// linkError is an honest page, or a problem document for programs. Nothing was changed.
func (s *Server) linkError(k *call, l *link, err error) error {
	k.linkHeaders("")
	if k.wantsJSON() {
		return err
	}
	known := s.public(k.Context, err)
	p := page{Text: known.Message}
	if l != nil && l.booking != nil {
		p = l.page()
	}
	p.Code, p.Request = known.Code, requestID(k.Context)
	p.Title, p.Text = explain(known)
	return s.page(k, statuses[known.Code], "", p, nil)
}

func (s *Server) page(k *call, status int, posting string, p page, data timekit.Object) error {
	k.linkHeaders(posting)
	if data != nil && k.wantsJSON() {
		return k.data(status, data)
	}
	p.Style = template.CSS(pageStyle) //nolint:gosec // our own file
	var text strings.Builder
	if err := pages.ExecuteTemplate(&text, "link.html", p); err != nil {
		return err
	}
	k.Data(status, "text/html; charset=utf-8", []byte(text.String()))
	return nil
}

func (l *link) page() page {
	b := l.booking
	when := whenText(b.Start, b.End, b.Resource.Zone())
	return page{App: l.app.Name, When: when, Zone: b.Resource.Timezone, State: words(b.State)}
}
