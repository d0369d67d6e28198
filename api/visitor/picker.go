package visitor

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"holdfast/internal/availability"
	"holdfast/internal/fault"
	"holdfast/internal/service"
	"holdfast/internal/timekit"
)

// timePages fills pages of free times to pick from.
type timePages struct {
	offers *service.Offers
}

// picker is a page of times to choose from, a week at a time.
type picker struct {
	frame
	Text     string // what it is about
	Notice   string // what has just happened
	Length   string
	Week     string
	Days     []pickerDay
	Earlier  string
	Later    string
	Next     string // where the next free time is; only for a week without any
	NextText string
	Back     string // where to go without picking
	ZoneText string
	Groups   []zoneGroup
	Odd      bool       // the zone is not in the list
	Keep     url.Values // what the form of zones keeps
}

type pickerDay struct {
	ID    string
	Date  string
	Times []pickerTime
}

type pickerTime struct {
	Text  string
	Label string
	At    string
	Link  string
}

// pickFrom fills a picker. keep is what every address of the page needs; link makes that of a time.
func (h *timePages) pickFrom(k *call, p *picker, o *service.Offer, keep url.Values) error {
	name := o.Zone.String()
	p.Wide, p.Zone, p.ZoneText, p.Groups, p.Odd, p.Keep = true, name, zoneText(name), zoneGroups, !isListed(name), keep
	p.Length = service.LengthText(o.Length())
	if k.Query("tz") == "" && k.Request.Method != http.MethodPost {
		p.Script = zoneScript
	}
	from := weekOf(o, k.Query("from"))
	until := dayAfter(from, pageDays, o.Zone)
	slots, err := h.offers.FreeTimes(k, k.App.ID, o, from, until)
	if err != nil {
		return err
	}
	link := func(at time.Time) string {
		return k.pageAddress(keep, "from", at.In(o.Zone).Format(time.DateOnly), "tz", name)
	}
	p.Week = weekText(from.In(o.Zone), dayAfter(from, pageDays-1, o.Zone).In(o.Zone))
	p.Days = p.days(k, slots, o, keep)
	if now := weekOf(o, ""); from.After(now) {
		p.Earlier = link(service.Later(dayAfter(from, -pageDays, o.Zone), now))
	}
	if until.Add(o.Length()).Before(o.To) {
		p.Later = link(until)
	}
	if len(slots) > 0 {
		return nil
	}
	return h.pointAhead(k, p, o, until, link)
}

// pointAhead says of a week without times where the next one is.
func (h *timePages) pointAhead(k *call, p *picker, o *service.Offer, from time.Time, link func(time.Time) string) error {
	next, err := h.offers.NextFree(k, k.App.ID, o, from)
	if err == nil && !next.IsZero() {
		p.Next, p.NextText = link(next), next.In(o.Zone).Format("Monday, 2\u00a0January 2006")
	}
	return err
}

var aDate = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)

// weekOf is where a page of times begins: the asked date, or the first one with a time to offer.
func weekOf(o *service.Offer, asked string) time.Time {
	if aDate.MatchString(asked) {
		if day := startOf(asked, o.Zone); day.After(o.From) && day.Before(o.To) {
			return day
		}
	}
	return startOf(o.From.In(o.Zone).Format(time.DateOnly), o.Zone)
}

// startOf is the first moment of a date in a zone, which need not be midnight; the zero time when there is no such date.
func startOf(date string, zone *time.Location) time.Time {
	at, _ := availability.ParseMoment(date, time.Now(), zone)
	return at
}

func dayAfter(at time.Time, days int, zone *time.Location) time.Time {
	y, m, d := at.In(zone).Date()
	return startOf(time.Date(y, m, d+days, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), zone)
}

// pageAddress is the address of this page with these values.
func (k *call) pageAddress(keep url.Values, pairs ...string) string {
	query := url.Values{}
	maps.Copy(query, keep)
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	return k.Request.URL.Path + "?" + query.Encode()
}

// days sorts slots by the visitor's dates.
func (p *picker) days(k *call, slots []availability.Slot, o *service.Offer, keep url.Values) (days []pickerDay) {
	for _, slot := range slots {
		at := slot.Start.In(o.Zone)
		date := at.Format(time.DateOnly)
		if len(days) == 0 || days[len(days)-1].ID != date {
			days = append(days, pickerDay{ID: date, Date: at.Format("Monday, 2 January")})
		}
		one := pickerTime{
			Text: clockText(at), Label: at.Format("Monday, 2 January 2006, ") + clockText(at), At: timekit.Clock{}.Show(at, o.Zone),
			Link: k.pageAddress(keep, "tz", o.Zone.String(), "start", wire(slot.Start), "resource", o.Hosts[slot.Resources[0]].ID.String()),
		}
		day := &days[len(days)-1]
		day.Times = append(day.Times, one)
	}
	return days
}

func weekText(first, last time.Time) string {
	if first.Month() == last.Month() {
		return first.Format("2") + " – " + last.Format("2 January 2006")
	}
	if first.Year() == last.Year() {
		return first.Format("2 January") + " – " + last.Format("2 January 2006")
	}
	return first.Format("2 January 2006") + " – " + last.Format("2 January 2006")
}

// pageDays are shown on a page of times.
const pageDays = 7

// wire is a time as the API has it.
func wire(t time.Time) string { return timekit.Clock{}.Show(t, time.UTC) }

// errNothingOffered is what is left of a page whose project was deleted or changed so that no page can book it, or whose hosts are
// all gone.
var errNothingOffered = fault.Errorf(fault.NoLongerOffered, "Nothing is offered here any more.")
