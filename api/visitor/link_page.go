package visitor

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
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

// page is all that a link page shows.
type page struct {
	frame
	Text     string
	What     string
	Who      string // the customers, to the owner alone, and only while the link can act
	When     string
	ZoneText string
	With     string
	Where    string
	State    string
	Button   string // "" for none
	Form     string // where the button posts to
	Danger   bool   // the button ends something
	Other    string // a link to another way out
	OtherFor string
	Leads    string // a link the visitor may follow at their own choice
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

// acceptsJSON reports whether the caller is a program and not a browser.
func (k *call) acceptsJSON() bool {
	accept := k.GetHeader("Accept")
	return strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}

func (h *linkHandlers) confirmPage(k *call, l *link) error {
	verb := phrase(l.claims.Action)
	p := l.pageOf()
	l.fillPeople(&p)
	p.Title, p.Button, p.Danger = verb+"?", verb, ends(l.claims.Action)
	p.Text = "Nothing has happened yet. Press the button to go on."
	if past := l.pastText(l.booking.Clock.Now()); past != "" {
		p.Text = past + " " + p.Text
	}
	if b := l.booking; l.claims.Action == booking.CancelByCustomerAction {
		for _, text := range deadlineTexts(b, true, false, l.booking.Clock.Now(), l.zone(), l.app.Name) {
			p.Text += " " + text
		}
	}
	if ends(l.claims.Action) {
		ending, err := endingOf(k, h.payments, l.booking, l.claims.Action, l.actor)
		if err != nil {
			return err
		}
		p.Text = strings.TrimSpace(p.Text + " " + moneyBackText(ending, l.actor == graphs.ActorCustomerLink, l.zone()))
	}
	p.Form = k.Request.URL.RequestURI()
	posting := ""
	if l.redirect != nil {
		posting = l.redirect.Scheme + "://" + l.redirect.Host
	}
	return showLink(k, http.StatusOK, posting, p, timekit.Object{
		"id": l.booking.ID, "state": l.booking.State, "action": l.claims.Action, "confirm": "POST to this address",
	})
}

// pastText says of a booking that has begun or is over that it is.
func (l *link) pastText(now time.Time) string {
	switch {
	case !now.Before(l.booking.End):
		return "This time lies in the past."
	case !now.Before(l.booking.Start):
		return "This time has begun."
	}
	return ""
}

func donePage(k *call, l *link, status booking.Status) error {
	p := l.pageOf()
	p.Title, p.Text, p.Leads = "Done", "Your choice has been recorded.", l.unsafeRedirect
	code := http.StatusOK
	if status == booking.Pending {
		p.Title, p.Text = "Received", "Your choice has been received and will be carried out in a moment."
		code = http.StatusAccepted
	}
	return showLink(k, code, "", p, timekit.Object{
		"id": l.booking.ID, "state": l.booking.State, "action": l.claims.Action, "status": status,
	})
}

// linkError is an honest page, or a problem document for programs. Nothing was changed.
func (h *linkHandlers) linkError(k *call, l *link, err error) error {
	k.linkHeaders("")
	if k.acceptsJSON() {
		return err
	}
	known := h.edge.PublicError(k.Context, err)
	edge.ShowRetryAfter(k.Context, known)
	p := page{Text: known.Message}
	if l != nil && l.booking != nil {
		p, known = l.pageOf(), inZone(known, l.zone())
	}
	p.Code, p.Request = known.Code, edge.RequestID(k.Context)
	p.Title, p.Text = linkErrorText(known)
	switch {
	case isTemporary(known.Code) && k.Request.Method == http.MethodPost && k.fromHere() == nil:
		k.retrySoon()
		p.Button, p.Form = "Try again", k.Request.URL.RequestURI()
	case known.Code == fault.SlotTaken && l != nil && l.actor != "":
		l.fillPeople(&p)
		if err := h.offerDecline(l, &p); err != nil {
			return err
		}
	}
	return showLink(k, edge.Statuses[known.Code], "", p, nil)
}

// offerDecline puts a link to decline on the page of a request that cannot be confirmed any more, for the person who was to confirm it.
func (h *linkHandlers) offerDecline(l *link, p *page) error {
	if l.actor != graphs.ActorOwnerLink || !slices.Contains(l.booking.OpenTo(graphs.ActorOwnerLink, l.booking.Clock.Now()), "decline") {
		return nil
	}
	other, err := h.links.Owner(l.booking, "decline")
	p.Other, p.OtherFor = other, phrase("decline")
	return err
}

func showLink(k *call, status int, posting string, p page, data timekit.Object) error {
	k.linkHeaders(posting)
	if data != nil && k.acceptsJSON() {
		return k.Answer(status, data)
	}
	p.Style = template.CSS(pageStyle) //nolint:gosec // our own file
	var text strings.Builder
	if err := pages.ExecuteTemplate(&text, "link.html", p); err != nil {
		return err
	}
	k.Data(status, "text/html; charset=utf-8", []byte(text.String()))
	return nil
}

// pageOf is the page of a link's booking without what names its customers: the finder of a used link can read this much.
func (l *link) pageOf() page {
	b, zone := l.booking, l.zone()
	return page{
		frame: frame{App: l.app.Name}, When: whenText(b.Start, b.End, zone), ZoneText: zoneText(zone.String()),
		State: upperFirst(words(b.State)),
	}
}

// zone is what the visitor reads times in: the zone that the address asks for, the customer's where the link is theirs, or the resource's.
func (l *link) zone() *time.Location {
	names := []string{l.tz}
	if l.actor == graphs.ActorCustomerLink && len(l.booking.Customers) > 0 {
		names = append(names, l.booking.Customers[0].Timezone)
	}
	return zoneOf(append(names, l.booking.Resource.Timezone)...)
}

// fillPeople completes the page of a link that can act: what is booked, with whom, and to the owner also for whom.
func (l *link) fillPeople(p *page) {
	b := l.booking
	p.What, p.With, p.Where = b.What, b.Resource.Name, b.Where
	if l.actor != graphs.ActorOwnerLink {
		return
	}
	var names []string
	for _, one := range b.Customers {
		if one.Name != "" {
			names = append(names, one.Name)
		}
	}
	p.Who = strings.Join(names, ", ")
}
